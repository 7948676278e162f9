#include "runtime/sandbox/timing_noise.h"

#include <algorithm>
#include <sstream>

#include "runtime/core/small_file.h"

namespace evalrun::sandbox {
namespace {

// In /proc/stat (proc(5)): USER_HZ is 100 on every architecture that this runs on.
constexpr Duration kTick = std::chrono::milliseconds(10);
// Below this, ticks say nothing.
constexpr Duration kShortRun = 10 * kTick;
// Steal of one hundredth of a run's time is worth a word; on a sibling, work in one tenth.
constexpr int kStealShare = 100;
constexpr int kSiblingShare = 10;

std::string first_word(const std::string& path) {
  std::istringstream words(read_small_file(path));
  std::string word;
  words >> word;
  return word;
}

std::string cpu_folder(const KernelFiles& files) {
  return files.sys + "/devices/system/cpu";
}

std::string core_file(const KernelFiles& files, unsigned core, const char* name) {
  return cpu_folder(files) + "/cpu" + std::to_string(core) + "/" + name;
}

// "0-2,8": the kernel's lists of processors.
std::vector<unsigned> parse_list(const std::string& text) {
  std::vector<unsigned> cores;
  std::istringstream ranges(text);
  for (std::string range; std::getline(ranges, range, ',');) {
    const auto dash = range.find('-');
    const auto first = leading_number(range);
    const auto last = dash == std::string::npos ? first : leading_number(std::string_view(range).substr(dash + 1));
    if (!first || !last) continue;
    for (std::uint64_t core = *first; core <= *last; ++core) cores.push_back(static_cast<unsigned>(core));
  }
  return cores;
}

void add_governors(const KernelFiles& files, const std::vector<unsigned>& cores, std::vector<Noise>& found) {
  for (const unsigned core : cores) {
    // Without the file nobody but the hardware or the hypervisor changes the frequency.
    const std::string governor = first_word(core_file(files, core, "cpufreq/scaling_governor"));
    if (governor.empty() || governor == "performance") continue;
    found.push_back({Noise::Kind::Governor, "the frequency of core " + std::to_string(core) +
                                                " follows its load (governor \"" + governor +
                                                "\"): cpupower frequency-set -g performance"});
    return;  // one is enough: the remedy is for all
  }
}

void add_turbo(const KernelFiles& files, std::vector<Noise>& found) {
  const std::string no_turbo = cpu_folder(files) + "/intel_pstate/no_turbo";
  const std::string boost = cpu_folder(files) + "/cpufreq/boost";
  std::string remedy;
  if (first_word(no_turbo) == "0") remedy = "echo 1 > " + no_turbo;
  if (first_word(boost) == "1") remedy = "echo 0 > " + boost;
  if (remedy.empty()) return;
  found.push_back(
      {Noise::Kind::Turbo, "turbo is on: the frequency depends on heat and on what other cores do: " + remedy});
}

void add_huge_pages(const KernelFiles& files, std::vector<Noise>& found) {
  const std::string path = files.sys + "/kernel/mm/transparent_hugepage/enabled";
  if (read_small_file(path).find("[always]") == std::string::npos) return;
  found.push_back({Noise::Kind::HugePages,
                   "transparent huge pages are \"always\": page faults, and with them memory and time, depend on how "
                   "fragmented the host's memory is: echo madvise > " +
                       path});
}

void add_swap(const KernelFiles& files, std::vector<Noise>& found) {
  const std::string swaps = read_small_file(files.proc + "/swaps");  // a line of headings, a line for each
  const auto first_line = swaps.find('\n');
  if (first_line == std::string::npos || first_line + 1 >= swaps.size()) return;
  found.push_back({Noise::Kind::Swap,
                   "swap is on, and no control group keeps this run out of it: swapoff -a, or let this user have a "
                   "memory group"});
}

std::string percent(Duration part, Duration whole) {
  return std::to_string(100 * part / whole) + " %";
}

}  // namespace

std::vector<Noise> lasting_noise(const KernelFiles& files, const std::vector<unsigned>& cores, Swapping swapping) {
  std::vector<Noise> found;
  add_governors(files, cores.empty() ? std::vector<unsigned>{0} : cores, found);
  add_turbo(files, found);
  add_huge_pages(files, found);
  if (swapping == Swapping::Possible) add_swap(files, found);
  return found;
}

std::vector<unsigned> smt_siblings(const KernelFiles& files, unsigned core) {
  if (first_word(cpu_folder(files) + "/smt/active") != "1") return {};
  std::vector<unsigned> siblings = parse_list(first_word(core_file(files, core, "topology/thread_siblings_list")));
  std::erase(siblings, core);
  return siblings;
}

CoreWatch::CoreWatch(KernelFiles files, std::vector<unsigned> cores)
    : files_(std::move(files)), cores_(std::move(cores)) {
  if (cores_.empty()) return;
  for (const unsigned core : cores_) {
    std::vector<unsigned> others = smt_siblings(files_, core);
    std::erase_if(others, [&](unsigned other) { return std::ranges::find(cores_, other) != cores_.end(); });
    siblings_[core] = std::move(others);
  }
  before_ = read_ticks();
}

std::map<unsigned, CoreWatch::Ticks> CoreWatch::read_ticks() const {
  std::map<unsigned, Ticks> ticks;
  std::istringstream lines(read_small_file(files_.proc + "/stat"));
  for (std::string line; std::getline(lines, line) && line.starts_with("cpu");) {
    std::istringstream fields(line.substr(3));
    unsigned core = 0;
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, stolen = 0;
    // The first line is the sum of all: a space, no number, behind "cpu".
    if (line[3] == ' ') continue;
    if (fields >> core >> user >> nice >> system >> idle >> waiting >> irq >> softirq >> stolen) {
      ticks[core] = {user + nice + system + irq + softirq, stolen};
    }
  }
  return ticks;
}

std::vector<Noise> CoreWatch::noise(Duration wall, bool (*is_leased)(unsigned core)) const {
  std::vector<Noise> found;
  if (cores_.empty()) return found;
  std::map<unsigned, Ticks> after;
  if (wall >= kShortRun) after = read_ticks();
  // Where a core is not listed any more, it has been switched off.
  const auto grown = [&](unsigned core, std::uint64_t Ticks::*figure) -> Duration {
    const auto first = before_.find(core);
    const auto last = after.find(core);
    if (first == before_.end() || last == after.end() || last->second.*figure < first->second.*figure) return {};
    return kTick * static_cast<std::int64_t>(last->second.*figure - first->second.*figure);
  };
  for (const unsigned core : cores_) {
    const std::string name = "core " + std::to_string(core);
    const Duration stolen = grown(core, &Ticks::stolen);
    if (stolen > Duration{} && stolen * kStealShare >= wall) {
      found.push_back({Noise::Kind::Steal, "the hypervisor kept " + name + " from its work for " + to_string(stolen) +
                                               ": give this machine processors of its own"});
    }
    for (const unsigned sibling : siblings_.at(core)) {
      const Duration busy = grown(sibling, &Ticks::busy);
      const bool worked = busy > Duration{} && busy * kSiblingShare >= wall;
      const bool leased = is_leased(sibling);
      if (!worked && !leased) continue;
      found.push_back(
          {Noise::Kind::SmtSibling,
           name + " shares its hardware with core " + std::to_string(sibling) + ", " +
               (leased ? "which another run holds" : "which worked " + percent(busy, wall) + " of the time") +
               ": echo off > " + cpu_folder(files_) + "/smt/control, or fewer runs at once"});
    }
  }
  return found;
}

}  // namespace evalrun::sandbox
