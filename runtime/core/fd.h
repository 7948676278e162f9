// Fd: the one owner of a file descriptor. Nothing else in evalrun calls close(2).
#pragma once

#include <utility>

namespace evalrun {

class Fd {
 public:
  Fd() noexcept = default;
  explicit Fd(int number) noexcept : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  // Borrowed: valid as long as this Fd lives.
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }

  // EINTR from close(2) counts as closed: Linux has released the number by then.
  void reset() noexcept;

 private:
  int number_ = -1;
};

struct Pipe {
  Fd read_end;
  Fd write_end;
};

enum class Blocking { Yes, No };

// Close-on-exec on both ends. `reader` and `writer` say which end must not block. Throws SystemError.
Pipe make_pipe(Blocking reader, Blocking writer);

}  // namespace evalrun
