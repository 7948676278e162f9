#include "runtime/host/timing_noise.h"

#include <algorithm>
#include <array>

#include "runtime/core/small_file.h"

namespace evalrun::host {
namespace {

// In /proc/stat (proc(5)): USER_HZ is 100 on every architecture that this runs on.
constexpr Duration kTick = std::chrono::milliseconds(10);
// Below this, ticks say nothing.
constexpr Duration kShortRun = 10 * kTick;
// Steal of one hundredth of a run's time is worth a word; on a sibling, work in one tenth.
constexpr int kStealShare = 100;
constexpr int kSiblingShare = 10;

std::string cpu_folder(const KernelFiles& files) {
  return files.sys + "/devices/system/cpu";
}

std::string core_file(const KernelFiles& files, unsigned core, const char* name) {
  return cpu_folder(files) + "/cpu" + std::to_string(core) + "/" + name;
}

// "0-2,8": the kernel's lists of processors.
std::vector<unsigned> parse_list(std::string_view ranges) {
  std::vector<unsigned> cores;
  while (!ranges.empty()) {
    std::string_view range = take_until(ranges, ',');
    const auto first = leading_number(take_until(range, '-'));
    const auto last = range.empty() ? first : leading_number(range);
    if (!first || !last) continue;
    for (std::uint64_t core = *first; core <= *last; ++core) cores.push_back(static_cast<unsigned>(core));
  }
  return cores;
}

void add_governors(const KernelFiles& files, const std::vector<unsigned>& cores, std::vector<Noise>& found) {
  for (const unsigned core : cores) {
    // Without the file nobody but the hardware or the hypervisor changes the frequency.
    const std::string governor = first_word_of(core_file(files, core, "cpufreq/scaling_governor"));
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
  if (first_word_of(no_turbo) == "0") remedy = "echo 1 > " + no_turbo;
  if (first_word_of(boost) == "1") remedy = "echo 0 > " + boost;
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
  if (first_word_of(cpu_folder(files) + "/smt/active") != "1") return {};
  std::vector<unsigned> siblings = parse_list(first_word_of(core_file(files, core, "topology/thread_siblings_list")));
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
  const std::string stat = read_small_file(files_.proc + "/stat");
  for (std::string_view lines = stat; lines.starts_with("cpu");) {
    std::string_view line = take_until(lines, '\n').substr(3);
    // None: the first line, which is the sum of all.
    const auto core = leading_number(take_until(line, ' '));
    std::array<std::uint64_t, 8> fields{};  // user nice system idle iowait irq softirq steal
    for (std::uint64_t& field : fields) field = leading_number(take_until(line, ' ')).value_or(0);
    const auto& [user, nice, system, idle, waiting, irq, softirq, stolen] = fields;
    if (core) ticks[static_cast<unsigned>(*core)] = {user + nice + system + irq + softirq, stolen};
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

}  // namespace evalrun::host
