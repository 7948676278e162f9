#include "runtime/cli/image_closure.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "runtime/core/elf_file.h"
#include "runtime/core/host_file.h"
#include "runtime/core/small_file.h"
#include "runtime/core/text.h"

namespace evalrun::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kMostRounds = 8;  // a link that is mended may show another one
constexpr std::size_t kFirstLine = 256;

std::string whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Manuals lead to examples and to other languages' pages: no program needs them.
bool is_manual(const std::string& path) {
  static constexpr std::string_view kManuals[] = {"/usr/share/doc/", "/usr/share/man/", "/usr/share/info/",
                                                  "/usr/share/lintian/", "/usr/share/bug/"};
  return std::ranges::any_of(kManuals, [&](std::string_view folder) { return path.starts_with(folder); });
}

// Folders in which packages tell the system's services of themselves, and not their own programs.
bool is_of_services(const std::string& file) {
  static constexpr std::string_view kFolders[] = {"/etc/X11/",
                                                  "/etc/apache2/",
                                                  "/etc/apparmor.d/",
                                                  "/etc/apt/",
                                                  "/etc/bash_completion.d/",
                                                  "/etc/ca-certificates/",
                                                  "/etc/cron.d/",
                                                  "/etc/cron.daily/",
                                                  "/etc/cron.weekly/",
                                                  "/etc/dbus-1/",
                                                  "/etc/debconf/",
                                                  "/etc/default/",
                                                  "/etc/dpkg/",
                                                  "/etc/emacs/",
                                                  "/etc/init.d/",
                                                  "/etc/kernel/",
                                                  "/etc/ld.so.conf.d/",
                                                  "/etc/logrotate.d/",
                                                  "/etc/modprobe.d/",
                                                  "/etc/pam.d/",
                                                  "/etc/polkit-1/",
                                                  "/etc/profile.d/",
                                                  "/etc/rc",
                                                  "/etc/security/",
                                                  "/etc/skel/",
                                                  "/etc/ssl/",
                                                  "/etc/sysctl.d/",
                                                  "/etc/systemd/",
                                                  "/etc/udev/",
                                                  "/etc/ufw/",
                                                  "/etc/update-motd.d/",
                                                  "/etc/xdg/"};
  return std::ranges::any_of(kFolders, [&](std::string_view folder) { return file.starts_with(folder); });
}

// Which packages are installed, what they depend on, and their files.
class Dpkg {
 public:
  explicit Dpkg(const std::string& folder) : folder_(folder) {
    std::ifstream status(folder + "/status");
    std::string name;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Package: ")) name = line.substr(9);
      if (line.starts_with("Priority: ") && line != "Priority: optional") basic_.insert(name);
      if (line.starts_with("Depends: ")) add_names(line.substr(9), depends_[name]);
      if (line.starts_with("Pre-Depends: ")) add_names(line.substr(13), depends_[name]);
      if (!line.starts_with("Provides: ")) continue;
      std::vector<std::string> provided;
      add_names(line.substr(10), provided);
      for (const std::string& each : provided) providers_[each].push_back(name);
    }
    std::error_code error;
    for (fs::directory_iterator entry(folder + "/info", error), end; !error && entry != end; entry.increment(error)) {
      const fs::path& path = entry->path();
      if (path.extension() != ".list") continue;
      const std::string stem = path.stem().string();
      lists_[stem.substr(0, stem.find(':'))].push_back(path.string());
    }
  }

  // The packages and all that they depend on.
  [[nodiscard]] std::set<std::string> closure_of(std::vector<std::string> packages) const {
    std::set<std::string> closure;
    while (!packages.empty()) {
      const std::string name = packages.back();
      packages.pop_back();
      if (!closure.insert(name).second) continue;
      const auto add_all = [&](const auto& table) {
        if (const auto more = table.find(name); more != table.end()) {
          packages.insert(packages.end(), more->second.begin(), more->second.end());
        }
      };
      add_all(depends_);
      if (!lists_.contains(name)) add_all(providers_);
    }
    return closure;
  }

  // Of every Debian, or nearly: its settings are the host's.
  [[nodiscard]] bool is_basic(const std::string& package) const { return basic_.contains(package); }

  [[nodiscard]] std::vector<std::string> files_of(const std::string& package) const {
    std::vector<std::string> files;
    const auto lists = lists_.find(package);
    if (lists == lists_.end()) return files;
    for (const std::string& list : lists->second) {
      std::ifstream file(list);
      for (std::string line; std::getline(file, line);) files.push_back(line);
    }
    return files;
  }

  // The packages that have one of these files. Older packages name /bin/x what is /usr/bin/x.
  [[nodiscard]] std::vector<std::string> owners_of(std::set<std::string> files) const {
    for (const std::string& file : std::set<std::string>(files)) {
      if (file.starts_with("/usr/")) files.insert(file.substr(4));
    }
    std::vector<std::string> owners;
    for (const auto& [package, lists] : lists_) {
      const std::vector<std::string> own = files_of(package);
      if (std::ranges::any_of(own, [&](const std::string& file) { return files.contains(file); })) {
        owners.push_back(package);
      }
    }
    return owners;
  }

 private:
  // "libc6 (>= 2.36), default-mta | mail-transport-agent": every name.
  static void add_names(const std::string& text, std::vector<std::string>& names) {
    for (std::string_view rest = text; !rest.empty();) {
      for (std::string_view group = take_until(rest, ','); !group.empty();) {
        std::string_view name = take_until(group, '|');
        name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
        names.emplace_back(name.substr(0, name.find_first_of(" :(")));
      }
    }
  }

  std::string folder_;
  std::set<std::string> basic_;
  std::map<std::string, std::vector<std::string>> depends_, providers_, lists_;
};

