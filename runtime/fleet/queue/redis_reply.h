// What a Redis server answers, and the words that it is asked with. hiredis's reader takes the protocol apart; the
// values are ours, with bounds on their number (CVE-2021-32765 was in hiredis's own).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace evalrun::fleet {

struct RedisReply {
  enum class Kind { Nil, Integer, Text, Error, Array };
  Kind kind = Kind::Nil;
  std::int64_t integer = 0;
  std::string text;  // of Text and Error
  std::vector<RedisReply> elements;
};

class RedisReader {
 public:
  RedisReader();
  ~RedisReader();
  RedisReader(const RedisReader&) = delete;
  RedisReader& operator=(const RedisReader&) = delete;

  // Throws QueueError where the bytes are no answer of a Redis server.
  void feed(std::string_view bytes);
  std::optional<RedisReply> next();

 private:
  struct Deleter {
    void operator()(redisReader* reader) const noexcept;
  };
  std::unique_ptr<redisReader, Deleter> reader_;
};

// A command as the protocol has it.
std::string redis_command(const std::vector<std::string_view>& words);

}  // namespace evalrun::fleet
