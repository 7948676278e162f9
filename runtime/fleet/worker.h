// A worker: a batch (runtime/batch) whose jobs come from a queue and whose results go there.
//
// Theory of operation. A job is claimed when there is room for it, and no sooner: what waits in a worker waits for one
// worker alone. It becomes a plan (fleet_plans.h) and a running job (jobs/live_job.h), and its end one call of the
// queue: a result, or, where the sandbox failed, the job given back for another host. While jobs run the worker beats;
// a job whose lease is lost is ended, and nothing is said of it. Where the queue is away, running jobs go on, ended
// ones are kept until it is back, and none is claimed.
//
// A job that a worker was lost over before runs alone here, so that it takes no other along if it does so again.
//
// A worker that fails jobs one after the other is sick, if a program that can only end well fails in it too (canary.h).
// Then it claims no more and ends: its jobs are another's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/fleet/canary.h"
#include "runtime/fleet/fleet_plans.h"
#include "runtime/fleet/queue/queue.h"
#include "runtime/jobs/live_job.h"
#include "runtime/loop/background.h"

namespace evalrun::fleet {

// Whether one other host may try a job that ran out of time here, where the host made its time less sure.
enum class Late { Final, Confirmed };

struct WorkerOptions {
  Identity who;
  Duration lease = std::chrono::seconds(30);  // without a beat
  std::filesystem::path save_to = {};         // a folder for each job whose plan collects files; "": none may
  std::vector<std::filesystem::path> images = {};
  HostPaths host_paths = HostPaths::Refused;
  FileCache* files = nullptr;  // borrowed; null: jobs may name no files
  Late late = Late::Final;
  std::function<void(const std::string&)> say = {};  // what an operator should read
};

struct WorkerCounts {
  std::uint64_t completed = 0, faults = 0, dropped = 0;
};

class Worker {
 public:
  // All that is borrowed outlives the worker. Runs the canary before it claims anything.
  Worker(const jobs::Workplace& place, WorkerOptions options, Queue& queue);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Before the first turn of the loop and after each.
  void advance();
  [[nodiscard]] bool finished() const noexcept { return has_left_; }

  // Claims nothing more, ends what runs as it ends by itself, and leaves.
  void drain();
  // The same, and what runs is ended now and given back, as if it had never been claimed.
  void release(int signal);

  [[nodiscard]] bool is_sick() const noexcept { return is_sick_; }
  [[nodiscard]] const WorkerCounts& counts() const noexcept { return counts_; }

 private:
  // What becomes of a job when it ends.
  enum class Fate { Told, CancelledByProducer, TooLate, Lost, Released };
  struct Held {
    ClaimedJob claim;
    Duration began{};
    Duration most = std::chrono::minutes(10);  // until its plan is known
    Fate fate = Fate::Told;
    std::vector<FileDigest> files;       // that are held for it
    std::unique_ptr<jobs::LiveJob> job;  // null: its plan is awaited, or it has ended
    bool has_ended = false;              // the queue is being told
  };
  using HeldPtr = std::shared_ptr<Held>;

  [[nodiscard]] std::size_t running() const;
  void take_finished();
  void start(ClaimedJob&& claim);
  void start_with_plan(const HeldPtr& held);
  void fetch_files(const HeldPtr& held, std::vector<FileDigest> files);
  template <typename Step>
  bool attempt(const HeldPtr& held, Step step);
  void settle(const HeldPtr& held, jobs::JobEnd&& end);
  void tell_in_background(const HeldPtr& held, jobs::JobEnd&& end);
  void tell(const HeldPtr& held, jobs::Status status, Duration cpu, const std::string& member,
            const std::string& doubt = "");
  void give_back(const HeldPtr& held, Return how, const std::string& why, const std::string& line);
  [[nodiscard]] std::string doubt_of(const Held& held, const judge::TaskEnd& end) const;
  void forget(const HeldPtr& held);
  [[nodiscard]] std::string line_of(const Held& held, const std::string& member) const;

  void claim();
  void on_claimed(Claimed&& claimed);
  void beat(Beat beat);
  void on_beaten(const std::vector<HeldPtr>& named, const Beaten& answer);
  void advance_canary();
  void leave();
  void plan_next_turn();
  void say(const std::string& message) const;
  [[nodiscard]] std::filesystem::path save_folder(const Held& held) const;

  jobs::Workplace place_;
  const WorkerOptions options_;
  Queue& queue_;
  FleetPlans plans_;
  std::vector<HeldPtr> held_;
  loop::Background background_;
  loop::Timer wake_;
  std::optional<Canary> canary_;  // while it runs
  Duration next_canary_{};
  Duration next_claim_{}, next_beat_{}, next_reclaim_{}, idle_wait_{}, leave_by_{};
  bool claim_is_asked_ = false, reclaim_is_asked_ = false;
  bool must_empty_ = false;  // a job waits that must run alone
  bool was_away_ = false;
  bool is_proven_ = false;  // the canary ended well, and nothing speaks against it since
  bool is_draining_ = false, is_leaving_ = false, has_left_ = false, is_sick_ = false;
  unsigned faults_in_a_row_ = 0;
  std::string last_fault_, last_faulty_id_;
  WorkerCounts counts_;
};

}  // namespace evalrun::fleet
