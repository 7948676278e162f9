#include "runtime/measure/tree_usage.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/small_file.h"
#include "runtime/measure/tasks.h"

namespace evalrun::measure {
namespace {

std::string read_proc(pid_t pid, const char* name) {
  return read_small_file("/proc/" + std::to_string(pid) + "/" + name);
}

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  DIR* tasks = ::opendir(("/proc/" + std::to_string(pid) + "/task").c_str());
  if (tasks == nullptr) return threads;
  while (const dirent* entry = ::readdir(tasks)) {
    pid_t thread = 0;
    const std::string_view name = entry->d_name;
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec == std::errc()) threads.push_back(thread);
  }
  ::closedir(tasks);
  return threads;
}

std::string task_file(pid_t thread, const char* name) {
  return "task/" + std::to_string(thread) + "/" + name;
}

// Any thread can be the one that forked.
void append_children(pid_t pid, const std::vector<pid_t>& threads, std::vector<pid_t>& children) {
  for (const pid_t thread : threads) {
    std::istringstream list(read_proc(pid, task_file(thread, "children").c_str()));
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
}

std::uint64_t number(std::string_view text) {
  return leading_number(text).value_or(0);
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

// proc(5), /proc/PID/stat, counted from the third field.
constexpr std::size_t kState = 0, kParent = 1, kChildrenUser = 13, kChildrenSystem = 14, kStartTime = 19;

// The CPU time of the children that a process has waited for, and theirs, up to the clock's tick.
Duration waited_for(const std::vector<std::string_view>& fields) {
  static const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  if (fields.size() <= kChildrenSystem) return {};
  const std::uint64_t ticks = number(fields[kChildrenUser]) + number(fields[kChildrenSystem]);
  return Duration(static_cast<std::int64_t>(ticks * (1'000'000'000ULL / ticks_per_second)));
}

// The CPU time of a process alone, threads that have ended among them: every process's clock may be read by its number
// (clock_getcpuclockid(3)). Exact to the last tick or switch. Zero where it has gone.
Duration cpu_clock(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// The kibibytes behind "Name:" in a file of such lines; 0 where there is none.
Bytes kibibytes(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return {};
  const auto begin = text.find_first_of("0123456789", at);
  return begin == std::string_view::npos ? Bytes{} : Bytes{number(text.substr(begin)) << 10};
}

struct Size {
  Bytes anonymous;
  Bytes shared;    // pages of files in memory and of shared mappings
  Bytes unshared;  // swap, page tables and what the kernel has for each thread: nobody else's
  Bytes files;     // clean pages of files on disk, which the run does not hold
};

// A thread's stack in the kernel, and what else the kernel keeps of it.
constexpr Bytes kOfThread = 32_KiB;

// Asks a thread that is alive: a leader that has ended shows nothing while the others go on.
Size size_of(pid_t pid, const std::vector<pid_t>& threads) {
  for (const pid_t thread : threads) {
    const std::string status = read_proc(pid, task_file(thread, "status").c_str());
    if (kibibytes(status, "\nVmRSS:").count == 0) continue;
    const std::uint64_t tables_and_swap = kibibytes(status, "\nVmPTE:").count + kibibytes(status, "\nVmSwap:").count;
    return {kibibytes(status, "\nRssAnon:"),
            kibibytes(status, "\nRssShmem:"),
            {tables_and_swap + kOfThread.count * threads.size()},
            kibibytes(status, "\nRssFile:")};
  }
  return {};
}

// Shared pages in parts; what cannot be read counts in full.
Size proportional_size(pid_t pid, const std::vector<pid_t>& threads, const Size& full) {
  for (const pid_t thread : threads) {
    const std::string rollup = read_proc(pid, task_file(thread, "smaps_rollup").c_str());
    if (kibibytes(rollup, "\nPss:").count == 0) continue;
    return {kibibytes(rollup, "\nPss_Anon:"), kibibytes(rollup, "\nPss_Shmem:"), full.unshared, full.files};
  }
  return full;
}

// What all processes have, with what none has. Shared mappings are charged by their lengths, files in memory are
// counted whole, and what is mapped of both is seen as well: the larger.
Bytes sum_of(const Size& all, const OutsideProcesses& outside, Bytes pipes) {
  return {all.anonymous.count + all.unshared.count +
          std::max(all.shared.count, outside.shared.count + outside.files.count) + outside.sockets.count + pipes.count};
}

void add(Size& sum, const Size& size) {
  sum.anonymous.count += size.anonymous.count;
  sum.shared.count += size.shared.count;
  sum.unshared.count += size.unshared.count;
}

// Each can hold as much (pipe(7)), and F_SETPIPE_SZ is refused. Every program has a few.
constexpr Bytes kPipe = 64_KiB;
constexpr std::size_t kFewPipes = 32;

std::vector<std::string> descriptors_of(pid_t pid, pid_t thread) {
  std::vector<std::string> paths;
  const std::string folder = "/proc/" + std::to_string(pid) + "/" + task_file(thread, "fd");
  DIR* descriptors = ::opendir(folder.c_str());
  if (descriptors == nullptr) return paths;
  while (const dirent* entry = ::readdir(descriptors)) {
    if (entry->d_name[0] != '.') paths.push_back(folder + "/" + entry->d_name);
  }
  ::closedir(descriptors);
  return paths;
}

// Beyond a few, each once, whoever has it open. Every thread can have descriptors of its own.
Bytes held_by_pipes(const std::vector<std::pair<pid_t, pid_t>>& threads) {
  std::vector<std::string> paths;
  for (const auto& [pid, thread] : threads) {
    const std::vector<std::string> more = descriptors_of(pid, thread);
    paths.insert(paths.end(), more.begin(), more.end());
  }
  if (paths.size() <= kFewPipes) return {};
  std::set<std::string> pipes;
  for (const std::string& path : paths) {
    char target[64];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    std::string text(target, size > 0 ? static_cast<std::size_t>(size) : 0);
    if (text.starts_with("pipe:[")) pipes.insert(std::move(text));
  }
  return {kPipe.count * (pipes.size() - std::min(pipes.size(), kFewPipes))};
}

}  // namespace

Bytes TreeSampler::confirmed(Bytes parts, Bytes memory_limit) {
  constexpr std::size_t kLooks = 3;
  over_.push_back(parts);
  if (over_.size() < kLooks) return std::min(parts, memory_limit);
  over_.erase(over_.begin(), over_.end() - kLooks);
  return *std::min_element(over_.begin(), over_.end());
}

// A program that forks without end would otherwise make every look longer, and this process larger. One that a look
// missed, since its parent's list was changing, is not gone at once.
void TreeSampler::sum_up_the_gone() {
  constexpr std::uint64_t kGoneAfter = 50;
  for (auto at = spent_.begin(); at != spent_.end();) {
    const bool gone = looks_ - at->second.seen_at > kGoneAfter;
    if (gone) cpu_of_the_gone_ += at->second.cpu;
    at = gone ? spent_.erase(at) : std::next(at);
  }
}

bool TreeSampler::is_ready_to_run() const {
  std::vector<pid_t> to_see;
  append_children(init_, threads_of(init_), to_see);
  while (!to_see.empty()) {
    const pid_t pid = to_see.back();
    to_see.pop_back();
    const std::vector<pid_t> threads = threads_of(pid);
    for (const pid_t thread : threads) {
      const std::string stat = read_proc(pid, task_file(thread, "stat").c_str());
      const std::vector<std::string_view> fields = stat_fields(stat);
      if (!fields.empty() && fields[0] == "R") return true;
    }
    append_children(pid, threads, to_see);
  }
  return false;
}

std::uint64_t tasks_below(pid_t init) {
  std::uint64_t count = 0;
  std::vector<pid_t> to_see;
  append_children(init, threads_of(init), to_see);
  while (!to_see.empty()) {
    const pid_t pid = to_see.back();
    to_see.pop_back();
    const std::vector<pid_t> threads = threads_of(pid);
    count += threads.size();
    append_children(pid, threads, to_see);
  }
  return count;
}

Activity TreeSampler::activity() const {
  Activity found;
  const std::vector<pid_t> init_threads = threads_of(init_);
  found.is_visible = !init_threads.empty();
  std::vector<pid_t> to_see;
  append_children(init_, init_threads, to_see);
  while (!to_see.empty()) {
    const pid_t pid = to_see.back();
    to_see.pop_back();
    const std::vector<pid_t> threads = threads_of(pid);
    bool is_alive = false;
    for (const pid_t thread : threads) {
      const std::string stat = read_proc(pid, task_file(thread, "stat").c_str());
      const std::vector<std::string_view> fields = stat_fields(stat);
      if (fields.empty() || fields[kState] == "Z" || fields[kState] == "X") continue;
      is_alive = true;
      if (fields[kState] == "R" || fields[kState] == "D") found.is_asleep = false;
    }
    const std::string stat = read_proc(pid, "stat");
    const std::vector<std::string_view> fields = stat_fields(stat);
    // Of the process, and of what it has waited for.
    found.cpu += cpu_clock(pid) + waited_for(fields);
    if (is_alive) {
      ++found.alive;
    } else if (fields.size() > kParent && number(fields[kParent]) == static_cast<std::uint64_t>(init_)) {
      found.is_asleep = false;  // init is about to tell of its end
    }
    append_children(pid, threads, to_see);
  }
  return found;
}

std::optional<TreeUsage> TreeSampler::look(Bytes memory_limit, const OutsideProcesses& outside) {
  struct Seen {
    pid_t pid;
    std::vector<pid_t> threads;
    Size size;
  };
  const std::vector<pid_t> init_threads = threads_of(init_);
  if (init_threads.empty()) return std::nullopt;
  ++looks_;
  TreeUsage usage;
  std::vector<Seen> seen;
  Size all;
  std::vector<std::pair<pid_t, pid_t>> threads;
  std::vector<pid_t> to_see;
  // Parents before their children: who has been seen alive is in no time of those that his parent had waited for.
  Duration alive = waited_for(stat_fields(read_proc(init_, "stat")));
  append_children(init_, init_threads, to_see);
  while (!to_see.empty()) {
    const pid_t pid = to_see.back();
    to_see.pop_back();
    const std::string stat = read_proc(pid, "stat");
    const std::vector<std::string_view> fields = stat_fields(stat);
    if (fields.size() <= kStartTime) continue;
    Spent& spent = spent_[{pid, number(fields[kStartTime])}];
    spent.cpu = std::max(spent.cpu, cpu_clock(pid));
    spent.seen_at = looks_;
    alive += spent.cpu + waited_for(fields);
    Seen process{pid, threads_of(pid), {}};
    // The other threads of a process may go on when its first has ended.
    if (fields[kState] != "Z" || process.threads.size() > 1) usage.alive += cpu_clock(pid);
    process.size = size_of(pid, process.threads);
    usage.tasks += process.threads.size();
    add(all, process.size);
    most_of_files_ = std::max(most_of_files_, process.size.files);
    for (const pid_t thread : process.threads) threads.emplace_back(pid, thread);
    append_children(pid, process.threads, to_see);
    seen.push_back(std::move(process));
  }
  sum_up_the_gone();
  Duration ever_seen = cpu_of_the_gone_;
  for (const auto& [process, spent] : spent_) ever_seen += spent.cpu;
  usage.cpu = std::max(alive, ever_seen);
  const Bytes pipes = outside.is_counted ? Bytes{} : held_by_pipes(threads);
  usage.memory = sum_of(all, outside, pipes);
  if (usage.memory <= memory_limit) {
    over_.clear();
    return usage;
  }
  // Nobody to share pages with: the sum is exact.
  if (seen.size() == 1) return usage;
  Size parts;
  for (const Seen& process : seen) add(parts, proportional_size(process.pid, process.threads, process.size));
  usage.memory = confirmed(sum_of(parts, outside, pipes), memory_limit);
  return usage;
}

}  // namespace evalrun::measure
