// Run: one sandbox from spawn to result, inside an event loop that may serve many.
//
// Theory of operation. A run is a small state machine over descriptors: the report pipe tells when execve happened or
// which step failed; the control socket brings init's words (the program has ended; all is reaped; what it cost); the
// pidfd tells that init is gone; three pipes carry the streams; one timer stands at the nearest deadline. Whatever ends
// the run (a limit, the program, Ctrl-C) goes the same way: init is asked to kill and wait, so that the numbers are
// whole; if it does not answer in time it is killed. The clock of the program stops when the program ends, before any
// teardown.
//
// A run owns all its handlers in the loop. What one of them throws ends this run as a sandbox error, on the same way;
// what is thrown while it ends has it given up: init is killed, and the streams end as they are.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "runtime/host/timing_noise.h"
#include "runtime/loop/event_loop.h"
#include "runtime/loop/haste.h"
#include "runtime/measure/exit_tracer.h"
#include "runtime/measure/files_in_memory.h"
#include "runtime/measure/process_look.h"
#include "runtime/measure/socket_usage.h"
#include "runtime/measure/tree_usage.h"
#include "runtime/mediate/address_space.h"
#include "runtime/mediate/broker.h"
#include "runtime/mediate/epoll_watches.h"
#include "runtime/mediate/file_locks.h"
#include "runtime/mediate/shared_memory.h"
#include "runtime/sandbox/compile.h"
#include "runtime/sandbox/spawn.h"
#include "runtime/supervise/collect.h"
#include "runtime/supervise/descriptor_reserve.h"
#include "runtime/supervise/groundwork.h"
#include "runtime/supervise/limits_clock.h"
#include "runtime/supervise/limits_met.h"
#include "runtime/supervise/outcome.h"
#include "runtime/supervise/prepared_start.h"
#include "runtime/supervise/result.h"
#include "runtime/supervise/streams.h"

namespace evalrun::supervise {

// What a run leaves when its result is there but its init has still to end: that takes the kernel a while. The last to
// go is the cell.
struct Teardown {
  std::shared_ptr<warm::Cell> cell;
  std::optional<groups::RunGroups> groups;
  std::unique_ptr<sandbox::Sandbox> sandbox;
};

// What whoever starts a run is told, and gives it. The functions are called from the loop, must not destroy the run,
// and may be empty.
struct RunHooks {
  OutputTap output = {}, error_output = {};  // where the plan sends standard error to standard output: that one's
  std::function<void()> started = {};        // execve has succeeded
  std::function<void()> gone = {};           // everything inside is dead; finished() is near; must not throw
  InputFrom input = InputFrom::Plan;
  // The program has ended, or is about to be: its clock stands still, and nothing has been killed yet. Must not throw.
  std::function<void()> ended = {};
  // Nobody can write to standard output any more: the program has closed it, or has ended. Must not throw.
  std::function<void()> output_closed = {};
};

// How a run comes about.
struct RunOrigin {
  std::optional<Groundwork> groundwork = {};  // laid for its plan before
  sandbox::Cloner* cloner = nullptr;  // clones deputies, and init where no groundwork was laid; outlives the run
  sandbox::Start start = sandbox::Start::AtOnce;
};

class Run final : private loop::LoopOwner {
 public:
  // Spawns. Throws what spawn throws, and HostError where the plan demands a cgroup that `groups` cannot give; nothing
  // is left behind then. `loop` and `groups` must outlive the run.
  Run(loop::EventLoop& loop, groups::Groups& groups, std::shared_ptr<const sandbox::CompiledPlan> plan,
      RunHooks hooks = {}, RunOrigin origin = {});
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Whether it waits for start(), ready or about to be; false if it has failed. Only for a run made to be told its job.
  [[nodiscard]] bool is_waiting() const noexcept;
  // It does nothing more until then.
  [[nodiscard]] bool is_prepared() const noexcept { return prepared_start_ && prepared_start_->is_prepared(); }
  // Tells it the job of `plan`, whose kind is that of the plan it was made for. Once. Throws PlanError where a file of
  // the job cannot be read, and HostError.
  void start(const Plan& plan, RunHooks hooks = {});

  // The run is finished when nothing but its init is left; its destructor gives the teardown away and does not wait.
  void hand_teardown_to(std::function<void(Teardown)> taker) { teardown_taker_ = std::move(taker); }
  // Where it runs; null: by itself.
  [[nodiscard]] const std::shared_ptr<warm::Cell>& cell() const noexcept { return cell_; }

  // Everything inside is dead and reaped, and every stream has been read to its end.
  [[nodiscard]] bool finished() const noexcept;

  // Ends the run early; the result says that it was cancelled by `signal`, and what is known.
  void interrupt(int signal) noexcept;

