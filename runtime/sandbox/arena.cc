#include "runtime/sandbox/arena.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "runtime/core/error.h"

namespace evalrun::sandbox {
namespace {

// What a run took beyond this is given back to the host when it is forgotten.
constexpr std::size_t kStays = std::size_t{1} << 20;
constexpr std::size_t kPage = 4096;

constexpr std::size_t whole_pages(std::size_t size) {
  return (size + kPage - 1) / kPage * kPage;
}

// Past the caller's limit the kernel does not only refuse: its signal (SIGXFSZ) would end the caller.
void require_room_for_file(std::size_t size) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size) {
    throw SystemError("getrlimit", "RLIMIT_FSIZE", EFBIG);
  }
}

// No program can ever be executed from it; kernels before 6.3 do not know the flag, and some refuse to make one
// without.
Fd make_memory_file() {
  constexpr unsigned kNoExecSeal = 8;  // MFD_NOEXEC_SEAL, which the C library's headers do not all have
  constexpr const char* kName = "evalrun-arena";
  Fd file(::memfd_create(kName, MFD_CLOEXEC | kNoExecSeal));
  if (!file && errno == EINVAL) file = Fd(::memfd_create(kName, MFD_CLOEXEC));
  if (!file) throw SystemError("memfd_create", kName);
  return file;
}

}  // namespace

Arena::Arena() {
  void* base = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) throw SystemError("mmap", "memory shared with the sandbox");
  base_ = static_cast<char*>(base);
}

Arena::Arena(void* place) : file_(make_memory_file()) {
  require_room_for_file(kSize);
  if (::ftruncate(file_.get(), kSize) != 0) throw SystemError("ftruncate", "memory shared with the sandbox");
  void* base = ::mmap(place, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, file_.get(), 0);
  if (base == MAP_FAILED) throw SystemError("mmap", "memory shared with the sandbox");
  base_ = static_cast<char*>(base);
}

Arena::Arena(Arena&& other) noexcept
    : file_(std::move(other.file_)), base_(std::exchange(other.base_, nullptr)), used_(std::exchange(other.used_, 0)) {}

Arena::~Arena() {
  if (base_ != nullptr) ::munmap(base_, kSize);
}

void Arena::keep_from_further_children() noexcept {
  ::madvise(base_, kSize, MADV_DONTFORK);
}

void Arena::go_back_to(std::size_t used) noexcept {
  const std::size_t kept = whole_pages(std::max(used, kStays));
  // Where it cannot be given back it is used again.
  if (used_ > kept) ::madvise(base_ + kept, whole_pages(used_) - kept, MADV_REMOVE);
  used_ = used;
}

void* Arena::reserve(std::size_t size, std::size_t alignment) {
  const std::size_t begin = (used_ + alignment - 1) / alignment * alignment;
  if (size > kSize - begin) throw HostError("spawn", "pass on", "the plan's texts: more than 64 MiB", E2BIG);
  used_ = begin + size;
  return base_ + begin;
}

const char* Arena::put_text(const char* text) {
  return text == nullptr ? nullptr : put_bytes(text, std::strlen(text) + 1);
}

const char* Arena::put_bytes(const char* bytes, std::size_t size) {
  auto* place = static_cast<char*>(reserve(size, 1));
  if (size > 0) std::memcpy(place, bytes, size);
  return place;
}

const char* const* Arena::put_texts(const char* const* texts) {
  std::vector<const char*> kept;
  for (; *texts != nullptr; ++texts) kept.push_back(put_text(*texts));
  kept.push_back(nullptr);
  return put(std::span<const char* const>(kept)).data();
}

}  // namespace evalrun::sandbox
