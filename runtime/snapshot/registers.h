// The registers of a stopped thread, read by its tracer. They depend on the processor, as machine.h does.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace evalrun::snapshot {

// Throw SystemError.
std::uint64_t stack_pointer_of(pid_t pid);

// What rt_sigreturn(2) takes to make the thread go on with call `number`, at whose entry it has stopped. `alt_stack`:
// as sigaltstack(2) takes it; null: none.
std::string frame_of(pid_t pid, std::uint64_t number, const std::uint64_t* alt_stack);

// All that a function may change.
struct SavedRegisters {
  std::string general, extended;
};
SavedRegisters save_registers(pid_t pid);
// The thread then makes call `number` again, at whose entry they were saved.
void repeat_call(pid_t pid, const SavedRegisters& saved, std::uint64_t number);

// A thread that has stopped at the entry of a call does not make it.
void skip_call(pid_t pid);

// As if code at the saved place called `function` with one argument, and had `return_to` as its next instruction.
void call_function(pid_t pid, const SavedRegisters& saved, std::uint64_t function, std::uint64_t argument,
                   std::uint64_t return_to);
std::uint64_t result_of_function(pid_t pid);
std::uint64_t instruction_pointer_of(pid_t pid);

// The frame must lie at a multiple of this. It points into itself: it is told its place once that is known.
inline constexpr std::uint64_t kFrameAlignment = 64;
void place_frame(std::string& frame, std::uint64_t address);

// What of the processor a started program may have adapted itself to.
std::string processor_features();

}  // namespace evalrun::snapshot
