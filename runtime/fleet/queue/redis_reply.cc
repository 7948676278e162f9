#include "runtime/fleet/queue/redis_reply.h"

#include <hiredis/read.h>

#include <utility>

#include "runtime/core/text.h"
#include "runtime/fleet/queue/queue.h"

namespace evalrun::fleet {
namespace {

constexpr int kMostElements = 1 << 20;

// Called by hiredis, which is C: nothing is thrown, and null means that there is no memory.
RedisReply* place_of(const redisReadTask* task) noexcept {
  if (task->parent == nullptr) return new (std::nothrow) RedisReply;
  auto& elements = static_cast<RedisReply*>(task->parent->obj)->elements;
  return &elements[static_cast<std::size_t>(task->idx)];
}

template <typename Fill>
void* make(const redisReadTask* task, Fill fill) noexcept {
  RedisReply* reply = place_of(task);
  if (reply == nullptr) return nullptr;
  try {
    fill(*reply);
  } catch (const std::exception&) {
    if (task->parent == nullptr) delete reply;
    return nullptr;
  }
  return reply;
}

void* create_text(const redisReadTask* task, char* bytes, std::size_t size) {
  return make(task, [&](RedisReply& reply) {
    reply.kind = task->type == REDIS_REPLY_ERROR ? RedisReply::Kind::Error : RedisReply::Kind::Text;
    reply.text.assign(bytes, size);
  });
}

void* create_array(const redisReadTask* task, int count) {
  if (count < 0 || count > kMostElements) return nullptr;
  return make(task, [&](RedisReply& reply) {
    reply.kind = RedisReply::Kind::Array;
    reply.elements.resize(static_cast<std::size_t>(count));
  });
}

void* create_integer(const redisReadTask* task, long long value) {
  return make(task, [&](RedisReply& reply) {
    reply.kind = RedisReply::Kind::Integer;
    reply.integer = value;
  });
}

void* create_nil(const redisReadTask* task) {
  return make(task, [](RedisReply&) {});
}

void free_reply(void* reply) {
  delete static_cast<RedisReply*>(reply);
}

redisReplyObjectFunctions kFunctions = {create_text, create_array, create_integer, create_nil, free_reply};

}  // namespace

void RedisReader::Deleter::operator()(redisReader* reader) const noexcept {
  redisReaderFree(reader);
}

RedisReader::RedisReader() : reader_(redisReaderCreateWithFunctions(&kFunctions)) {
  if (!reader_) throw std::bad_alloc();
}

RedisReader::~RedisReader() = default;

void RedisReader::feed(std::string_view bytes) {
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    throw QueueError("the queue's answer: " + one_line(reader_->errstr));
  }
}

std::optional<RedisReply> RedisReader::next() {
  void* made = nullptr;
  if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK) {
    throw QueueError("the queue's answer: " + one_line(reader_->errstr));
  }
  if (made == nullptr) return std::nullopt;
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(made));
  return std::move(*reply);
}

std::string redis_command(const std::vector<std::string_view>& words) {
  std::size_t size = 16;
  for (const std::string_view word : words) size += word.size() + 16;
  std::string command;
  command.reserve(size);
  command += "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    command += "$" + std::to_string(word.size()) + "\r\n";
    command += word;
    command += "\r\n";
  }
  return command;
}

}  // namespace evalrun::fleet
