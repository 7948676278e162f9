// Where tests find the checkout and the build: compiled in, or, for a copy given to another user, from the environment.
#pragma once

#include <filesystem>

namespace evalrun::test {

std::filesystem::path source_dir();  // $EVALRUN_SOURCE_DIR
std::filesystem::path build_dir();   // $EVALRUN_BUILD_DIR
std::filesystem::path evalrun();     // the binary under test
std::filesystem::path probe(const std::string& name);

}  // namespace evalrun::test
