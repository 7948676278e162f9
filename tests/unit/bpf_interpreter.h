// Runs seccomp's dialect of classic BPF in user space, so that tests can ask a filter about calls without making them.
// It knows the instructions that lockdown/filter_program.cc and libseccomp emit; any other, a jump out of the program
// or a load outside seccomp_data throws std::runtime_error, as the kernel would refuse to load such a program.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <initializer_list>
#include <span>

namespace evalrun {

// The program's return value: a SECCOMP_RET_* action with its data.
std::uint32_t run_bpf(std::span<const sock_filter> program, const seccomp_data& call);

// What the kernel does with several filters, newest first: the most restrictive action wins, and among equals the
// newest (seccomp_run_filters in kernel/seccomp.c).
std::uint32_t run_bpf_stack(std::initializer_list<std::span<const sock_filter>> newest_first, const seccomp_data& call);

}  // namespace evalrun
