// 763 MiB of zeroes in the program's own image, as "int table[200'000'000];" makes them: no call asks for that memory.
//
//   static-array untouched | touched | null

#include <cstring>

namespace {

constexpr unsigned long kBytes = 763UL << 20;
char table[kBytes];

}  // namespace

int main(int, char** argv) {
  const char* how = argv[1];
  if (std::strcmp(how, "touched") == 0) {
    for (unsigned long at = 0; at < kBytes; at += 4096) table[at] = 1;
  }
  if (std::strcmp(how, "null") == 0) {
    volatile auto address = reinterpret_cast<volatile int*>(8);
    *address = 1;
  }
  const volatile char* seen = table;  // so that the array stays
  return seen[kBytes / 3 * 2] & 0;
}
