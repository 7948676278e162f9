// Linked into evalrun itself, as evalrun_failing_new: operator new that fails once. The file that
// EVALRUN_TEST_ALLOCATIONS names holds two numbers in memory that the test shares: how many allocations there were, and
// which of them fails (0: none).

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

#include "tests/support/operator_new.h"

namespace {

struct Allocations {
  std::atomic<std::uint64_t> count;
  std::uint64_t failing;
};

Allocations* shared_allocations() {
  const char* path = std::getenv("EVALRUN_TEST_ALLOCATIONS");
  if (path == nullptr) return nullptr;
  const int file = ::open(path, O_RDWR | O_CLOEXEC);
  void* memory = ::mmap(nullptr, sizeof(Allocations), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<Allocations*>(memory);
}

}  // namespace

bool evalrun::test::next_allocation_fails() noexcept {
  static Allocations* const allocations = shared_allocations();
  return allocations != nullptr && ++allocations->count == allocations->failing;
}
