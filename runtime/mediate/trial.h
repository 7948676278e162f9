// Whether this host lets deputies do what they must: with two processes of our own, so that no program has a hand in
// the answer.
#pragma once

#include <optional>

namespace evalrun::mediate {

struct RefusedCall {
  const char* call;  // a literal
  int error;
};

// Whether a filter around the supervisor, or a security module, may be why a call failed with `error`.
bool may_be_refused_by_host(int error) noexcept;

// The first of the calls on another process that mediation makes (pidfd_open, pidfd_getfd, process_vm_readv, setns) and
// that is refused here; empty where none is. Throws SystemError where no process can be made.
std::optional<RefusedCall> try_deputy_calls();

}  // namespace evalrun::mediate
