// Threats 41 to 75: the system-call surface. Calls are made with every argument -1, each in a child of its own.

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <string>
#include <vector>

#include "tests/hostile/hostile.h"

namespace evalrun::test {
namespace {

struct Call {
  const char* name;
  long number;
};

// What only exploits need. Numbers from 424 on are the same everywhere.
const std::vector<Call> kExploitOnly = {
    {"bpf", SYS_bpf},
    {"delete_module", SYS_delete_module},
    {"finit_module", SYS_finit_module},
    {"init_module", SYS_init_module},
    {"kexec_load", SYS_kexec_load},
    {"reboot", SYS_reboot},
    {"add_key", SYS_add_key},
    {"keyctl", SYS_keyctl},
    {"request_key", SYS_request_key},
    {"fsconfig", SYS_fsconfig},
    {"fsmount", SYS_fsmount},
    {"fsopen", SYS_fsopen},
    {"fspick", SYS_fspick},
    {"mount", SYS_mount},
    {"mount_setattr", 442},
    {"move_mount", SYS_move_mount},
    {"open_tree", SYS_open_tree},
    {"pivot_root", SYS_pivot_root},
    {"setns", SYS_setns},
    {"umount2", SYS_umount2},
    {"open_by_handle_at", SYS_open_by_handle_at},
    {"perf_event_open", SYS_perf_event_open},
    {"ptrace", SYS_ptrace},
    {"userfaultfd", SYS_userfaultfd},
    // -1 as flags holds CLONE_NEWUSER.
    {"unshare", SYS_unshare},
    {"clone", SYS_clone},
};

// Ordinary programs may try them.
const std::vector<Call> kNotPermitted = {
    {"acct", SYS_acct},
    {"chroot", SYS_chroot},
    {"clock_settime", SYS_clock_settime},
    {"settimeofday", SYS_settimeofday},
    {"adjtimex", SYS_adjtimex},
    {"clock_adjtime", SYS_clock_adjtime},
    {"fanotify_init", SYS_fanotify_init},
    {"fanotify_mark", SYS_fanotify_mark},
    {"quotactl", SYS_quotactl},
    {"sethostname", SYS_sethostname},
    {"setdomainname", SYS_setdomainname},
    {"swapon", SYS_swapon},
    {"swapoff", SYS_swapoff},
    {"syslog", SYS_syslog},
    {"vhangup", SYS_vhangup},
    {"setgroups", SYS_setgroups},
    {"setfsuid", SYS_setfsuid},
    {"sched_setattr", SYS_sched_setattr},
    {"sched_setparam", SYS_sched_setparam},
    {"ioprio_set", SYS_ioprio_set},
    {"name_to_handle_at", SYS_name_to_handle_at},
    {"execveat", SYS_execveat},
    {"kcmp", SYS_kcmp},
    {"process_vm_readv", SYS_process_vm_readv},
    {"process_vm_writev", SYS_process_vm_writev},
    {"pidfd_getfd", 438},
    {"capset", SYS_capset},
    {"seccomp", SYS_seccomp},
    {"prctl", SYS_prctl},
#if defined(__x86_64__)
    {"iopl", SYS_iopl},
    {"ioperm", SYS_ioperm},
#endif
};

// Programs have a way without them.
const std::vector<Call> kNotImplemented = {
    {"clone3", SYS_clone3},
    {"io_uring_setup", 425},
    {"io_uring_enter", 426},
    {"io_uring_register", 427},
    {"io_setup", SYS_io_setup},
    {"io_submit", SYS_io_submit},
    {"cachestat", 451},
    {"map_shadow_stack", 453},
    {"futex_wake", 454},
    {"futex_wait", 455},
    {"futex_requeue", 456},
    {"statmount", 457},
    {"listmount", 458},
    {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460},
    {"lsm_list_modules", 461},
    {"mseal", 462},
    {"landlock_create_ruleset", 444},
    {"landlock_add_rule", 445},
    {"landlock_restrict_self", 446},
    {"memfd_secret", 447},
    {"process_madvise", 440},
    {"process_mrelease", 448},
    {"pkey_alloc", SYS_pkey_alloc},
    {"pkey_mprotect", SYS_pkey_mprotect},
    {"get_mempolicy", SYS_get_mempolicy},
    {"set_mempolicy", SYS_set_mempolicy},
    {"move_pages", SYS_move_pages},
    {"vmsplice", SYS_vmsplice},
    {"tee", SYS_tee},
    {"splice", SYS_splice},
    {"memfd_create", SYS_memfd_create},
    {"shmget", SYS_shmget},
    {"semget", SYS_semget},
    {"msgget", SYS_msgget},
    {"mq_open", SYS_mq_open},
    {"remap_file_pages", SYS_remap_file_pages},
    {"sync", SYS_sync},
#if defined(__x86_64__)
    {"modify_ldt", SYS_modify_ldt},
    {"uselib", SYS_uselib},
#endif
    {"beyond the table", 9999},
};

std::vector<std::string> words_for(const std::vector<Call>& calls) {
  std::vector<std::string> words = {"call-each"};
  for (const Call& call : calls) words.push_back(std::to_string(call.number));
  return words;
}

std::string lines_for(const std::vector<Call>& calls, const std::string& answer) {
  std::string lines;
  for (const Call& call : calls) lines += "call " + std::to_string(call.number) + " " + answer + "\n";
  return lines;
}

constexpr const char* kCompatible = "[seccomp]\nprofile = \"compatible\"\n";

// Rows 9 to 11, 29, 41, 57 to 59, 64.
TEST(calls, what_only_exploits_need_ends_the_run_and_is_told_by_name_under_the_strict_profile) {
  for (const Call& call : kExploitOnly) {
    const PlanRun run = run_hostile({"call-each", std::to_string(call.number)});
    EXPECT_EQ(run.verdict(), "SV") << call.name << shown(run);
    if (call.number == SYS_clone) continue;  // "call-each" makes it with other flags
    EXPECT_EQ(run.result.at("outcome").at("call"), call.name);
    EXPECT_EQ(run.result.at("violations")[0].at("number"), call.number);
  }
}

TEST(calls, what_only_exploits_need_is_not_permitted_under_the_compatible_profile) {
  EXPECT_EQ(run_hostile(words_for(kExploitOnly), kCompatible).output(), lines_for(kExploitOnly, "EPERM"));
}

TEST(calls, a_program_that_makes_such_a_call_itself_gets_the_verdict_sv) {
  const PlanRun run =
      run_hostile({"tell", "before", "call-here", std::to_string(SYS_ptrace), "0", "then", "tell", "after"});
  EXPECT_EQ(run.verdict(), "SV") << shown(run);
  EXPECT_EQ(run.kind(), "violation");
  EXPECT_EQ(run.output(), "before\n");
  EXPECT_EQ(run.result.at("violations_total"), 1);
}

// A violation that a child commits is one of the program.
TEST(calls, a_violation_in_a_child_is_reported) {
  const PlanRun run = run_hostile({"fork-and-violate"});
  EXPECT_EQ(run.verdict(), "SV") << shown(run);
  EXPECT_EQ(run.output(), "");
  EXPECT_EQ(run.result.at("violations_total"), 1) << shown(run);
}

TEST(calls, no_plan_can_allow_what_only_exploits_need) {
  for (const Call& call : kExploitOnly) {
    if (call.number == SYS_clone) continue;  // allowed as it is, but for its flags
    const PlanRun run = run_hostile({"tell", "x"}, std::string("[seccomp]\nallow = [\"") + call.name + "\"]\n");
    EXPECT_EQ(run.command.exit_code, 2) << call.name << shown(run);
  }
}

// Rows 36, 54, 59 to 63, 72 to 75.
TEST(calls, what_changes_the_machine_or_others_is_not_permitted) {
  EXPECT_EQ(run_hostile(words_for(kNotPermitted)).output(), lines_for(kNotPermitted, "EPERM"));
}

// Rows 43, 50, 51, 62, 65 to 71, 96, 97.
TEST(calls, what_programs_can_do_without_is_not_implemented) {
  EXPECT_EQ(run_hostile(words_for(kNotImplemented)).output(), lines_for(kNotImplemented, "ENOSYS"));
}

#if defined(__x86_64__)
// Row 67: since Linux 6.14 uretprobe passes by every filter (seccomp_uprobe_exception), and kills whoever calls it from
// anywhere but a probe's trampoline. Older kernels do not have it.
TEST(calls, uretprobe_gives_nothing) {
  const std::string said = run_hostile({"call-each", "335"}).output();
  EXPECT_TRUE(said == "call 335 SIGILL\n" || said == "call 335 ENOSYS\n") << said;
}
#endif

// The allowed twins: they reach the kernel, which has its own words for arguments that make no sense.
TEST(calls, ordinary_calls_reach_the_kernel) {
  const PlanRun run =
      run_hostile({"call-each", "read", "write", "close", "openat", "mmap", "wait4", "futex", "getpid"});
  EXPECT_EQ(run.output(),
            "call read EBADF\ncall write EBADF\ncall close EBADF\ncall openat EFAULT\ncall mmap EINVAL\ncall wait4 "
            "EINVAL\ncall futex ENOSYS\n"
            "call getpid OK\n")
      << shown(run);
}

// Rows 42 and 45: the flags of clone, without a new user namespace.
TEST(calls, clone_makes_processes_but_no_namespaces_and_no_siblings) {
  for (const char* flags : {"0x20000", "0x2000000", "0x4000000", "0x8000000", "0x20000000", "0x40000000", "0x80",
                            "0x8000", "0x2000", "0x800000", "0x100000000"}) {
    EXPECT_EQ(run_hostile({"call", "clone", flags, "0", "0", "0", "0"}).output(), "call clone EPERM\n") << flags;
  }
  EXPECT_EQ(run_hostile({"call", "clone", "0x10000000", "0", "0", "0", "0"}).result.at("outcome").at("call"), "clone");
  EXPECT_EQ(run_hostile({"silent-child", "0.01"}).output(), "wait OK\n");
  EXPECT_EQ(run_hostile({"call", "unshare", "0x20000"}).output(), "call unshare EPERM\n");
}

#if defined(__x86_64__)
// Rows 46 and 47.
TEST(calls, the_tables_of_other_architectures_cannot_be_reached) {
  for (const std::vector<std::string>& act :
       {std::vector<std::string>{"int80"}, {"call-each", "0x40000027"}, {"call-each", "0x40000000"}}) {
    for (const std::string& profile : {std::string(), std::string(kCompatible)}) {
      const PlanRun run = run_hostile(act, profile);
      EXPECT_EQ(run.result.at("verdict"), "SV") << shown(run);
      EXPECT_EQ(run.output(), "") << "the child that made the call got an answer";
      EXPECT_EQ(run.result.at("violations_total"), 1) << shown(run);
      const nlohmann::json& violation = run.result.at("violations")[0];
      EXPECT_EQ(violation.at("decoded"), act[0] == "int80" ? "a call of another architecture" : "an x32 call");
      EXPECT_EQ(violation.at("process"), "hostile");
    }
  }
  EXPECT_EQ(run_hostile({"call-each", "getpid"}).output(), "call getpid OK\n");
}

// Row 48.
TEST(calls, numbers_without_a_meaning_are_not_implemented) {
  EXPECT_EQ(run_hostile({"call-each", "-1", "600", "0x3fffffff"}).output(),
            "call -1 ENOSYS\ncall 600 ENOSYS\ncall 0x3fffffff ENOSYS\n");
}

// Row 49: AF_INET, TIOCSTI, PR_SET_SECCOMP and READ_IMPLIES_EXEC with garbage above bit 31.
TEST(calls, garbage_in_the_upper_half_changes_no_answer) {
  const PlanRun run = run_hostile(
      {"call", "socket",      "0x700000002", "1",    "0",     "then",        "call",       "socket", "0x700000001",
       "1",    "0",           "then",        "call", "prctl", "0x100000016", "2",          "0",      "then",
       "call", "personality", "0x100400000", "then", "call",  "personality", "0x1ffffffff"});
  EXPECT_EQ(run.output(),
            "call socket EACCES\ncall socket OK\ncall prctl EPERM\ncall personality EPERM\ncall personality OK\n")
      << shown(run);
}

// Rows 54 to 56: PR_SET_SECCOMP, PR_SET_MM, PR_SET_PTRACER, PR_SET_SPECULATION_CTRL, and PR_GET_DUMPABLE.
TEST(calls, a_program_can_neither_filter_itself_nor_become_another_kind_of_process) {
  const PlanRun run = run_hostile(
      {"call", "prctl", "22",          "2",        "0",     "then",       "call",        "prctl",     "35",
       "1",    "0",     "then",        "call",     "prctl", "0x59616d61", "1",           "0",         "then",
       "call", "prctl", "53",          "0",        "0",     "then",       "call",        "prctl",     "3",
       "then", "call",  "personality", "0x400000", "then",  "call",       "personality", "0xffffffff"});
  EXPECT_EQ(run.output(),
            "call prctl EPERM\ncall prctl EPERM\ncall prctl EPERM\ncall prctl EPERM\ncall prctl OK\ncall personality "
            "EPERM\ncall personality OK\n")
      << shown(run);
}

// Row 61 and depth: a memory file by plan, but still no program out of a descriptor.
TEST(calls, memory_files_by_plan_cannot_be_run_by_descriptor) {
  const PlanRun run =
      run_hostile({"call", "execveat", "0", "0", "0", "0", "0x1000", "then", "call", "memfd_create", "0", "0"},
                  "[seccomp]\nallow = [\"memfd_create\"]\n");
  EXPECT_EQ(run.output(), "call execveat EPERM\ncall memfd_create EFAULT\n") << shown(run);
}
#endif

// Locks: flock and records, on files of the run; refused with their word, so that callers go on.
TEST(calls, files_of_the_run_can_be_locked_and_leases_cannot_be_taken) {
  EXPECT_EQ(run_hostile({"locks", "/work/l"}).output(),
            "open OK\nflock OK\nsetlk OK\ngetlk OK\nofd setlk OK\nlease EPERM\ngetfl OK\n");
  EXPECT_EQ(run_hostile({"locks", "/work/l"}, "capabilities = [\"fs.read\", \"fs.write\"]\n").output(),
            "open OK\nflock ENOSYS\nsetlk EPERM\ngetlk EPERM\nofd setlk EPERM\nlease EPERM\ngetfl OK\n");
}

// A plan's denial bites, and is EPERM.
TEST(calls, what_the_plan_denies_is_not_permitted) {
  EXPECT_EQ(run_hostile({"call-each", "mkdir", "rmdir"}, "[seccomp]\ndeny = [\"mkdir\"]\n").output(),
            "call mkdir EPERM\ncall rmdir EFAULT\n");
}

}  // namespace
}  // namespace evalrun::test
