// Memory that a supervisor and one child of it have in common: what the child needs to know is written there after it
// was cloned. The child has it at the same addresses, so pointers into it hold on both sides.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace evalrun::sandbox {

class Arena {
 public:
  // Room for the longest plan; pages come into being where something is written. Throws SystemError.
  Arena();
  ~Arena();
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&&) = delete;

  // Children that are cloned from here on do not inherit it.
  void keep_from_further_children() noexcept;

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

  char* base_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace evalrun::sandbox
