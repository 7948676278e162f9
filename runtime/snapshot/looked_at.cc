#include "runtime/snapshot/looked_at.h"

#include <algorithm>

namespace evalrun::snapshot {

std::optional<FileIdentity> look_at(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return identity_of(found);
}

std::vector<LookedAt> seen_on_host(const rootfs::View& view, const std::set<std::string>& paths) {
  std::vector<LookedAt> seen;
  for (const std::string& path : paths) {
    const rootfs::Look look = view.look(path);
    std::optional<std::string> host = view.host_path(look.is_there() ? look.path : look.missing);
    if (!host) continue;
    std::optional<FileIdentity> identity = look_at(*host);
    seen.push_back({std::move(*host), identity});
  }
  return seen;
}

const LookedAt* find_changed(const std::vector<LookedAt>& all) {
  const auto changed = std::ranges::find_if(all, [](const LookedAt& one) { return look_at(one.path) != one.identity; });
  return changed == all.end() ? nullptr : &*changed;
}

}  // namespace evalrun::snapshot
