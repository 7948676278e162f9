// Where tests find the checkout and the build: compiled in, or, for a copy given to another user, from the environment.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace evalrun::test {

std::filesystem::path source_dir();  // $EVALRUN_SOURCE_DIR
std::filesystem::path build_dir();   // $EVALRUN_BUILD_DIR

// The binary under test, or what stands in for it where accepted_lacks() are some.
std::filesystem::path evalrun();

// The layers that this host lacks and the tests run without, as settings of a plan
// ("require.landlock_net=if-available"): EVALRUN_ACCEPT_MISSING has their names ("landlock_net landlock_scopes"). None
// as a rule.
std::vector<std::string> accepted_lacks();

std::filesystem::path probe(const std::string& name);

}  // namespace evalrun::test
