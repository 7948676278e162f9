#include "runtime/warm/fork_server_image.h"

// EVALRUN_FORK_SERVER: the linked program's path.
asm(R"(
  .pushsection .rodata.evalrun_fork_server, "a", @progbits
  .balign 16
  .hidden evalrun_fork_server_image
  .globl evalrun_fork_server_image
evalrun_fork_server_image:
  .incbin ")" EVALRUN_FORK_SERVER R"("
  .hidden evalrun_fork_server_image_end
  .globl evalrun_fork_server_image_end
evalrun_fork_server_image_end:
  .popsection
)");

extern "C" {
extern const unsigned char evalrun_fork_server_image[];
extern const unsigned char evalrun_fork_server_image_end[];
}

namespace evalrun::warm {

std::span<const unsigned char> fork_server_image() noexcept {
  return {evalrun_fork_server_image, evalrun_fork_server_image_end};
}

}  // namespace evalrun::warm
