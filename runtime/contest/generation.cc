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
  JuryRun run;
  std::filesystem::path output, errors;  // where its streams are kept
  std::string output_name;               // the file of /work in place of standard output
  std::optional<judge::JuryFault> fault;
};

Generation::Generation(pool::CellPool& pool, judge::Jury& jury, CaseFiles& files, std::vector<DataOrder> orders,
                       unsigned jobs)
    : files_(files),
      orders_(std::move(orders)),
      made_(orders_.size()),
      runs_(pool, jury, jobs, [this](std::size_t place, JuryRunEnd& end) { this->end(*works_in_order_[place], end); }) {
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
    work.run.program = order.generator;
    work.run.arguments = generated.arguments;
    work.run.input = order.generator_input;
    work_of_order_[i] = key;
  }
  start_works();
}

void Generation::start_works() {
  for (const auto& [key, work] : works_) {
    work->run.output = work->output;
    work->run.errors = work->errors;
    runs_.add(work->run);
    works_in_order_.push_back(work.get());
  }
}

void Generation::take_inputs() {
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    const DataOrder& order = orders_[i];
    made_[i].input = order.input;
    if (work_of_order_[i].empty()) continue;
    const Work& work = *works_.at(work_of_order_[i]);
    made_[i].fault = work.fault;
    if (work.fault) continue;
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
    if (!order.solution || made_[i].fault) continue;
    const std::string key = made_[i].input.string() + '\0' + order.one->input_name + '\0' + order.one->output_name;
    Work& work = work_for(key);
    work.run.program = order.solution;
    work.run.arguments = order.one->args;
    if (order.one->input_name.empty()) {
      work.run.input = made_[i].input;
    } else {
      work.run.placed = {{order.one->input_name, made_[i].input}};
    }
    work.output_name = order.one->output_name;
    if (!work.output_name.empty()) work.run.work = judge::WorkAfterwards::Kept;
    work_of_order_[i] = key;
  }
  start_works();
}

void Generation::take_answers() {
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    if (work_of_order_[i].empty()) continue;
    const Work& work = *works_.at(work_of_order_[i]);
    made_[i].fault = work.fault;
    if (!work.fault) made_[i].answer = work.output;
  }
}

void Generation::end(Work& work, JuryRunEnd& end) {
  const std::string& program = work.run.program->name;
  if (end.not_run) {
    work.fault = std::move(end.not_run);
  } else if (judge::verdict_of(end.run.outcome) != judge::Verdict::Ok) {
    work.fault = {program, std::move(end.argv), judge::message_of(end.run, work.run.program->plan.kind.limits),
                  beginning_of(work.errors)};
  } else if (!work.output_name.empty()) {
    keep_output_file(work, end.work);
  }
}

void Generation::keep_output_file(Work& work, const Fd& folder) {
  const supervise::WorkFileOpened file = supervise::open_in_work(folder.get(), work.output_name);
  if (!file.descriptor) {
    work.fault = {work.run.program->name, {}, work.output_name + ": " + file.refusal, ""};
    return;
  }
  std::error_code ignored;
  std::filesystem::remove(work.output, ignored);
  files_.copy_to(file.descriptor, work.output);
}

void Generation::interrupt(int signal) {
  runs_.interrupt(signal);
}

void Generation::advance() {
  while (phase_ != Phase::Done) {
    runs_.advance();
    if (!runs_.finished()) return;
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
