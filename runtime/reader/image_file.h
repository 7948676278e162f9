// Image files and what they put into a plan.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/reader/image.h"

namespace evalrun {

// Who asks for an image: where an error is shown, and what a relative path is relative to.
struct ImageRequest {
  std::string reference;  // a name or a path
  SourcePosition position;
  std::filesystem::path folder;
};

// Reads the image and those that it includes, and writes their environment, limits, mounts, links, /proc view and
// system calls into `plan`. Throws PlanError, also where the image is only there to be included.
Image apply_image(const ImageRequest& request, const std::vector<std::filesystem::path>& search_path, Plan& plan);

}  // namespace evalrun
