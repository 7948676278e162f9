// Everything that depends on the processor: how a system call is made, how a stack is changed, where a process has room
// for memory at an address of our choice, and what seccomp must know of the architecture. A port to another processor
// adds a branch here and nowhere else.
#pragma once

#include <linux/audit.h>
#include <sys/syscall.h>

#include <cstdint>

namespace evalrun::arch {

#if defined(__x86_64__)

inline constexpr std::uint32_t kAuditArch = AUDIT_ARCH_X86_64;

// x32 shares the x86-64 architecture token and sets this bit in the call number, so a filter must look at both.
inline constexpr std::uint32_t kForeignCallBit = 0x40000000;

// The kernel's calling convention: number in rax; arguments in rdi, rsi, rdx, r10, r8, r9; rcx and r11 are lost;
// -4095…-1 is -errno (syscall(2), "Architecture calling conventions").
inline long system_call(long number, long a, long b, long c, long d, long e, long f) noexcept {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

// clone(2) with a stack of the child's own, of which `stack` is the end, aligned to 16; there it calls `entry`, which
// must not return. The child's pid or -errno. The C library's clone does the same and sets errno.
inline long clone_onto(void* stack, unsigned long flags, void (*entry)(void*), void* argument) noexcept {
  long result;
  register long r10 asm("r10") = 0;
  register long r8 asm("r8") = 0;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "mov %[argument], %%rdi\n\t"
      "call *%[entry]\n\t"
      "ud2\n"
      "1:"
      : "=a"(result)
      : "a"(SYS_clone), "D"(flags), "S"(stack), "d"(0), "r"(r10), "r"(r8), [entry] "r"(entry), [argument] "r"(argument)
      : "rcx", "r11", "memory");
  return result;
}

// Calls `entry`, which must not return, with `stack` as the end of its stack, aligned to 16.
[[noreturn]] inline void go_on_with(void* stack, void (*entry)(const void*), const void* argument) noexcept {
  asm volatile(
      "mov %[stack], %%rsp\n\t"
      "call *%[entry]"
      :
      : [stack] "r"(stack), [entry] "r"(entry), "D"(argument)
      : "memory");
  __builtin_unreachable();
}

// The end of what a process can map without asking for more (five-level paging).
inline constexpr std::uintptr_t kMemoryEnd = 0x7ffffffff000;
// Programs, their heaps and libraries lie below and above. CMake links the fork server at the first of these.
inline constexpr std::uintptr_t kForkServerBegin = 0x1f0000000000;
inline constexpr std::uintptr_t kArenasBegin = 0x200000000000;
inline constexpr std::uintptr_t kArenasEnd = 0x300000000000;

#else
#error "evalrun has not been ported to this processor: see runtime/core/arch.h"
#endif

}  // namespace evalrun::arch
