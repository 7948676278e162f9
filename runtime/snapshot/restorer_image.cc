#include "runtime/snapshot/restorer_image.h"

#include <elf.h>

#include "runtime/snapshot/machine.h"

// EVALRUN_RESTORER: the linked program's path.
asm(R"(
  .pushsection .rodata.evalrun_restorer, "a", @progbits
  .balign 16
  .hidden evalrun_restorer_image
  .globl evalrun_restorer_image
evalrun_restorer_image:
  .incbin ")" EVALRUN_RESTORER R"("
  .hidden evalrun_restorer_image_end
  .globl evalrun_restorer_image_end
evalrun_restorer_image_end:
  .popsection
)");

extern "C" {
extern const unsigned char evalrun_restorer_image[];
}

namespace evalrun::snapshot {

// Linked so that its first segment is its only one and begins with the file (runtime/snapshot/CMakeLists.txt).
RestorerImage restorer_image() noexcept {
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(evalrun_restorer_image);
  const auto& segment = *reinterpret_cast<const Elf64_Phdr*>(evalrun_restorer_image + header.e_phoff);
  return {{evalrun_restorer_image, segment.p_filesz}, header.e_entry};
}

std::uint64_t hook_return_address() noexcept {
  return restorer_image().entry + kHookReturnAt;
}

std::uint64_t hook_end_address() noexcept {
  return restorer_image().entry + kHookEndAt;
}

}  // namespace evalrun::snapshot
