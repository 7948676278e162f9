// A run's figures: from what the control groups counted, what init reported, and what was seen by looking.
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "runtime/sandbox/missing_library.h"
#include "runtime/supervise/collect.h"
#include "runtime/supervise/full_heap.h"
#include "runtime/supervise/limits_met.h"
#include "runtime/supervise/reach.h"
#include "runtime/supervise/run.h"

namespace evalrun::supervise {

using sandbox::InitRecord;

namespace {

// Where the program may have said why it failed.
const Stream& last_words(const RunResult& result) {
  return result.error_output.captured ? result.error_output : result.output;
}

// A program that failed may have missed a file of the image, to which a link leads and which is not shown.
std::vector<std::string> what_leads_out(const sandbox::CompiledPlan& plan, const RunResult& result) {
  if (const auto* start = std::get_if<NotStarted>(&result.outcome); start != nullptr && start->error == ENOENT) {
    std::string sentence = sandbox::explain_missing_program(plan.plan(), plan.layout(), start->subject);
    return sentence.empty() ? std::vector<std::string>() : std::vector{std::move(sentence)};
  }
  const auto* exited = std::get_if<Exited>(&result.outcome);
  if (exited == nullptr || exited->code == 0) return {};
  return sandbox::explain_missing_libraries(plan.plan(), plan.layout(), last_words(result).kept);
}

}  // namespace

// The CPU time of init, which is in the program's group. The program does not pay for the reaping of its orphans.
Duration Run::init_cpu() const {
  clockid_t clock{};
  timespec time{};
  // It fails where init is gone: then what it said last holds.
  if (::clock_getcpuclockid(sandbox_->init_pid(), &clock) != 0 || ::clock_gettime(clock, &time) != 0) return init_cpu_;
  return std::max(init_cpu_, Duration(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

// The CPU time of the program's processes alone: what their group counted, less what init and the set-up took of it.
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
  facts.output_exceeded = plan_->plan().kind.limits.output_action == OutputAction::Stop &&
                          (output_.exceeded() || (error_output_ && error_output_->exceeded()));
  facts.about_to_exec = about_to_exec_;
  if (target_end_) facts.end = End{target_end_->code, target_end_->status};
  facts.cpu = cpu.total();
  facts.wall = ended_ - started_;
  facts.memory_is_held = groups_ && groups_->limits_memory();
  facts.memory_peak = Bytes{std::max(sampled_peak_, largest_process().value_or(Bytes{})).count + share_.count};
  return facts;
}

MetFacts Run::met_facts() const {
  MetFacts facts{.about_to_exec = about_to_exec_, .look = look_, .tasks_seen = peak_tasks_};
  const Limits& limits = plan_->plan().kind.limits;
  if (limits.output_action == OutputAction::Truncate) {
    const OutputLimit& output = limits.output;
    if (output_.exceeded()) facts.output_cut = output.both ? output.both : output.standard_output;
    if (error_output_ && error_output_->exceeded())
      facts.output_cut = output.both ? output.both : output.standard_error;
  }
  if (groups_) facts.processes_refused = groups_->processes_refused();
  if (facts.processes_refused) facts.processes_source = groups_->refused_processes_source();
  if (finish_ && finish_->workspace.is_known) {
    facts.workspace_is_full = finish_->workspace.blocks == 0;
    facts.inodes_are_used_up = finish_->workspace.inodes == 0;
  }
  facts.largest_process = largest_process_with_files().value_or(Bytes{});
  return facts;
}

Fd Run::take_work_folder() {
  return about_to_exec_ ? std::move(work_folder_) : Fd();
}

void Run::begin_to_collect() {
  if (work_folder_ && target_end_ && save_to_ != nullptr && !plan_->plan().kind.collect.empty()) {
    collection_.emplace(work_folder_.get(), plan_->plan().kind.collect, *save_to_);
  }
}

RunResult Run::take_result(const SaveFolder* save_folder) {
  RunResult result;
  if (starts_from_snapshot_ && start_.kind == Start::Kind::Execve && start_.why.empty()) {
    start_.why = "its snapshot could not be executed";
  }
  if (!starts_from_snapshot_ && start_.why.empty()) start_.why = plan_->why_no_snapshot();
  result.start = start_;
  result.start.share = share_;
  look_at_memory_last();
  result.cpu = cpu_time();
  result.memory = memory();
  result.outcome = outcome_of(facts(result.cpu, result.memory), plan_->plan().kind.limits);
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
  const Limits& limits = plan_->plan().kind.limits;
  MemoryMet how = thrashed_ ? MemoryMet::Thrashing : MemoryMet::Passed;
  if (ended_for_a_full_heap(result.outcome, plan_->plan().job.argv, limits.memory, last_words(result).kept)) {
    result.outcome = LimitHit{Limit::Memory};
    how = MemoryMet::HeapFull;
  }
  if (auto* hit = std::get_if<LimitHit>(&result.outcome)) {
    hit->reach = reach_of(hit->limit, result, limits, idle_);
    if (hit->limit == Limit::Output) hit->what = output_over(result, limits.output);
    if (hit->limit == Limit::Memory) {
      hit->memory = {files_hold_, how};
      // How far it came until it was stopped tells of the machine, and is what the limit's reach says.
      result.memory.peak = std::min(result.memory.peak, limits.memory);
    }
  }
  result.limits_met = limits_met(met_facts(), result, limits);
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
  if (uts_ns_state_) result.layers.uts_ns = *uts_ns_state_;
  result.kernel = plan_->host().kernel;
  if (exit_tracer_ && !exit_tracer_->note().empty()) warnings_.push_back(exit_tracer_->note());
  if (sockets_ && !sockets_->note().empty()) warnings_.push_back(sockets_->note());
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
