#include "tests/support/paths.h"

#include <cstdlib>
#include <sstream>

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
  return accepted_lacks().empty() ? build_dir() / "evalrun" : source_dir() / "tests/support/accepting_evalrun.sh";
}
std::vector<std::string> accepted_lacks() {
  const char* layers = std::getenv("EVALRUN_ACCEPT_MISSING");
  std::istringstream words(layers == nullptr ? "" : layers);
  std::vector<std::string> settings;
  for (std::string layer; words >> layer;) settings.push_back("require." + layer + "=if-available");
  return settings;
}
std::filesystem::path probe(const std::string& name) {
  return build_dir() / "probes" / name;
}

}  // namespace evalrun::test
