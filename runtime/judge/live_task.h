// A task at work in an event loop: its one run, or its grading. Both are driven and ended alike.
#pragma once

#include <memory>
#include <variant>

#include "runtime/judge/grading.h"
#include "runtime/supervise/run.h"

namespace evalrun::judge {

// What a task has come to.
using TaskEnd = std::variant<supervise::RunResult, Grade>;

class LiveTask {
 public:
  explicit LiveTask(std::unique_ptr<supervise::Run> run) : work_(std::move(run)) {}
  explicit LiveTask(std::unique_ptr<Grading> grading) : work_(std::move(grading)) {}

  // The run of a task that is one, the grading of any other; else null.
  [[nodiscard]] supervise::Run* run() const noexcept { return get<supervise::Run>(); }
  [[nodiscard]] Grading* grading() const noexcept { return get<Grading>(); }

  // After every turn of the loop: starts what comes next. `save_folder` is for what the plan collects; null: nothing
  // is. A run is told of it before, by collect_into(). Throws what starting the task throws.
  void advance(const supervise::SaveFolder* save_folder);
  [[nodiscard]] bool finished() const noexcept;
  // Ends what is running and starts nothing more.
  void interrupt(int signal);

  // Once, after finished().
  TaskEnd take_end();
  // /work as the task's one run left it, where the plan collects files; else none. After finished(), before take_end().
  Fd take_work_folder();

 private:
  template <typename Work>
  [[nodiscard]] Work* get() const noexcept {
    const auto* work = std::get_if<std::unique_ptr<Work>>(&work_);
    return work == nullptr ? nullptr : work->get();
  }

  std::variant<std::unique_ptr<supervise::Run>, std::unique_ptr<Grading>> work_;  // never null
};

}  // namespace evalrun::judge
