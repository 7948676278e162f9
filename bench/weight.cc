#include "bench/weight.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/groups/cgroup.h"

namespace evalrun::bench {
namespace {

constexpr unsigned kOfANeighbour = 1024;  // the kernel's default for cpu.shares
constexpr unsigned kTrials = 100;         // a janitor of a worker may need a moment to end
constexpr timespec kMoment{0, 20'000'000};

bool put(const std::string& file, const std::string& text) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

Weight::Weight(unsigned times) {
  if (times <= 1) return;
  before_ = groups::own_group_folder("cpu");
  if (before_.empty()) throw SystemError("find", "the cpu controller of control groups v1", ENOENT);
  const std::string folder = before_ + "/evalrun-bench-" + std::to_string(::getpid());
  if (::mkdir(folder.c_str(), 0755) != 0) throw SystemError("mkdir", folder);
  folder_ = folder;
  if (!put(folder + "/cpu.shares", std::to_string(times * kOfANeighbour)) || !put(folder + "/cgroup.procs", "0")) {
    const int error = errno;
    ::rmdir(folder.c_str());
    throw SystemError("write", folder, error);
  }
}

Weight::~Weight() {
  if (folder_.empty()) return;
  put(before_ + "/cgroup.procs", "0");
  for (unsigned trial = 0; trial < kTrials && ::rmdir(folder_.c_str()) != 0 && errno == EBUSY; ++trial) {
    ::nanosleep(&kMoment, nullptr);
  }
}

}  // namespace evalrun::bench
