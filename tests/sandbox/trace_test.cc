// `evalrun trace` names the layer and the remedy of each call that a sandbox refuses; and where a plan can allow the
// call, the allowed twin is no refusal any more.

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <string>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

struct Row {
  long number;
  const char* call;
  const char* remedy;      // begins with
  const char* allowed_by;  // a plan's lines; "" where no plan allows it
};

constexpr const char* kNever = "no plan allows this";

const Row kRows[] = {
    {SYS_chroot, "chroot", kNever, ""},
    {SYS_quotactl, "quotactl", kNever, ""},
    {SYS_swapon, "swapon", kNever, ""},
    {SYS_swapoff, "swapoff", kNever, ""},
    {SYS_settimeofday, "settimeofday", kNever, ""},
    {SYS_clock_settime, "clock_settime", kNever, ""},
    {SYS_sethostname, "sethostname", kNever, ""},
    {SYS_acct, "acct", kNever, ""},
    {SYS_syslog, "syslog", kNever, ""},
    {SYS_fanotify_init, "fanotify_init", kNever, ""},
    {425, "io_uring_setup", kNever, ""},
    {438, "pidfd_getfd", kNever, ""},
    {SYS_capset, "capset", kNever, ""},
    {SYS_seccomp, "seccomp", kNever, ""},
    {444, "landlock_create_ruleset", kNever, ""},
    {SYS_ioctl, "ioctl", kNever, ""},
    {SYS_prctl, "prctl", kNever, ""},
    {SYS_socket, "socket", kNever, ""},
    {SYS_mknod, "mknod", "[seccomp] allow = [\"mknod\"]", "[seccomp]\nallow = [\"mknod\"]\n"},
    {SYS_memfd_create, "memfd_create", "[seccomp] allow = [\"memfd_create\"]",
     "[seccomp]\nallow = [\"memfd_create\"]\n"},
    {SYS_mbind, "mbind", "[seccomp] allow = [\"mbind\"]", "[seccomp]\nallow = [\"mbind\"]\n"},
    {SYS_process_vm_readv, "process_vm_readv", "[seccomp] allow = [\"process_vm_readv\"]",
     "[seccomp]\nallow = [\"process_vm_readv\"]\n"},
    {SYS_sched_setaffinity, "sched_setaffinity", "[limits] cpus = \"any\"", "[limits]\ncpus = \"any\"\n"},
    {SYS_execveat, "execveat", "[seccomp] allow = [\"execveat\"]", "[seccomp]\nallow = [\"execveat\"]\n"},
    {SYS_shmget, "shmget", "[seccomp] allow = [\"shmget\"]", "[seccomp]\nallow = [\"shmget\"]\n"},
    {SYS_splice, "splice", "[seccomp] allow = [\"splice\"]", "[seccomp]\nallow = [\"splice\"]\n"},
    {SYS_tee, "tee", "[seccomp] allow = [\"tee\"]", "[seccomp]\nallow = [\"tee\"]\n"},
    {SYS_get_mempolicy, "get_mempolicy", "[seccomp] allow = [\"get_mempolicy\"]",
     "[seccomp]\nallow = [\"get_mempolicy\"]\n"},
    {SYS_move_pages, "move_pages", "[seccomp] allow = [\"move_pages\"]", "[seccomp]\nallow = [\"move_pages\"]\n"},
    {SYS_io_setup, "io_setup", "[seccomp] allow = [\"io_setup\"]", "[seccomp]\nallow = [\"io_setup\"]\n"},
    {SYS_semget, "semget", "[seccomp] allow = [\"semget\"]", "[seccomp]\nallow = [\"semget\"]\n"},
    {SYS_msgget, "msgget", "[seccomp] allow = [\"msgget\"]", "[seccomp]\nallow = [\"msgget\"]\n"},
    {SYS_mq_open, "mq_open", "[seccomp] allow = [\"mq_open\"]", "[seccomp]\nallow = [\"mq_open\"]\n"},
    {SYS_pkey_alloc, "pkey_alloc", "[seccomp] allow = [\"pkey_alloc\"]", "[seccomp]\nallow = [\"pkey_alloc\"]\n"},
    {SYS_setxattr, "setxattr", "[seccomp] allow = [\"setxattr\"]", "[seccomp]\nallow = [\"setxattr\"]\n"},
    {SYS_name_to_handle_at, "name_to_handle_at", "[seccomp] allow = [\"name_to_handle_at\"]",
     "[seccomp]\nallow = [\"name_to_handle_at\"]\n"},
    {SYS_setgroups, "setgroups", "[seccomp] allow = [\"setgroups\"]", "[seccomp]\nallow = [\"setgroups\"]\n"},
    {SYS_sched_setattr, "sched_setattr", "[seccomp] allow = [\"sched_setattr\"]",
     "[seccomp]\nallow = [\"sched_setattr\"]\n"},
    {SYS_ioprio_set, "ioprio_set", "[seccomp] allow = [\"ioprio_set\"]", "[seccomp]\nallow = [\"ioprio_set\"]\n"},
    {SYS_adjtimex, "adjtimex", "[seccomp] allow = [\"adjtimex\"]", "[seccomp]\nallow = [\"adjtimex\"]\n"},
    {435, "clone3", kNever, ""},
};

struct ViolationRow {
  long number;
  const char* call;
};

