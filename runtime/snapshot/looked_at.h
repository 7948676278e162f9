// What an interpreter has looked at while it started: the files of the image that it read, and those that were not
// there. A snapshot is used as long as all of it is as it was, so that an upgraded package is seen.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rootfs/view.h"
#include "runtime/snapshot/format.h"

namespace evalrun::snapshot {

struct LookedAt {
  std::string path;                      // of the host
  std::optional<FileIdentity> identity;  // none: it was not there
};

// None where there is nothing now.
std::optional<FileIdentity> look_at(const std::string& path);

// Of `paths` in the sandbox, those that a bind shows: all else is made anew for each run.
std::vector<LookedAt> seen_on_host(const rootfs::View& view, const std::set<std::string>& paths);

// The first that is not as it was; none where all is.
const LookedAt* find_changed(const std::vector<LookedAt>& all);

}  // namespace evalrun::snapshot
