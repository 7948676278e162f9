// The functions on memory that a compiler takes for granted, for a program without a C library.
#include <cstddef>

// A loop must not become a call of the function that it is in; clang heeds -fno-builtin there.
#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) noexcept {
  auto* target = static_cast<char*>(to);
  const auto* source = static_cast<const char*>(from);
  for (std::size_t i = 0; i < size; ++i) target[i] = source[i];
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) noexcept {
  auto* target = static_cast<char*>(to);
  const auto* source = static_cast<const char*>(from);
  if (target < source) return memcpy(to, from, size);
  for (std::size_t i = size; i > 0; --i) target[i - 1] = source[i - 1];
  return to;
}

void* memset(void* memory, int value, std::size_t size) noexcept {
  auto* target = static_cast<char*>(memory);
  for (std::size_t i = 0; i < size; ++i) target[i] = static_cast<char>(value);
  return memory;
}

int memcmp(const void* one, const void* other, std::size_t size) noexcept {
  const auto* left = static_cast<const unsigned char*>(one);
  const auto* right = static_cast<const unsigned char*>(other);
  for (std::size_t i = 0; i < size; ++i) {
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  }
  return 0;
}

std::size_t strlen(const char* text) noexcept {
  std::size_t size = 0;
  while (text[size] != '\0') ++size;
  return size;
}
}
