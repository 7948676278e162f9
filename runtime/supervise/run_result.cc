// A run's figures: from what the control groups counted, what init reported, and what was seen by looking.
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "runtime/sandbox/missing_library.h"
#include "runtime/supervise/collect.h"
#include "runtime/supervise/reach.h"
#include "runtime/supervise/run.h"

namespace evalrun::supervise {

using sandbox::InitRecord;

namespace {

// A program that failed may have missed a file of the image, to which a link leads and which is not shown.
std::vector<std::string> what_leads_out(const sandbox::CompiledPlan& plan, const RunResult& result) {
  if (const auto* start = std::get_if<NotStarted>(&result.outcome); start != nullptr && start->error == ENOENT) {
    std::string sentence = sandbox::explain_missing_program(plan.plan(), plan.layout(), start->subject);
    return sentence.empty() ? std::vector<std::string>() : std::vector{std::move(sentence)};
  }
  const auto* exited = std::get_if<Exited>(&result.outcome);
  if (exited == nullptr || exited->code == 0) return {};
  const Stream& said = result.error_output.captured ? result.error_output : result.output;
  return sandbox::explain_missing_libraries(plan.plan(), plan.layout(), said.kept);
}

}  // namespace

// Of init, which is in the program's group: what it takes to reap a program's orphans is not the program's.
Duration Run::init_cpu() const {
  clockid_t clock{};
  timespec time{};
  // It fails where init is gone: then what it said last holds.
  if (::clock_getcpuclockid(sandbox_->init_pid(), &clock) != 0 || ::clock_gettime(clock, &time) != 0) return init_cpu_;
  return std::max(init_cpu_, Duration(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

// Of the program's processes alone: what their group counted, less what init and the set-up took of it.
CpuTime Run::own_cpu_time() const {
  Duration own = set_up_cpu_;
  CpuTime time;
  if (const std::optional<groups::GroupCpu> counted = groups_ ? groups_->cpu() : std::nullopt) {
    time = {counted->user, counted->system, groups_->cpu_source()};
    own += finish_ ? Duration(std::chrono::microseconds(finish_->usage.init_us)) : init_cpu();
  } else if (finish_) {
    time = {std::chrono::microseconds(finish_->usage.user_us), std::chrono::microseconds(finish_->usage.system_us),
            "init: getrusage of every process it waited for"};
    if (const std::optional<measure::EndedUse> ended = exit_tracer_ ? exit_tracer_->ended() : std::nullopt) {
      // Neither has time that was not used, and each lacks some: the larger.
      if (ended->total() > time.total()) time = {ended->user, ended->system, ""};
      time.source = "init: getrusage of every process it waited for; tracing: the clock of every process at its end";
    }
    // Children that nobody waits for (SIGCHLD ignored) never show there.
    if (sampled_cpu_ > time.total()) return {sampled_cpu_, {}, "sampling of the tree, which saw more than init did"};
  } else {
    return {sampled_cpu_, {}, "sampling"};
  }
  // The set-up ran in system calls, up to the clock's grain.
  const Duration from_system = std::min(time.system, own);
  time.system -= from_system;
  time.user -= std::min(time.user, own - from_system);
  return time;
}

// A call that is made in the program's place costs the program as much as one that it makes itself.
CpuTime Run::cpu_time() const {
  CpuTime time = own_cpu_time();
  const mediate::MediationCpu& mediation = broker_ ? broker_->cpu() : mediation_cpu_;
  if (mediation.total() == Duration{}) return time;
  time.user += mediation.user;
  time.system += mediation.system;
  time.source += "; and mediated calls";
  return time;
}

// The program's largest process, as init heard of it. ru_maxrss begins with the set-up, which is a copy of us: what is
// no larger than that says nothing of the program.
std::optional<Bytes> Run::largest_process() const {
  if (!finish_) return std::nullopt;
  Bytes largest = kibibytes(finish_->usage.max_rss_kib);
  if (exit_tracer_) largest = std::max(largest, exit_tracer_->ended().value_or(measure::EndedUse{}).largest_process);
  return largest > set_up_size_ ? std::optional(largest) : std::nullopt;
}

Memory Run::memory() const {
  const bool oom = groups_ && groups_->out_of_memory();
  if (const std::optional<Bytes> peak = groups_ ? groups_->memory_peak() : std::nullopt) {
    return {*peak, groups_->memory_source(), oom};
  }
  // Where nobody has looked, the set-up's own size is the best that is known: no process was larger.
  const Bytes at_most{finish_ && sampled_peak_.count == 0 ? kibibytes(finish_->usage.max_rss_kib) : Bytes{}};
  return {std::max(sampled_peak_, largest_process().value_or(at_most)),
          "sampling of the tree, and init: the largest process's ru_maxrss; files in memory count only where mapped",
          oom};
}

Processes Run::processes() const {
  if (const std::optional<std::uint64_t> peak = groups_ ? groups_->processes_peak() : std::nullopt) {
    return {*peak - std::min<std::uint64_t>(*peak, 1), groups_->processes_source()};  // init is none of the program's
  }
  return {std::max<std::uint64_t>(peak_tasks_, about_to_exec_ ? 1 : 0), "sampling"};
}

RunFacts Run::facts(const CpuTime& cpu, const Memory& memory) const {
  RunFacts facts{.ended_for = outcome_, .interrupted = interrupted_};
  facts.out_of_memory = memory.oom;
  facts.memory_refused = groups_ && groups_->memory_refused();
  facts.shared_memory_refused = shared_memory_ && shared_memory_->has_refused();
  facts.address_space_refused = address_space_ && address_space_->has_refused();
  facts.may_send_file_size_signal = !plan_->child().has_listener || may_send_file_size_signal_;
  facts.output_exceeded = output_.exceeded() || (error_output_ && error_output_->exceeded());
  facts.about_to_exec = about_to_exec_;
  if (target_end_) facts.end = End{target_end_->code, target_end_->status};
  facts.cpu = cpu.total();
  facts.wall = ended_ - started_;
  facts.memory_is_held = groups_ && groups_->limits_memory();
  facts.memory_peak = std::max(sampled_peak_, largest_process().value_or(Bytes{}));
  return facts;
}

Fd Run::take_work_folder() {
  return about_to_exec_ ? std::move(work_folder_) : Fd();
}

void Run::begin_to_collect() {
  if (work_folder_ && target_end_ && save_to_ != nullptr && !plan_->plan().collect.empty()) {
    collection_.emplace(work_folder_.get(), plan_->plan().collect, *save_to_);
  }
}

RunResult Run::take_result(const SaveFolder* save_folder) {
  RunResult result;
  result.cpu = cpu_time();
  result.memory = memory();
  result.outcome = outcome_of(facts(result.cpu, result.memory), plan_->plan().limits);
  result.processes = processes();
  if (finish_) {
    const InitRecord::Usage& usage = finish_->usage;
    result.voluntary_switches = static_cast<std::uint64_t>(usage.voluntary);
    result.involuntary_switches = static_cast<std::uint64_t>(usage.involuntary);
    result.minor_faults = static_cast<std::uint64_t>(usage.minor_faults);
    result.major_faults = static_cast<std::uint64_t>(usage.major_faults);
  }
  if (started_ != Duration{} && phase_ == Phase::Gone) {
    result.wall = ended_ - started_;
    result.setup = started_ - spawned_;
    result.run = ended_ - started_;
  } else {
    result.setup = ended_ - spawned_;
  }
  result.teardown = gone_ - ended_;
  result.output = output_.take_result();
  if (error_output_) result.error_output = error_output_->take_result();
  if (auto* hit = std::get_if<LimitHit>(&result.outcome)) {
    hit->reach = reach_of(hit->limit, result, plan_->plan().limits, idle_);
  }
  result.violations_total = violations_total_;
  result.violations = std::move(violations_);
  if (save_folder != nullptr && !collection_) {
    save_to_ = save_folder;
    begin_to_collect();
  }
  if (collection_) {
    while (!collection_->ended()) collection_->advance();
    result.files = collection_->take();
  }
  result.layers = plan_->layers();
  result.layers.cgroup = cgroup_state_;
  result.kernel = plan_->host().kernel;
  if (exit_tracer_ && !exit_tracer_->note().empty()) warnings_.push_back(exit_tracer_->note());
  result.warnings = std::move(warnings_);
  for (std::string& sentence : what_leads_out(*plan_, result)) result.warnings.push_back(std::move(sentence));
  result.noise = std::move(lasting_noise_);
  if (core_watch_) {
    const std::vector<host::Noise> met = core_watch_->noise(result.run, host::is_core_leased);
    result.noise.insert(result.noise.end(), met.begin(), met.end());
  }
  return result;
}

}  // namespace evalrun::supervise
