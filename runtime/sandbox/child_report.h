// How the child speaks: records on the report pipe (init's set-up, the target) and on the control socket (init).
#pragma once

#include "runtime/sandbox/child.h"

namespace evalrun::sandbox {

std::int64_t monotonic_ns() noexcept;

// `stage` is filled in here: steps do not know where they stand.
void send_failure(const ChildContext& context, StepResult step, Stage stage) noexcept;
void send_note(const ChildContext& context, StepResult step, Stage stage) noexcept;
void send_about_to_exec(const ChildContext& context) noexcept;

// The folder /work, to the supervisor. 0 or -errno.
long send_descriptor(const ChildContext& context, int descriptor) noexcept;

// init and the target share memory until execve; the target waits here until init has locked itself down.
StepResult wait_for_init(ChildContext& context) noexcept;
void release_target(ChildContext& context) noexcept;

}  // namespace evalrun::sandbox
