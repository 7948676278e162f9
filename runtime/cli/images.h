// `evalrun image list` and `evalrun image check`.
#pragma once

#include <string>

namespace evalrun::cli {

// Prints one line per image: its name, whether its programs are on this host, and what to install where not.
void list_images();

// Runs the image's smoke programs, each in a sandbox, and prints one line for each. True where all gave what they
// should.
bool check_image(const std::string& name);

}  // namespace evalrun::cli
