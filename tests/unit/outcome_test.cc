// What the facts of a run mean, as a table. The programs behind these facts are in tests/verdicts.

#include "runtime/supervise/outcome.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "runtime/judge/verdict.h"

namespace evalrun::supervise {
namespace {

using namespace std::chrono_literals;

// A program that did nothing wrong.
RunFacts well() {
  return {.about_to_exec = true, .end = End{CLD_EXITED, 0}, .cpu = 1s, .wall = 2s, .memory_peak = 10_MiB};
}

template <typename Change>
RunFacts but(Change change) {
  RunFacts facts = well();
  change(facts);
  return facts;
}

RunFacts ended(int code, int status) {
  return but([&](RunFacts& facts) { facts.end = End{code, status}; });
}

RunFacts ended_for(const Outcome& outcome) {
  return but([&](RunFacts& facts) { facts.ended_for = outcome; });
}

const SandboxFault kShortage{"mounts", "fsmount", "", ENOMEM, true};
const SandboxFault kOtherFault{"mounts", "fsmount", "", EPERM, false};

std::string shown(const Outcome& outcome) {
  return std::string(judge::name_of(judge::verdict_of(outcome))) + ": " + judge::message_of(outcome, Limits{});
}

// The limits are the defaults: 2 s of CPU time, 10 s, 256 MiB.
TEST(outcome, follows_from_the_facts) {
  const std::tuple<const char*, RunFacts, const char*> table[] = {
      {"nothing", well(), "OK: exited with code 0"},
      {"code", ended(CLD_EXITED, 3), "RE: exited with code 3"},
      {"code above 128", ended(CLD_EXITED, 134), "RE: exited with code 134"},
      {"signal", ended(CLD_KILLED, SIGABRT), "RE: killed by SIGABRT"},
      {"signal with a core", ended(CLD_DUMPED, SIGSEGV), "RE: killed by SIGSEGV"},
      {"SIGXCPU far from the limit", ended(CLD_KILLED, SIGXCPU), "RE: killed by SIGXCPU"},
      {"SIGXFSZ", ended(CLD_KILLED, SIGXFSZ), "OLE: stopped at the file size limit of 64MiB"},
      {"SIGXFSZ that the program may have sent", but([](RunFacts& f) {
         f.end = End{CLD_KILLED, SIGXFSZ};
         f.may_send_file_size_signal = true;
       }),
       "RE: killed by SIGXFSZ"},
      {"calls by which SIGXFSZ may be sent, and another end", but([](RunFacts& f) {
         f.end = End{CLD_EXITED, 0};
         f.may_send_file_size_signal = true;
       }),
       "OK: exited with code 0"},
      {"SIGSYS", ended(CLD_DUMPED, SIGSYS), "RE: killed by SIGSYS"},

      {"cpu at", but([](RunFacts& f) { f.cpu = 2s; }), "OK: exited with code 0"},
      {"cpu above", but([](RunFacts& f) { f.cpu = 2s + 1ns; }), "TLE: stopped at the CPU limit of 2s"},
      {"wall at", but([](RunFacts& f) { f.wall = 10s; }), "OK: exited with code 0"},
      {"wall above", but([](RunFacts& f) { f.wall = 10s + 1ns; }), "TLE: stopped at the wall-clock limit of 10s"},
      {"memory at", but([](RunFacts& f) { f.memory_peak = 256_MiB; }), "OK: exited with code 0"},
      {"memory above", but([](RunFacts& f) { f.memory_peak = 257_MiB; }), "MLE: stopped at the memory limit of 256MiB"},
      {"memory above in a group that did not kill", but([](RunFacts& f) {
         f.memory_peak = 257_MiB;
         f.memory_is_held = true;
       }),
       "OK: exited with code 0"},
      {"memory refused, and the program went on", but([](RunFacts& f) { f.memory_refused = true; }),
       "OK: exited with code 0"},
      {"out of memory", but([](RunFacts& f) { f.out_of_memory = true; }), "MLE: stopped at the memory limit of 256MiB"},
      {"output above", but([](RunFacts& f) { f.output_exceeded = true; }), "OLE: stopped at the output limit"},

      {"address space refused and taken", but([](RunFacts& f) { f.address_space_refused = true; }),
       "OK: exited with code 0"},
      {"address space refused, then a code", but([](RunFacts& f) {
         f.address_space_refused = true;
         f.end = End{CLD_EXITED, 1};
       }),
       "MLE: failed at the address-space limit of 0B"},
      {"address space refused, then a signal", but([](RunFacts& f) {
         f.address_space_refused = true;
         f.end = End{CLD_KILLED, SIGSEGV};
       }),
       "MLE: failed at the address-space limit of 0B"},

      {"a limit before a code", but([](RunFacts& f) {
         f.end = End{CLD_EXITED, 1};
         f.output_exceeded = true;
       }),
       "OLE: stopped at the output limit"},
      {"a limit before a signal", but([](RunFacts& f) {
         f.end = End{CLD_KILLED, SIGKILL};
         f.out_of_memory = true;
       }),
       "MLE: stopped at the memory limit of 256MiB"},
      {"the limit that was met first", but([](RunFacts& f) {
         f.ended_for = LimitHit{Limit::Wall};
         f.cpu = 9s;
       }),
       "TLE: stopped at the wall-clock limit of 10s"},
      {"a violation before a limit", but([](RunFacts& f) {
         f.ended_for = Violation{"bpf"};
         f.out_of_memory = true;
         f.cpu = 9s;
       }),
       "SV: stopped for bpf, which the plan does not allow"},
      {"an interruption before a limit", but([](RunFacts& f) {
         f.ended_for = Cancelled{SIGTERM};
         f.interrupted = true;
         f.out_of_memory = true;
       }),
       "CANCELLED: cancelled by SIGTERM"},

      {"set-up failed", ended_for(kOtherFault), "IE: the sandbox failed at mounts: fsmount: Operation not permitted"},
      {"set-up short of memory that the plan did not bound", ended_for(kShortage),
       "IE: the sandbox failed at mounts: fsmount: Cannot allocate memory"},
      {"set-up short of the plan's memory", but([](RunFacts& f) {
         f.ended_for = kShortage;
         f.memory_refused = true;
         f.about_to_exec = false;
         f.end.reset();
       }),
       "MLE: stopped at the memory limit of 256MiB"},
      {"set-up failed otherwise at the plan's memory", but([](RunFacts& f) {
         f.ended_for = kOtherFault;
         f.memory_refused = true;
       }),
       "IE: the sandbox failed at mounts: fsmount: Operation not permitted"},
      {"set-up killed for the plan's memory", but([](RunFacts& f) {
         f.out_of_memory = true;
         f.about_to_exec = false;
         f.end.reset();
       }),
       "MLE: stopped at the memory limit of 256MiB"},
      {"set-up killed", but([](RunFacts& f) {
         f.about_to_exec = false;
         f.end.reset();
       }),
       "IE: the sandbox failed at spawn: the set-up was killed"},
      {"init killed", but([](RunFacts& f) { f.end.reset(); }), "IE: the sandbox failed at run: init was killed"},
      {"no program", ended_for(NotStarted{"execve", "/work/a.out", ENOEXEC}),
       "RE: the program could not be started: execve /work/a.out: Exec format error"},
  };
  for (const auto& [name, facts, right] : table) EXPECT_EQ(shown(outcome_of(facts, Limits{})), right) << name;
}

}  // namespace
}  // namespace evalrun::supervise
