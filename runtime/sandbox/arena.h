// Memory that a supervisor and one child of it have in common: what the child needs to know is written there after it
// was cloned. The child has it at the same addresses, so pointers into it hold on both sides.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "runtime/core/fd.h"

namespace evalrun::sandbox {

class Arena {
 public:
  // Room for the longest plan; pages come into being where something is written.
  static constexpr std::size_t kSize = std::size_t{64} << 20;

  // For a child that this process clones. Throws SystemError.
  Arena();
  // For a child that another process clones: at a place that is free in both, with a file behind it to be sent there.
  // Throws SystemError; EEXIST where the place is taken.
  explicit Arena(void* place);
  ~Arena();
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&&) = delete;

  // Children that are cloned from here on do not inherit it.
  void keep_from_further_children() noexcept;

  [[nodiscard]] void* begin() const noexcept { return base_; }
  [[nodiscard]] bool has_file() const noexcept { return bool(file_); }
  // Once; empty where there is none.
  [[nodiscard]] Fd take_file() noexcept { return std::move(file_); }
  // Of one whose child inherits it after all.
  void drop_file() noexcept { file_.reset(); }

  // Copies, aligned, zero-terminated where it is text. A null text stays null. Throw HostError where there is no room.
  template <typename T>
  std::span<T> put(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T>);
    auto* place = static_cast<T*>(reserve(items.size_bytes(), alignof(T)));
    if (!items.empty()) std::memcpy(static_cast<void*>(place), items.data(), items.size_bytes());
    return {place, items.size()};
  }
  template <typename T>
  T* put_one(const T& item) {
    return put(std::span<const T>(&item, 1)).data();
  }
  const char* put_text(const char* text);
  const char* put_bytes(const char* bytes, std::size_t size);
  // A list of texts that ends with a null.
  const char* const* put_texts(const char* const* texts);

  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  // Forgets what was put since; whoever still reads it must be done.
  void go_back_to(std::size_t used) noexcept;

 private:
  void* reserve(std::size_t size, std::size_t alignment);

  Fd file_;
  char* base_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace evalrun::sandbox
