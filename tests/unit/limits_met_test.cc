// Which limits a program met, by what is known of it: a table of facts and what they mean.

#include "runtime/supervise/limits_met.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <functional>

#include "runtime/judge/verdict.h"

namespace evalrun::supervise {
namespace {

struct Row {
  std::string name;
  std::function<void(MetFacts&, RunResult&, Limits&)> change;
  std::string expected;  // "processes 32 x3 counted"
};

std::string described(const std::vector<LimitMet>& met) {
  std::string text;
  for (const LimitMet& one : met) {
    text += (text.empty() ? "" : "; ") + judge::describe(one) + " " + std::string(name_of(one.evidence));
  }
  return text;
}

TEST(limits_met, each_fact_means_one_thing) {
  const std::vector<Row> rows = {
      {"nothing", [](MetFacts&, RunResult&, Limits&) {}, ""},
      {"refusals of a group are counted, whatever the end",
       [](MetFacts& f, RunResult& r, Limits&) {
         f.processes_refused = 3;
         r.outcome = Exited{0};
       },
       "met limits.processes (32) 3 times counted"},
      {"one refusal", [](MetFacts& f, RunResult&, Limits&) { f.processes_refused = 1; },
       "met limits.processes (32) once counted"},
      {"a group that refused none overrules sampling",
       [](MetFacts& f, RunResult&, Limits&) {
         f.processes_refused = 0;
         f.tasks_seen = 32;
       },
       ""},
      {"one process below", [](MetFacts& f, RunResult&, Limits&) { f.tasks_seen = 31; }, ""},
      {"as many as it may have, and it failed", [](MetFacts& f, RunResult&, Limits&) { f.tasks_seen = 32; },
       "probably met limits.processes (32) seen"},
      {"as many as it may have, and it ended well",
       [](MetFacts& f, RunResult& r, Limits&) {
         f.tasks_seen = 32;
         r.outcome = Exited{0};
       },
       ""},
      {"every descriptor", [](MetFacts& f, RunResult&, Limits&) { f.look.has_all_descriptors = true; },
       "probably met limits.open_files (256) seen"},
      {"the last descriptor", [](MetFacts& f, RunResult&, Limits&) { f.look.has_last_descriptor = true; },
       "probably met limits.open_files (256) inferred"},
      {"the last descriptor, chosen by its number",
       [](MetFacts& f, RunResult&, Limits&) { f.look.has_last_descriptor = f.look.has_chosen_last = true; }, ""},
      {"a full file", [](MetFacts& f, RunResult&, Limits&) { f.look.has_full_file = true; },
       "probably met limits.file_size (64MiB) seen"},
      {"a full file whose limit is the outcome",
       [](MetFacts& f, RunResult& r, Limits&) {
         f.look.has_full_file = true;
         r.outcome = LimitHit{Limit::FileSize};
       },
       ""},
      {"the workspace", [](MetFacts& f, RunResult&, Limits&) { f.workspace_is_full = true; },
       "probably met limits.workspace (64MiB) seen"},
      {"inodes", [](MetFacts& f, RunResult&, Limits&) { f.inodes_are_used_up = true; },
       "probably met limits.inodes (16384) seen"},
      {"SIGSEGV of a small program",
       [](MetFacts& f, RunResult& r, Limits&) {
         f.largest_process = 63_MiB;
         r.outcome = Signaled{SIGSEGV};
       },
       ""},
      {"SIGSEGV of one as large as its stack",
       [](MetFacts& f, RunResult& r, Limits&) {
         f.largest_process = 64_MiB;
         r.outcome = Signaled{SIGSEGV};
       },
       "probably met limits.stack (64MiB) inferred"},
      {"SIGSEGV where the stack has no bound of its own",
       [](MetFacts& f, RunResult& r, Limits& l) {
         f.largest_process = 4_GiB;
         l.stack = kUnlimited;
         r.outcome = Signaled{SIGSEGV};
       },
       ""},
      {"SIGABRT of one as large as its stack",
       [](MetFacts& f, RunResult& r, Limits&) {
         f.largest_process = 64_MiB;
         r.outcome = Signaled{SIGABRT};
       },
       ""},
      {"a set-up that failed",
       [](MetFacts& f, RunResult&, Limits&) {
         f.about_to_exec = false;
         f.processes_refused = 1;
         f.workspace_is_full = true;
       },
       ""},
  };
  for (const Row& row : rows) {
    MetFacts facts{.about_to_exec = true};
    RunResult result;
    result.outcome = Exited{1};
    Limits limits;
    row.change(facts, result, limits);
    EXPECT_EQ(described(limits_met(facts, result, limits)), row.expected) << row.name;
  }
}

TEST(limits_met, the_message_says_which_and_how_often) {
  RunResult result;
  result.outcome = Exited{1};
  result.limits_met = {{Limit::Processes, std::uint64_t{32}, 5, Evidence::Counted, "cgroup v2: pids.events"},
                       {Limit::Workspace, 64_MiB, std::nullopt, Evidence::Seen, "statfs"}};
  EXPECT_EQ(judge::message_of(result, Limits{}),
            "exited with code 1; met limits.processes (32) 5 times; probably met limits.workspace (64MiB)");
}

TEST(limits_met, the_message_of_an_output_limit_says_which_stream_and_size) {
  RunResult result;
  result.outcome = LimitHit{Limit::Output, {1_MiB, Bytes{(1 << 20) + 1}}, "stderr"};
  EXPECT_EQ(judge::message_of(result, Limits{}), "stopped at the output limit: stderr passed 1MiB");
}

}  // namespace
}  // namespace evalrun::supervise
