// What an ELF file says of the files that it needs to start.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace evalrun {

struct ElfNeeds {
  std::string loader;                 // "" for a library and for a static program
  std::vector<std::string> names;     // DT_NEEDED: "libm.so.6"
  std::vector<std::string> run_path;  // DT_RUNPATH or DT_RPATH, $ORIGIN as it stands
};

// None where the file is no 64-bit ELF file of this byte order, or ends too early. `descriptor` is borrowed.
std::optional<ElfNeeds> read_elf_needs(int descriptor);

// The path that the dynamic linker's cache (/etc/ld.so.cache) has for a library; "" where it has none. `cache` is the
// file's content.
std::string path_in_loader_cache(const std::string& cache, const std::string& library);

}  // namespace evalrun
