#include "runtime/supervise/tar_header.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace evalrun::supervise {
namespace {

constexpr std::size_t kName = 100;

// ustar(5): offset and width of each field.
void put_text(std::string& block, std::size_t offset, std::size_t width, std::string_view text) {
  std::memcpy(block.data() + offset, text.data(), std::min(width, text.size()));
}

void put_number(std::string& block, std::size_t offset, int digits, std::uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
  std::memcpy(block.data() + offset, text, static_cast<std::size_t>(digits));
}

std::string block_of(std::string_view name, char type, std::uint32_t mode, std::uint64_t size, std::uint64_t modified) {
  std::string block(kTarBlock, '\0');
  put_text(block, 0, kName, name);
  put_number(block, 100, 7, mode);
  put_number(block, 108, 7, 0);
  put_number(block, 116, 7, 0);
  put_number(block, 124, 11, size);
  put_number(block, 136, 11, modified);
  put_text(block, 148, 8, "        ");  // the sum is taken with blanks in its own place
  block[156] = type;
  put_text(block, 257, 8, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char byte : block) sum += static_cast<unsigned char>(byte);
  put_number(block, 148, 6, sum);
  block[154] = '\0';
  return block;
}

// "30 path=…\n", whose length counts itself.
std::string pax_record(const std::string& path) {
  const std::string rest = " path=" + path + "\n";
  std::size_t size = rest.size() + 1;
  while (std::to_string(size).size() + rest.size() != size) size = std::to_string(size).size() + rest.size();
  return std::to_string(size) + rest;
}

}  // namespace

std::string tar_header(const TarEntry& entry) {
  const bool is_folder = entry.kind == TarEntry::Kind::Folder;
  const std::string path = entry.path + (is_folder ? "/" : "");
  const bool is_date = entry.modified >= 0 && static_cast<std::uint64_t>(entry.modified) <= kLargestTarFile;
  const std::uint64_t modified = is_date ? static_cast<std::uint64_t>(entry.modified) : 0;
  const std::string header =
      block_of(path, is_folder ? '5' : '0', entry.mode & 0777, is_folder ? 0 : entry.size, modified);
  if (path.size() <= kName) return header;
  const std::string record = pax_record(path);
  return block_of("pax", 'x', 0644, record.size(), modified) + record + std::string(tar_padding(record.size()), '\0') +
         header;
}

std::size_t tar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((kTarBlock - size % kTarBlock) % kTarBlock);
}

std::string tar_end() {
  std::string end(2 * kTarBlock, '\0');
  return end;
}

}  // namespace evalrun::supervise