class Walk {
 public:
  Walk(const Image& image, const Plan& plan) : image_(image), plan_(plan), layout_(rootfs::make_layout(plan)) {}

  ImageClosure take(const Dpkg& dpkg) {
    for (const std::string& program : programs()) add_program(program);
    std::vector<std::string> packages = dpkg.owners_of(real_files_);
    packages.insert(packages.end(), image_.packages.begin(), image_.packages.end());
    for (const std::string& package : dpkg.closure_of(packages)) {
      for (const std::string& file : dpkg.files_of(package)) {
        add_file_of_package(file);
        if (!dpkg.is_basic(package)) add_settings(file);
      }
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] std::vector<std::string> programs() const {
    std::vector<std::string> names = image_.programs;
    for (const auto* line : {&image_.run, &image_.compile, &image_.compiled_run}) {
      if (!line->empty() && line->front().find('{') == std::string::npos && !line->front().starts_with("/work/")) {
        names.push_back(line->front());
      }
    }
    return names;
  }

  [[nodiscard]] std::vector<std::string> candidates(const std::string& name) const {
    if (name.find('/') != std::string::npos) return {name};
    std::vector<std::string> list;
    const auto path = plan_.job.env.find("PATH");
    const std::string folders = path == plan_.job.env.end() ? "/usr/local/bin:/usr/bin:/bin" : path->second;
    for (std::string_view rest = folders; !rest.empty();)
      list.push_back(std::string(take_until(rest, ':')) + "/" + name);
    return list;
  }

  void add_program(const std::string& name) {
    const std::vector<std::string> places = candidates(name);
    const auto there =
        std::ranges::find_if(places, [&](const std::string& each) { return view().look(each).is_there(); });
    const auto on_host =
        std::ranges::find_if(places, [](const std::string& each) { return ::access(each.c_str(), X_OK) == 0; });
    if (there != places.end()) return add(*there);
    if (on_host == places.end()) {
      add_once(found_.not_on_host, name);
    } else if (const rootfs::Look look = view().look(*on_host); look.leads_out()) {
      add(*on_host);
    } else {
      add_once(found_.not_shown, *on_host);
    }
  }

  // A file of the sandbox, and what it needs to start.
  void add(const std::string& name) {
    if (!seen_.insert(name).second) return;
    ++found_.files_seen;
    const rootfs::Look look = view().look(name);
    if (look.leads_out()) return add_link(look);
    const std::optional<std::string> host = look.is_there() ? view().host_path(look.path) : std::nullopt;
    if (!host) return;
    real_files_.insert(*host);
    add_needs(*host, look.path);
  }

  void add_needs(const std::string& host, const std::string& path) {
    if (!read_.insert(path).second) return;
    const HostFile file = open_host_file(host, FileUse::Read);
    if (!file.descriptor) return;
    char first[kFirstLine] = {};
    const ssize_t count = ::pread(file.descriptor.get(), first, sizeof first, 0);
    const std::string_view begin(first, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (begin.starts_with("#!")) {
      std::istringstream words{std::string(begin.substr(2, begin.find('\n') - 2))};
      std::string interpreter;
      if (words >> interpreter && interpreter.starts_with('/')) add(interpreter);
      return;
    }
    if (!begin.starts_with("\177ELF")) return;
    const std::optional<ElfNeeds> needs = read_elf_needs(file.descriptor.get());
    if (!needs) return;
    if (!needs->loader.empty()) add(needs->loader);
    for (const std::string& library : needs->names) add_library(library, *needs, path);
  }

  void add_library(const std::string& name, const ElfNeeds& needs, const std::string& user) {
    std::vector<std::string> folders;
    const std::string origin = fs::path(user).parent_path().string();
    for (std::string folder : needs.run_path) {
      for (const char* word : {"$ORIGIN", "${ORIGIN}"}) {
        if (const auto at = folder.find(word); at != folder.npos) folder.replace(at, std::string(word).size(), origin);
      }
      folders.push_back(folder);
    }
    if (const auto more = plan_.job.env.find("LD_LIBRARY_PATH"); more != plan_.job.env.end()) {
      for (std::string_view rest = more->second; !rest.empty();) folders.emplace_back(take_until(rest, ':'));
    }
    for (const std::string& folder : folders) {
      const rootfs::Look look = view().look(folder + "/" + name);
      if (look.is_there() || look.leads_out()) return add(folder + "/" + name);
    }
    if (const std::string cached = path_in_loader_cache(cache_, name); !cached.empty()) add(cached);
  }

  void add_file_of_package(const std::string& file) {
    struct stat status {};
    if (is_manual(file) || ::lstat(file.c_str(), &status) != 0) return;
    if (S_ISLNK(status.st_mode)) {
      ++found_.files_seen;
      if (const rootfs::Look look = view().look(file); look.leads_out()) add_link(look);
    } else if (S_ISREG(status.st_mode)) {
      ++found_.files_seen;
      if (!is_code(file, status)) return;
      if (const auto host = view().host_path(file)) add_needs(*host, file);
    }
  }

  void add_settings(const std::string& file) {
    static constexpr std::string_view kPlaces[] = {"/etc/", "/var/lib/"};
    const auto place = std::ranges::find_if(kPlaces, [&](std::string_view each) { return file.starts_with(each); });
    if (place == std::end(kPlaces)) return;
    const std::size_t end = file.find('/', place->size());
    if (end == file.npos || is_of_services(file) || view().look(file).is_there()) return;
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & S_IROTH) == 0) return;
    add_once(is_code(file, status) ? found_.settings_to_run : found_.settings, file.substr(0, end));
  }