  // Only for InputFrom::Caller: see Feeder.
  Feeder::Offer offer_input(std::string_view bytes, std::function<void()> on_room) {
    return feeder_.offer(bytes, std::move(on_room));
  }
  void close_input() noexcept { feeder_.close(); }
  // What was taken and the program has not read.
  [[nodiscard]] std::uint64_t unread_input() const noexcept { return feeder_.unread(); }

  // What the program has written to standard output and has not been read here.
  [[nodiscard]] bool has_unread_output() const { return output_.holds_more(); }

  // From RunHooks.ended on. Why the run was ended; none: the program ended by itself. The result may know better: that
  // the program was over a limit when it ended.
  [[nodiscard]] const std::optional<Outcome>& ended_for() const noexcept { return outcome_; }
  [[nodiscard]] std::optional<End> program_end() const noexcept;
  [[nodiscard]] Duration ended_at() const noexcept { return ended_; }  // CLOCK_MONOTONIC; by init's clock, if by itself

  [[nodiscard]] const Plan& plan() const noexcept { return plan_->plan(); }  // of one that was told its job: its kind
  // A program that waits for this process, to answer a call or to read what it has written, is not asleep.
  [[nodiscard]] measure::Activity activity() const;

  // Only for a plan that was compiled to be observed: `on_call` sees each call that the filter hands over and nobody
  // mediates; where it says true the call goes on. For tracing alone: the kernel may see other memory than `on_call`
  // did.
  void observe(std::function<bool(const seccomp_notif&)> on_call) { on_call_ = std::move(on_call); }

  // Why it starts by execve, where the plan asks for a snapshot and whoever starts it has none; before it is finished.
  void explain_start(std::string why) { start_.why = std::move(why); }
  // `taker` is told why its snapshot could not be put back; must not throw.
  void tell_failed_restore(std::function<void(const std::string&)> taker) { failed_restore_taker_ = std::move(taker); }

  // Where the plan's `collect` files are copied to, before the run is finished; borrowed until then. Null: nowhere.
  void collect_into(const SaveFolder* folder) noexcept { save_to_ = folder; }

  // Once, after finished(). `save_folder`: as collect_into(), of a run that was not told before, all at once.
  RunResult take_result(const SaveFolder* save_folder);

  // The sandbox's /work, where the plan was compiled to keep it and the program was started; else none. It outlives the
  // run.
  Fd take_work_folder();

 private:
  // The members alone. A run whose making fails afterwards is destroyed like any other, and its watches with it.
  Run(loop::EventLoop& loop, std::shared_ptr<const sandbox::CompiledPlan> plan, RunHooks hooks, sandbox::Start start);

  // A handler has failed, or what the loop's user asks for: that is the end of this run alone.
  void on_failure(std::exception_ptr what) noexcept override;
  void give_up() noexcept;
  void tell_gone() noexcept;
  void tell_ended() noexcept;

  [[nodiscard]] bool waits_for_job() const noexcept { return prepared_start_ && !prepared_start_->has_job(); }
  [[nodiscard]] std::string describe_subject(const StepResult& step) const;
  [[nodiscard]] const std::string* program_of(const StepResult& step) const;
  void on_note(const StepResult& step);
  void on_refused_mediation(const mediate::RefusedCall& refused);
  [[nodiscard]] bool may_have_left_traces() const noexcept;

  enum class Phase { SettingUp, Running, Ending, Gone };

  void let_go();  // of a run that was prepared: its program starts
  void on_target_known(pid_t target);
  void listen(Fd listener);  // to what the filter hands over
  void look_at_host();
  void on_report();
  void on_control();
  void on_init_gone();
  void end_of_all_but_init();
  void finish();
  void on_violations(std::vector<mediate::RecordedViolation> violations);
  void answer_file_lock(int listener, const seccomp_notif& call);
  bool answer_asked(int listener, const seccomp_notif& call);
  bool answer_child_signal(int listener, const seccomp_notif& call);
  bool answer_shared_memory(int listener, const seccomp_notif& call);
  void stop_listening();
  void on_timer();
  void begin_to_collect();
  void on_failure(const StepResult& step);
  void hit(Limit limit);
  void end_now();
  [[nodiscard]] bool groups_tell_all() const;  // nothing is left for sampling to find out
  [[nodiscard]] measure::OutsideProcesses outside_processes();
  void look_at_sockets();
  [[nodiscard]] bool group_holds_memory() const;
  void look_at_group_memory();
  void look_at_files();
  void look_at_memory_last();
  [[nodiscard]] bool has_passed_memory_limit() const;
  void meet_memory_limit();
  [[nodiscard]] Limit limit_behind(Limit limit);
  [[nodiscard]] Duration memory_wait() const;
  [[nodiscard]] bool memory_is_urgent() const;
  void sample(Duration at);
  [[nodiscard]] Duration next_deadline() const;
  void arm_timer();
  [[nodiscard]] MetFacts met_facts() const;
  bool look_at_noted(const seccomp_notif& call);
  [[nodiscard]] RunFacts facts(const CpuTime& cpu, const Memory& memory) const;
  [[nodiscard]] Outcome fault(const StepResult& step) const;
  [[nodiscard]] static std::string describe_restore(const StepResult& step);
  [[nodiscard]] bool is_programs_own_fault(const StepResult& step) const;
  [[nodiscard]] Duration init_cpu() const;
  [[nodiscard]] CpuTime own_cpu_time() const;
  [[nodiscard]] CpuTime cpu_time() const;
  [[nodiscard]] std::optional<Bytes> largest_process_with_files() const;
  [[nodiscard]] std::optional<Bytes> largest_process() const;
  [[nodiscard]] Memory memory() const;
  [[nodiscard]] Memory own_memory() const;
  [[nodiscard]] Processes processes() const;
  [[nodiscard]] std::size_t cores_to_use() const;
  void plan_first_look();
  void plan_next_look(Duration at, Duration cost);