constexpr ViolationRow kViolations[] = {
    {SYS_ptrace, "ptrace"},
    {SYS_bpf, "bpf"},
    {SYS_mount, "mount"},
    {SYS_setns, "setns"},
    {SYS_unshare, "unshare"},
    {SYS_keyctl, "keyctl"},
    {SYS_userfaultfd, "userfaultfd"},
    {SYS_perf_event_open, "perf_event_open"},
    {SYS_kexec_load, "kexec_load"},
    {SYS_init_module, "init_module"},
    {SYS_reboot, "reboot"},
    {SYS_open_by_handle_at, "open_by_handle_at"},
};
static_assert(std::size(kRows) + std::size(kViolations) >= 40, "the forty calls that most often break programs");

nlohmann::json trace(const std::string& plan) {
  const TemporaryFolder folder;
  const std::string path = folder.write("plan.toml", plan).string();
  const Finished done = run_command({evalrun().string(), "trace", "--format", "json", path});
  const nlohmann::json result = nlohmann::json::parse(done.output, nullptr, false);
  EXPECT_TRUE(result.is_object()) << done.output << done.error_output;
  return result.is_object() ? result : nlohmann::json{{"refusals", nlohmann::json::array()}};
}

// Null where the call is not among the refusals of seccomp.
nlohmann::json refusal_of(const nlohmann::json& traced, const std::string& call) {
  for (const nlohmann::json& each : traced.at("refusals")) {
    if (each.at("call") == call && each.at("layer") == "seccomp") return each;
  }
  return nullptr;
}

std::string plan_of(const Row& row, const std::string& more = "") {
  return probe_plan("hostile", {"call-each", std::to_string(row.number)}, more);
}

TEST(trace, each_refused_call_is_named_with_its_remedy_and_the_remedy_allows_it) {
  for (const Row& row : kRows) {
    const nlohmann::json refusal = refusal_of(trace(plan_of(row)), row.call);
    ASSERT_FALSE(refusal.is_null()) << row.call;
    EXPECT_EQ(refusal.at("number"), row.number);
    EXPECT_TRUE(refusal.at("remedy").get<std::string>().starts_with(row.remedy)) << refusal.dump();
    if (row.allowed_by[0] == '\0') continue;
    EXPECT_TRUE(refusal_of(trace(plan_of(row, row.allowed_by)), row.call).is_null()) << row.call;
  }
}

TEST(trace, a_violation_ends_a_traced_run_as_it_ends_any_other) {
  for (const auto& [number, call] : kViolations) {
    const nlohmann::json traced = trace(probe_plan("hostile", {"call-each", std::to_string(number)}));
    EXPECT_EQ(traced.value("verdict", ""), "SV") << call;
    EXPECT_EQ(traced.at("violations").at(0).at("call"), call);
  }
}

// Two cases, of which the second is refused something, after a compile step that leaves a file.
std::string graded_plan(const std::string& compile) {
  return "image = \"bash\"\nargv = [\"bash\", \"-c\", '''read word; test -f made || exit 9; test \"$word\" = plain || "
         "cat /nowhere/\"$word\"''']\n[compile]\nargv = [\"bash\", \"-c\", '''" +
         compile +
         "''']\n[[case]]\nstdin.text = \"plain\\n\"\nexpect.text = \"\"\n"
         "[[case]]\nname = \"second\"\nstdin.text = \"data\\n\"\nexpect.text = \"\"\n";
}

TEST(trace, a_case_is_traced_by_its_name_and_the_first_without_one) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", graded_plan("echo > made")).string();
  const auto traced = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {evalrun().string(), "trace", plan, "--format", "json"};
    words.insert(words.end(), more.begin(), more.end());
    return run_command(words);
  };
  const Finished first = traced({});
  EXPECT_EQ(first.exit_code, 0) << first.output << first.error_output;
  EXPECT_EQ(nlohmann::json::parse(first.output).at("run"), "case 1");
  const Finished second = traced({"--case", "second"});
  EXPECT_EQ(second.exit_code, 1) << second.output << second.error_output;
  EXPECT_EQ(nlohmann::json::parse(second.output).at("run"), "case second");
  const Finished none = traced({"--case", "secnd"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.error_output.find("did you mean \"second\"?"), std::string::npos) << none.error_output;
}

TEST(trace, a_compile_step_that_fails_is_what_is_traced) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", graded_plan("exit 4")).string();
  const Finished traced = run_command({evalrun().string(), "trace", plan, "--format", "json"});
  const nlohmann::json result = nlohmann::json::parse(traced.output);
  EXPECT_EQ(result.at("run"), "compile");
  EXPECT_EQ(result.at("outcome").at("exit_code"), 4);
  const Finished suggested = run_command({evalrun().string(), "trace", "--suggest", plan});
  EXPECT_EQ(suggested.exit_code, 2);
  EXPECT_NE(suggested.error_output.find("the compile step fails"), std::string::npos) << suggested.error_output;
}

TEST(trace, suggest_finds_what_a_case_needs) {
  const TemporaryFolder folder;
  const std::string plan =
      folder
          .write("plan.toml", graded_plan("echo > made") +
                                  "[[case]]\nname = \"shm\"\nstdin.text = \"plain\\n\"\nexpect.text = \"\"\n")
          .string();
  const Finished found =
      run_command({evalrun().string(), "trace", "--suggest", "--format", "json", "--case", "shm", plan});
  EXPECT_EQ(found.exit_code, 0) << found.output << found.error_output;
  const Finished missing =
      run_command({evalrun().string(), "trace", "--suggest", "--format", "json", "--case", "second", plan});
  EXPECT_EQ(missing.exit_code, 1) << missing.output << missing.error_output;
}

}  // namespace
}  // namespace evalrun::test
