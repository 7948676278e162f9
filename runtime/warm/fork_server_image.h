// The fork server's program as it was linked: an ELF file.
#pragma once

#include <span>

namespace evalrun::warm {

std::span<const unsigned char> fork_server_image() noexcept;

}  // namespace evalrun::warm
