// What the calls of an interpreter that starts mean for a snapshot: which leave nothing behind but memory, which look
// at files, which tell the kernel what must be told again. Every other call is one that a snapshot cannot carry.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace evalrun::snapshot {

using CallArguments = std::array<std::uint64_t, 6>;

enum class Effect {
  Memory,       // nothing, or what its memory and its page tables hold
  Descriptor,   // as Memory, of descriptors that it has opened itself; a stream of the run it must not touch
  Attempts,     // nothing, as long as it fails
  Looks,        // at the file that a path names, or opens it, and makes none
  SetsPointer,  // arch_prctl
  SetsTid,      // set_tid_address
  SetsRobust,   // set_robust_list
  SetsRseq,
  SetsAction,    // rt_sigaction
  SetsAltStack,  // sigaltstack
  Strange        // not known to be any of these
};

// Judged by its arguments too.
Effect effect_of(std::uint64_t number, const CallArguments& arguments) noexcept;

// Of a call that looks: where the path's address stands, and the folder's descriptor, if it takes one.
struct PathPlace {
  unsigned path;
  std::optional<unsigned> folder;
};
PathPlace path_place_of(std::uint64_t number) noexcept;

// Whether it opens what it looks at, or asks what is there.
bool opens(std::uint64_t number) noexcept;
// A terminal that is not there may be asked for: what counts is whether it is opened.
bool opens_to_write(std::uint64_t number, const CallArguments& arguments) noexcept;

}  // namespace evalrun::snapshot
