// Everything that depends on the processor: how a system call is made, and what seccomp must know of the architecture.
// A port to another processor adds a branch here and nowhere else.
#pragma once

#include <linux/audit.h>

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

#else
#error "evalrun has not been ported to this processor: see runtime/core/arch.h"
#endif

}  // namespace evalrun::arch
