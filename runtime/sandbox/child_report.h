// How the child speaks: records on the report pipe (init's set-up, the target) and on the control socket (init).
#pragma once

#include "runtime/sandbox/child.h"

namespace evalrun::sandbox {

std::int64_t monotonic_ns() noexcept;
std::int64_t microseconds(const timeval& time) noexcept;

// User and system time of the calling process.
std::int64_t own_cpu_us() noexcept;

// `stage` is filled in here: steps do not know where they stand.
void send_failure(const ChildContext& context, StepResult step, Stage stage) noexcept;
void send_note(const ChildContext& context, StepResult step, Stage stage) noexcept;
// Without these words nothing goes on: the supervisor would not know that a program runs.
StepResult send_prepared(const ChildContext& context) noexcept;
StepResult send_about_to_exec(const ChildContext& context) noexcept;

// A descriptor (the folder /work, the filter's listener), to the supervisor. 0 or -errno.
long send_descriptor(const ChildContext& context, InitRecord::Kind kind, int descriptor) noexcept;

// One DeliveryNote and the descriptors that come with it, whose numbers go to the delivery's list from `received` on.
// The size of what was received (0: the supervisor is gone), or -errno.
long receive_note(const ChildContext& context, DeliveryNote* note, std::size_t* received) noexcept;

// init and the target share memory until execve; the target waits here until init has locked itself down.
StepResult wait_for_init(ChildContext& context) noexcept;
void release_target(ChildContext& context) noexcept;

// A run that was prepared ahead waits here for its supervisor's word.
StepResult wait_for_job(ChildContext& context) noexcept;

}  // namespace evalrun::sandbox