  DescriptorReserve descriptors_;  // before anything is opened
  loop::EventLoop& loop_;
  sandbox::Cloner* cloner_ = nullptr;
  std::shared_ptr<const sandbox::CompiledPlan> plan_;
  Drain::Budget both_, standard_output_, standard_error_;
  RunHooks hooks_;
  Feeder feeder_;
  Drain output_;
  std::optional<Drain> error_output_;
  loop::Timer timer_;
  Duration spawned_;
  std::shared_ptr<warm::Cell> cell_;  // outlives the sandbox, as do its groups
  std::optional<groups::RunGroups> groups_;
  host::LayerState cgroup_state_;
  std::optional<host::LayerState> uts_ns_state_;  // where it is not as planned
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::function<void(Teardown)> teardown_taker_;
  std::optional<measure::TreeSampler> sampler_;
  std::vector<host::Noise> lasting_noise_;
  std::optional<host::CoreWatch> core_watch_;
  std::optional<loop::Haste> haste_;  // while a limit is near

  Phase phase_ = Phase::SettingUp;
  Duration armed_{};  // what the timer is set to; zero: it is not
  Duration set_up_deadline_{}, grace_deadline_{};
  LimitsClock clock_;       // from execve on
  Duration started_{};      // execve
  Duration ended_{};        // the program's end, or the moment it was ended
  Duration gone_{};         // init reaped
  Duration set_up_cpu_{};   // the target's, before execve
  Duration init_cpu_{};     // init's, until it was locked down
  Duration idle_{};         // without CPU time, when that was last looked at
  Duration sampled_cpu_{};  // by sampling, where no group counts
  Bytes set_up_size_{};     // the largest that the target was before execve
  Bytes sampled_memory_{}, sampled_peak_{};
  std::uint64_t peak_tasks_ = 0;
  std::optional<PreparedStart> prepared_start_;  // of a run that is made before its job is known
  std::uint64_t mediated_ = 0;
  mediate::MediationCpu mediation_cpu_;
  bool about_to_exec_ = false;
  bool interrupted_ = false;
  bool failed_ = false;      // a handler has thrown
  bool heard_last_ = false;  // what init said before it ended has been read, or could not be
  bool told_gone_ = false;   // by hooks_
  bool told_ended_ = false;  // likewise
  std::optional<sandbox::InitRecord> target_end_, finish_;
  std::optional<Outcome> outcome_;  // what ended the run before the program did by itself
  Fd work_folder_;
  const SaveFolder* save_to_ = nullptr;
  std::optional<Collection> collection_;
  std::optional<mediate::Broker> broker_;
  std::function<bool(const seccomp_notif&)> on_call_;
  std::optional<mediate::AddressSpace> address_space_;  // where the plan bounds it
  mediate::EpollWatches epoll_watches_;
  std::optional<mediate::FileLocks> file_locks_;        // from the first lock on
  std::optional<measure::ExitTracer> exit_tracer_;      // where no group counts CPU time
  std::optional<mediate::SharedMemory> shared_memory_;  // where no group counts memory; as is this
  std::optional<measure::SocketUsage> sockets_;
  std::optional<measure::FilesInMemory> files_in_memory_;
  std::optional<Bytes> passed_with_;  // what a look found above the limit
  Bytes files_hold_;                  // at the last look
  bool thrashed_ = false;             // a limit of time was met by what reading pages of files again took
  Duration next_socket_look_{};
  Bytes sockets_hold_;  // at the last look
  std::vector<mediate::RecordedViolation> violations_;
  std::uint64_t violations_total_ = 0;
  bool may_send_file_size_signal_ = false;  // the program has made a call by which it may send itself SIGXFSZ
  measure::ProcessLook look_;               // all that was seen of any process
  unsigned looks_ = 0;
  std::vector<std::string> warnings_;
  bool starts_from_snapshot_ = false;  // as far as its plan and its job go
  Start start_;
  std::function<void(const std::string&)> failed_restore_taker_;
  Bytes share_{};  // of memory, that a run by execve would have of its own
};

}  // namespace evalrun::supervise
