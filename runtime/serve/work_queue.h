// What requests ask to be run: a bounded queue before the sandboxes.
//
// Theory of operation. Whoever submits a task is told what it has come to, by a function that is called from the loop.
// At most `jobs` tasks are at work; more wait, first come first served, up to `queue` of them. There is no room for
// what comes beyond that: it is refused before it is accepted. What waits uses nothing, and no limit of a run counts
// it. A task that was submitted is answered for, whatever happens: by its end, by why its plan cannot be, or by what
// the sandbox failed at.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "runtime/core/fd.h"
#include "runtime/jobs/live_job.h"
#include "runtime/serve/piped_runs.h"

namespace evalrun::serve {

// A task that has ended, and what is needed to put it into words. Any thread may have it, one at a time.
struct Ended {
  std::shared_ptr<jobs::LiveJob> job;
  jobs::JobEnd end;
  Fd work;  // /work as it was left, where the plan collects files
  Duration waited{};
};
// The plan cannot be on this host: a file that is not there.
struct NotPossible {
  std::string message;
};
struct Lost {
  supervise::SandboxFault fault;
  std::string message;
};
// Several programs that were at work at the same time.
struct GroupEnded {
  PipedRuns::End end;
  std::vector<Limits> limits;  // of each
  Duration waited{};
};
using WorkEnd = std::variant<Ended, NotPossible, Lost, GroupEnded>;

class WorkQueue {
 public:
  using Id = std::uint64_t;
  using Taker = std::function<void(WorkEnd)>;

  struct Bounds {
    unsigned jobs = 1;
    std::size_t queue = 256;
  };

  WorkQueue(const jobs::Workplace& place, Bounds bounds) : place_(place), bounds_(bounds) {}
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Whether so many more can be accepted.
  [[nodiscard]] bool has_room(std::size_t count = 1) const noexcept {
    return waiting_.size() + live_.size() + count <= bounds_.queue + bounds_.jobs;
  }
  // Whoever asks for more than can ever be accepted.
  [[nodiscard]] std::size_t most() const noexcept { return bounds_.queue + bounds_.jobs; }
  [[nodiscard]] unsigned jobs() const noexcept { return bounds_.jobs; }

  // `taker` is called once, later, unless it is cancelled. Takes it whether there is room or not.
  Id submit(Task task, Taker taker);
  // The same of several runs that are joined by pipes; they count as one.
  Id submit_group(std::vector<Plan> plans, std::vector<PipeBetween> pipes, OutsideStreams outside, Taker taker);
  // Nobody wants it any more; what is at work is ended.
  void cancel(Id id);
  // Ends it. Its taker is told what it came to, unless it had not begun.
  enum class Stopped { BeforeItBegan, AtWork, NotThere };
  Stopped stop(Id id);
  // Ends what is at work, as lost, and what waits.
  void interrupt(int signal);

  // Before the first turn of the loop and after each.
  void advance();

  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] std::size_t live() const noexcept { return live_.size(); }
  [[nodiscard]] bool is_idle() const noexcept { return waiting_.empty() && live_.empty(); }

 private:
  // What is at work: one job, or a group.
  class Work {
   public:
    Work() = default;
    virtual ~Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual void advance() = 0;
    [[nodiscard]] virtual bool finished() const = 0;
    virtual void interrupt(int signal) = 0;
    virtual WorkEnd take_end(Duration waited) = 0;
  };
  class JobWork;
  class GroupWork;

  struct Waiting {
    Id id;
    std::function<std::unique_ptr<Work>()> start;
    Duration since;
    Taker taker;
  };
  struct Live {
    Id id;
    Duration waited;
    Taker taker;  // empty: cancelled
    std::unique_ptr<Work> work;
  };

  Id enter(std::function<std::unique_ptr<Work>()> start, Taker taker);
  void start(Waiting&& waiting);
  static void look_at(Live& live, std::optional<WorkEnd>& end);

  jobs::Workplace place_;
  Bounds bounds_;
  Id next_ = 1;
  std::list<Waiting> waiting_;
  std::list<Live> live_;
};

}  // namespace evalrun::serve
