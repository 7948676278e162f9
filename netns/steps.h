// netns: the network of a sandbox. A new network namespace holds one link, loopback, and that is down; this brings it
// up and then checks what is there: loopback up with its addresses, no other link up.
//
// The requests are encoded by libmnl before any clone, in fact while evalrun is being built (encode_messages.cc). What
// this does not do: decide who may bind or connect (landlock's network rules, the system-call filter).
#pragma once

#include "runtime/core/step_result.h"

namespace evalrun::netns {

// Items of failures: the link's index.
StepResult bring_loopback_up() noexcept;

}  // namespace evalrun::netns
