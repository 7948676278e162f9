// What a compile step leaves behind for the runs that follow: the regular files of its /work. The folder is hostile.
// Links, FIFOs, sockets and devices are left out, and never opened; so are files that their owner may not read, and
// those that stand where the plan puts something of its own. More files, bytes or depth than the runs have room for is
// the submission's fault.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rootfs/pin.h"
#include "runtime/core/fd.h"
#include "runtime/plan/plan.h"

namespace evalrun::judge {

inline constexpr unsigned kMaxArtefacts = 1000;
inline constexpr unsigned kMaxArtefactDepth = 32;  // folders
inline constexpr unsigned kMaxEntries = 65'536;    // looked at, of any kind

// The files by name, and the folder that they are in. Nobody may write to the folder any more.
class Artefacts {
 public:
  // Looks through `work`, a sandbox's /work after its end, for what a run of `plan` with these limits may be given.
  // `left_by` is for messages.
  Artefacts(Fd work, const Plan& plan, const std::vector<Limits>& limits, std::string left_by = "the compile step");

  // Why they cannot be carried over, in words; "" where they can.
  [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }
  [[nodiscard]] std::size_t count() const noexcept { return files_.size(); }

  // Each file opened anew. Both throw SystemError.
  [[nodiscard]] std::vector<rootfs::CarriedFile> open() const;
  // The same as files of a plan, with their content; empty where that is more than `most` bytes.
  [[nodiscard]] std::optional<std::vector<WorkFile>> read(std::uint64_t most) const;

 private:
  struct File {
    std::string path;
    std::uint32_t mode;
  };
  class Walk;

  Fd work_;
  std::vector<File> files_;
  std::string left_by_;
  std::string refusal_;
};

}  // namespace evalrun::judge
