// `evalrun image list`, `evalrun image check` and `evalrun image packages`.
#pragma once

#include <string>

#include "runtime/usage/options.h"

namespace evalrun::cli {

// Prints one line per image: its name, whether its programs are on this host, and what to install where not.
void list_images();

// Looks for links that lead out of the image (image_closure.h) and runs its smoke programs, each in a sandbox. Prints a
// line for each, with the TOML that mends what is wrong. True where nothing is.
bool check_image(const std::string& name);

// The same for every image whose programs are on this host.
bool check_installed_images();

// Prints Debian's packages, one a line: all of the image that --image names; else those of the plan's image, or of
// every image without a plan, where programs of it are not on this host.
void print_packages(const Options& options);

}  // namespace evalrun::cli
