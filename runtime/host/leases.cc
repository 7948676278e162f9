#include "runtime/host/leases.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "runtime/core/error.h"

namespace evalrun::host {
namespace {

constexpr char kLockFolder[] = "/run/evalrun";
constexpr char kLockFile[] = "/run/evalrun/identities";

// An open-file-description lock on one byte: two runs in one process exclude each other as two processes do.
bool lock_byte(int file, std::uint64_t offset) {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(offset);
  range.l_len = 1;
  return ::fcntl(file, F_OFD_SETLK, &range) == 0;
}

// A name that one socket of the machine's network namespace can hold. Any user can take it, so it decides nothing but
// convenience: which core a run is pinned to.
struct CoreName {
  explicit CoreName(unsigned core) {
    address.sun_family = AF_UNIX;
    const std::string name = "evalrun/core/" + std::to_string(core);
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }

  sockaddr_un address{};
  socklen_t length = 0;
};

std::vector<unsigned> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) throw SystemError("sched_getaffinity", "");
  std::vector<unsigned> cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

bool has_free_hardware(unsigned core, const KernelFiles& files, const std::vector<unsigned>& own) {
  const std::vector<unsigned> siblings = smt_siblings(files, core);
  return std::ranges::none_of(siblings, [&](unsigned sibling) {
    return std::ranges::find(own, sibling) == own.end() && is_core_leased(sibling);
  });
}

Cores take_free(unsigned wanted, const KernelFiles& files) {
  Cores taken;
  const auto take = [&](unsigned core) {
    if (taken.numbers.size() == wanted || std::ranges::find(taken.numbers, core) != taken.numbers.end()) return;
    if (Fd lock = hold_core(core)) {
      taken.numbers.push_back(core);
      taken.locks.push_back(std::move(lock));
    }
  };
  const std::vector<unsigned> allowed = allowed_cores();
  for (const unsigned core : allowed) {
    if (taken.numbers.size() < wanted && has_free_hardware(core, files, taken.numbers)) take(core);
  }
  for (const unsigned core : allowed) take(core);
  if (taken.numbers.size() < wanted) {
    taken.warning = wanted == 1 ? "limits.cpus: no core is free of other runs; not pinned"
                                : "limits.cpus: only " + std::to_string(taken.numbers.size()) + " of " +
                                      std::to_string(wanted) + " cores are free of other runs; not pinned";
    taken.numbers.clear();
    taken.locks.clear();
  }
  return taken;
}

Cores take_listed(const Plan& plan, const std::vector<unsigned>& listed) {
  const std::vector<unsigned> allowed = allowed_cores();
  for (const unsigned core : listed) {
    if (!std::binary_search(allowed.begin(), allowed.end(), core)) {
      throw PlanError(plan.origin.where("limits.cpus"), "limits.cpus",
                      "core " + std::to_string(core) + " does not exist or is not open to this process");
    }
  }
  Cores taken;
  taken.numbers = listed;
  for (const unsigned core : listed) {
    if (Fd lock = hold_core(core)) taken.locks.push_back(std::move(lock));
  }
  if (taken.locks.size() < listed.size()) taken.warning = "limits.cpus: a listed core is held by another run too";
  return taken;
}

}  // namespace

IdentityRange identity_range_of(std::istream& uid_map) {
  IdentityRange best{kIdentityBase, 0, false};
  bool is_whole = false;
  for (std::uint64_t inside = 0, outside = 0, count = 0; uid_map >> inside >> outside >> count;) {
    if (inside == 0) best.root_is_an_ordinary_user = outside != 0;
    is_whole = is_whole || (inside <= kIdentityBase && inside + count >= kIdentityBase + kIdentityCount);
    // In a container, stay clear of its system accounts.
    constexpr std::uint64_t kSystemAccounts = 1000;
    const std::uint64_t end = inside + count;
    const std::uint64_t first = std::max(end - std::min<std::uint64_t>(count / 2, kIdentityCount), kSystemAccounts);
    if (first >= end || end - first <= best.count) continue;
    best.first = first;
    best.count = end - first;
  }
  return is_whole ? IdentityRange{kIdentityBase, kIdentityCount, best.root_is_an_ordinary_user} : best;
}

IdentityRange identity_range() {
  std::ifstream map("/proc/self/uid_map");
  if (!map) throw HostError("identity", "open", "/proc/self/uid_map", errno);
  return identity_range_of(map);
}

Identity lease_identity(bool is_root, const IdentityRange& range) {
  Identity identity{::geteuid(), ::getegid(), true, {}};
  if (!is_root) return identity;
  if (range.count == 0) {
    // Root of a user namespace that maps a few ids: outside, this id is an ordinary user's. It maps itself, as users
    // do.
    if (range.root_is_an_ordinary_user) return identity;
    throw HostError("identity", "find an unprivileged uid in", "/proc/self/uid_map", EPERM);
  }
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  Fd file(::open(kLockFile, kFlags, 0600));
  if (!file && errno == ENOENT) {
    if (::mkdir(kLockFolder, 0755) != 0 && errno != EEXIST) throw HostError("identity", "mkdir", kLockFolder, errno);
    file = Fd(::open(kLockFile, kFlags, 0600));
  }
  if (!file) throw HostError("identity", "open", kLockFile, errno);
  // Each begins somewhere else: neither those that start together nor the thousandth of a supervisor meet bytes that
  // are taken, one after the other, and for each the kernel walks the list of all locks.
  std::uint64_t start = 0;
  if (::getrandom(&start, sizeof start, GRND_NONBLOCK) != sizeof start) start = static_cast<std::uint64_t>(::getpid());
  start %= range.count;
  for (std::uint64_t i = 0; i < range.count; ++i) {
    const auto id = static_cast<uid_t>(range.first + (start + i) % range.count);
    if (!lock_byte(file.get(), id)) continue;
    return {id, id, false, std::move(file)};
  }
  throw HostError("identity", "find a free uid in", kLockFile, EAGAIN, "as many runs as there are uids are live");
}

Cores lease_cores(const Plan& plan, const KernelFiles& files) {
  if (std::holds_alternative<CpusAny>(plan.kind.limits.cpus)) return {};
  if (const auto* list = std::get_if<CpusList>(&plan.kind.limits.cpus)) return take_listed(plan, list->cores);
  const auto* count = std::get_if<CpusCount>(&plan.kind.limits.cpus);
  return take_free(count != nullptr ? count->count : 1, files);
}

Fd hold_core(unsigned core) {
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw SystemError("socket", "AF_UNIX");
  const CoreName name(core);
  if (::bind(socket.get(), name.get(), name.length) != 0) return {};
  return socket;
}

bool is_core_leased(unsigned core) {
  // Connecting asks without taking: to a name that nobody holds it is refused (unix(7)).
  const CoreName name(core);
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return socket && ::connect(socket.get(), name.get(), name.length) == 0;
}

}  // namespace evalrun::host
