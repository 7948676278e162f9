// The fork server's program, and how a child of the supervisor becomes it. Child-side code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/core/arch.h"

namespace evalrun::warm {

// What it is told by its supervisor; the text is copied before the supervisor's memory is given back.
struct ForkServerStart {
  int control;                  // above the places of a child's own descriptors
  std::span<const char> words;  // its command line, as /proc/PID/cmdline has it
  // What the C library has registered by rseq(2) for the thread that starts it; null: nothing.
  void* rseq;
  std::uint32_t rseq_size;
  std::uint32_t rseq_signature;
};

// Its program's memory lies from arch::kForkServerBegin on; its stack ends here.
inline constexpr std::size_t kForkServerRoom = std::size_t{1} << 20;
inline constexpr std::size_t kForkServerStack = std::size_t{256} << 10;
static_assert(kForkServerStack < kForkServerRoom && arch::kForkServerBegin + kForkServerRoom <= arch::kArenasBegin);

// `image`: the program, an ELF file. In a child that has the supervisor's memory.
[[noreturn]] void become_fork_server(std::span<const unsigned char> image, const ForkServerStart& start) noexcept;

}  // namespace evalrun::warm
