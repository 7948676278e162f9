#include "runtime/snapshot/registers.h"

#include <cpuid.h>
#include <elf.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/ucontext.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "runtime/core/error.h"
#include "runtime/snapshot/machine.h"

namespace evalrun::snapshot {
namespace {

// The kernel's own of struct ucontext and of the extended state (arch/x86/include/uapi/asm/ucontext.h, sigcontext.h).
constexpr unsigned long kHasExtendedState = 0x1;
constexpr unsigned long kHasStackSegment = 0x2, kStrictStackSegment = 0x4;
constexpr std::uint32_t kMagicBegin = 0x46505853, kMagicEnd = 0x46505845;
constexpr std::size_t kSoftwareArea = 464;  // of the FXSAVE area
constexpr std::size_t kLegacySize = 512 + 64;
constexpr std::size_t kLargestState = 16 << 10;

struct SoftwareArea {
  std::uint32_t magic, extended_size;
  std::uint64_t features;
  std::uint32_t state_size, padding[7];
};
static_assert(sizeof(SoftwareArea) == 48);

// AMX: a thread gets it only if it asks, and the kernel takes no frame with room for it from one that has not.
constexpr std::uint64_t kAskedFor = 0x60000;

constexpr std::size_t kContextSize = sizeof(ucontext_t);
constexpr std::size_t kStateAt = (kContextSize + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;

user_regs_struct registers_of(pid_t pid) {
  user_regs_struct registers{};
  if (::ptrace(PTRACE_GETREGS, pid, nullptr, &registers) != 0) throw SystemError("ptrace", "read registers");
  return registers;
}

// In place of a call's number: none is made, and none is repeated.
constexpr unsigned long long kNoCall = ~0ULL;

void write_registers(pid_t pid, const user_regs_struct& registers) {
  user_regs_struct copy = registers;
  if (::ptrace(PTRACE_SETREGS, pid, nullptr, &copy) != 0) throw SystemError("ptrace", "write registers");
}

user_regs_struct general_of(const SavedRegisters& saved) {
  user_regs_struct registers{};
  std::memcpy(&registers, saved.general.data(), sizeof registers);
  return registers;
}

std::vector<char> extended_state_of(pid_t pid) {
  std::vector<char> state(kLargestState);
  iovec part{state.data(), state.size()};
  if (::ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &part) != 0)
    throw SystemError("ptrace", "read the vector registers");
  state.resize(part.iov_len);
  return state;
}

// In the standard format each feature has its place (Intel SDM 1, 13.4.2).
std::size_t state_size(std::uint64_t features) {
  std::size_t size = kLegacySize;
  for (unsigned feature = 2; feature < 63; ++feature) {
    if ((features >> feature & 1) == 0) continue;
    unsigned a = 0, b = 0, c = 0, d = 0;
    __cpuid_count(0xd, feature, a, b, c, d);
    size = std::max<std::size_t>(size, std::size_t{a} + b);
  }
  return size;
}

// The state as a signal frame has it: what it holds is said in the area that is the software's, and once more after it.
std::string framed_state(pid_t pid) {
  std::vector<char> state = extended_state_of(pid);
  std::uint64_t features = 0;
  std::memcpy(&features, state.data() + kSoftwareArea, sizeof features);
  features &= ~kAskedFor;
  const std::size_t size = std::min(state_size(features), state.size());
  state.resize(size);
  const SoftwareArea area{
      kMagicBegin, static_cast<std::uint32_t>(size + sizeof kMagicEnd), features, static_cast<std::uint32_t>(size), {}};
  std::memcpy(state.data() + kSoftwareArea, &area, sizeof area);
  std::string framed(state.data(), state.size());
  framed.append(reinterpret_cast<const char*>(&kMagicEnd), sizeof kMagicEnd);
  return framed;
}

constexpr unsigned long kUserCode = 0x33, kUserStack = 0x2b;

void put_registers(const user_regs_struct& from, std::uint64_t number, greg_t* to) {
  const auto put = [to](int place, unsigned long long value) { to[place] = static_cast<greg_t>(value); };
  put(REG_R8, from.r8);
  put(REG_R9, from.r9);
  put(REG_R10, from.r10);
  put(REG_R11, from.r11);
  put(REG_R12, from.r12);
  put(REG_R13, from.r13);
  put(REG_R14, from.r14);
  put(REG_R15, from.r15);
  put(REG_RDI, from.rdi);
  put(REG_RSI, from.rsi);
  put(REG_RBP, from.rbp);
  put(REG_RBX, from.rbx);
  put(REG_RDX, from.rdx);
  put(REG_RCX, from.rcx);
  put(REG_RSP, from.rsp);
  put(REG_EFL, from.eflags);
  put(REG_RAX, number);
  put(REG_RIP, from.rip - kCallInstruction);
  put(REG_CSGSFS, kUserCode | kUserStack << 48);
}

}  // namespace

std::uint64_t stack_pointer_of(pid_t pid) {
  return registers_of(pid).rsp;
}

std::string frame_of(pid_t pid, std::uint64_t number, const std::uint64_t* alt_stack) {
  ucontext_t context{};
  context.uc_flags = kHasExtendedState | kHasStackSegment | kStrictStackSegment;
  context.uc_stack.ss_flags = SS_DISABLE;
  if (alt_stack != nullptr) std::memcpy(&context.uc_stack, alt_stack, sizeof context.uc_stack);
  put_registers(registers_of(pid), number, context.uc_mcontext.gregs);
  std::uint64_t mask = 0;
  if (::ptrace(static_cast<__ptrace_request>(PTRACE_GETSIGMASK), pid, sizeof mask, &mask) != 0) {
    throw SystemError("ptrace", "read the signal mask");
  }
  std::memcpy(&context.uc_sigmask, &mask, sizeof mask);
  std::string frame(kStateAt, '\0');
  std::memcpy(frame.data(), &context, sizeof context);
  return frame + framed_state(pid);
}

void place_frame(std::string& frame, std::uint64_t address) {
  const std::uint64_t state = address + kStateAt;
  std::memcpy(frame.data() + offsetof(ucontext_t, uc_mcontext.fpregs), &state, sizeof state);
}

SavedRegisters save_registers(pid_t pid) {
  const user_regs_struct registers = registers_of(pid);
  const std::vector<char> extended = extended_state_of(pid);
  return {{reinterpret_cast<const char*>(&registers), sizeof registers}, {extended.data(), extended.size()}};
}

void repeat_call(pid_t pid, const SavedRegisters& saved, std::uint64_t number) {
  user_regs_struct registers = general_of(saved);
  registers.rax = number;
  registers.orig_rax = kNoCall;
  registers.rip -= kCallInstruction;
  std::string extended = saved.extended;
  iovec part{extended.data(), extended.size()};
  if (::ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &part) != 0)
    throw SystemError("ptrace", "write the vector registers");
  write_registers(pid, registers);
}

