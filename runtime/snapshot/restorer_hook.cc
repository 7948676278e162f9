// What an interpreter comes to that was prepared from inside (python_hook.h): the way back from what was loaded into
// it, and its end. Child-side code, a part of the restorer's program, which stays mapped.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <span>

#include "runtime/core/sys.h"
#include "runtime/snapshot/format.h"

namespace evalrun::snapshot {
namespace {

constexpr int kFailed = 127;

template <typename T>
T* pointer_to(std::uint64_t address) noexcept {
  return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr)
}

const Hook& hook() noexcept {
  return pointer_to<const Head>(kBegin + kHeadAt)->hook;
}

// Functions of the interpreter's.
using Release = void(std::uint64_t state);
using Call = void*(std::uint64_t object);
using IsTrue = int(void* object);
using ClearError = void();
using Finalize = int();

// What a question comes to that raises an exception is not known: the interpreter then ends by itself.
bool answers_as_wanted(const EndQuestion& question) noexcept {
  void* const answer = pointer_to<Call>(hook().call)(question.object);
  if (answer == nullptr) {
    pointer_to<ClearError>(hook().clear_error)();
    return false;
  }
  return pointer_to<IsTrue>(hook().is_true)(answer) == static_cast<int>(question.wanted);
}

bool nothing_is_left() noexcept {
  for (const EndQuestion& question : std::span(hook().questions, hook().count_of_questions)) {
    if (!answers_as_wanted(question)) return false;
  }
  return true;
}

void give_first_bytes_back() noexcept {
  const std::uint64_t page = hook().finalize / kPage * kPage;
  const std::uint64_t size = (hook().finalize + sizeof(std::uint64_t) - 1) / kPage * kPage + kPage - page;
  if (sys(SYS_mprotect, page, size, PROT_READ | PROT_WRITE) < 0) {
    for (;;) sys(SYS_exit_group, kFailed);
  }
  __builtin_memcpy(pointer_to<void>(hook().finalize), &hook().first_bytes, sizeof(std::uint64_t));
  sys(SYS_mprotect, page, size, PROT_READ | PROT_EXEC);
}

}  // namespace

// The thread has come back from what was loaded, and goes on with the call that it had interrupted.
extern "C" [[noreturn]] [[gnu::used]] void evalrun_hook_return() noexcept {
  pointer_to<Release>(hook().release)(hook().state);
  go_back_to(hook().frame);
}

// In place of the function that takes the interpreter down; what it returns says whether that failed.
extern "C" [[gnu::used]] int evalrun_hook_end() noexcept {
  if (nothing_is_left()) return 0;
  give_first_bytes_back();
  return pointer_to<Finalize>(hook().finalize)();
}

}  // namespace evalrun::snapshot
