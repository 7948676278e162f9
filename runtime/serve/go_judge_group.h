// The commands of one request of go-judge's, at work: each is a job, or all are one group where pipes or streams join
// them. Whoever asked is told once, with all of their results.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/serve/dialect.h"
#include "runtime/serve/file_store.h"
#include "runtime/serve/go_judge_request.h"
#include "runtime/serve/go_judge_task.h"

namespace evalrun::serve {

// What every request needs. All of it outlives them.
struct GoContext {
  Workshop& shop;
  FileStore& store;
  const PlanTemplate& plan;  // that each command completes
};

class GoGroup : public std::enable_shared_from_this<GoGroup> {
 public:
  // None: it was stopped before anything was run.
  using Done = std::function<void(std::optional<std::vector<GoResult>>)>;

  // `exchange` has the account.
  GoGroup(const GoContext& context, std::shared_ptr<Exchange> exchange, GoRequest request, Done done);

  // What the request's streams are joined to, before begin().
  void set_outside(OutsideStreams outside) { outside_ = std::move(outside); }
  // Throws BadField where a command asks for what there is not; nothing is submitted then.
  void begin();
  // Nobody wants to know any more.
  void abandon();
  // Ends what is at work, as if by SIGKILL, and tells.
  void stop();

 private:
  void settle(std::size_t index, WorkEnd end);
  void begin_group(std::vector<std::optional<Task>>& tasks);
  void settle_group(WorkEnd end);
  void store(std::size_t index);
  void count_down();

  const GoContext context_;
  const std::shared_ptr<Exchange> exchange_;
  const GoRequest request_;
  Done done_;
  std::optional<OutsideStreams> outside_;
  std::vector<GoResult> results_;
  std::size_t left_;
  struct Submitted {
    WorkQueue::Id id;
    std::size_t index;  // of the command; of a group, of all
  };
  std::vector<Submitted> submitted_;
  OnCancel on_cancel_ = OnCancel::Fault;
  bool is_group_ = false;
};

// A rough size of what the answer will take.
std::size_t size_of(const std::vector<GoResult>& results);

}  // namespace evalrun::serve
