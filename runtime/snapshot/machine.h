// Everything of a snapshot that depends on the processor: the registers of a thread, the frame from which rt_sigreturn
// takes them, and what a thread has told the kernel. runtime/core/arch.h is the same for all other code.
#pragma once

#include <cstddef>
#include <cstdint>

#if !defined(__x86_64__)
#error "snapshots have not been ported to this processor: see runtime/snapshot/machine.h"
#endif

namespace evalrun::snapshot {

inline constexpr std::uint16_t kElfMachine = 62;  // EM_X86_64

// As rt_sigaction(2) takes it: the C library's has another shape.
struct KernelAction {
  std::uint64_t handler, flags, restorer, mask;
};

// What a thread has told the kernel, by calls of its own.
struct ThreadState {
  std::uint64_t thread_pointer;  // arch_prctl(ARCH_SET_FS)
  std::uint64_t second_pointer;  // arch_prctl(ARCH_SET_GS)
  std::uint64_t tid_address;     // set_tid_address
  std::uint64_t robust_list, robust_list_size;
  std::uint64_t rseq, rseq_size, rseq_flags, rseq_signature;
};

// The size of the call instruction: a thread that is put back makes its last call again.
inline constexpr std::uint64_t kCallInstruction = 2;

// The first instruction of the restorer: hands the kernel's stack over to `evalrun_restorer`. After it, at the two
// places that are named below, what an interpreter comes to that was prepared from inside (format.h, Hook): the return
// from what was loaded, and the end.
inline constexpr std::uint64_t kHookReturnAt = 32, kHookEndAt = 64;  // after the entry
#define EVALRUN_RESTORER_ENTRY               \
  asm(".pushsection .text.entry, \"ax\"\n"   \
      ".globl evalrun_restorer_entry\n"      \
      "evalrun_restorer_entry:\n"            \
      "  mov %rsp, %rdi\n"                   \
      "  and $-16, %rsp\n"                   \
      "  call evalrun_restorer\n"            \
      "  ud2\n"                              \
      "  .org evalrun_restorer_entry + 32\n" \
      "  and $-16, %rsp\n"                   \
      "  call evalrun_hook_return\n"         \
      "  ud2\n"                              \
      "  .org evalrun_restorer_entry + 64\n" \
      "  jmp evalrun_hook_end\n"             \
      ".popsection\n")

// A jump to an address below 4 GiB, in place of a function's first eight bytes: mov $address, %eax; jmp *%rax.
constexpr std::uint64_t jump_to(std::uint64_t address, std::uint64_t first_bytes) noexcept {
  return (first_bytes & 0xff00000000000000) | 0x00e0ff00000000b8 | address << 8;
}

// Takes all registers from `frame`.
[[noreturn]] inline void go_back_to(const void* frame) noexcept {
  asm volatile(
      "mov %[frame], %%rsp\n\t"
      "mov $15, %%eax\n\t"  // rt_sigreturn
      "syscall\n\t"
      "ud2"
      :
      : [frame] "r"(frame)
      : "rax", "rcx", "r11", "memory");
  __builtin_unreachable();
}

// Gives the stack back and takes all registers from `frame`.
[[noreturn]] inline void leave_for(const void* frame, std::uint64_t stack, std::uint64_t size) noexcept {
  // rt_sigreturn finds the frame at the stack pointer, which is after the return address that a handler would have
  // popped. munmap is the last thing that is done on the old stack.
  asm volatile(
      "mov %[frame], %%rsp\n\t"
      "mov $11, %%eax\n\t"  // munmap
      "syscall\n\t"
      "mov $15, %%eax\n\t"  // rt_sigreturn
      "syscall\n\t"
      "ud2"
      :
      : [frame] "r"(frame), "D"(stack), "S"(size)
      : "rax", "rcx", "r11", "memory");
  __builtin_unreachable();
}

}  // namespace evalrun::snapshot
