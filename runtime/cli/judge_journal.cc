#include "runtime/cli/judge_journal.h"

#include <algorithm>
#include <charconv>
#include <variant>

#include "runtime/core/sha256.h"

namespace evalrun::cli {
namespace {

constexpr std::uint64_t kTimeLimit = 0;  // the id of its record

}  // namespace

JudgeJournal::JudgeJournal(const std::string& path, const std::string& task_hash) : journal_(path, task_hash) {
  while (auto record = journal_.next()) {
    next_line_ = std::max(next_line_, record->line + 1);
    if (record->job != kTimeLimit) {
      results_[record->job] = std::move(record->result);
      continue;
    }
    Duration::rep count = 0;
    const std::string& text = record->result;
    if (std::from_chars(text.data(), text.data() + text.size(), count).ec == std::errc()) time_limit_ = Duration(count);
  }
}

std::uint64_t JudgeJournal::id_of(const std::string& name, const contest::Sources& sources) {
  std::string all = sha256_hex(name) + sources.image + "\n" + sources.source + "\n";
  for (const WorkFile& file : sources.files) {
    all += sha256_hex(file.path) + sha256_hex(std::get<std::string>(file.source));
  }
  return std::max(batch::hash_of_job(all), kTimeLimit + 1);
}

const std::string* JudgeJournal::find(std::uint64_t id) const {
  const auto found = results_.find(id);
  return found == results_.end() ? nullptr : &found->second;
}

void JudgeJournal::keep(std::uint64_t id, int exit_status, const std::string& result) {
  journal_.append({next_line_++, id, static_cast<jobs::Status>(exit_status), result});
  journal_.sync();
}

void JudgeJournal::keep_time_limit(Duration limit) {
  if (time_limit_) return;
  time_limit_ = limit;
  keep(kTimeLimit, 0, std::to_string(limit.count()));
}

}  // namespace evalrun::cli
