#include "runtime/isolate/config.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "runtime/isolate/failure.h"

namespace evalrun::isolate {
namespace {

namespace fs = std::filesystem;

// Without a configuration: uids above those of the engine's own runs (host/leases.h) and below 2^31, which no account
// and no container has; as many boxes as isolate has with a range of subordinate ids. CMS counts its boxes up to
// 65,000.
constexpr unsigned kFirstId = 1'900'100'000;
constexpr unsigned kBoxes = 65'536;

struct Read {
  Config config;
  std::string subid_user;
  std::optional<unsigned> first_uid, first_gid;
};

struct Place {
  std::string file;
  unsigned line = 0;

  [[noreturn]] void refuse(const std::string& why) const {
    throw Fatal("Error in configuration file " + file + ", line " + std::to_string(line) + ": " + why);
  }
};

std::optional<unsigned> number_of(const std::string& text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

unsigned number_of(const Place& place, const std::string& text) {
  if (const auto number = number_of(text)) return *number;
  place.refuse("expected a number, found '" + text + "'");
}

// "0-2,5"
std::vector<unsigned> numbers_of(const Place& place, const std::string& text) {
  std::vector<unsigned> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t dash = part.find('-');
    const unsigned first = number_of(place, part.substr(0, dash));
    const unsigned last = dash == std::string::npos ? first : number_of(place, part.substr(dash + 1));
    if (last < first || last - first > 1023) place.refuse("expected a list of processors, found '" + text + "'");
    for (unsigned number = first; number <= last; ++number) numbers.push_back(number);
  }
  return numbers;
}

void take(Read& into, const Place& place, const std::string& key, const std::string& value) {
  Config& config = into.config;
  if (const std::size_t dot = key.find('.'); dot != std::string::npos) {
    if (!key.starts_with("box")) place.refuse("Unknown configuration section");
    const unsigned box = number_of(place, key.substr(3, dot - 3));
    if (key.substr(dot) == ".mems") place.refuse("mems: evalrun does not bind runs to memory nodes");
    if (key.substr(dot) != ".cpus") place.refuse("Unknown per-box configuration item");
    config.cpus[box] = numbers_of(place, value);
  } else if (key == "box_root") {
    config.box_root = value;
  } else if (key == "lock_root") {
    config.lock_root = value;
  } else if (key == "cg_root") {
    config.cg_root = value;
  } else if (key == "cg_parent") {
    // Of isolate 1: evalrun finds or makes its groups itself.
  } else if (key == "subid_user") {
    into.subid_user = value;
  } else if (key == "first_uid") {
    into.first_uid = number_of(place, value);
  } else if (key == "first_gid") {
    into.first_gid = number_of(place, value);
  } else if (key == "num_boxes") {
    config.num_boxes = number_of(place, value);
  } else if (key == "restricted_init") {
    config.restricted_init = number_of(place, value) != 0;
  } else if (key == "syscall_flags") {
    if (number_of(place, value) != 31) place.refuse("syscall_flags: evalrun lifts none of the restrictions");
  } else if (key == "accept_missing") {
    std::istringstream words(value);
    for (std::string word; words >> word;) config.accept_missing.push_back(word);
  } else {
    place.refuse("Unknown configuration item");
  }
}

void read_lines(Read& into, const fs::path& file) {
  std::ifstream lines(file);
  if (!lines) throw Fatal("Cannot open " + file.string(), errno);
  Place place{file.string()};
  for (std::string line; std::getline(lines, line);) {
    ++place.line;
    if (line.empty() || line[0] == '#') continue;
    const std::size_t name = line.find_first_of(" \t=");
    const std::size_t equals = line.find_first_not_of(" \t", name);
    if (name == std::string::npos || equals == std::string::npos || line[equals] != '=') {
      place.refuse("Syntax error, expecting key=value");
    }
    const std::size_t value = line.find_first_not_of(" \t", equals + 1);
    take(into, place, line.substr(0, name), value == std::string::npos ? "" : line.substr(value));
  }
}

struct Ids {
  unsigned first = 0, count = 0;
};

// The line of a user in /etc/subuid or /etc/subgid.
Ids ids_of(const std::string& file, const std::string& user) {
  std::ifstream lines(file);
  if (!lines) throw Fatal("Cannot open " + file, errno);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string name, first, count;
    std::getline(fields, name, ':');
    std::getline(fields, first, ':');
    std::getline(fields, count, ':');
    if (name != user) continue;
    const auto from = number_of(first), many = number_of(count);
    if (!from || !many) throw Fatal("Cannot parse line for user " + user + " in " + file);
    return {*from, *many};
  }
  throw Fatal("User " + user + " not found in " + file);
}

void find_ids(Read& read) {
  if (!read.subid_user.empty()) {
    if (read.first_uid || read.first_gid) {
      throw Fatal("Configuration must not specify both subid_user and first_uid/first_gid");
    }
    const Ids uids = ids_of("/etc/subuid", read.subid_user), gids = ids_of("/etc/subgid", read.subid_user);
    read.first_uid = uids.first;
    read.first_gid = gids.first;
    const unsigned most = std::min(uids.count, gids.count);
    if (read.config.num_boxes == 0) read.config.num_boxes = most;
    if (read.config.num_boxes > most) {
      throw Fatal("Configured num_boxes=" + std::to_string(read.config.num_boxes) + ", but only " +
                  std::to_string(most) + " subuids are available");
    }
  }
  if (!read.first_uid || !read.first_gid || read.config.num_boxes == 0) {
    throw Fatal("Configuration must specify either subid_user, or first_uid/first_gid/num_boxes");
  }
  if (*read.first_uid != *read.first_gid || *read.first_uid == 0) {
    throw Fatal("Configuration: first_uid and first_gid must be the same number, and not 0");
  }
  read.config.first_id = *read.first_uid;
}

fs::path home_folder() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') throw Fatal("HOME is not set, and there is no configuration file");
  return fs::path(home) / ".local/share/evalrun/isolate";
}

}  // namespace

Config read_config(bool is_root) {
  const char* named = std::getenv("EVALRUN_ISOLATE_CONFIG");
  std::optional<fs::path> file;
  if (named != nullptr) {
    file = named;
  } else {
    for (const char* place : {"/usr/local/etc/isolate", "/etc/isolate"}) {
      if (!file && fs::exists(place)) file = place;
    }
  }
  Read read;
  if (file) {
    read_lines(read, *file);
    if (read.config.box_root.empty() || read.config.lock_root.empty()) throw Fatal("Configuration is not complete");
  } else {
    read.config.box_root = is_root ? fs::path("/var/local/lib/isolate") : home_folder();
    read.config.lock_root = is_root ? fs::path("/run/isolate/locks") : home_folder() / "locks";
    read.first_uid = read.first_gid = kFirstId;
    read.config.num_boxes = kBoxes;
  }
  if (is_root) {
    find_ids(read);
  } else if (read.config.num_boxes == 0) {
    read.config.num_boxes = kBoxes;
  }
  return std::move(read.config);
}

}  // namespace evalrun::isolate
