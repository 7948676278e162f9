// Linked into evalrun itself, as evalrun_failing_new: operator new that fails once. The file that
// EVALRUN_TEST_ALLOCATIONS names holds two numbers in memory that the test shares: how many allocations there were, and
// which of them fails (0: none).

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

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

void* allocate(std::size_t size) {
  static Allocations* const allocations = shared_allocations();
  const bool fails = allocations != nullptr && ++allocations->count == allocations->failing;
  void* memory = fails ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new[](std::size_t size) {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
