#include "runtime/trace/call_paths.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace evalrun::trace {
namespace {

struct Row {
  std::string_view call;
  PathArgument path;
};

constexpr PathArgument kFirst{-1, 0};
constexpr PathArgument kSecond{-1, 1};
constexpr PathArgument kAtFolder{0, 1};

constexpr Row kRows[] = {
    {"access", kFirst},        {"chdir", kFirst},         {"chmod", kFirst},         {"chown", kFirst},
    {"creat", kFirst},         {"execve", kFirst},        {"execveat", kAtFolder},   {"faccessat", kAtFolder},
    {"faccessat2", kAtFolder}, {"fchmodat", kAtFolder},   {"fchmodat2", kAtFolder},  {"fchownat", kAtFolder},
    {"getxattr", kFirst},      {"lchown", kFirst},        {"link", kSecond},         {"linkat", {2, 3}},
    {"lstat", kFirst},         {"mkdir", kFirst},         {"mkdirat", kAtFolder},    {"mknod", kFirst},
    {"mknodat", kAtFolder},    {"newfstatat", kAtFolder}, {"open", kFirst},          {"openat", kAtFolder},
    {"openat2", kAtFolder},    {"readlink", kFirst},      {"readlinkat", kAtFolder}, {"rename", kFirst},
    {"renameat", kAtFolder},   {"renameat2", kAtFolder},  {"rmdir", kFirst},         {"setxattr", kFirst},
    {"stat", kFirst},          {"statfs", kFirst},        {"statx", kAtFolder},      {"symlink", kSecond},
    {"symlinkat", {1, 2}},     {"truncate", kFirst},      {"unlink", kFirst},        {"unlinkat", kAtFolder},
    {"utime", kFirst},         {"utimensat", kAtFolder},  {"utimes", kFirst},
};
static_assert(std::ranges::is_sorted(kRows, {}, &Row::call));

}  // namespace

std::optional<PathArgument> path_argument(const std::string& call) {
  const auto found = std::ranges::lower_bound(kRows, call, {}, &Row::call);
  if (found == std::end(kRows) || found->call != call) return std::nullopt;
  return found->path;
}

}  // namespace evalrun::trace