void skip_call(pid_t pid) {
  user_regs_struct registers = registers_of(pid);
  registers.orig_rax = kNoCall;
  write_registers(pid, registers);
}

void call_function(pid_t pid, const SavedRegisters& saved, std::uint64_t function, std::uint64_t argument,
                   std::uint64_t return_to) {
  user_regs_struct registers = general_of(saved);
  registers.orig_rax = kNoCall;
  registers.rax = 0;
  registers.rip = function;
  registers.rdi = argument;
  // Aligned to 16 before the call, below the red zone (System V ABI).
  registers.rsp = (registers.rsp - 256) / 16 * 16 - sizeof return_to;
  if (::ptrace(PTRACE_POKEDATA, pid, registers.rsp, return_to) != 0)
    throw SystemError("ptrace", "write a return address");
  write_registers(pid, registers);
}

std::uint64_t result_of_function(pid_t pid) {
  return registers_of(pid).rax;
}

std::uint64_t instruction_pointer_of(pid_t pid) {
  return registers_of(pid).rip;
}

std::string processor_features() {
  std::string features;
  for (const unsigned leaf : {1U, 7U, 0xdU}) {
    std::array<unsigned, 4> words{};
    if (__get_cpuid_count(leaf, 0, &words[0], &words[1], &words[2], &words[3]) == 0) continue;
    if (leaf == 1) words[1] = 0;  // on which core this runs
    for (const unsigned word : words) features += std::to_string(word) + " ";
  }
  return features + std::to_string(::getauxval(AT_HWCAP2));
}

}  // namespace evalrun::snapshot
