// The listener of a run's seccomp filter: calls that wait for an answer (seccomp_unotify(2)).
// A caller that gets no answer waits until its run's wall-clock limit. So each function here either answers, or finds
// that nobody waits any more, or throws SystemError, which is that run's sandbox error.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <optional>

namespace evalrun::lockdown {

// The next call that waits. None where its caller has died meanwhile, which is normal.
std::optional<seccomp_notif> receive_call(int listener);

// Whether the caller of `id` still waits. Its process number, and all that was read by it, is the caller's only then.
bool still_waits(int listener, std::uint64_t id);

// The call goes on as it was made.
void let_go_on(int listener, std::uint64_t id);
// The call returns `error`, an errno; 0 is success.
void answer_call(int listener, std::uint64_t id, int error);

}  // namespace evalrun::lockdown
