#include "runtime/contest/generation.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/text.h"
#include "runtime/judge/verdict.h"
#include "runtime/supervise/collect.h"
#include "runtime/supervise/run.h"

namespace evalrun::contest {
namespace {

// Of a program's standard error, what a message shows.
constexpr std::size_t kShownOfErrors = 2048;

std::string beginning_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kShownOfErrors, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

}  // namespace

struct Generation::Work {
  enum class State { Waiting, Running, Done } state = State::Waiting;
  std::shared_ptr<const JuryProgram> program;
  std::vector<std::string> arguments;
  std::filesystem::path input;           // standard input, or `input_name`; "": none
  std::string input_name, output_name;   // files of /work in place of the standard streams
  std::filesystem::path output, errors;  // where they are kept
  std::vector<std::string> argv;
  std::unique_ptr<supervise::Run> run;
  std::string fault;
};

Generation::Generation(pool::CellPool& pool, judge::Jury& jury, CaseFiles& files, std::vector<DataOrder> orders,
                       unsigned jobs)
    : pool_(pool), jury_(jury), files_(files), orders_(std::move(orders)), jobs_(jobs), made_(orders_.size()) {
  plan_inputs();
}

Generation::~Generation() = default;

Generation::Work& Generation::work_for(const std::string& key) {
  std::unique_ptr<Work>& work = works_[key];
  if (!work) {
    work = std::make_unique<Work>();
    const std::string name = "made-" + std::to_string(++files_made_);
    work->output = files_.new_path(name);
    work->errors = files_.new_path(name + ".stderr");
  }
  return *work;
}

void Generation::plan_inputs() {
  work_of_order_.assign(orders_.size(), "");
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    const DataOrder& order = orders_[i];
    if (!order.generator) continue;
    const problem::Generated& generated = *order.one->generated;
    std::string key = std::to_string(generated.generator) + '\0' + order.generator_input.string();
    for (const std::string& word : generated.arguments) key += '\0' + word;
    Work& work = work_for(key);
    work.program = order.generator;
    work.arguments = generated.arguments;
    work.input = order.generator_input;
    work_of_order_[i] = key;
  }
}

void Generation::take_inputs() {
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    const DataOrder& order = orders_[i];
    made_[i].input = order.input;
    if (work_of_order_[i].empty()) continue;
    const Work& work = *works_.at(work_of_order_[i]);
    made_[i].fault = work.fault;
    if (!work.fault.empty()) continue;
    const bool is_normal = order.one->normal_newlines;
    made_[i].input = is_normal ? files_.with_normal_newlines(work.output) : work.output;
    if (order.one->generated->makes == problem::Generated::Makes::InputAndAnswer) {
      made_[i].answer = is_normal ? files_.with_normal_newlines(work.errors) : work.errors;
    }
  }
}

void Generation::plan_answers() {
  works_.clear();
  work_of_order_.assign(orders_.size(), "");
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    const DataOrder& order = orders_[i];
    if (!order.solution || !made_[i].fault.empty()) continue;
    const std::string key = made_[i].input.string() + '\0' + order.one->input_name + '\0' + order.one->output_name;
    Work& work = work_for(key);
    work.program = order.solution;
    work.arguments = order.one->args;
    work.input = made_[i].input;
    work.input_name = order.one->input_name;
    work.output_name = order.one->output_name;
    work_of_order_[i] = key;
  }
}

void Generation::take_answers() {
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    if (work_of_order_[i].empty()) continue;
    const Work& work = *works_.at(work_of_order_[i]);
    made_[i].fault = work.fault;
    if (work.fault.empty()) made_[i].answer = work.output;
  }
}

void Generation::start(Work& work) {
  const judge::Program& ready = jury_.program(*work.program);
  Plan plan = ready.plan();
  plan.job.argv.insert(plan.job.argv.end(), work.arguments.begin(), work.arguments.end());
  work.argv = plan.job.argv;
  plan.job.input = InputNull{};
  std::vector<rootfs::CarriedFile> more;
  if (!work.input_name.empty()) {
    more.push_back({work.input_name, open_to_read(work.input.string()), 0444});
  } else if (!work.input.empty()) {
    plan.job.input = InputFile{work.input};
  }
  plan.kind.output = OutputFile{work.output};
  plan.kind.error_output = OutputFile{work.errors};
  const auto afterwards = work.output_name.empty() ? judge::WorkAfterwards::Gone : judge::WorkAfterwards::Kept;
  work.run = pool_.start_alone(ready.compile(plan, afterwards, std::move(more)));
  work.state = Work::State::Running;
}

void Generation::end(Work& work) {
  const supervise::RunResult result = work.run->take_result(nullptr);
  work.state = Work::State::Done;
  if (judge::verdict_of(result.outcome) != judge::Verdict::Ok) {
    work.fault = work.program->name + ": " + judge::message_of(result, work.program->plan.kind.limits) + "; argv:";
    for (const std::string& word : work.argv) work.fault += " " + word;
    if (const std::string errors = beginning_of(work.errors); !errors.empty()) work.fault += "; stderr: " + errors;
    work.fault = one_line(work.fault);
  } else if (!work.output_name.empty()) {
    keep_output_file(work);
  }
  work.run.reset();
}

void Generation::keep_output_file(Work& work) {
  const Fd folder = work.run->take_work_folder();
  const supervise::WorkFileOpened file = supervise::open_in_work(folder.get(), work.output_name);
  if (!file.descriptor) {
    work.fault = work.program->name + ": " + work.output_name + ": " + file.refusal;
    return;
  }
  std::error_code ignored;
  std::filesystem::remove(work.output, ignored);
  files_.copy_to(file.descriptor, work.output);
}

void Generation::interrupt(int signal) {
  interrupted_ = true;
  for (const auto& [key, work] : works_) {
    if (work->run) work->run->interrupt(signal);
  }
}

void Generation::advance() {
  while (phase_ != Phase::Done) {
    std::size_t running = 0;
    bool is_done = true;
    for (const auto& [key, work] : works_) {
      if (work->run && work->run->finished()) end(*work);
      if (work->state == Work::State::Running) ++running;
    }
    for (const auto& [key, work] : works_) {
      if (work->state == Work::State::Waiting && interrupted_) {
        work->state = Work::State::Done;
        work->fault = "interrupted";
      }
      if (work->state == Work::State::Waiting && running < jobs_) {
        switch (jury_.prepare(work->program)) {
          case judge::Jury::State::Building: break;
          case judge::Jury::State::Ready:
            start(*work);
            ++running;
            break;
          case judge::Jury::State::Failed: {
            const judge::CompileGrade& failure = jury_.failure(*work->program);
            work->state = Work::State::Done;
            work->fault = one_line(work->program->name + " does not compile: " + failure.message +
                                   "; stderr: " + failure.run.error_output.kept.substr(0, kShownOfErrors));
            break;
          }
        }
      }
      is_done = is_done && work->state == Work::State::Done;
    }
    if (!is_done) return;
    if (phase_ == Phase::Inputs) {
      take_inputs();
      plan_answers();
      phase_ = Phase::Answers;
    } else {
      take_answers();
      phase_ = Phase::Done;
    }
  }
}

}  // namespace evalrun::contest
