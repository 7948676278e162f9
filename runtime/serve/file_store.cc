#include "runtime/serve/file_store.h"

#include <sys/random.h>

#include <array>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::serve {
namespace {

// Each file costs more than its bytes.
constexpr std::uint64_t kOverhead = 256;

// Nobody guesses another one's.
std::string new_id() {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::array<unsigned char, 16> random;
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    throw SystemError("getrandom", "");
  }
  std::string id;
  for (const unsigned char byte : random) id += kLetters[byte % kLetters.size()];
  return id;
}

}  // namespace

void FileStore::remove_old() {
  const Duration now = loop::now();
  for (auto file = files_.begin(); file != files_.end();) {
    const auto next = std::next(file);
    if (now - file->second.used > limits_.age) remove(std::string(file->first));
    file = next;
  }
}

std::optional<std::string> FileStore::add(const std::string& name, std::string content) {
  remove_old();
  const std::uint64_t size = content.size() + kOverhead;
  if (bytes_ + size > limits_.quota.count) return std::nullopt;
  bytes_ += size;
  std::string id = new_id();
  files_[id] = {name, std::make_shared<const std::string>(std::move(content)), loop::now()};
  return id;
}

const FileStore::File* FileStore::find(const std::string& id) {
  remove_old();
  const auto found = files_.find(id);
  if (found == files_.end()) return nullptr;
  found->second.used = loop::now();
  return &found->second;
}

bool FileStore::remove(const std::string& id) {
  const auto found = files_.find(id);
  if (found == files_.end()) return false;
  bytes_ -= found->second.content->size() + kOverhead;
  files_.erase(found);
  return true;
}

}  // namespace evalrun::serve
