// From a copy of the supervisor to the fork server's program.
#include <elf.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstring>

#include "runtime/core/sys.h"
#include "runtime/sandbox/child.h"
#include "runtime/warm/fork_server_program.h"

namespace evalrun::warm {
namespace {

constexpr std::uintptr_t kPage = 4096;

// A supervisor that hears nothing of its server clones by itself.
void require(long result) noexcept {
  if (result < 0) sandbox::leave(1);
}

char* map(std::uintptr_t place, std::size_t size) noexcept {
  const long mapped =
      sys(SYS_mmap, place, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  require(mapped);
  return reinterpret_cast<char*>(mapped);  // NOLINT(performance-no-int-to-ptr)
}

void load(const unsigned char* image, const Elf64_Phdr& segment) noexcept {
  const std::uintptr_t begin = segment.p_vaddr / kPage * kPage;
  const std::uintptr_t before = segment.p_vaddr - begin;
  const std::size_t size = (before + segment.p_memsz + kPage - 1) / kPage * kPage;
  char* const memory = map(begin, size);
  std::memcpy(memory + before, image + segment.p_offset, segment.p_filesz);
  const int access = ((segment.p_flags & PF_R) != 0 ? PROT_READ : 0) |
                     ((segment.p_flags & PF_W) != 0 ? PROT_WRITE : 0) | ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
  require(sys(SYS_mprotect, memory, size, access));
}

}  // namespace

void become_fork_server(std::span<const unsigned char> image, const ForkServerStart& start) noexcept {
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(image.data());
  const auto* segments = reinterpret_cast<const Elf64_Phdr*>(image.data() + header.e_phoff);
  for (int i = 0; i < header.e_phnum; ++i) {
    if (segments[i].p_type == PT_LOAD) load(image.data(), segments[i]);
  }
  char* const stack = map(arch::kForkServerBegin + kForkServerRoom - kForkServerStack, kForkServerStack);
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  arch::go_on_with(stack + kForkServerStack, reinterpret_cast<void (*)(const void*)>(header.e_entry), &start);
}

}  // namespace evalrun::warm
