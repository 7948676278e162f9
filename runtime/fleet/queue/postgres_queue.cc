#include "runtime/fleet/queue/postgres_queue.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/core/text.h"
#include "runtime/fleet/queue/relay_process.h"

namespace evalrun::fleet {
namespace {

using Kind = RedisReply::Kind;

std::string_view name_of(Step step) {
  switch (step) {
    case Step::Beat: return "beat";
    case Step::Cancel: return "cancel";
    case Step::Claim: return "claim";
    case Step::Complete: return "complete";
    case Step::Drain: return "drain";
    case Step::Enqueue: return "enqueue";
    case Step::Forget: return "forget";
    case Step::GiveBack: return "give_back";
    case Step::Leave: return "leave";
    case Step::Reclaim: return "reclaim";
    case Step::Retry: return "retry";
    case Step::Status: return "status";
  }
  return "";
}

// Makes of the function's rows the answer that the step's script gives.
RedisReply answer_of(Step step, RedisReply&& rows) {
  for (const RedisReply& row : elements_of(rows, 0)) static_cast<void>(elements_of(row, 1));
  switch (step) {
    case Step::Forget:
    case Step::Leave: return {};
    case Step::Complete:
    case Step::Drain:
    case Step::GiveBack:
    case Step::Retry:
    case Step::Status: return std::move(elements_of(rows, 1)[0].elements.front());
    case Step::Cancel:
    case Step::Enqueue:
    case Step::Reclaim: return elements_of(rows, 1)[0];
    case Step::Beat:
      for (RedisReply& row : rows.elements) row = RedisReply(row.elements.front());
      return std::move(rows);
    case Step::Claim: {
      // The word about the whole of it stands in the last row.
      RedisReply word = elements_of(rows, 1).back().elements.back();
      rows.elements.pop_back();
      rows.elements.insert(rows.elements.begin(), std::move(word));
      return std::move(rows);
    }
  }
  return {};
}

}  // namespace

PostgresQueue::PostgresQueue(loop::EventLoop& loop, const PostgresAddress& address, QueueOptions options)
    : StepQueue(loop, std::make_unique<RelayProcess>("evalrun-postgresql"), std::move(options)) {
  connection().greet_with({"CONNECT", address.text}, [this](std::optional<RedisReply> reply) {
    const std::string& warning = text_of(elements_of(elements_of(*reply, 1)[0], 1)[0]);
    if (warning.empty()) return;
    warn("the queue's server does not wait for its disk, so what it has acknowledged can be lost: " + warning);
  });
}

void PostgresQueue::call(std::string_view name, Words words, Again again, RedisConnection::Answered answered) {
  const std::string time = now();
  words.insert(words.begin(), {name, time});
  connection().call(words, again, std::move(answered));
}

void PostgresQueue::run(Step step, Words words, Again again, RedisConnection::Answered answered) {
  call(name_of(step), std::move(words), again, [step, answered = std::move(answered)](std::optional<RedisReply> reply) {
    if (!reply) return answered(std::nullopt);
    answered(answer_of(step, std::move(*reply)));
  });
}

void PostgresQueue::ask_for_rows(std::string_view name, Words words, std::function<void(const Rows&)> then) {
  call(name, std::move(words), Again::Yes,
       [then = std::move(then)](std::optional<RedisReply> reply) { then(elements_of(*reply, 0)); });
}

void PostgresQueue::put_plan(const std::string& digest, const std::string& name, const std::string& bundle, Done done) {
  // As JSON has it, since a database's text cannot hold every byte.
  const std::string quoted = nlohmann::json(json_text(name)).dump();
  ask_for_rows("put_plan", {digest, quoted, bundle}, [done = std::move(done)](const Rows&) { done(); });
}

void PostgresQueue::get_plan(const std::string& digest, Then<std::optional<std::string>> then) {
  ask_for_rows("get_plan", {digest}, [then = std::move(then)](const Rows& rows) {
    if (rows.empty()) return then(std::nullopt);
    then(text_of(elements_of(rows.front(), 1)[0]));
  });
}

void PostgresQueue::read_results(const std::string& batch, const std::string& after, std::size_t most,
                                 Then<std::vector<StoredResult>> then) {
  ask_for_rows("read_results", {batch, after, std::to_string(most)}, [then = std::move(then)](const Rows& rows) {
    std::vector<StoredResult> results;
    for (const RedisReply& row : rows) {
      const auto& columns = elements_of(row, 3);
      results.push_back({text_of(columns[0]), text_of(columns[1]), text_of(columns[2])});
    }
    then(std::move(results));
  });
}

void PostgresQueue::unfinished(const std::string& batch, Then<std::vector<std::string>> then) {
  ask_for_rows("unfinished", {batch}, [then = std::move(then)](const Rows& rows) {
    std::vector<std::string> ids;
    for (const RedisReply& row : rows) ids.push_back(text_of(elements_of(row, 1)[0]));
    then(std::move(ids));
  });
}

void PostgresQueue::dead(std::size_t most, Then<std::vector<DeadJob>> then) {
  ask_for_rows("dead", {std::to_string(most)}, [then = std::move(then)](const Rows& rows) {
    std::vector<DeadJob> jobs;
    for (const RedisReply& row : rows) {
      const auto& columns = elements_of(row, 3);
      jobs.push_back({text_of(columns[0]), text_of(columns[1]), text_of(columns[2])});
    }
    then(std::move(jobs));
  });
}

}  // namespace evalrun::fleet
