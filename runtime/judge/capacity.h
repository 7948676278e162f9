// How many sandboxes this process has room for.
#pragma once

#include <cstddef>

namespace evalrun::judge {

// The cores that this process may use; at least one.
unsigned usable_cores();

// As many as its limit on descriptors allows; at least one. `carried` descriptors are handed to each sandbox beside its
// own.
unsigned most_sandboxes(std::size_t carried);

// Raises this process's limit on descriptors as far as it goes: for a command, whose process is its own. The sandboxes
// have limits of their own.
void raise_descriptor_limit() noexcept;

}  // namespace evalrun::judge
