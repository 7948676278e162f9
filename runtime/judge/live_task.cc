#include "runtime/judge/live_task.h"

#include "runtime/core/overloaded.h"

namespace evalrun::judge {

void LiveTask::advance(const supervise::SaveFolder* save_folder) {
  if (Grading* const work = grading()) work->advance(save_folder);
}

bool LiveTask::finished() const noexcept {
  return std::visit([](const auto& work) { return work->finished(); }, work_);
}

void LiveTask::interrupt(int signal) {
  std::visit([&](const auto& work) { work->interrupt(signal); }, work_);
}

TaskEnd LiveTask::take_end() {
  return std::visit(
      Overloaded{[](const std::unique_ptr<supervise::Run>& run) -> TaskEnd { return run->take_result(nullptr); },
                 [](const std::unique_ptr<Grading>& grading) -> TaskEnd { return grading->take_grade(); }},
      work_);
}

Fd LiveTask::take_work_folder() {
  return std::visit([](const auto& work) { return work->take_work_folder(); }, work_);
}

}  // namespace evalrun::judge
