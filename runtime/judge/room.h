// How many sandboxes this process has room for.
#pragma once

#include <cstddef>

namespace evalrun::judge {

// The cores that this process may use; at least one.
unsigned usable_cores();

// As many as its limit on descriptors allows, which is raised as far as it goes; at least one. `carried` descriptors
// are handed to each sandbox beside its own.
unsigned most_sandboxes(std::size_t carried);

}  // namespace evalrun::judge
