#include "tests/support/paths.h"

#include <cstdlib>

namespace evalrun::test {
namespace {

std::filesystem::path from_environment(const char* name, const char* compiled_in) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : compiled_in;
}

}  // namespace

std::filesystem::path source_dir() {
  return from_environment("EVALRUN_SOURCE_DIR", EVALRUN_COMPILED_SOURCE_DIR);
}
std::filesystem::path build_dir() {
  return from_environment("EVALRUN_BUILD_DIR", EVALRUN_COMPILED_BUILD_DIR);
}
std::filesystem::path evalrun() {
  return build_dir() / "evalrun";
}
std::filesystem::path probe(const std::string& name) {
  return build_dir() / "probes" / name;
}

}  // namespace evalrun::test
