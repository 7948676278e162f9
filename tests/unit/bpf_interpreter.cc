#include "tests/unit/bpf_interpreter.h"

#include <cstring>
#include <stdexcept>
#include <string>

namespace evalrun {
namespace {

[[noreturn]] void refuse(std::size_t at, const std::string& what) {
  throw std::runtime_error("instruction " + std::to_string(at) + ": " + what);
}

std::uint32_t load_word(const seccomp_data& call, std::uint32_t offset, std::size_t at) {
  if (offset % 4 != 0 || offset > sizeof(call) - 4) refuse(at, "load outside seccomp_data");
  std::uint32_t word;
  std::memcpy(&word, reinterpret_cast<const char*>(&call) + offset, sizeof(word));
  return word;
}

bool compare(std::uint16_t code, std::uint32_t accumulator, std::uint32_t k, std::size_t at) {
  switch (BPF_OP(code)) {
    case BPF_JEQ: return accumulator == k;
    case BPF_JGT: return accumulator > k;
    case BPF_JGE: return accumulator >= k;
    case BPF_JSET: return (accumulator & k) != 0;
    default: refuse(at, "unknown comparison");
  }
}

}  // namespace

std::uint32_t run_bpf(std::span<const sock_filter> program, const seccomp_data& call) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size();) {
    const sock_filter& instruction = program[at];
    const std::size_t next = at + 1;
    switch (instruction.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        accumulator = load_word(call, instruction.k, at);
        at = next;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= instruction.k;
        at = next;
        break;
      case BPF_JMP | BPF_JA: at = next + instruction.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K:
      case BPF_JMP | BPF_JGT | BPF_K:
      case BPF_JMP | BPF_JGE | BPF_K:
      case BPF_JMP | BPF_JSET | BPF_K:
        at = next + (compare(instruction.code, accumulator, instruction.k, at) ? instruction.jt : instruction.jf);
        break;
      case BPF_RET | BPF_K: return instruction.k;
      default: refuse(at, "unknown instruction");
    }
  }
  throw std::runtime_error("the program ends without a return");
}

std::uint32_t run_bpf_stack(std::initializer_list<std::span<const sock_filter>> newest_first,
                            const seccomp_data& call) {
  // As a signed number, KILL_PROCESS is the smallest action and ALLOW the largest.
  const auto rank = [](std::uint32_t action) { return static_cast<std::int32_t>(action & SECCOMP_RET_ACTION_FULL); };
  std::uint32_t strictest = SECCOMP_RET_ALLOW;
  for (const auto& program : newest_first) {
    const std::uint32_t action = run_bpf(program, call);
    if (rank(action) < rank(strictest)) strictest = action;
  }
  return strictest;
}

}  // namespace evalrun