  void add_link(const rootfs::Look& look) {
    const std::optional<rootfs::Mend> mend = rootfs::mend_for(layout_, look);
    if (!mend) return;
    const bool known =
        std::ranges::any_of(found_.links, [&](const LinkOut& each) { return each.mend.path == mend->path; });
    if (!known) found_.links.push_back({look, *mend});
  }

  static bool is_code(const std::string& file, const struct stat& status) {
    return (status.st_mode & S_IXUSR) != 0 || file.find(".so") != std::string::npos;
  }

  static void add_once(std::vector<std::string>& list, const std::string& name) {
    if (std::ranges::find(list, name) == list.end()) list.push_back(name);
  }

  [[nodiscard]] rootfs::View view() const { return {layout_, "/"}; }

  const Image& image_;
  const Plan& plan_;
  const rootfs::Layout layout_;
  const std::string cache_ = whole_file("/etc/ld.so.cache");
  std::set<std::string> seen_, read_, real_files_;
  ImageClosure found_;
};

}  // namespace

ImageClosure walk_image(const Image& image, Plan plan, const std::string& dpkg) {
  const Dpkg packages(dpkg);
  ImageClosure all;
  for (int round = 0; round < kMostRounds; ++round) {
    ImageClosure found = Walk(image, plan).take(packages);
    all.not_on_host = std::move(found.not_on_host);
    all.not_shown = std::move(found.not_shown);
    all.settings = std::move(found.settings);
    all.settings_to_run = std::move(found.settings_to_run);
    std::erase_if(all.settings,
                  [&](const std::string& each) { return std::ranges::count(all.settings_to_run, each) != 0; });
    all.files_seen = found.files_seen;
    if (found.links.empty()) break;
    for (LinkOut& link : found.links) {
      plan.kind.shown.push_back({link.mend.path, {}});
      all.links.push_back(std::move(link));
    }
  }
  return all;
}

}  // namespace evalrun::cli
