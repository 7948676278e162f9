#include "runtime/serve/go_judge_group.h"

#include <algorithm>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/serve/bounded_json.h"

namespace evalrun::serve {
namespace {

constexpr const char* kStoreIsFull = "the server's file store is full; delete files, or raise --store-quota";
constexpr const char* kCannotRead = "the files cannot be read";

}  // namespace

std::size_t size_of(const std::vector<GoResult>& results) {
  std::size_t size = 0;
  for (const GoResult& result : results) {
    for (const auto& [name, content] : result.files) size += content.size();
  }
  return size;
}

GoGroup::GoGroup(const GoContext& context, std::shared_ptr<Exchange> exchange, GoRequest request, Done done)
    : context_(context),
      exchange_(std::move(exchange)),
      request_(std::move(request)),
      done_(std::move(done)),
      results_(request_.commands.size()),
      left_(request_.commands.size()) {}

void GoGroup::begin() {
  std::vector<std::optional<Task>> tasks(request_.commands.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    try {
      tasks[i] = task_of_command(request_.commands[i], context_.plan, context_.shop, context_.store);
    } catch (const GoFileError& failed) {
      results_[i] = failed_result("File Error", failed.what());
      results_[i].file_errors.push_back({failed.name(), failed.type(), failed.what()});
    } catch (const PlanError& failed) {
      results_[i] = failed_result("Internal Error", failed.what());
    }
  }
  const bool is_whole = std::ranges::all_of(tasks, [](const auto& task) { return task.has_value(); });
  const bool is_joined = !request_.pipes.empty() || outside_;
  if (is_joined && is_whole) return begin_group(tasks);
  if (is_joined) {
    // None runs without the others.
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (!std::exchange(tasks[i], std::nullopt)) continue;
      results_[i] = failed_result("Internal Error", "another command cannot run");
    }
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!tasks[i]) continue;
    const WorkQueue::Id id = context_.shop.queue.submit(
        std::move(*tasks[i]), [self = shared_from_this(), i](WorkEnd end) { self->settle(i, std::move(end)); });
    submitted_.push_back({id, i});
  }
  const auto without = std::ranges::count_if(tasks, [](const auto& task) { return !task; });
  for (auto i = without; i > 0; --i) count_down();
}

void GoGroup::settle(std::size_t index, WorkEnd end) {
  account_for(context_.shop, *exchange_, end);
  const auto kept = std::make_shared<WorkEnd>(std::move(end));
  const auto self = shared_from_this();
  const Bytes most = context_.shop.ceilings.output;
  const auto* ended = std::get_if<Ended>(kept.get());
  const auto read = [self, kept, index, most] {
    self->results_[index] = result_of_command(self->request_.commands[index], *kept, most, self->on_cancel_);
  };
  if (ended == nullptr || (ended->end.size <= kLargeOutput && !ended->work)) {
    read();
    return store(index);
  }
  context_.shop.background.give(read, [self, index](std::exception_ptr thrown) {
    if (thrown) self->results_[index] = failed_result("Internal Error", kCannotRead);
    self->store(index);
  });
}

void GoGroup::begin_group(std::vector<std::optional<Task>>& tasks) {
  std::vector<Plan> plans;
  for (std::optional<Task>& task : tasks) plans.push_back(std::move(task->plan));
  std::vector<PipeBetween> pipes;
  for (const GoPipe& pipe : request_.pipes) {
    const std::uint64_t copied = pipe.name.empty() ? 0 : std::min(pipe.max, context_.shop.ceilings.output.count);
    pipes.push_back({pipe.writer.index, pipe.writer.fd, pipe.reader.index, copied});
  }
  is_group_ = true;
  const WorkQueue::Id id = context_.shop.queue.submit_group(
      std::move(plans), std::move(pipes), std::move(outside_).value_or(OutsideStreams{}),
      [self = shared_from_this()](WorkEnd end) { self->settle_group(std::move(end)); });
  submitted_.push_back({id, 0});
}

void GoGroup::settle_group(WorkEnd end) {
  account_for(context_.shop, *exchange_, end);
  const auto kept = std::make_shared<WorkEnd>(std::move(end));
  const Bytes most = context_.shop.ceilings.output;
  const auto self = shared_from_this();
  context_.shop.background.give(
      [self, kept, most] { self->results_ = results_of_group(self->request_, *kept, most, self->on_cancel_); },
      [self](std::exception_ptr thrown) {
        for (std::size_t i = 0; i < self->results_.size(); ++i) {
          if (thrown) self->results_[i] = failed_result("Internal Error", kCannotRead);
          self->store(i);
        }
      });
}

void GoGroup::store(std::size_t index) {
  GoResult& result = results_[index];
  for (auto& [name, content] : result.cached) {
    const std::optional<std::string> id = context_.store.add(name, std::move(content));
    if (id) {
      result.ids.emplace_back(name, *id);
    } else {
      result.status = "File Error";
      result.error = kStoreIsFull;
      result.file_errors.push_back({name, "CopyOutCreateFile", result.error});
    }
  }
  result.cached.clear();
  count_down();
}

void GoGroup::count_down() {
  if (--left_ != 0) return;
  if (const Done done = std::exchange(done_, {})) done(std::move(results_));
}

void GoGroup::abandon() {
  done_ = {};
  for (const Submitted& each : submitted_) context_.shop.queue.cancel(each.id);
}

void GoGroup::stop() {
  on_cancel_ = OnCancel::Signaled;
  const auto self = shared_from_this();
  std::vector<std::size_t> not_begun;
  for (const Submitted& each : submitted_) {
    if (context_.shop.queue.stop(each.id) == WorkQueue::Stopped::BeforeItBegan) not_begun.push_back(each.index);
  }
  if (is_group_ ? !not_begun.empty() : not_begun.size() == results_.size()) {
    if (const Done done = std::exchange(done_, {})) done(std::nullopt);
    return;
  }
  for (const std::size_t index : not_begun) {
    results_[index] = failed_result("Internal Error", "cancelled before execute");
    count_down();
  }
}

}  // namespace evalrun::serve
