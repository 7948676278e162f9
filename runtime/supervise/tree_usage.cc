#include "runtime/supervise/tree_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/fd.h"

namespace evalrun::supervise {
namespace {

// The whole of a small file; "" where the process has gone.
std::string read_proc(pid_t pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> chunk;
  for (ssize_t count = 0; file && (count = ::read(file.get(), chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::istringstream list(read_proc(pid, ("task/" + std::to_string(pid) + "/children").c_str()));
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Fields of /proc/PID/stat from the third on (the second, the name, may hold anything but the last parenthesis).
std::vector<std::string_view> stat_fields(std::string_view stat) {
  std::vector<std::string_view> fields;
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return fields;
  stat.remove_prefix(name_end + 1);
  while (!stat.empty()) {
    const auto begin = stat.find_first_not_of(" \n");
    if (begin == std::string_view::npos) break;
    const auto end = std::min(stat.find_first_of(" \n", begin), stat.size());
    fields.push_back(stat.substr(begin, end - begin));
    stat.remove_prefix(end);
  }
  return fields;
}

Bytes proportional_size(pid_t pid) {
  const std::string rollup = read_proc(pid, "smaps_rollup");
  const auto at = rollup.find("\nPss:");
  if (at == std::string::npos) return {};
  const auto begin = rollup.find_first_of("0123456789", at);
  return begin == std::string::npos ? Bytes{} : Bytes{number(std::string_view(rollup).substr(begin)) << 10};
}

}  // namespace

TreeUsage look_at_tree(pid_t init, Bytes memory_limit) {
  // proc(5), /proc/PID/stat, counted from the third field.
  constexpr std::size_t kUtime = 11, kCutime = 13, kThreads = 17, kRss = 21;
  static const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  TreeUsage usage;
  std::vector<pid_t> seen;
  std::vector<pid_t> to_see = children_of(init);
  std::uint64_t cpu_ticks = 0;
  while (!to_see.empty()) {
    const pid_t pid = to_see.back();
    to_see.pop_back();
    const std::string stat = read_proc(pid, "stat");
    const std::vector<std::string_view> fields = stat_fields(stat);
    if (fields.size() <= kRss) continue;
    seen.push_back(pid);
    // Own user and system time, then those of children waited for.
    for (std::size_t i = kUtime; i < kCutime + 2; ++i) cpu_ticks += number(fields[i]);
    usage.tasks += number(fields[kThreads]);
    usage.memory.count += number(fields[kRss]) * page;
    const std::vector<pid_t> children = children_of(pid);
    to_see.insert(to_see.end(), children.begin(), children.end());
  }
  // What init has waited for already: orphans that ended.
  const std::string init_stat = read_proc(init, "stat");
  const std::vector<std::string_view> init_fields = stat_fields(init_stat);
  if (init_fields.size() > kRss) cpu_ticks += number(init_fields[kCutime]) + number(init_fields[kCutime + 1]);
  usage.cpu = Duration(static_cast<std::int64_t>(cpu_ticks * (1'000'000'000ULL / ticks)));
  if (usage.memory > memory_limit) {
    usage.memory = {};
    for (const pid_t pid : seen) usage.memory.count += proportional_size(pid).count;
  }
  return usage;
}

}  // namespace evalrun::supervise
