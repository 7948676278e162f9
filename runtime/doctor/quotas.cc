// Checks of what the kernel counts for a user: whether this host's values are enough for as many runs at once as there
// are cores, each with its fill, and for the user's own programs beside them (docs/quotas.md).

#include "runtime/sandbox/quotas.h"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "lockdown/rlimits.h"
#include "runtime/core/small_file.h"
#include "runtime/doctor/examinations.h"
#include "runtime/mediate/epoll_watches.h"

namespace evalrun::doctor {
namespace {

struct Quota {
  const char* what;
  std::optional<std::uint64_t> value;  // of this host; none: it says nothing, or sets no bound
  std::uint64_t of_a_run;
  std::uint64_t of_the_user;  // for what else the user runs
  const char* setting;        // for sysctl(8); "": a limit of the process that starts evalrun
};

std::optional<std::uint64_t> number_in(const char* file) {
  const std::string text = read_small_file(file);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> own_pending_signals() {
  rlimit own{};
  if (::getrlimit(RLIMIT_SIGPENDING, &own) != 0 || own.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return own.rlim_cur;
}

// With root's runs each a uid of its own, what is counted by uid alone is shared with nobody.
std::vector<Quota> quotas_of(const Host& host) {
  std::vector<Quota> quotas = {
      {"inotify instances", number_in("/proc/sys/user/max_inotify_instances"), sandbox::kInotifyInstances, 16,
       "fs.inotify.max_user_instances"},
      {"inotify watches", number_in("/proc/sys/user/max_inotify_watches"), sandbox::kInotifyWatches, 4096,
       "fs.inotify.max_user_watches"},
      {"pending signals", own_pending_signals(), lockdown::kPendingSignals, 256, ""},
  };
  if (host.facts.is_root) return quotas;
  quotas.push_back({"epoll watches", number_in("/proc/sys/fs/epoll/max_user_watches"), mediate::EpollWatches::kMost,
                    16384, "fs.epoll.max_user_watches"});
  // A session keyring for each run.
  quotas.push_back({"keys", number_in("/proc/sys/kernel/keys/maxkeys"), 1, 16, "kernel.keys.maxkeys"});
  return quotas;
}

Check low(const Quota& quota, std::uint64_t runs, std::uint64_t needed) {
  const std::string count = std::to_string(needed);
  Check check{.name = "quotas", .state = State::Degraded};
  check.finding = "this user has " + std::to_string(*quota.value) + " " + quota.what + "; " + std::to_string(runs) +
                  " runs at once can take " + std::to_string(runs * quota.of_a_run) +
                  ", and others of this user then get none";
  check.remedy = *quota.setting != '\0' ? "sysctl " + std::string(quota.setting) + "=" + count
                                        : "raise it where evalrun is started: ulimit -i " + count +
                                              ", or LimitSIGPENDING=" + count + " of a systemd service";
  return check;
}

}  // namespace

std::vector<Check> check_quotas(const Host& host) {
  const std::uint64_t runs = std::max(1U, std::thread::hardware_concurrency());
  std::vector<Check> checks;
  for (const Quota& quota : quotas_of(host)) {
    const std::uint64_t needed = runs * quota.of_a_run + quota.of_the_user;
    if (quota.value && *quota.value < needed) checks.push_back(low(quota, runs, needed));
  }
  if (checks.empty()) {
    checks.push_back({.name = "quotas", .finding = "what is counted by user is enough for as many runs as cores"});
  }
  return checks;
}

}  // namespace evalrun::doctor
