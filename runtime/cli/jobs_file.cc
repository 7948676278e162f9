#include "runtime/cli/jobs_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"

namespace evalrun::cli {

namespace fs = std::filesystem;

JobsFile open_jobs(const std::string& path) {
  JobsFile jobs{{}, path == "-" ? "<stdin>" : path, fs::current_path()};
  const std::optional<int> descriptor = descriptor_named_by(path);
  if (!descriptor) {
    HostFile file = open_host_file(path, FileUse::Read);
    if (!file.descriptor) throw UsageError(path + ": " + file.refusal);
    jobs.file = std::move(file.descriptor);
    jobs.size = file.size;
    jobs.folder = fs::absolute(path).parent_path();
    return jobs;
  }
  // Whatever the caller has opened, as a pipe. What a shell calls /dev/fd/63 is in no folder that anybody means.
  if (*descriptor != STDIN_FILENO) jobs.file = Fd(::fcntl(*descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  struct stat status {};
  if (::fstat(*descriptor, &status) != 0) throw UsageError(path + ": " + errno_text(errno));
  if (S_ISDIR(status.st_mode)) throw UsageError(path + ": " + errno_text(EISDIR));
  if (S_ISREG(status.st_mode)) jobs.size = static_cast<std::uint64_t>(status.st_size);
  return jobs;
}

}  // namespace evalrun::cli
