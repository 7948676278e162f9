#include "runtime/sandbox/child_report.h"

#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include <cerrno>
#include <cstring>

#include "runtime/core/sys.h"
#include "runtime/sandbox/messages.h"

namespace evalrun::sandbox {
namespace {

// A record is shorter than PIPE_BUF, so a write is whole or nothing. If a failure cannot be told the supervisor sees
// the pipe end without a word, and says so.
StepResult send_record(const ChildContext& context, ChildRecord record) noexcept {
  record.time_ns = monotonic_ns();
  long result = 0;
  do {
    result = sys(SYS_write, context.report, &record, sizeof record);
  } while (result == -EINTR);
  return result < 0 ? failure(Operation::Write, result) : success();
}

StepResult wait_for_word(const std::uint32_t& word) noexcept {
  while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0) {
    const long result = sys(SYS_futex, &word, FUTEX_WAIT, 0, nullptr, nullptr, 0);
    if (result < 0 && result != -EAGAIN && result != -EINTR) return failure(Operation::Futex, result);
  }
  return success();
}

}  // namespace

std::int64_t microseconds(const timeval& time) noexcept {
  return time.tv_sec * 1'000'000LL + time.tv_usec;
}

std::int64_t monotonic_ns() noexcept {
  timespec now{};
  sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

std::int64_t own_cpu_us() noexcept {
  rusage usage{};
  sys(SYS_getrusage, RUSAGE_SELF, &usage);
  return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

void send_failure(const ChildContext& context, StepResult step, Stage stage) noexcept {
  ChildRecord record{};
  record.kind = ChildRecord::Kind::Failed;
  record.step = step;
  record.step.stage = stage;
  send_record(context, record);
}

void send_note(const ChildContext& context, StepResult step, Stage stage) noexcept {
  ChildRecord record{};
  record.kind = ChildRecord::Kind::Note;
  record.step = step;
  record.step.stage = stage;
  send_record(context, record);
}

StepResult send_prepared(const ChildContext& context) noexcept {
  ChildRecord record{};
  record.kind = ChildRecord::Kind::Prepared;
  record.step.stage = Stage::Job;
  return send_record(context, record);
}

StepResult send_about_to_exec(const ChildContext& context) noexcept {
  rusage usage{};
  sys(SYS_getrusage, RUSAGE_SELF, &usage);
  ChildRecord record{};
  record.kind = ChildRecord::Kind::AboutToExec;
  record.step.stage = Stage::Exec;
  record.cpu_us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
  record.init_cpu_us = context.init_cpu_us;
  record.max_rss_kib = usage.ru_maxrss;
  return send_record(context, record);
}

long send_descriptor(const ChildContext& context, InitRecord::Kind kind, int descriptor) noexcept {
  InitRecord record{};
  record.kind = kind;
  return send_message(context.control, &record, sizeof record, {&descriptor, 1});
}

long receive_note(const ChildContext& context, DeliveryNote* note, std::size_t* received) noexcept {
  int descriptors[kDescriptorsPerMessage];
  std::size_t count = 0;
  const long result = receive_message(context.control, note, sizeof *note, descriptors, &count);
  if (result != sizeof *note) return result;
  if (count > note->delivery->descriptors.size() - *received) return -EBADMSG;
  std::memcpy(note->delivery->descriptors.data() + *received, descriptors, count * sizeof(int));
  *received += count;
  return result;
}

StepResult wait_for_init(ChildContext& context) noexcept {
  return wait_for_word(context.init_is_locked);
}

StepResult wait_for_job(ChildContext& context) noexcept {
  const StepResult told = send_prepared(context);
  return told.failed() ? told : wait_for_word(context.delivery->job_is_there);
}

void release_target(ChildContext& context) noexcept {
  __atomic_store_n(&context.init_is_locked, 1, __ATOMIC_RELEASE);
  sys(SYS_futex, &context.init_is_locked, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

}  // namespace evalrun::sandbox
