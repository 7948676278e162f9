#include "rootfs/view.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <filesystem>

#include "runtime/core/host_file.h"
#include "runtime/core/text.h"

namespace evalrun::rootfs {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // MAXSYMLINKS of linux/namei.h

void prepend(const std::string& path, std::deque<std::string>& parts) {
  std::deque<std::string> more;
  for (const fs::path& part : fs::path(path)) {
    if (part != "/" && part != "." && !part.empty()) more.push_back(part.string());
  }
  parts.insert(parts.begin(), more.begin(), more.end());
}

// A package's own folder and no more: /etc/php, /var/lib/ghc, and one level deeper where packages share a folder that
// has more than they need, keys of this host among it: /etc/ssl/certs.
std::size_t least_parts(const std::string& path) {
  static constexpr std::string_view kDeep[] = {"/var/",          "/home/",        "/usr/",     "/run/",
                                               "/etc/ssl/",      "/etc/default/", "/etc/X11/", "/etc/xdg/",
                                               "/etc/security/", "/etc/systemd/"};
  const bool is_deep = std::ranges::any_of(kDeep, [&](std::string_view each) { return path.starts_with(each); });
  return is_deep ? 3 : 2;
}

std::string first_parts(const std::string& path, std::size_t count) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < count && end != path.npos; ++i) end = path.find('/', end + 1);
  return path.substr(0, end);
}

std::size_t parts_of(const std::string& path) {
  return static_cast<std::size_t>(std::ranges::count(path, '/'));
}

// By its mode: the run has another identity than whoever looks.
bool everybody_may_read(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  return S_ISDIR(status.st_mode) ? (status.st_mode & S_IXOTH) != 0 : (status.st_mode & S_IROTH) != 0;
}

bool is_program_or_library(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if ((status.st_mode & S_IXUSR) != 0) return true;
  const HostFile file = open_host_file(path, FileUse::Read);
  char magic[4] = {};
  return file.descriptor && ::pread(file.descriptor.get(), magic, sizeof magic, 0) == sizeof magic &&
         std::memcmp(magic, "\177ELF", sizeof magic) == 0;
}

// Whether the file lies below a bind that lets it run: then the link's own folder is all that is missing.
bool is_run_already(const Layout& layout, const std::string& real) {
  return std::ranges::any_of(layout.entries, [&](const Entry& entry) {
    const auto* bind = std::get_if<Bind>(&entry.what);
    return bind != nullptr && bind->execution == Execution::Allowed && is_within(real, bind->source);
  });
}

}  // namespace

Look View::look(const std::string& name) const {
  Look found;
  std::deque<std::string> rest;
  prepend((fs::path(cwd_) / name).string(), rest);
  for (int links = 0; !rest.empty();) {
    const std::string part = rest.front();
    rest.pop_front();
    if (part == "..") {
      found.path.erase(std::min(found.path.rfind('/'), found.path.size()));
      continue;
    }
    const std::string next = found.path + "/" + part;
    const std::optional<std::string> target = link_at(next);
    if (!target && may_be_there(next)) {
      found.path = next;
      continue;
    }
    if (!target || ++links > kMostLinks) {
      found.missing = next;
      found.wanted = next;
      for (const std::string& each : rest) found.wanted += "/" + each;
      found.wanted = fs::path(found.wanted).lexically_normal().string();
      found.path.clear();
      return found;
    }
    found.link = next;
    found.target = *target;
    if (target->starts_with('/')) found.path.clear();
    prepend(*target, rest);
  }
  return found;
}

std::optional<std::string> View::host_path(const std::string& path) const {
  const Entry* mount = mount_holding(layout_, path);
  const auto* bind = mount != nullptr ? std::get_if<Bind>(&mount->what) : nullptr;
  return bind != nullptr ? std::optional(bind->source + path.substr(mount->at.size())) : std::nullopt;
}

std::optional<std::string> View::link_at(const std::string& path) const {
  const auto entry = std::ranges::find(layout_.entries, path, &Entry::at);
  if (entry != layout_.entries.end()) {
    const auto* link = std::get_if<Symlink>(&entry->what);
    return link != nullptr ? std::optional(link->target) : std::nullopt;
  }
  // A link that the program may have made is not followed: it would lead us to what the program chose.
  const Entry* mount = mount_holding(layout_, path);
  const auto* bind = mount != nullptr ? std::get_if<Bind>(&mount->what) : nullptr;
  if (bind == nullptr || bind->access == Access::ReadWrite) return std::nullopt;
  const std::optional<std::string> host = host_path(path);
  std::error_code error;
  const fs::path target = host ? fs::read_symlink(*host, error) : fs::path();
  return !host || error ? std::nullopt : std::optional(target.string());
}

// On the root is what the layout lists.
bool View::may_be_there(const std::string& path) const {
  const Entry* mount = mount_holding(layout_, path);
  if (mount == nullptr) return std::ranges::find(layout_.entries, path, &Entry::at) != layout_.entries.end();
  const auto* bind = std::get_if<Bind>(&mount->what);
  if (bind == nullptr || bind->access == Access::ReadWrite) return true;
  std::error_code ignored;
  return fs::symlink_status(bind->source + path.substr(mount->at.size()), ignored).type() != fs::file_type::not_found;
}

std::optional<Mend> mend_for(const Layout& layout, const Look& look) {
  if (!look.leads_out() || !everybody_may_read(look.wanted)) return std::nullopt;
  std::error_code error;
  const std::string real = fs::canonical(look.wanted, error).string();
  if (error) return std::nullopt;
  const std::size_t parts = std::max(parts_of(look.missing), least_parts(look.wanted));
  return Mend{first_parts(look.wanted, parts), is_program_or_library(real) && !is_run_already(layout, real)};
}

std::string to_toml(const Mend& mend) {
  const std::string path = toml_string(mend.path);
  if (!mend.is_run) return "shows = [" + path + "]";
  return "[[mount]]\nbind = " + path + "\nat = " + path + "\nexec = true";
}

std::string describe(const Look& look, const Mend& mend) {
  const std::string path = toml_string(mend.path);
  return look.link + " leads to " + look.wanted +
         ", which is not shown in the sandbox; this line of the image shows it: " +
         (mend.is_run ? "mount = [{ bind = " + path + ", at = " + path + ", exec = true }]" : to_toml(mend));
}

}  // namespace evalrun::rootfs
