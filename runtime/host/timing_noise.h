// What of this host makes two runs of one program take different times, each with its remedy: read from /proc and /sys,
// where the kernel tells; never tried out.
//
// Theory of operation. Two kinds. Lasting noise is how the machine is set: frequency governor, turbo, huge pages, swap;
// it is the same for every run. The noise of one run is what happened on its cores meanwhile: time that the hypervisor
// took, work on the other hardware thread of the same core; the difference of two readings of /proc/stat. All of it
// costs about 20 us a run (measured, two cores), while the sandbox sets itself up.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/units.h"

namespace evalrun::host {

// Where the kernel's files are; elsewhere in tests.
struct KernelFiles {
  std::string proc = "/proc";
  std::string sys = "/sys";
};

struct Noise {
  enum class Kind { Governor, Turbo, HugePages, Swap, SmtSibling, Steal };
  Kind kind{};
  std::string text;  // what it is, what it does, and the remedy
};

constexpr std::string_view name_of(Noise::Kind kind) {
  switch (kind) {
    case Noise::Kind::Governor: return "frequency governor";
    case Noise::Kind::Turbo: return "turbo";
    case Noise::Kind::HugePages: return "transparent huge pages";
    case Noise::Kind::Swap: return "swap";
    case Noise::Kind::SmtSibling: return "busy SMT sibling";
    case Noise::Kind::Steal: return "steal time";
  }
  return "?";
}

// The same for every run on this host.
constexpr bool is_lasting(Noise::Kind kind) {
  return kind != Noise::Kind::SmtSibling && kind != Noise::Kind::Steal;
}

// Whether pages of a run may go to swap: a memory group can forbid that.
enum class Swapping { Possible, Forbidden };

// Of the machine, and of these cores (empty: of the first, for all).
std::vector<Noise> lasting_noise(const KernelFiles& files, const std::vector<unsigned>& cores, Swapping swapping);

// The other hardware threads of a core; none where SMT is off or unknown.
std::vector<unsigned> smt_siblings(const KernelFiles& files, unsigned core);

// What happens on a run's cores from now on.
class CoreWatch {
 public:
  // `cores` empty: nothing is watched, and nothing read.
  CoreWatch(KernelFiles files, std::vector<unsigned> cores);

  // What happened in the `wall` time since. `is_leased` tells whether another run holds a core. A short run has none:
  // the kernel counts in ticks of 10 ms.
  [[nodiscard]] std::vector<Noise> noise(Duration wall, bool (*is_leased)(unsigned core)) const;

 private:
  struct Ticks {
    std::uint64_t busy = 0, stolen = 0;
  };
  [[nodiscard]] std::map<unsigned, Ticks> read_ticks() const;

  KernelFiles files_;
  std::vector<unsigned> cores_;
  std::map<unsigned, std::vector<unsigned>> siblings_;  // by core; those of the run's own left out
  std::map<unsigned, Ticks> before_;
};

}  // namespace evalrun::host
