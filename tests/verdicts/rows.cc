#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/command.h"
#include "tests/verdicts/row.h"

namespace evalrun::test {

using nlohmann::json;

json exited(int code) {
  return {{"kind", "exited"}, {"exit_code", code}};
}
json signaled(int signal) {
  return {{"kind", "signaled"}, {"signal", signal}, {"name", "SIG" + std::string(::sigabbrev_np(signal))}};
}
json limit(const std::string& name) {
  return {{"kind", "limit"}, {"limit", name}};
}
json violation(const std::string& call) {
  return {{"kind", "violation"}, {"call", call.empty() ? json(nullptr) : json(call)}};
}
json not_started(const std::string& subject, const std::string& error) {
  return {{"kind", "not_started"}, {"operation", "execve"}, {"subject", subject}, {"errno", error}};
}
json fault(const std::string& stage, const std::string& operation, const std::string& subject, const json& error,
           bool retryable) {
  return {{"kind", "sandbox_error"}, {"stage", stage}, {"operation", operation},
          {"subject", subject},      {"errno", error}, {"retryable", retryable}};
}

namespace {

using Words = std::vector<std::string>;

std::string number(long value) {
  return std::to_string(value);
}

std::string plan_of(const Words& words, const std::string& more) {
  return probe_plan("verdict", words, more);
}

Row ok(const std::string& name, const Words& words, const std::string& more = "", Where where = Where::Anywhere) {
  return {.name = name, .plan = plan_of(words, more), .verdict = "OK", .outcome = exited(0), .where = where};
}

Row re(const std::string& name, const Words& words, const json& outcome, const std::string& more = "",
       Where where = Where::Anywhere) {
  return {.name = name, .plan = plan_of(words, more), .verdict = "RE", .outcome = outcome, .where = where};
}

// A limit ends it. `verdict` beside the limit's name, so that a row says all of what is right.
Row over(const std::string& name, const Words& words, const std::string& more, const std::string& verdict,
         const std::string& which, Where where = Where::Anywhere) {
  return {.name = name, .plan = plan_of(words, more), .verdict = verdict, .outcome = limit(which), .where = where};
}

// `stream`: which one passed the limit of output.
Row over_output(const std::string& name, const Words& words, const std::string& more,
                const std::string& stream = "stdout") {
  Row row = over(name, words, more, "OLE", "output");
  row.outcome["what"] = stream;
  return row;
}

Row sv(const std::string& name, const Words& words, const std::string& call, const std::string& more = "") {
  return {.name = name, .plan = plan_of(words, more), .verdict = "SV", .outcome = violation(call)};
}

void append(std::vector<Row>& all, const std::vector<Row>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// --- how a program ends by itself ---

std::vector<Row> exits() {
  return {
      ok("exit_0", {"exit", "0"}),
      re("exit_1", {"exit", "1"}, exited(1)),
      re("exit_134_is_no_sigabrt", {"exit", "134"}, exited(134)),
      re("exit_137_is_no_sigkill", {"exit", "137"}, exited(137)),
      re("exit_255", {"exit", "255"}, exited(255)),
      ok("exit_256_is_exit_0_to_the_kernel", {"exit", "256"}),
      re("exit_in_another_thread", {"thread-exit", "7"}, exited(7)),
      re("exit_after_the_first_thread_has_ended", {"exit-after-leader", "8"}, exited(8)),
      ok("a_childs_exit_code_is_its_parents_affair", {"child-exit", "9"}),
      ok("a_childs_signal_is_its_parents_affair", {"child-abort"}),
      re("the_program_that_was_executed_last_counts", {"execute", "/work/verdict", "exit", "6"}, exited(6)),
  };
}

std::vector<Row> signals() {
  std::vector<Row> rows = {
      re("abort", {"abort"}, signaled(SIGABRT)),
      re("exception_that_nobody_catches", {"throw"}, signaled(SIGABRT)),
      re("null_pointer", {"null"}, signaled(SIGSEGV)),
      re("division_by_zero", {"divide", "0"}, signaled(SIGFPE)),
      re("illegal_instruction", {"trap"}, signaled(SIGILL)),
      re("a_mapped_files_end", {"past-file"}, signaled(SIGBUS)),
      re("endless_recursion", {"recurse"}, signaled(SIGSEGV), "limits.stack = \"8MiB\"\n"),
      re("killed_by_its_own_child", {"killed-by-child", number(SIGKILL)}, signaled(SIGKILL)),
      re("terminated_by_its_own_child", {"killed-by-child", number(SIGTERM)}, signaled(SIGTERM)),
      ok("a_signal_that_is_ignored", {"ignore", number(SIGTERM), "then", "raise", number(SIGTERM)}),
      ok("a_signal_that_does_nothing", {"raise", number(SIGCHLD)}),
      ok("signals_to_init_change_nothing",
         {"kill", "1", number(SIGKILL), "then", "kill", "1", number(SIGTERM), "then", "kill", "1", number(SIGSTOP)}),
      ok("signals_to_everybody_reach_nobody_outside", {"kill", "-1", number(SIGKILL)}),
  };
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGTRAP}) {
    rows.push_back(re("raise_" + std::string(::sigabbrev_np(signal)), {"raise", number(signal)}, signaled(signal)));
  }
  // Far from the CPU limit, SIGXCPU is a signal like any other.
  rows.push_back(re("raise_XCPU_is_no_cpu_limit", {"raise", number(SIGXCPU)}, signaled(SIGXCPU)));
  return rows;
}

// Row 147. What the kernel or the supervisor would end a program with, sent by the program itself: never their verdict.
// Beside each the real thing.
std::vector<Row> forged_signals() {
  std::vector<Row> rows;
  for (const char* way : {"kill", "group", "tkill", "tgkill", "pthread", "queue", "forged", "forged-to-thread", "pidfd",
                          "child", "child-end", "timer"}) {
    for (const int signal : {SIGSYS, SIGXFSZ, SIGXCPU, SIGKILL, SIGSEGV}) {
      std::string name = "sent_by_itself_" + std::string(way) + "_" + ::sigabbrev_np(signal);
      std::ranges::replace(name, '-', '_');
      rows.push_back(re(name, {"send-myself", way, number(signal)}, signaled(signal)));
    }
  }
  const std::string small = "limits.file_size = \"64KiB\"\n";
  const std::string end = number(64 << 10);
  append(
      rows,
      {
          ok("asked_for_SYS_by_descriptor_and_parent", {"ask-for-signals", number(SIGSYS)}),
          ok("asked_for_XFSZ_by_descriptor_and_parent", {"ask-for-signals", number(SIGXFSZ)}),
          re("past_a_file_size_of_its_own", {"limit-my-files", "10", "then", "fill", "/work/f", "11"},
             signaled(SIGXFSZ), small),
          re("past_a_file_size_of_its_own_that_stands_no_more", {"limit-my-files-for-a-while"}, signaled(SIGXFSZ),
             small),
          re("SIGXFSZ_of_a_child_that_it_passes_on",
             {"in-child", "/work/verdict", "fill", "/work/f", "70000", "then", "send-myself", "kill", number(SIGXFSZ)},
             signaled(SIGXFSZ), small),
          ok("a_childs_SIGXFSZ_is_its_parents_affair", {"in-child", "/work/verdict", "fill", "/work/f", "70000"},
             small),
          ok("a_childs_SIGSYS_is_its_parents_affair",
             {"in-child", "/work/verdict", "send-myself", "kill", number(SIGSYS)}),
          sv("a_childs_i386_call_is_not", {"in-child", "/work/verdict", "int80"}, ""),
          sv("an_i386_call_after_a_SIGSYS_that_it_ignored",
             {"ignore", number(SIGSYS), "then", "send-myself", "kill", number(SIGSYS), "then", "int80"}, ""),
          re("SIGXFSZ_though_the_plan_lists_kill", {"send-myself", "kill", number(SIGXFSZ)}, signaled(SIGXFSZ),
             "seccomp.allow = [\"kill\", \"tgkill\", \"timer_create\"]\n"),
          re("a_timers_SIGXFSZ_though_the_plan_lists_it", {"send-myself", "timer", number(SIGXFSZ)}, signaled(SIGXFSZ),
             "seccomp.allow = [\"timer_create\"]\n"),
          over("file_size_after_other_signals",
               {"ignore", number(SIGUSR1), "then", "send-myself", "tgkill", number(SIGUSR1), "then", "fill", "/work/f",
                "70000"},
               small, "OLE", "file_size"),
          over("file_size_after_a_timer_without_a_signal_of_its_choice", {"timer", "then", "fill", "/work/f", "70000"},
               small, "OLE", "file_size"),
          over("file_size_after_the_old_call", {"limit-my-files-by-the-old-call", "then", "fill", "/work/f", "70000"},
               small, "OLE", "file_size"),
      });
  for (const char* how : {"pwrite", "seek", "truncate", "allocate"}) {
    rows.push_back(over("file_size_by_" + std::string(how), {"write-past", how, end}, small, "OLE", "file_size"));
    rows.push_back(ok("file_size_at_by_" + std::string(how), {"write-past", how, number((64 << 10) - 1)}, small));
  }
  return rows;
}

// --- time ---

// Far apart, since the programs' own start counts too, and much where the machine is emulated; what "at" means is a row
// of outcome_test.
constexpr const char* kMuchCpu = "limits.cpu = \"2s\"\nlimits.wall = \"20s\"\n";
constexpr const char* kCpu = "limits.cpu = \"200ms\"\nlimits.wall = \"20s\"\n";
constexpr const char* kWall = "limits.wall = \"200ms\"\n";
constexpr const char* kIdle = "limits.idle = \"200ms\"\nlimits.wall = \"20s\"\n";

std::vector<Row> cpu_time() {
  return {
      ok("cpu_below", {"burn", "0.2"}, kMuchCpu),
      over("cpu_above", {"burn", "9"}, kCpu, "TLE", "cpu"),
      // Between two looks perhaps; what was used is known at the end.
      over("cpu_above_and_ended_by_itself", {"burn", "0.3"}, kCpu, "TLE", "cpu"),
      over("cpu_above_comes_before_the_exit_code", {"burn", "0.3", "then", "exit", "3"}, kCpu, "TLE", "cpu"),
      over("cpu_above_comes_before_the_signal", {"burn", "0.3", "then", "abort"}, kCpu, "TLE", "cpu"),
      over("cpu_of_threads_together", {"burn-threads", "4", "0.08"}, kCpu, "TLE", "cpu"),
      ok("cpu_of_threads_together_below", {"burn-threads", "4", "0.05"}, kMuchCpu),
      over("cpu_of_children_together", {"burn-children", "4", "0.08"}, kCpu, "TLE", "cpu"),
      ok("cpu_of_children_together_below", {"burn-children", "4", "0.05"}, kMuchCpu),
      over("cpu_of_an_orphan", {"burn-orphan", "9", "then", "sleep", "19"}, kCpu, "TLE", "cpu"),
      over("cpu_of_children_whose_parent_ignores_them", {"ignore", number(SIGCHLD), "then", "burn-children", "2", "9"},
           kCpu, "TLE", "cpu"),
      over("cpu_above_though_every_signal_is_ignored",
           {"ignore", number(SIGTERM), "then", "ignore", number(SIGXCPU), "then", "burn", "9"}, kCpu, "TLE", "cpu"),
  };
}

std::vector<Row> wall_clock() {
  return {
      ok("wall_below", {"sleep", "0.05"}, "limits.wall = \"1s\"\n"),
      over("wall_above", {"sleep", "60"}, kWall, "TLE", "wall"),
      over("wall_above_with_little_cpu", {"burn", "0.02", "then", "sleep", "60"}, kWall, "TLE", "wall"),
      over("wall_above_with_standard_output_closed", {"close", "1", "then", "close", "2", "then", "sleep", "60"}, kWall,
           "TLE", "wall"),
      over("wall_above_though_sigterm_is_ignored", {"ignore", number(SIGTERM), "then", "sleep", "60"}, kWall, "TLE",
           "wall"),
      over("stopped_by_itself", {"raise", number(SIGSTOP)}, kWall, "TLE", "wall"),
      ok("orphans_do_not_hold_the_run", {"sleep-orphan", "60"}, "limits.wall = \"5s\"\n"),
      re("orphans_do_not_hide_the_exit_code", {"sleep-orphan", "60", "then", "exit", "4"}, exited(4),
         "limits.wall = \"5s\"\n"),
  };
}

std::vector<Row> idleness() {
  return {
      over("idle_above", {"sleep", "60"}, kIdle, "TLE", "idle"),
      over("idle_after_work", {"burn", "0.05", "then", "sleep", "60"}, kIdle, "TLE", "idle"),
      over("idle_when_stopped", {"raise", number(SIGSTOP)}, kIdle, "TLE", "idle"),
      ok("idle_below", {"sleep", "0.05", "then", "burn", "0.05", "then", "sleep", "0.05"},
         "limits.idle = \"2s\"\nlimits.wall = \"20s\"\n"),
      ok("a_busy_program_is_not_idle", {"burn", "0.5"}, "limits.idle = \"400ms\"\nlimits.wall = \"20s\"\n"),
      // A sleep of one is no idleness of the run.
      ok("a_busy_child_is_enough", {"burn-children", "1", "0.5"}, "limits.idle = \"400ms\"\nlimits.wall = \"20s\"\n"),
      over("the_nearer_of_idle_and_wall", {"sleep", "60"}, "limits.idle = \"5s\"\nlimits.wall = \"200ms\"\n", "TLE",
           "wall"),
  };
}

// --- memory ---

// Time is no matter here.
constexpr const char* kMemory =
    "limits.memory = \"64MiB\"\nlimits.workspace = \"256MiB\"\nlimits.file_size = \"256MiB\"\n"
    "limits.cpu = \"20s\"\nlimits.wall = \"60s\"\n";
constexpr const char* kMemfd =
    "limits.memory = \"64MiB\"\nlimits.file_size = \"256MiB\"\nseccomp.allow = [\"memfd_create\"]\n"
    "limits.cpu = \"20s\"\nlimits.wall = \"60s\"\n";
// Without a memory group such a file is charged at limits.file_size, which must fit.
constexpr const char* kSmallMemfd =
    "limits.memory = \"64MiB\"\nlimits.file_size = \"60MiB\"\nseccomp.allow = [\"memfd_create\"]\n"
    "limits.cpu = \"20s\"\nlimits.wall = \"60s\"\n";

// Above: held for a while, or in one process, whose largest size init knows at its end.
std::vector<Row> memory() {
  return {
      ok("memory_below", {"touch", "56"}, kMemory),
      over("memory_above", {"touch", "80"}, kMemory, "MLE", "memory"),
      over("memory_far_above", {"touch", "700"}, kMemory, "MLE", "memory"),
      over("memory_above_comes_before_the_exit_code", {"touch", "80", "then", "exit", "5"}, kMemory, "MLE", "memory"),
      over("memory_above_comes_before_the_signal", {"touch", "80", "then", "abort"}, kMemory, "MLE", "memory"),
      over("memory_above_in_the_heap", {"hoard", "80"}, kMemory, "MLE", "memory"),
      ok("shared_memory_below", {"touch-shared", "56"}, kMemory),
      over("shared_memory_above", {"touch-shared", "80"}, kMemory, "MLE", "memory"),
      ok("memfd_below", {"touch-memfd", "56"}, kSmallMemfd),
      over("memfd_above", {"touch-memfd", "80"}, kMemfd, "MLE", "memory"),
      ok("workspace_file_in_memory_below", {"touch-file", "/tmp/f", "48"}, kMemory),
      over("workspace_file_in_memory_above", {"touch-file", "/tmp/f", "80"}, kMemory, "MLE", "memory"),
      over("written_files_are_memory", {"fill", "/tmp/f", number(80 << 20)}, kMemory, "MLE", "memory"),
      over("memory_of_a_child", {"touch-children", "1", "80", "0"}, kMemory, "MLE", "memory"),
      over("memory_of_children_together", {"touch-children", "5", "20", "30"}, kMemory, "MLE", "memory"),
      ok("memory_of_children_together_below", {"touch-children", "5", "8", "0.1"}, kMemory),
      ok("memory_that_children_share_counts_once", {"share-children", "4", "32", "0.1"}, kMemory),
      ok("memory_one_after_the_other", {"touch-children", "1", "40", "0", "then", "touch-children", "1", "40", "0"},
         kMemory),
      over("deep_recursion_within_a_large_stack", {"recurse"},
           "limits.memory = \"16MiB\"\nlimits.stack = \"256MiB\"\nlimits.cpu = \"20s\"\n", "MLE", "memory"),
      // Asked for and never used: memory is what is resident.
      ok("memory_that_is_only_reserved", {"call", number(SYS_mmap), "0", number(1L << 30), "3", "0x22", "-1", "0"},
         kMemory),
  };
}

Row static_array(const std::string& name, const Words& words, const std::string& more, const std::string& verdict,
                 const json& outcome) {
  return {.name = name, .plan = probe_plan("static_array", words, more), .verdict = verdict, .outcome = outcome};
}

// Memory that no call asks for, and memory for the start itself.
std::vector<Row> memory_of_the_program_itself() {
  const std::string half_a_gibibyte = "limits.memory = \"512MiB\"\nlimits.cpu = \"9s\"\n";
  return {
      static_array("static_array_above", {"touched"}, half_a_gibibyte, "MLE", limit("memory")),
      static_array("static_array_below", {"touched"}, "limits.memory = \"800MiB\"\nlimits.cpu = \"9s\"\n", "OK",
                   exited(0)),
      static_array("static_array_that_is_not_used", {"untouched"}, half_a_gibibyte, "OK", exited(0)),
      static_array("static_array_that_is_not_used_in_a_program_that_crashes", {"null"}, half_a_gibibyte, "RE",
                   signaled(SIGSEGV)),
      // Where there is no group it does start, and the next look finds it.
      over("too_little_memory_to_start", {"touch", "4", "then", "sleep", "5"}, "limits.memory = \"1MiB\"\n", "MLE",
           "memory"),
      static_array("too_little_memory_to_start_with_a_static_array", {"touched"}, "limits.memory = \"1MiB\"\n", "MLE",
                   limit("memory")),
  };
}

// --- address space ---

constexpr const char* kSpace =
    "limits.address_space = \"128MiB\"\nlimits.memory = \"256MiB\"\nlimits.cpu = \"20s\"\nlimits.wall = \"60s\"\n";

std::vector<Row> address_space() {
  const std::string compatible = std::string(kSpace) + "seccomp.profile = \"compatible\"\n";
  const std::string half_a_gibibyte = "limits.address_space = \"512MiB\"\n";
  return {
      ok("address_space_at", {"reserve-up-to", number(128 << 20)}, kSpace),
      over("address_space_one_page_above", {"reserve-up-to", number((128 << 20) + 4096)}, kSpace, "MLE",
           "address_space"),
      ok("bad_alloc_below", {"new", "100"}, kSpace),
      over("bad_alloc_above", {"new", "140"}, kSpace, "MLE", "address_space"),
      over("bad_alloc_far_above", {"new", "70000000"}, kSpace, "MLE", "address_space"),
      ok("bad_alloc_caught", {"try-new", "140"}, kSpace),
      over("bad_alloc_caught_and_reported_by_the_exit_code", {"try-new", "140", "then", "exit", "1"}, kSpace, "MLE",
           "address_space"),
      re("a_crash_after_as_much_was_given",
         {"reserve", "100", "then", "try-new", "50", "then", "release", "then", "new", "50", "then", "null"},
         signaled(SIGSEGV), kSpace),
      over("bad_alloc_piece_by_piece", {"hoard", "140"}, kSpace, "MLE", "address_space"),
      over("bad_alloc_of_the_heap", {"hoard-small", "140"}, kSpace, "MLE", "address_space"),
      over("bad_alloc_above_under_compatible", {"new", "140"}, compatible, "MLE", "address_space"),
      over("a_null_pointer_that_malloc_gave", {"hope", "140"}, kSpace, "MLE", "address_space"),
      re("a_null_pointer_under_an_address_space_limit", {"null"}, signaled(SIGSEGV), kSpace),
      re("an_abort_under_an_address_space_limit", {"new", "100", "then", "abort"}, signaled(SIGABRT), kSpace),
      re("bad_alloc_without_an_address_space_limit", {"new", "70000000"}, signaled(SIGABRT)),
      ok("bad_alloc_of_a_child_is_its_parents_affair", {"new-in-child", "140"}, kSpace),
      ok("threads_within_the_address_space", {"threads", "7"}, std::string(kSpace) + "limits.stack = \"1MiB\"\n"),
      over("threads_whose_stacks_are_above", {"threads", "7"}, std::string(kSpace) + "limits.stack = \"64MiB\"\n",
           "MLE", "address_space"),
      over("memory_above_within_the_address_space", {"hoard", "100"},
           "limits.address_space = \"128MiB\"\nlimits.memory = \"64MiB\"\n", "MLE", "memory"),
      sv("forbidden_call_under_an_address_space_limit", {"call", number(SYS_ptrace)}, "ptrace", kSpace),
      over("too_little_address_space_to_start", {"exit", "0"}, "limits.address_space = \"1MiB\"\n", "MLE",
           "address_space"),
      static_array("static_array_above_the_address_space", {"touched"}, half_a_gibibyte, "MLE", limit("address_space")),
      static_array("static_array_above_the_address_space_that_is_not_used", {"untouched"}, half_a_gibibyte, "MLE",
                   limit("address_space")),
      static_array("static_array_within_the_address_space", {"untouched"}, "limits.address_space = \"800MiB\"\n", "OK",
                   exited(0)),
  };
}

// --- output ---

std::vector<Row> output() {
  const std::string both = "limits.output = \"1000B\"\n";
  const std::string each = "limits.output = { stdout = \"1000B\", stderr = \"500B\" }\n";
  return {
      ok("output_at", {"output", "1", "1000"}, both),
      over_output("output_one_byte_above", {"output", "1", "1001"}, both),
      over_output("error_output_one_byte_above", {"output", "2", "1001"}, both, "stderr"),
      ok("both_outputs_at", {"output", "1", "400", "then", "output", "2", "600"}, both),
      over_output("both_outputs_one_byte_above", {"output", "1", "400", "then", "output", "2", "601"}, both,
                  "stdout and stderr"),
      ok("each_output_at_its_own", {"output", "1", "1000", "then", "output", "2", "500"}, each),
      over_output("standard_output_above_its_own", {"output", "1", "1001"}, each),
      over_output("error_output_above_its_own", {"output", "2", "501"}, each, "stderr"),
      over_output("error_output_that_joins_standard_output", {"output", "1", "600", "then", "output", "2", "401"},
                  both + "stderr = \"stdout\"\n"),
      over_output("output_above_comes_before_the_exit_code", {"output", "1", "1001", "then", "exit", "1"}, both),
      over_output("output_above_comes_before_the_signal", {"output", "1", "1001", "then", "abort"}, both),
      over_output("output_above_that_nobody_captures", {"output", "1", "1001"}, both + "stdout = \"null\"\n"),
      over_output("output_above_in_a_child", {"output-child", "1", "1001"}, both),
      over_output("output_far_above", {"output", "1", number(64 << 20)}, both),
      over_output("output_above_comes_before_a_later_limit", {"output", "1", "1001", "then", "sleep", "60"},
                  both + "limits.wall = \"5s\"\n"),
      over_output("no_output_allowed", {"output", "1", "1"}, "limits.output = \"0B\"\n"),
      ok("no_output_allowed_and_none_made", {"exit", "0"}, "limits.output = \"0B\"\n"),
  };
}

// --- files, processes, descriptors ---

Row mounted(Row row, const Words& words, const std::string& more) {
  json argv = {"/opt/verdict"};
  for (const std::string& word : words) argv.push_back(word);
  row.plan = "argv = " + argv.dump() + "\n" + more + "[[mount]]\nbind = \"{probes}/verdict\"\nat = \"/opt/verdict\"\n" +
             "exec = true\n";
  return row;
}

std::vector<Row> files() {
  const std::string file_size = "limits.file_size = \"64KiB\"\n";
  const std::string workspace = "limits.workspace = \"1MiB\"\n";
  const std::string inodes = "limits.inodes = 50\n";
  return {
      ok("file_size_at", {"fill", "/work/f", "65536"}, file_size),
      over("file_size_one_byte_above", {"fill", "/work/f", "65537"}, file_size, "OLE", "file_size"),
      re("file_size_above_with_the_signal_ignored", {"ignore", number(SIGXFSZ), "then", "fill", "/work/f", "65537"},
         exited(1), file_size),
      ok("file_size_above_taken_as_a_refusal", {"ignore", number(SIGXFSZ), "then", "try-fill", "/work/f", "65537"},
         file_size),
      mounted(ok("workspace_at", {}), {"fill", "/work/f", number(1 << 20)}, workspace),
      mounted(re("workspace_one_byte_above", {}, exited(1)), {"fill", "/work/f", number((1 << 20) + 1)}, workspace),
      mounted(ok("workspace_above_taken_as_a_refusal", {}), {"try-fill", "/work/f", number(2 << 20)}, workspace),
      mounted(re("workspace_folders_together_above", {}, exited(1)),
              {"fill", "/tmp/f", "600000", "then", "fill", "/dev/shm/f", "600000"}, workspace),
      mounted(ok("inodes_at", {}), {"files", "/work", "50"}, inodes),
      mounted(re("inodes_one_above", {}, exited(1)), {"files", "/work", "51"}, inodes),
      mounted(ok("inodes_above_taken_as_a_refusal", {}), {"try-files", "/work", "51"}, inodes),
      ok("open_files_at", {"open", "17"}, "limits.open_files = 20\n"),
      re("open_files_one_above", {"open", "18"}, exited(1), "limits.open_files = 20\n"),
      ok("open_files_above_taken_as_a_refusal", {"try-open", "18"}, "limits.open_files = 20\n"),
  };
}

std::vector<Row> processes() {
  const std::string eight = "limits.processes = 8\n";
  return {
      ok("processes_at", {"fork", "7"}, eight),
      re("processes_one_above", {"fork", "8"}, exited(1), eight),
      ok("processes_above_taken_as_a_refusal", {"try-fork", "50"}, eight),
      ok("threads_at", {"threads", "7"}, eight),
      re("threads_one_above", {"threads", "8"}, signaled(SIGABRT), eight),
      ok("threads_above_taken_as_a_refusal", {"try-threads", "50"}, eight),
  };
}

// --- calls that are refused ---

std::vector<Row> calls() {
  const std::string ptrace = number(SYS_ptrace);
  const std::string compatible = "seccomp.profile = \"compatible\"\n";
  return {
      sv("forbidden_call", {"call", ptrace}, "ptrace"),
      sv("forbidden_call_whose_answer_is_not_looked_at", {"try-call", ptrace}, "ptrace"),
      sv("forbidden_call_of_a_child", {"call-in-child", ptrace}, "ptrace"),
      sv("forbidden_call_of_loading_programs_into_the_kernel", {"call", number(SYS_bpf)}, "bpf"),
      re("forbidden_call_under_compatible", {"call", ptrace}, exited(1), compatible),
      ok("forbidden_call_under_compatible_taken_as_a_refusal", {"try-call", ptrace}, compatible),
      ok("forbidden_call_of_a_child_under_compatible", {"call-in-child", ptrace}, compatible),
      re("unknown_call", {"call", "1000"}, exited(1)),
      ok("unknown_call_taken_as_a_refusal", {"try-call", "1000"}),
      ok("allowed_call", {"call", number(SYS_getpid)}),
      re("a_call_that_the_plan_denies", {"call", number(SYS_getppid)}, exited(1), "seccomp.deny = [\"getppid\"]\n"),
      ok("a_call_that_the_plan_denies_taken_as_a_refusal", {"try-call", number(SYS_getppid)},
         "seccomp.deny = [\"getppid\"]\n"),
      sv("x32_call", {"try-call", number(0x40000000 + SYS_getpid)}, ""),
      sv("x32_call_under_compatible", {"try-call", number(0x40000000 + SYS_getpid)}, "", compatible),
      sv("i386_call", {"int80"}, ""),
      sv("i386_call_under_compatible", {"int80"}, "", compatible),
  };
}

// --- files that are no programs, and our own faults ---

Row submission(const std::string& name, const std::string& file, const std::string& error,
               const std::string& program = "/work/a.out") {
  return {.name = name,
          .plan = "argv = [" + json(program).dump() + "]\n" + file,
          .verdict = "RE",
          .outcome = not_started(program, error)};
}

std::vector<Row> programs_that_do_not_start() {
  const auto text = [](const std::string& content, const char* mode = "0755") {
    return "files.\"a.out\" = { text = " + json(content).dump() + ", mode = \"" + mode + "\" }\n";
  };
  const std::string no_loader = "files.\"a.out\" = { from = \"{probes}/verdict_dynamic\", mode = \"0755\" }\n";
  // An ELF header for ARM and nothing behind it.
  const std::string arm(
      "\x7f"
      "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x28\0\x01\0\0\0",
      24);
  Row foreign = submission("program_of_another_architecture",
                           "files.\"a.out\" = { from = \"{folder}/arm\", mode = \"0755\" }\n", "ENOEXEC");
  foreign.files = {{"arm", arm}};
  return {
      submission("program_missing", "", "ENOENT"),
      // The program's own folder too. What the operator has placed elsewhere is his: see faults().
      submission("program_missing_in_tmp", "", "ENOENT", "/tmp/a.out"),
      submission("program_missing_in_work_by_way_of_another_folder", "", "ENOENT", "/usr/../work/a.out"),
      submission("program_not_executable", text("#!/work/a.out\n", "0644"), "EACCES"),
      submission("program_is_text", text("print('hello')\n"), "ENOEXEC"),
      submission("program_is_empty", text(""), "ENOEXEC"),
      foreign,
      submission("program_is_a_folder", "files.\"a.out/x\" = { text = \"\" }\n", "EACCES"),
      submission("program_whose_interpreter_is_missing", text("#!/usr/bin/nothing\n"), "ENOENT"),
      submission("program_whose_interpreter_is_itself", text("#!/work/a.out\n"), "ELOOP"),
      submission("program_whose_loader_is_missing", no_loader, "ENOENT"),
  };
}

Row fault_row(const std::string& name, const std::string& plan, const json& outcome, Where where = Where::Anywhere) {
  return {.name = name, .plan = plan, .verdict = "IE", .outcome = outcome, .where = where};
}

constexpr const char* kData = "mount /data (plan.toml:3:1) from {folder}/data";

// A source that was there when the plan was compiled.
Row changed_source(const std::string& name, const json& outcome,
                   std::function<void(const std::filesystem::path& folder)> change) {
  Row row = fault_row(name, plan_of({"exit", "0"}, "[[mount]]\nbind = \"{folder}/data\"\nat = \"/data\"\n"), outcome);
  row.files = {{"data/x", "x"}};
  row.meanwhile.after_compile = std::move(change);
  return row;
}

std::vector<Row> faults() {
  namespace fs = std::filesystem;
  const auto vanish = [](const fs::path& folder) { fs::remove_all(folder / "data"); };
  const auto replace = [](const fs::path& folder) {
    fs::rename(folder / "data", folder / "old");
    fs::create_directory(folder / "data");
  };
  Row cancelled = {.name = "cancelled_by_who_started_it",
                   .plan = plan_of({"sleep", "60"}, ""),
                   .verdict = "CANCELLED",
                   .outcome = {{"kind", "cancelled"}, {"signal", 15}, {"name", "SIGTERM"}}};
  cancelled.meanwhile.after_spawn = [](supervise::Run& run) { run.interrupt(SIGTERM); };
  return {
      fault_row("the_operators_program_missing", "argv = [\"/opt/a.out\"]\n",
                fault("exec", "execve", "/opt/a.out", "ENOENT", false)),
      fault_row("the_operators_program_by_way_of_work", "argv = [\"/work/../opt/a.out\"]\n",
                fault("exec", "execve", "/work/../opt/a.out", "ENOENT", false)),
      fault_row("the_operators_program_not_in_path", "argv = [\"nothing\"]\n",
                fault("exec", "find the program", "nothing in PATH", "ENOENT", false)),
      changed_source("a_source_vanished", fault("trees", "open_tree", kData, "ENOENT", false), vanish),
      changed_source("a_source_was_replaced", fault("trees", "check the pinned inode", kData, "ESTALE", true), replace),
      cancelled,
      fault_row("groups_demanded_where_there_are_none", plan_of({"exit", "0"}, "require.cgroup = \"yes\"\n"),
                fault("host", "provide the layer", "cgroup", nullptr, false), Where::NotAllGroups),
      ok("groups_demanded_where_there_are_some", {"exit", "0"}, "require.cgroup = \"yes\"\n", Where::AllGroups),
  };
}

}  // namespace

const std::vector<Row>& rows() {
  static const std::vector<Row> all = [] {
    std::vector<Row> made;
    for (const auto& part : {exits(), signals(), forged_signals(), cpu_time(), wall_clock(), idleness(), memory(),
                             memory_of_the_program_itself(), address_space(), output(), files(), processes(), calls(),
                             programs_that_do_not_start(), faults()}) {
      append(made, part);
    }
    return made;
  }();
  return all;
}

}  // namespace evalrun::test
