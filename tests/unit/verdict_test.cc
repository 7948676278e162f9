#include "runtime/judge/verdict.h"

#include <gtest/gtest.h>

#include <csignal>

#include "runtime/checkers/checker.h"

namespace evalrun::judge {
namespace {

using namespace supervise;

TEST(verdict, follows_from_the_outcome_alone) {
  const std::pair<Outcome, Verdict> table[] = {
      {Exited{0}, Verdict::Ok},
      {Exited{1}, Verdict::Re},
      {Exited{137}, Verdict::Re},
      {Signaled{SIGABRT}, Verdict::Re},
      {Signaled{SIGKILL}, Verdict::Re},
      {LimitHit{Limit::Cpu}, Verdict::Tle},
      {LimitHit{Limit::Wall}, Verdict::Tle},
      {LimitHit{Limit::Idle}, Verdict::Tle},
      {LimitHit{Limit::Memory}, Verdict::Mle},
      {LimitHit{Limit::Output}, Verdict::Ole},
      {LimitHit{Limit::FileSize}, Verdict::Ole},
      {Violation{"bpf"}, Verdict::Sv},
      {NotStarted{"execve", "/work/a.out", ENOEXEC}, Verdict::Re},
      {SandboxFault{"mounts", "open_tree", "/x", EINVAL, false}, Verdict::Ie},
      {Cancelled{SIGTERM}, Verdict::Cancelled},
  };
  for (const auto& [outcome, verdict] : table) EXPECT_EQ(verdict_of(outcome), verdict) << outcome.index();
}

TEST(verdict, decides_the_exit_status) {
  EXPECT_EQ(exit_status_of(Verdict::Ok), 0);
  EXPECT_EQ(exit_status_of(Verdict::Ac), 0);
  EXPECT_EQ(exit_status_of(Verdict::Ie), 3);
  EXPECT_EQ(exit_status_of(Verdict::Cancelled), 3);
  for (const Verdict verdict :
       {Verdict::Wa, Verdict::Pe, Verdict::Re, Verdict::Tle, Verdict::Mle, Verdict::Ole, Verdict::Sv, Verdict::Ce}) {
    EXPECT_EQ(exit_status_of(verdict), 1) << name_of(verdict);
  }
}

TEST(verdict, the_message_names_what_happened) {
  const Limits limits;
  EXPECT_EQ(message_of(LimitHit{Limit::Cpu}, limits), "stopped at the CPU limit of 2s");
  EXPECT_EQ(message_of(LimitHit{Limit::Memory, {}, {}, {1023_KiB}}, limits), "stopped at the memory limit of 256MiB");
  EXPECT_EQ(message_of(LimitHit{Limit::Memory, {}, {}, {30_MiB}}, limits),
            "stopped at the memory limit of 256MiB; 30.0 MiB of that were files in /work, /tmp and /dev/shm");
  EXPECT_EQ(message_of(LimitHit{Limit::Memory, {}, {}, {{}, MemoryMet::Thrashing}}, limits),
            "stopped at the memory limit of 256MiB, which left no room for its own files: it read them over and over");
  EXPECT_EQ(message_of(LimitHit{Limit::Memory, {}, {}, {{}, MemoryMet::HeapFull}}, limits),
            "failed at the memory limit of 256MiB: its runtime said that the heap was full");
  EXPECT_EQ(message_of(Signaled{SIGSEGV}, limits), "killed by SIGSEGV");
  EXPECT_EQ(message_of(SandboxFault{"mounts", "open_tree", "mount /x", EINVAL, false}, limits),
            "the sandbox failed at mounts: open_tree mount /x: Invalid argument");
}

TEST(verdict, a_checkers_fault_is_retryable_where_the_host_was_short_of_something) {
  const SandboxFault full = checker_fault(SystemError("open", "/x", EMFILE));
  EXPECT_TRUE(full.retryable);
  EXPECT_EQ(full.stage, "checker");
  EXPECT_EQ(full.operation, "open");
  EXPECT_EQ(full.subject, "/x");
  EXPECT_EQ(full.error, EMFILE);
  EXPECT_FALSE(checker_fault(SystemError("read", "/x", EIO)).retryable);
  EXPECT_FALSE(checker_fault(AnswerError(CheckerKind::Exact, "line 1")).retryable);
}

}  // namespace
}  // namespace evalrun::judge
