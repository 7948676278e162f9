// The filters as programs: what they answer to every call, asked through an interpreter. What the kernel does with them
// is seccomp_kernel_test.cc.
//
// The golden tables in tests/golden say what the program meets under four plans. After a change of policy, write them
// anew and read the difference:  EVALRUN_REGENERATE_GOLDEN=1 ctest -R seccomp
#include "lockdown/seccomp.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "lockdown/call_policy.h"
#include "lockdown/call_signature.h"
#include "lockdown/filter_listing.h"
#include "lockdown/filter_program.h"
#include "runtime/core/arch.h"
#include "runtime/core/fd.h"
#include "runtime/plan/profile.h"
#include "tests/support/paths.h"
#include "tests/unit/bpf_interpreter.h"

namespace evalrun::lockdown {
namespace {

using Arguments = std::array<std::uint64_t, 6>;

constexpr std::uint64_t kGarbage = 0xdeadbeef'00000000;
constexpr int kLastNumber = 1023;
constexpr std::uint32_t kForeign[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, 0};

Plan plan_with(SeccompProfile profile, NetworkMode network) {
  Plan plan;
  plan.kind.seccomp.profile = profile;
  plan.kind.network.mode = network;
  return plan;
}

Plan strict_plan() {
  return plan_with(SeccompProfile::Strict, NetworkMode::None);
}
Plan compatible_plan() {
  return plan_with(SeccompProfile::Compatible, NetworkMode::None);
}
Plan loopback_plan() {
  return plan_with(SeccompProfile::Strict, NetworkMode::Loopback);
}

Plan pure_plan() {
  Plan plan = strict_plan();
  plan.kind.capabilities = capabilities_of(*std::ranges::find(profiles(), "pure", &Profile::name));
  return plan;
}

seccomp_data call_data(int number, const Arguments& arguments = {}, std::uint32_t architecture = arch::kAuditArch) {
  seccomp_data data{};
  data.nr = number;
  data.arch = architecture;
  std::ranges::copy(arguments, data.args);
  return data;
}

int number_of(const std::string& name) {
  const std::optional<int> number = number_of_call(name);
  if (!number) throw std::runtime_error("no number for " + name);
  return *number;
}

// What a program in the sandbox meets: both filters.
class Filters {
 public:
  explicit Filters(const Plan& plan) : whitelist(build_whitelist(plan)), seal(build_seal()) {}

  [[nodiscard]] std::uint32_t ask(int number, const Arguments& arguments = {}) const {
    return run_bpf_stack({seal, whitelist}, call_data(number, arguments));
  }
  [[nodiscard]] std::uint32_t ask(const std::string& name, const Arguments& arguments = {}) const {
    return ask(number_of(name), arguments);
  }

  FilterProgram whitelist;
  FilterProgram seal;
};

std::string name_of_action(std::uint32_t action) {
  switch (action & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW: return "allow";
    case SECCOMP_RET_KILL_PROCESS: return "kill";
    case SECCOMP_RET_USER_NOTIF: return "notify";
    case SECCOMP_RET_ERRNO: return errno_name(static_cast<int>(action & SECCOMP_RET_DATA));
    default: return "action " + std::to_string(action);
  }
}

std::string text_of(const Arguments& arguments) {
  std::ostringstream text;
  for (const std::uint64_t argument : arguments) text << " 0x" << std::hex << argument;
  return text.str();
}

// ---- An independent reading of the tables ---------------------------------------------------------------------------

bool holds(const ArgumentTest& test, const Arguments& arguments) {
  const std::uint64_t value = arguments.at(test.argument) & test.mask;
  if (test.compare == ArgumentTest::Compare::AnyBit) return value != 0;
  const bool listed = std::ranges::count(test.values, static_cast<std::uint32_t>(value)) > 0;
  return listed == (test.compare == ArgumentTest::Compare::OneOf);
}

CallVerdict verdict_of(const CallPolicy& policy, int number, const Arguments& arguments) {
  const auto found = policy.calls.find(number);
  if (found == policy.calls.end()) return policy.unlisted;
  for (const ArgumentRow& row : found->second.rows) {
    if (holds(row.test, arguments) && (!row.and_test || holds(*row.and_test, arguments))) return row.verdict;
  }
  return found->second.otherwise;
}

using ValuesByArgument = std::map<unsigned, std::set<std::uint64_t>>;

void collect_values(const ArgumentTest& test, ValuesByArgument& values) {
  auto& set = values[test.argument];
  set.insert(test.values.begin(), test.values.end());
  if (test.compare != ArgumentTest::Compare::AnyBit) return;
  for (unsigned bit = 0; bit <= 32; ++bit) {
    if ((test.mask >> bit & 1) != 0) set.insert(std::uint64_t{1} << bit);
  }
}

// Every value that some row of the call asks about.
ValuesByArgument values_asked_about(const std::vector<ArgumentRow>& rows) {
  ValuesByArgument values;
  for (const ArgumentRow& row : rows) {
    collect_values(row.test, values);
    if (row.and_test) collect_values(*row.and_test, values);
  }
  return values;
}

std::vector<Arguments> product(const ValuesByArgument& values) {
  std::vector<Arguments> all{Arguments{}};
  for (const auto& [argument, set] : values) {
    std::vector<Arguments> longer;
    for (const Arguments& before : all) {
      for (const std::uint64_t value : set) {
        longer.push_back(before);
        longer.back().at(argument) = value;
      }
    }
    all = std::move(longer);
  }
  return all;
}

// The values of the rows, their neighbours, and all of that with garbage above bit 31.
std::vector<Arguments> boundary_arguments(const CallPolicy& policy, int number) {
  std::vector<Arguments> all{{}, {1, 1, 1, 1, 1, 1}};
  all.push_back({kGarbage, kGarbage, kGarbage, kGarbage, kGarbage, kGarbage});
  all.push_back({~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL});
  const auto found = policy.calls.find(number);
  if (found == policy.calls.end() || found->second.rows.empty()) return all;
  ValuesByArgument values = values_asked_about(found->second.rows);
  for (auto& [argument, set] : values) {
    std::set<std::uint64_t> wider{0, 1, kGarbage, 0x7fffffff, 0x80000000, 0xffffffff, ~0ULL};
    for (const std::uint64_t value : set) {
      wider.insert({value, value + 1, value - 1, value | kGarbage, value | 0x1'00000000, value | 0x10});
    }
    set = std::move(wider);
  }
  const std::vector<Arguments> combined = product(values);
  all.insert(all.end(), combined.begin(), combined.end());
  return all;
}

// ---- The interpreter ------------------------------------------------------------------------------------------------

TEST(BpfInterpreterTest, refuses_what_the_kernel_would_not_load) {
  const seccomp_data call = call_data(0);
  const std::vector<sock_filter> unknown{{BPF_LD | BPF_IND, 0, 0, 0}};
  const std::vector<sock_filter> outside{{BPF_LD | BPF_W | BPF_ABS, 0, 0, sizeof(seccomp_data)}};
  const std::vector<sock_filter> endless{{BPF_JMP | BPF_JA, 0, 0, 7}};
  const std::vector<sock_filter> fine{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  EXPECT_THROW(run_bpf(unknown, call), std::runtime_error);
  EXPECT_THROW(run_bpf(outside, call), std::runtime_error);
  EXPECT_THROW(run_bpf(endless, call), std::runtime_error);
  EXPECT_EQ(run_bpf(fine, call), SECCOMP_RET_ALLOW);
}

TEST(BpfInterpreterTest, the_strictest_filter_wins_and_among_equals_the_newest) {
  const std::vector<sock_filter> allow{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const std::vector<sock_filter> first{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 1}};
  const std::vector<sock_filter> second{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 2}};
  const std::vector<sock_filter> kill{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS}};
  const seccomp_data call = call_data(0);
  EXPECT_EQ(run_bpf_stack({allow, first}, call), SECCOMP_RET_ERRNO | 1);
  EXPECT_EQ(run_bpf_stack({second, first}, call), SECCOMP_RET_ERRNO | 2);
  EXPECT_EQ(run_bpf_stack({second, kill}, call), SECCOMP_RET_KILL_PROCESS);
}

// ---- Every call, from the tables ------------------------------------------------------------------------------------

struct NamedPlan {
  const char* name;
  Plan plan;
};

void PrintTo(const NamedPlan& plan, std::ostream* out) {
  *out << plan.name;
}

std::vector<NamedPlan> plans_to_sweep() {
  Plan overridden = strict_plan();
  overridden.kind.seccomp.allow = {"memfd_create", "flock", "fcntl_locks", "execveat", "personality", "cachestat"};
  overridden.kind.seccomp.deny = {"fork", "clone", "bpf", "splice", "unshare", "fchmodat2"};
  return {{"strict", strict_plan()},
          {"pure", pure_plan()},
          {"compatible", compatible_plan()},
          {"loopback", loopback_plan()},
          {"overridden", overridden}};
}

class SeccompSweep : public ::testing::TestWithParam<NamedPlan> {};

TEST_P(SeccompSweep, every_number_and_boundary_argument_gets_what_the_tables_say) {
  const Plan& plan = GetParam().plan;
  const Filters filters(plan);
  const CallPolicy met = resolve_whitelist(plan, Phase::Program);
  const CallPolicy set_up = resolve_whitelist(plan, Phase::SetUp);
  for (int number = 0; number <= kLastNumber; ++number) {
    for (const Arguments& arguments : boundary_arguments(set_up, number)) {
      ASSERT_EQ(filters.ask(number, arguments),
                action_of(verdict_of(met, number, arguments), plan.kind.seccomp.profile))
          << "whitelist and seal, call " << number << text_of(arguments);
      ASSERT_EQ(run_bpf(filters.whitelist, call_data(number, arguments)),
                action_of(verdict_of(set_up, number, arguments), plan.kind.seccomp.profile))
          << "whitelist alone, call " << number << text_of(arguments);
    }
  }
}

TEST_P(SeccompSweep, other_architectures_and_x32_numbers_are_handed_over_and_end_init) {
  const Filters filters(GetParam().plan);
  // The seal leaves them to the whitelist: what it killed would leave no other trace than a signal.
  for (const auto& [program, answer] : {std::pair{filters.whitelist, SECCOMP_RET_USER_NOTIF},
                                        {filters.seal, SECCOMP_RET_ALLOW},
                                        {build_init_filter(), SECCOMP_RET_KILL_PROCESS}}) {
    ASSERT_EQ(run_bpf(program, call_data(SYS_write)), SECCOMP_RET_ALLOW);
    for (int number = 0; number <= kLastNumber; ++number) {
      for (const Arguments& arguments : {Arguments{}, Arguments{1, 1, 1, 1, 1, 1}}) {
        for (const std::uint32_t foreign : kForeign) {
          ASSERT_EQ(run_bpf(program, call_data(number, arguments, foreign)), answer) << number;
        }
#if defined(__x86_64__)
        const int x32 = number | static_cast<int>(arch::kForeignCallBit);
        ASSERT_EQ(run_bpf(program, call_data(x32, arguments)), answer) << number;
#endif
      }
    }
  }
}

// libseccomp's filter for the same policy, with SECCOMP_RET_TRACE where arguments decide.
std::vector<sock_filter> filter_by_libseccomp(const CallPolicy& policy, SeccompProfile profile) {
  const std::uint32_t unlisted = action_of(policy.unlisted, profile);
  const std::unique_ptr<void, decltype(&::seccomp_release)> context(::seccomp_init(unlisted), &::seccomp_release);
  const auto check = [](int result) {
    if (result < 0) throw std::runtime_error("libseccomp: " + errno_text(-result));
  };
  check(::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, action_of(policy.foreign, profile)));
  for (const auto& [number, decision] : policy.calls) {
    const std::uint32_t action =
        decision.rows.empty() ? action_of(decision.otherwise, profile) : static_cast<std::uint32_t>(SCMP_ACT_TRACE(0));
    // It refuses rules that say what the default says.
    if (action != unlisted) check(::seccomp_rule_add_array(context.get(), action, number, 0, nullptr));
  }
  const Fd file(::memfd_create("filter", MFD_CLOEXEC));
  check(::seccomp_export_bpf(context.get(), file.get()));
  std::vector<sock_filter> program(BPF_MAXINSNS);
  const ssize_t size = ::pread(file.get(), program.data(), program.size() * sizeof(sock_filter), 0);
  if (size <= 0) throw std::runtime_error("no filter exported");
  program.resize(static_cast<std::size_t>(size) / sizeof(sock_filter));
  return program;
}

void expect_same_answers(const CallPolicy& policy, SeccompProfile profile) {
  const FilterProgram ours = assemble_filter(policy, profile);
  const std::vector<sock_filter> theirs = filter_by_libseccomp(policy, profile);
  for (int number = -2; number <= kLastNumber; ++number) {
    for (const int called : {number, number ^ static_cast<int>(0x40000000), number ^ static_cast<int>(0x80000000)}) {
      for (const std::uint32_t architecture : {arch::kAuditArch, kForeign[0], kForeign[1], kForeign[2]}) {
        const seccomp_data call = call_data(called, {}, architecture);
        const std::uint32_t wanted = run_bpf(theirs, call);
        if (wanted == SCMP_ACT_TRACE(0)) {
          ASSERT_FALSE(policy.calls.at(called).rows.empty()) << called;
        } else {
          ASSERT_EQ(run_bpf(ours, call), wanted) << called << " of architecture " << architecture;
        }
      }
    }
  }
}

TEST_P(SeccompSweep, what_numbers_decide_is_what_libseccomp_makes_of_the_same_policy) {
  const Plan& plan = GetParam().plan;
  expect_same_answers(resolve_whitelist(plan, Phase::SetUp), plan.kind.seccomp.profile);
  expect_same_answers(resolve_seal(), plan.kind.seccomp.profile);
}

INSTANTIATE_TEST_SUITE_P(Plans, SeccompSweep, ::testing::ValuesIn(plans_to_sweep()),
                         [](const auto& sweep) { return std::string(sweep.param.name); });

TEST(SeccompTest, numbers_above_the_table_and_minus_one_are_not_implemented) {
  const Filters filters(strict_plan());
  for (const int number : {-1, 470, 1023, 4096, 0x3fffffff}) {
    EXPECT_EQ(name_of_action(filters.ask(number)), "ENOSYS") << number;
  }
#if defined(__x86_64__)
  for (const int number : {-2, 0x40000000, static_cast<int>(0x80000000)}) {
    EXPECT_EQ(name_of_action(filters.ask(number)), "notify") << number;
  }
#endif
}

TEST(SeccompTest, each_group_gets_its_verdict_under_each_plan) {
  for (const Plan& plan : {strict_plan(), compatible_plan(), loopback_plan()}) {
    const Filters filters(plan);
    for (const CallGroup& group : call_groups()) {
      // Written out, not asked of the code under test.
      const CallVerdict verdict = group.name == "pinning" ? CallVerdict::NotPermitted : group.verdict;
      for (const std::string_view call : group.calls) {
        const std::optional<int> number = number_of_call(std::string(call));
        if (number) {
          EXPECT_EQ(filters.ask(*number), action_of(verdict, plan.kind.seccomp.profile)) << call;
        }
      }
    }
  }
}

TEST(SeccompTest, each_row_decides_for_its_own_values) {
  const Filters filters(loopback_plan());
  for (const FilteredCall& filtered : filtered_calls()) {
    const std::vector<ArgumentRow> rows(filtered.rows.begin(), filtered.rows.end());
    std::set<std::size_t> decided;
    for (const Arguments& arguments : product(values_asked_about(rows))) {
      const auto row = std::ranges::find_if(rows, [&](const ArgumentRow& each) {
        return !each.only_without && holds(each.test, arguments) &&
               (!each.and_test || holds(*each.and_test, arguments));
      });
      if (row == rows.end()) continue;
      EXPECT_EQ(filters.ask(std::string(filtered.call), arguments), action_of(row->verdict, SeccompProfile::Strict))
          << filtered.call << text_of(arguments);
      decided.insert(static_cast<std::size_t>(row - rows.begin()));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool names_values = rows[i].test.compare != ArgumentTest::Compare::NoneOf;
      const bool never_decides = names_values && !rows[i].only_without && !decided.contains(i);
      EXPECT_FALSE(never_decides) << filtered.call << ": shadowed by the rows before: " << rows[i].reason;
    }
  }
}

TEST(SeccompTest, every_call_that_libseccomp_knows_has_a_place_in_the_tables) {
  std::set<std::string_view> placed;
  for (const CallGroup& group : call_groups()) placed.insert(group.calls.begin(), group.calls.end());
  for (const FilteredCall& filtered : filtered_calls()) placed.insert(filtered.call);
  for (int number = 0; number <= kLastNumber; ++number) {
    char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    if (name == nullptr) continue;
    EXPECT_TRUE(placed.contains(name)) << number << " " << name;
    std::free(name);
  }
  for (const NumberedCall& newer : newer_calls()) EXPECT_TRUE(placed.contains(newer.name)) << newer.name;
}

TEST(SeccompTest, every_name_in_the_tables_is_a_call) {
  const auto is_call = [](std::string_view name) {
    // A placeholder (below -1) is a call of other architectures.
    return seccomp_syscall_resolve_name(std::string(name).c_str()) != __NR_SCMP_ERROR ||
           is_known_call(std::string(name));
  };
  for (const CallGroup& group : call_groups()) {
    for (const std::string_view call : group.calls) EXPECT_TRUE(is_call(call)) << call;
  }
  for (const FilteredCall& filtered : filtered_calls()) EXPECT_TRUE(is_call(filtered.call)) << filtered.call;
  for (const SetUpCall& call : set_up_calls()) EXPECT_TRUE(is_call(call.call)) << call.call;
  for (const NamedReason& call : calls_needed_to_start()) EXPECT_TRUE(is_call(call.name)) << call.name;
  for (const NamedReason& call : init_calls()) EXPECT_TRUE(is_call(call.name)) << call.name;
}

TEST(SeccompTest, the_numbers_of_newer_calls_do_not_contradict_libseccomp) {
  for (const NumberedCall& newer : newer_calls()) {
    const int known = seccomp_syscall_resolve_name(std::string(newer.name).c_str());
    if (known != __NR_SCMP_ERROR) {
      EXPECT_EQ(known, newer.number) << newer.name;
    }
  }
}

TEST(SeccompTest, known_calls_are_told_from_unknown_ones) {
  EXPECT_TRUE(is_known_call("read"));
  EXPECT_TRUE(is_known_call("fchmodat2"));
  EXPECT_TRUE(is_known_call("file_setattr"));
  EXPECT_FALSE(is_known_call("raed"));
  EXPECT_FALSE(is_known_call(""));
  EXPECT_FALSE(is_known_call("fcntl_locks"));
#if defined(__x86_64__)
  EXPECT_FALSE(is_known_call("socketcall"));
#endif
}

// ---- A denial beside its allowed twin -------------------------------------------------------------------------------

struct Twin {
  const char* call;
  Arguments allowed;
  Arguments refused;
  const char* answer;
};

constexpr std::uint64_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                  CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

const Twin kTwins[] = {
    {"clone", {kThread}, {kThread | CLONE_NEWUSER}, "notify"},
    {"clone", {kThread}, {kThread | CLONE_NEWUSER | CLONE_NEWNET}, "notify"},
    {"clone", {SIGCHLD}, {SIGCHLD | CLONE_NEWNS}, "EPERM"},
    {"clone", {SIGCHLD}, {SIGCHLD | CLONE_NEWCGROUP}, "EPERM"},
    {"clone", {SIGCHLD}, {SIGCHLD | CLONE_NEWUTS}, "EPERM"},
    {"clone", {SIGCHLD}, {SIGCHLD | CLONE_NEWIPC}, "EPERM"},
    {"clone", {SIGCHLD}, {SIGCHLD | CLONE_NEWPID}, "EPERM"},
    {"clone", {SIGCHLD}, {SIGCHLD | CLONE_NEWNET}, "EPERM"},
    {"clone", {SIGCHLD}, {SIGCHLD | CLONE_PARENT}, "EPERM"},
    {"clone", {SIGCHLD}, {SIGCHLD | CLONE_UNTRACED}, "EPERM"},
    {"clone", {SIGCHLD}, {SIGCHLD | CLONE_PTRACE}, "EPERM"},
    {"clone", {SIGCHLD | CLONE_VM | CLONE_VFORK}, {SIGCHLD | 0x2'00000000}, "EPERM"},
    {"ioctl", {0, 0x5401}, {0, 0x5412}, "ENOTTY"},                        // TCGETS | TIOCSTI
    {"ioctl", {0, 0x5401 | kGarbage}, {0, 0x5412 | kGarbage}, "ENOTTY"},  // the same behind garbage
    {"ioctl", {0, 0x5413}, {0, 0x541c}, "ENOTTY"},                        // TIOCGWINSZ | TIOCLINUX
    {"ioctl", {0, 0x5421}, {0, 0x5423}, "ENOTTY"},                        // FIONBIO | TIOCSETD
    {"fcntl", {0, F_DUPFD_CLOEXEC}, {0, F_SETPIPE_SZ}, "EPERM"},
    {"fcntl", {0, F_SETFL}, {0, F_SETLK}, "notify"},
    {"fcntl", {0, F_GETFL}, {0, F_OFD_SETLKW}, "notify"},
    {"fcntl", {0, F_GETFD}, {0, F_SETOWN}, "EPERM"},
    {"fcntl", {0, F_SETFD}, {0, F_SETLEASE | kGarbage}, "EPERM"},
    {"fcntl", {0, F_GET_SEALS}, {0, 1027}, "EINVAL"},  // F_DUPFD_QUERY: callers fall back
    {"prctl", {PR_SET_NAME}, {PR_SET_MM}, "EPERM"},
    {"prctl", {PR_GET_DUMPABLE}, {PR_SET_PTRACER}, "EPERM"},
    {"prctl", {PR_CAPBSET_READ}, {PR_CAPBSET_DROP}, "EPERM"},
    {"prctl", {PR_GET_SECUREBITS}, {PR_SET_SECUREBITS}, "EPERM"},
    {"prctl", {PR_SET_NO_NEW_PRIVS}, {PR_SET_SECCOMP}, "EPERM"},
    {"prctl", {PR_SET_VMA}, {PR_SET_SPECULATION_CTRL}, "EPERM"},
    {"prctl", {PR_SET_PDEATHSIG | kGarbage}, {PR_CAP_AMBIENT | kGarbage}, "EPERM"},
    {"personality", {0xffffffff}, {READ_IMPLIES_EXEC}, "EPERM"},
    {"personality", {ADDR_NO_RANDOMIZE}, {ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC}, "EPERM"},
    {"prlimit64", {0, 7}, {1, 7}, "EPERM"},
    {"prlimit64", {kGarbage, 7}, {~0ULL, 7}, "EPERM"},
    {"prlimit64", {0, RLIMIT_CORE, 0, 1}, {0, RLIMIT_CORE, 1, 0}, "0"},
    {"prlimit64", {0, RLIMIT_CORE | kGarbage, 0}, {0, RLIMIT_CORE | kGarbage, 0x7fff'00000000}, "0"},
    {"prlimit64", {0, RLIMIT_FSIZE, 0, 1}, {0, RLIMIT_FSIZE, 1, 0}, "notify"},
    {"setrlimit", {RLIMIT_STACK}, {RLIMIT_CORE | kGarbage}, "0"},
    {"setrlimit", {RLIMIT_NOFILE}, {RLIMIT_FSIZE}, "ENOSYS"},
    {"kill", {1, SIGSYS}, {1, SIGXFSZ}, "notify"},
    {"tkill", {1, SIGXCPU}, {1, SIGXFSZ | kGarbage}, "notify"},
    {"tgkill", {SIGXFSZ, 1, SIGKILL}, {1, 1, SIGXFSZ}, "notify"},
    {"rt_sigqueueinfo", {SIGXFSZ, SIGTERM}, {1, SIGXFSZ, 0x1000}, "notify"},
    {"rt_tgsigqueueinfo", {1, SIGXFSZ, SIGTERM}, {1, 1, SIGXFSZ, 0x1000}, "notify"},
    {"pidfd_send_signal", {SIGXFSZ, SIGTERM}, {3, SIGXFSZ}, "notify"},
    {"timer_create", {CLOCK_MONOTONIC, 0, 0x1000}, {CLOCK_MONOTONIC, 0x7fff'00000000, 0}, "notify"},
    {"clone", {SIGCHLD}, {SIGXFSZ}, "notify"},
    {"clone", {SIGCHLD | CLONE_VM | CLONE_VFORK}, {SIGXFSZ | CLONE_VM}, "notify"},
    {"mknod", {0, S_IFIFO | 0600}, {0, S_IFCHR | 0600}, "EPERM"},
    {"mknod", {0, 0600}, {0, S_IFBLK | 0600}, "EPERM"},
    {"mknodat", {0, 0, S_IFREG | 0600}, {0, 0, S_IFSOCK | 0600}, "EPERM"},
    {"socket", {AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP}, {AF_INET, SOCK_STREAM, 262}, "EPROTONOSUPPORT"},
    {"socket", {AF_INET6, SOCK_DGRAM, IPPROTO_UDP}, {AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP}, "EPROTONOSUPPORT"},
    {"socket", {AF_INET, SOCK_DGRAM, 0}, {AF_INET, SOCK_RAW, 0}, "EPROTONOSUPPORT"},
    {"socket", {AF_INET, SOCK_DGRAM, 0}, {AF_INET, SOCK_DGRAM, IPPROTO_ICMP}, "EPROTONOSUPPORT"},
    {"socket", {AF_UNIX, SOCK_SEQPACKET, 0}, {AF_NETLINK, SOCK_RAW, 0}, "EAFNOSUPPORT"},
    {"socket", {AF_UNIX | kGarbage, SOCK_STREAM | kGarbage, kGarbage}, {AF_ALG | kGarbage, 5, 0}, "EAFNOSUPPORT"},
    {"socket", {AF_UNIX, SOCK_STREAM, 0}, {AF_VSOCK, SOCK_STREAM, 0}, "EAFNOSUPPORT"},
    {"socket", {AF_INET, SOCK_DGRAM, 0}, {AF_PACKET, SOCK_DGRAM, 0}, "EAFNOSUPPORT"},
    {"socket", {AF_UNIX, SOCK_SEQPACKET, 0}, {AF_UNIX | kGarbage, SOCK_DGRAM | SOCK_CLOEXEC, 0}, "EPROTONOSUPPORT"},
    {"socketpair", {AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0}, {AF_INET, SOCK_STREAM, 0}, "EAFNOSUPPORT"},
    {"socketpair", {AF_UNIX, SOCK_SEQPACKET, 0}, {AF_UNIX, SOCK_RAW, 0}, "EPROTONOSUPPORT"},
    {"socketpair", {AF_UNIX, SOCK_STREAM, 0}, {AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0}, "EPROTONOSUPPORT"},
    {"sendto", {0, 0, 0, MSG_NOSIGNAL}, {0, 0, 0, MSG_OOB}, "EOPNOTSUPP"},
    {"sendto", {0, 0, 0, kGarbage}, {0, 0, 0, MSG_FASTOPEN | MSG_NOSIGNAL}, "EOPNOTSUPP"},
    {"sendmsg", {0, 0, MSG_DONTWAIT}, {0, 0, MSG_OOB | MSG_DONTWAIT}, "EOPNOTSUPP"},
    {"sendmmsg", {0, 0, 0, 0}, {0, 0, 0, MSG_FASTOPEN | kGarbage}, "EOPNOTSUPP"},
    {"setsockopt", {0, IPPROTO_TCP, 1}, {0, IPPROTO_TCP, 23}, "EOPNOTSUPP"},            // TCP_NODELAY | TCP_FASTOPEN
    {"setsockopt", {0, SOL_SOCKET, SO_REUSEPORT}, {0, IPPROTO_TCP, 30}, "EOPNOTSUPP"},  // | TCP_FASTOPEN_CONNECT
    {"setsockopt", {0, IPPROTO_TCP, TCP_CORK}, {0, SOL_SOCKET, SO_ATTACH_FILTER}, "EPERM"},
    {"setsockopt", {0, SOL_SOCKET, SO_REUSEADDR}, {0, SOL_SOCKET, SO_ATTACH_BPF | kGarbage}, "EPERM"},
    {"setsockopt", {0, SOL_SOCKET, SO_KEEPALIVE}, {0, IPPROTO_TCP | kGarbage, 31}, "EPERM"},  // | TCP_ULP
    {"setsockopt", {0, SOL_SOCKET, SO_LINGER}, {0, SOL_SOCKET, SO_RCVBUF}, "0"},
    {"setsockopt", {0, SOL_SOCKET, SO_LINGER}, {0, SOL_SOCKET, SO_SNDBUF | kGarbage}, "0"},
    {"setsockopt", {0, SOL_SOCKET, SO_BROADCAST}, {0, SOL_SOCKET, 60}, "ENOPROTOOPT"},  // SO_ZEROCOPY
    {"setsockopt", {0, SOL_SOCKET, SO_RCVTIMEO}, {0, SOL_SOCKET, SO_MARK}, "ENOPROTOOPT"},
    {"setsockopt", {0, IPPROTO_TCP, 18}, {0, IPPROTO_TCP, 13}, "ENOPROTOOPT"},    // TCP_USER_TIMEOUT | CONGESTION
    {"setsockopt", {0, IPPROTO_IPV6, 26}, {0, IPPROTO_IPV6, 64}, "ENOPROTOOPT"},  // V6ONLY | ip6tables
    {"setsockopt", {0, IPPROTO_IP, IP_TTL}, {0, IPPROTO_IP | kGarbage, 64}, "ENOPROTOOPT"},        // IPT_SO_SET_REPLACE
    {"setsockopt", {0, SOL_SOCKET | kGarbage, SO_LINGER | kGarbage}, {0, 263, 5}, "ENOPROTOOPT"},  // PACKET_RX_RING
    {"getsockopt", {0, SOL_SOCKET, SO_TYPE}, {0, SOL_SOCKET, 57}, "ENOPROTOOPT"},                  // SO_COOKIE
    {"getsockopt", {0, IPPROTO_TCP, 57}, {0, SOL_SOCKET, 71 | kGarbage}, "ENOPROTOOPT"},           // SO_NETNS_COOKIE
    {"futex", {0, FUTEX_WAIT_BITSET | 384}, {0, FUTEX_LOCK_PI}, "ENOSYS"},
    {"futex", {0, FUTEX_WAKE | FUTEX_PRIVATE_FLAG}, {0, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG}, "ENOSYS"},
    {"futex", {0, FUTEX_REQUEUE}, {0, FUTEX_CMP_REQUEUE_PI | kGarbage}, "ENOSYS"},
    {"futex", {0, FUTEX_CMP_REQUEUE}, {0, FUTEX_WAIT_REQUEUE_PI | 384}, "ENOSYS"},
    {"futex", {0, FUTEX_WAKE_OP}, {0, 13 | FUTEX_CLOCK_REALTIME}, "ENOSYS"},  // FUTEX_LOCK_PI2
    {"timer_create", {CLOCK_MONOTONIC}, {CLOCK_PROCESS_CPUTIME_ID}, "EOPNOTSUPP"},
    {"timer_create",
     {CLOCK_REALTIME | kGarbage},
     {static_cast<std::uint32_t>(-6)},
     "EOPNOTSUPP"},  // a process's, by pid
    {"clock_nanosleep", {CLOCK_BOOTTIME}, {CLOCK_THREAD_CPUTIME_ID | kGarbage}, "EOPNOTSUPP"},
    {"madvise", {0, 0, MADV_DONTNEED}, {0, 0, MADV_PAGEOUT}, "EINVAL"},
    {"madvise", {0, 0, MADV_HUGEPAGE}, {0, 0, MADV_MERGEABLE | kGarbage}, "EINVAL"},
    {"madvise", {0, 0, MADV_FREE | kGarbage}, {0, 0, MADV_COLD}, "EINVAL"},
    {"madvise", {0, 0, 23}, {0, 0, 25}, "EINVAL"},              // POPULATE_WRITE | COLLAPSE
    {"madvise", {0, 0, MADV_WILLNEED}, {0, 0, 100}, "EINVAL"},  // HWPOISON
    {"mmap", {0, 0, 0, MAP_PRIVATE | MAP_ANONYMOUS}, {0, 0, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB}, "EINVAL"},
    {"preadv2", {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 8}, "EOPNOTSUPP"},                           // RWF_NOWAIT
    {"preadv2", {0, 0, 0, 0, 0, 1 | kGarbage}, {0, 0, 0, 0, 0, 0x80 | kGarbage}, "EOPNOTSUPP"},  // RWF_DONTCACHE
    {"pwritev2", {0, 0, 0, 0, 0, 0x16}, {0, 0, 0, 0, 0, 9}, "EOPNOTSUPP"},
    {"fadvise64", {0, 0, 0, POSIX_FADV_WILLNEED}, {0, 0, 0, POSIX_FADV_DONTNEED}, "0"},
    {"fadvise64", {0, 0, 0, POSIX_FADV_SEQUENTIAL}, {0, 0, 0, POSIX_FADV_DONTNEED | kGarbage}, "0"},
    {"epoll_ctl", {0, EPOLL_CTL_DEL}, {0, EPOLL_CTL_ADD}, "notify"},
    {"epoll_ctl", {0, EPOLL_CTL_MOD | kGarbage}, {0, EPOLL_CTL_ADD | kGarbage}, "notify"},
#if defined(__x86_64__)
    {"arch_prctl", {0x1002}, {0x1012}, "ENOSYS"},  // ARCH_SET_FS | ARCH_SET_CPUID
#endif
};

TEST(SeccompTest, each_refused_argument_has_an_allowed_twin) {
  const Filters filters(loopback_plan());
  for (const Twin& twin : kTwins) {
    EXPECT_EQ(name_of_action(filters.ask(twin.call, twin.allowed)), "allow") << twin.call << text_of(twin.allowed);
    EXPECT_EQ(name_of_action(filters.ask(twin.call, twin.refused)), twin.answer) << twin.call << text_of(twin.refused);
  }
}

TEST(SeccompTest, without_a_network_there_are_only_unix_sockets_and_addresses_are_mediated) {
  const Filters none(strict_plan());
  const Filters loopback(loopback_plan());
  EXPECT_EQ(name_of_action(none.ask("socketpair", {AF_UNIX, SOCK_STREAM})), "allow");
  EXPECT_EQ(name_of_action(none.ask("sendmsg")), "allow");
  EXPECT_EQ(name_of_action(none.ask("recvmsg")), "allow");
  EXPECT_EQ(name_of_action(none.ask("socket", {AF_UNIX, SOCK_STREAM})), "allow");
  for (const std::uint64_t family : {AF_INET, AF_INET6}) {
    EXPECT_EQ(name_of_action(none.ask("socket", {family, SOCK_STREAM})), "EACCES");
    EXPECT_EQ(name_of_action(none.ask("socket", {family | kGarbage, SOCK_STREAM})), "EACCES");
    EXPECT_EQ(name_of_action(loopback.ask("socket", {family, SOCK_STREAM})), "allow");
  }
  const Filters compatible(compatible_plan());
  for (const char* call : {"bind", "connect", "listen", "inotify_add_watch"}) {
    for (const Filters* filters : {&none, &loopback, &compatible}) {
      EXPECT_EQ(name_of_action(filters->ask(call)), "notify") << call;
      EXPECT_TRUE(is_mediated(number_of(call))) << call;
    }
  }
  for (const char* call : {"accept", "accept4", "ptrace", "getsockname"}) {
    EXPECT_FALSE(is_mediated(number_of(call))) << call;
  }
  EXPECT_EQ(name_of_action(none.ask("accept")), "allow");
}

TEST(SeccompTest, exploit_only_calls_are_told_under_strict_and_get_eperm_under_compatible) {
  const Filters strict(strict_plan());
  const Filters compatible(compatible_plan());
  for (const char* call : {"bpf", "kexec_load", "init_module", "keyctl", "userfaultfd", "mount", "fsopen", "ptrace",
                           "open_by_handle_at", "perf_event_open", "setns", "pivot_root", "open_tree_attr"}) {
    EXPECT_EQ(name_of_action(strict.ask(call)), "notify") << call;
    EXPECT_EQ(name_of_action(compatible.ask(call)), "EPERM") << call;
  }
  EXPECT_EQ(name_of_action(strict.ask("unshare", {CLONE_NEWUSER})), "notify");
  EXPECT_EQ(name_of_action(compatible.ask("unshare", {CLONE_NEWUSER})), "EPERM");
  EXPECT_EQ(name_of_action(strict.ask("unshare", {CLONE_NEWNS})), "EPERM");
}

// ---- The plan's overrides -------------------------------------------------------------------------------------------

// The message of the PlanError, or what else happened.
std::string plan_error(const Plan& plan) {
  try {
    build_whitelist(plan);
    return "no error";
  } catch (const PlanError& error) {
    return error.what();
  }
}

Plan plan_allowing(std::vector<std::string> calls) {
  Plan plan = strict_plan();
  plan.kind.seccomp.allow = std::move(calls);
  plan.origin.positions["seccomp.allow"] = {"plan.toml", 7, 3};
  return plan;
}

Plan plan_denying(std::vector<std::string> calls) {
  Plan plan = strict_plan();
  plan.kind.seccomp.deny = std::move(calls);
  plan.origin.positions["seccomp.deny"] = {"plan.toml", 8, 3};
  return plan;
}

TEST(SeccompTest, a_plan_may_allow_what_is_refused_by_default) {
  const Filters plain(strict_plan());
  for (const char* call : {"memfd_create", "splice", "execveat", "cachestat", "setgroups", "process_vm_readv"}) {
    EXPECT_NE(name_of_action(plain.ask(call)), "allow") << call;
    EXPECT_EQ(name_of_action(Filters(plan_allowing({call})).ask(call)), "allow") << call;
  }
}

TEST(SeccompTest, locks_are_asked_for_and_taken_with_their_word) {
  const Filters plain(strict_plan());
  const Filters pure(pure_plan());
  for (const std::uint64_t command : {F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW}) {
    EXPECT_EQ(name_of_action(plain.ask("fcntl", {0, command})), "notify") << command;
    EXPECT_EQ(name_of_action(pure.ask("fcntl", {0, command})), "EPERM") << command;
  }
  EXPECT_EQ(name_of_action(plain.ask("flock", {0, LOCK_EX})), "notify");
  EXPECT_EQ(name_of_action(pure.ask("flock", {0, LOCK_EX})), "ENOSYS");
  EXPECT_EQ(name_of_action(Filters(plan_allowing({"flock"})).ask("flock", {0, LOCK_EX})), "allow");
  // What is decided by a descriptor needs descriptors that no other process changes.
  EXPECT_EQ(name_of_action(plain.ask("clone", {CLONE_FILES | SIGCHLD})), "EPERM");
  EXPECT_EQ(name_of_action(plain.ask("clone", {CLONE_FILES | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD})), "allow");
  EXPECT_EQ(name_of_action(plain.ask("clone", {CLONE_VM | CLONE_VFORK | SIGCHLD})), "allow");
}

TEST(SeccompTest, fcntl_locks_unlocks_record_locks_and_nothing_else) {
  const Filters locks(plan_allowing({"fcntl_locks"}));
  for (const std::uint64_t command : {F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW}) {
    EXPECT_EQ(name_of_action(locks.ask("fcntl", {0, command})), "allow") << command;
  }
  EXPECT_EQ(name_of_action(locks.ask("fcntl", {0, F_SETPIPE_SZ})), "EPERM");
  EXPECT_EQ(name_of_action(locks.ask("fcntl", {0, F_ADD_SEALS})), "EPERM");
  EXPECT_EQ(name_of_action(locks.ask("flock")), "notify");
}

TEST(SeccompTest, memory_files_bring_their_seals) {
  EXPECT_EQ(name_of_action(Filters(plan_allowing({"memfd_create"})).ask("fcntl", {0, F_ADD_SEALS})), "allow");
  EXPECT_EQ(name_of_action(Filters(strict_plan()).ask("fcntl", {0, F_ADD_SEALS})), "EPERM");
}

TEST(SeccompTest, a_plan_may_deny_what_is_allowed) {
  const Filters plain(strict_plan());
  const Filters denying(plan_denying({"fork", "splice", "socketpair"}));
  EXPECT_EQ(name_of_action(plain.ask("fork")), "allow");
  EXPECT_EQ(name_of_action(denying.ask("fork")), "EPERM");
  EXPECT_EQ(name_of_action(plain.ask("splice")), "ENOSYS");
  EXPECT_EQ(name_of_action(denying.ask("splice")), "EPERM");
  EXPECT_EQ(name_of_action(plain.ask("socketpair", {AF_UNIX, SOCK_STREAM})), "allow");
  EXPECT_EQ(name_of_action(denying.ask("socketpair", {AF_UNIX, SOCK_STREAM})), "EPERM");
}

TEST(SeccompTest, denying_never_weakens_a_violation) {
  const Filters denying(plan_denying({"bpf", "clone"}));
  EXPECT_EQ(name_of_action(denying.ask("bpf")), "notify");
  EXPECT_EQ(name_of_action(denying.ask("clone", {CLONE_NEWUSER})), "notify");
  EXPECT_EQ(name_of_action(denying.ask("clone", {SIGCHLD})), "EPERM");
}

TEST(SeccompTest, overrides_that_make_no_sense_are_errors_at_their_place) {
  EXPECT_EQ(plan_error(plan_allowing({"flock"})), "no error");
  EXPECT_EQ(plan_error(plan_denying({"fork"})), "no error");
  EXPECT_EQ(plan_error(plan_allowing({"memfd_craete"})),
            "plan.toml:7:3: seccomp.allow: \"memfd_craete\" is not a system call of this architecture; did you mean "
            "\"memfd_create\"?");
  EXPECT_EQ(plan_error(plan_denying({"fcntl_locks"})),
            "plan.toml:8:3: seccomp.deny: \"fcntl_locks\" is not a system call of this architecture");
  EXPECT_EQ(plan_error(plan_allowing({"bpf"})),
            "plan.toml:7:3: seccomp.allow: \"bpf\" is never allowed: it hands code to the kernel");
  EXPECT_EQ(plan_error(plan_denying({"execve"})),
            "plan.toml:8:3: seccomp.deny: \"execve\" is needed to start the program: the program itself");
  Plan both = plan_allowing({"flock"});
  both.kind.seccomp.deny = {"flock"};
  EXPECT_EQ(plan_error(both), "plan.toml:7:3: seccomp.allow: \"flock\" is in seccomp.deny as well");
}

TEST(SeccompTest, sockets_are_allowed_by_the_network_and_not_by_name) {
  for (const char* call : {"socket", "connect", "bind", "listen"}) {
    EXPECT_NE(plan_error(plan_allowing({call})).find("[network]"), std::string::npos) << call;
  }
}

TEST(SeccompTest, no_plan_may_allow_what_is_never_allowed) {
  for (const CallGroup& group : call_groups()) {
    for (const std::string_view call : group.calls) {
      const bool refused = plan_error(plan_allowing({std::string(call)})) != "no error";
      EXPECT_EQ(refused, !group.never_allowed.empty()) << call;
    }
  }
  for (const char* call : {"clone", "clone3", "prctl", "ioctl", "unshare", "io_uring_setup", "seccomp", "capset"}) {
    EXPECT_NE(plan_error(plan_allowing({call})), "no error") << call;
  }
}

TEST(SeccompTest, no_plan_may_deny_what_start_up_needs) {
  for (const NamedReason& call : calls_needed_to_start()) {
    EXPECT_NE(plan_error(plan_denying({std::string(call.name)})), "no error") << call.name;
  }
}

TEST(SeccompTest, what_is_asked_for_address_space_is_refused_first_where_its_arguments_are) {
  Plan plan = strict_plan();
  plan.kind.limits.address_space = Bytes{1 << 30};
  const Filters filters(plan);
  EXPECT_EQ(name_of_action(filters.ask("mmap", {0, 0, 0, MAP_PRIVATE})), "notify");
  EXPECT_EQ(name_of_action(filters.ask("mmap", {0, 0, 0, MAP_PRIVATE | MAP_HUGETLB})), "EINVAL");
  EXPECT_EQ(name_of_action(filters.ask("brk")), "notify");
}

TEST(SeccompTest, what_tells_of_a_limit_is_noted_and_goes_on) {
  Plan plan = strict_plan();
  plan.kind.limits.open_files = 64;
  const Filters filters(plan);
  EXPECT_EQ(name_of_action(filters.ask("exit_group", {0})), "allow");
  EXPECT_EQ(name_of_action(filters.ask("exit_group", {1})), "notify");
  EXPECT_EQ(name_of_action(filters.ask("tgkill", {1, 1, SIGABRT})), "notify");
  EXPECT_EQ(name_of_action(filters.ask("tgkill", {1, 1, SIGTERM})), "allow");
  for (const std::uint64_t number : {62, 63, 64}) {
    const char* expected = number == 63 ? "notify" : "allow";
    EXPECT_EQ(name_of_action(filters.ask("close", {number})), expected) << number;
    EXPECT_EQ(name_of_action(filters.ask("dup2", {1, number})), expected) << number;
    EXPECT_EQ(name_of_action(filters.ask("dup3", {1, number})), expected) << number;
  }
}

// Loading costs time by the length (docs/performance.md): what makes it longer is seen here.
TEST(SeccompTest, the_whitelist_is_no_longer_than_it_was) {
  EXPECT_LE(build_whitelist(strict_plan()).size(), 680u);
  EXPECT_LE(build_seal().size(), 37u);
}

// ---- Seal and init --------------------------------------------------------------------------------------------------

TEST(SeccompTest, the_seal_takes_away_each_call_that_only_the_set_up_needs) {
  for (const Plan& plan : {strict_plan(), compatible_plan(), loopback_plan()}) {
    const Filters filters(plan);
    for (const SetUpCall& call : set_up_calls()) {
      const Arguments arguments{call.option.value_or(1)};
      const int number = number_of(std::string(call.call));
      const std::uint32_t before = run_bpf(filters.whitelist, call_data(number, arguments));
      EXPECT_EQ(before == SECCOMP_RET_ALLOW, call.use == SetUpCall::Use::LaterStep) << call.call;
      EXPECT_EQ(run_bpf(filters.seal, call_data(number, arguments)), action_of(call.sealed, plan.kind.seccomp.profile));
      EXPECT_EQ(filters.ask(number, arguments), action_of(call.sealed, plan.kind.seccomp.profile)) << call.call;
    }
  }
}

TEST(SeccompTest, the_seal_leaves_everything_else_to_the_whitelist) {
  const FilterProgram seal = build_seal();
  std::set<int> sealed;
  for (const SetUpCall& call : set_up_calls()) sealed.insert(number_of(std::string(call.call)));
  for (int number = -1; number <= kLastNumber; ++number) {
    if (!sealed.contains(number)) {
      EXPECT_EQ(run_bpf(seal, call_data(number)), SECCOMP_RET_ALLOW) << number;
    }
  }
  EXPECT_EQ(run_bpf(seal, call_data(SYS_prctl, {PR_SET_NAME})), SECCOMP_RET_ALLOW);
}

TEST(SeccompTest, what_start_up_needs_is_admitted_by_the_whitelist_and_what_execve_needs_by_both) {
  const Filters filters(strict_plan());
  for (const NamedReason& call : calls_needed_to_start()) {
    const Arguments arguments{call.name == "prctl" ? std::uint64_t{PR_CAPBSET_READ} : 0};
    EXPECT_EQ(name_of_action(run_bpf(filters.whitelist, call_data(number_of(std::string(call.name)), arguments))),
              "allow");
    EXPECT_EQ(name_of_action(filters.ask(std::string(call.name), arguments)), "allow") << call.name;
  }
}

TEST(SeccompTest, init_may_wait_and_report_and_dies_of_everything_else) {
  const FilterProgram init = build_init_filter();
  std::set<int> admitted;
  for (const NamedReason& call : init_calls()) admitted.insert(number_of(std::string(call.name)));
  for (int number = -1; number <= kLastNumber; ++number) {
    const char* answer = admitted.contains(number) ? "allow" : "kill";
    EXPECT_EQ(name_of_action(run_bpf(init, call_data(number))), answer) << number;
  }
  EXPECT_FALSE(admitted.contains(SYS_execve));
  EXPECT_FALSE(admitted.contains(SYS_openat));
  EXPECT_TRUE(admitted.contains(SYS_waitid));
}

// ---- What people read -----------------------------------------------------------------------------------------------

// Where a group counts, nothing of it is asked.
TEST(SeccompTest, what_hides_use_is_asked_where_no_group_counts_it_and_allowed_beside) {
  const auto ask = [](Uncounted uncounted, const std::string& call, const Arguments& arguments) {
    return name_of_action(
        run_bpf_stack({build_whitelist(strict_plan(), uncounted)}, call_data(number_of(call), arguments)));
  };
  constexpr Uncounted kCpuTime{.cpu_time = true, .memory = false}, kMemory{.cpu_time = false, .memory = true};
  constexpr std::uint64_t kPointer = 0x7fff'00000000;
  EXPECT_EQ(ask(kCpuTime, "rt_sigaction", {SIGCHLD, kPointer}), "notify");
  EXPECT_EQ(ask(kCpuTime, "rt_sigaction", {kGarbage | SIGCHLD, 0x1000}), "notify");
  EXPECT_EQ(ask(kCpuTime, "rt_sigaction", {SIGCHLD, 0}), "allow");
  EXPECT_EQ(ask(kCpuTime, "rt_sigaction", {SIGUSR1, kPointer}), "allow");
  EXPECT_EQ(ask(kMemory, "rt_sigaction", {SIGCHLD, kPointer}), "allow");
  EXPECT_EQ(ask(kMemory, "mmap", {0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE}), "notify");
  EXPECT_EQ(ask(kMemory, "mmap", {0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS}), "allow");
  EXPECT_EQ(ask(kMemory, "mmap", {0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB}), "EINVAL");
  EXPECT_EQ(ask(kMemory, "mmap", {0, 4096, 3, MAP_SHARED}), "allow");
  EXPECT_EQ(ask(kCpuTime, "mmap", {0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS}), "allow");
  EXPECT_EQ(ask(kMemory, "memfd_create", {}), "ENOSYS");
}

TEST(SeccompTest, the_explanation_names_each_group_with_its_reason_and_each_filtered_call) {
  const std::string text = explain_whitelist(strict_plan());
  for (const CallGroup& group : call_groups()) {
    EXPECT_NE(text.find(std::string(group.name) + ": "), std::string::npos) << group.name;
    EXPECT_NE(text.find(group.reason), std::string::npos) << group.name;
    for (const std::string_view call : group.calls) EXPECT_NE(text.find(call), std::string::npos) << call;
  }
  for (const FilteredCall& filtered : filtered_calls()) {
    for (const ArgumentRow& row : filtered.rows) {
      // Of rows for a word that is taken: the network's.
      const bool is_said = !row.only_without || row.only_without == Capability::NetLoopback;
      EXPECT_EQ(text.find(row.reason) != std::string::npos, is_said) << row.reason;
    }
  }
}

TEST(SeccompTest, the_explanation_tells_the_calls_of_words_that_are_taken) {
  const std::string text = explain_whitelist(pure_plan());
  EXPECT_NE(text.find("process.spawn is taken: EPERM\n  fork vfork\n"), std::string::npos) << text;
  EXPECT_NE(text.find("no CLONE_THREAD: a process"), std::string::npos);
  EXPECT_EQ(text.find("CLONE_THREAD: a thread, which"), std::string::npos);
  EXPECT_EQ(explain_whitelist(strict_plan()).find("is taken"), std::string::npos);
}

TEST(SeccompTest, the_explanation_follows_the_plan) {
  EXPECT_NE(explain_whitelist(strict_plan()).find("endpoints: mediated"), std::string::npos);
  EXPECT_NE(explain_whitelist(strict_plan()).find("violation (ends the run)"), std::string::npos);
  EXPECT_NE(explain_whitelist(compatible_plan()).find("EPERM under the compatible profile"), std::string::npos);
  EXPECT_NE(explain_whitelist(plan_allowing({"flock"})).find("allowed by the plan\n  flock\n"), std::string::npos);
}

TEST(SeccompTest, the_listing_tells_the_length_and_names_each_call_once_with_its_condition) {
  const Filters filters(strict_plan());
  const FilterProgram init = build_init_filter();
  const std::string text = list_filters(strict_plan(), filters.whitelist, filters.seal, init);
  EXPECT_TRUE(text.starts_with("programs: whitelist " + std::to_string(filters.whitelist.size()) + " instructions, "));
  for (const auto& [number, decision] : resolve_whitelist(strict_plan(), Phase::Program).calls) {
    const bool named = text.find(" " + decision.name + " ") != std::string::npos ||
                       text.find(" " + decision.name + "\n") != std::string::npos;
    EXPECT_TRUE(named) << decision.name;
  }
  EXPECT_NE(text.find("arg1 is 0x5413: allowed  (TIOCGWINSZ"), std::string::npos);
  EXPECT_NE(text.find("arg0 has a bit of 0x10000000: violation"), std::string::npos);
  EXPECT_NE(text.find("arg0 is 0x1 and (arg1 & 0xf) is 0x2: EPROTONOSUPPORT"), std::string::npos);
  EXPECT_NE(text.find("arg0 is none of 0x0: EPERM"), std::string::npos);
  EXPECT_NE(text.find("every other number: ENOSYS\n"), std::string::npos);
  const std::string allowing = list_filters(plan_allowing({"flock"}), filters.whitelist, filters.seal, init);
  EXPECT_NE(allowing.find("allowed  [seccomp.allow]\n    flock\n"), std::string::npos);
  const std::string compatible = list_filters(compatible_plan(), filters.whitelist, filters.seal, init);
  EXPECT_NE(compatible.find("handed to the supervisor: 5 calls\n"), std::string::npos);
}

// ---- The builder ----------------------------------------------------------------------------------------------------

TEST(SeccompBuilderTest, two_rules_for_one_call_are_refused_with_the_call_and_both_rules) {
  CallPolicy policy;
  policy.add(101, {"ptrace", CallVerdict::Violation, {}, "exploit_tools"});
  policy.add(102, {"getuid", CallVerdict::Allow, {}, "own_state"});
  try {
    policy.add(101, {"ptrace", CallVerdict::Allow, {}, "own_state"});
    FAIL() << "accepted";
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "two seccomp rules for \"ptrace\": violation (exploit_tools), and allow (own_state)");
  }
  const ArgumentRow row{.test = {.values = {1}}, .verdict = CallVerdict::Allow, .reason = ""};
  try {
    policy.add(102, {"getuid", CallVerdict::NotPermitted, {row}, "rows"});
    FAIL() << "accepted";
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(),
                 "two seccomp rules for \"getuid\": allow (own_state), and by its arguments, else EPERM (rows)");
  }
  EXPECT_EQ(policy.calls.at(101).otherwise, CallVerdict::Violation);
}

TEST(SeccompBuilderTest, rules_are_of_four_kinds) {
  const ArgumentRow row{.test = {.values = {1}}, .verdict = CallVerdict::Allow, .reason = ""};
  const auto kind = [](CallVerdict verdict, SeccompProfile profile = SeccompProfile::Strict) {
    return kind_of({"", verdict}, profile);
  };
  EXPECT_EQ(kind(CallVerdict::Allow), RuleKind::Allow);
  EXPECT_EQ(kind(CallVerdict::NotImplemented), RuleKind::Errno);
  EXPECT_EQ(kind(CallVerdict::Mediated), RuleKind::Notify);
  EXPECT_EQ(kind(CallVerdict::Mediated, SeccompProfile::Compatible), RuleKind::Notify);
  EXPECT_EQ(kind(CallVerdict::Violation), RuleKind::Notify);
  EXPECT_EQ(kind(CallVerdict::Violation, SeccompProfile::Compatible), RuleKind::Errno);
  EXPECT_EQ(kind_of({"", CallVerdict::Allow, {row}}, SeccompProfile::Strict), RuleKind::ByArguments);
}

// Every second of the numbers up to `calls` has an errno of its own, and call 1 a row for each of `values` arguments.
CallPolicy large_policy(int calls, std::uint32_t values) {
  static constexpr CallVerdict kVerdicts[] = {CallVerdict::Allow, CallVerdict::NotPermitted, CallVerdict::AccessDenied,
                                              CallVerdict::Violation};
  CallPolicy policy;
  for (int number = 3; number < calls; number += 2) {
    policy.add(number, {"call " + std::to_string(number), kVerdicts[(number / 2) % 4], {}, "test"});
  }
  CallDecision filtered{"call 1", CallVerdict::NotPermitted, {}, "test"};
  for (std::uint32_t value = 0; value < values; ++value) {
    // Alternating verdicts, or neighbours would become one chain.
    filtered.rows.push_back({.test = {.argument = value % 6, .values = {value + 7}},
                             .verdict = value % 2 == 0 ? CallVerdict::Allow : CallVerdict::InvalidArgument,
                             .reason = ""});
  }
  policy.add(1, std::move(filtered));
  return policy;
}

// Jumps of classic BPF reach 255 instructions; a filter whose far jumps wrap lets other architectures through.
TEST(SeccompBuilderTest, filters_of_every_size_hand_over_other_architectures_and_answer_as_they_should) {
  struct Size {
    int calls;
    std::uint32_t values;
    std::size_t at_least;
  };
  for (const Size& size : {Size{100, 80, 300}, Size{400, 260, 1000}, Size{1000, 680, 4000}}) {
    const CallPolicy policy = large_policy(size.calls, size.values);
    const FilterProgram program = assemble_filter(policy, SeccompProfile::Strict);
    EXPECT_GE(program.size(), size.at_least);
    EXPECT_LE(program.size(), std::size_t{BPF_MAXINSNS});
    for (int number = 0; number <= kLastNumber; ++number) {
      ASSERT_EQ(run_bpf(program, call_data(number)), action_of(verdict_of(policy, number, {}), SeccompProfile::Strict))
          << program.size() << " instructions, call " << number;
      for (const std::uint32_t foreign : kForeign) {
        ASSERT_EQ(run_bpf(program, call_data(number, {}, foreign)), SECCOMP_RET_USER_NOTIF) << number;
      }
#if defined(__x86_64__)
      ASSERT_EQ(run_bpf(program, call_data(number | 0x40000000)), SECCOMP_RET_USER_NOTIF) << number;
#endif
    }
    for (std::uint32_t value = 0; value < size.values + 10; ++value) {
      const Arguments arguments{value, value, value, value, value, value};
      ASSERT_EQ(run_bpf(program, call_data(1, arguments)),
                action_of(verdict_of(policy, 1, arguments), SeccompProfile::Strict))
          << program.size() << " instructions, value " << value;
    }
  }
}

TEST(SeccompBuilderTest, a_filter_over_the_kernels_limit_is_refused) {
  try {
    (void)assemble_filter(large_policy(1000, 1200), SeccompProfile::Strict);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    const std::string text = error.what();
    EXPECT_TRUE(text.starts_with("the system-call filter has ")) << text;
    EXPECT_TRUE(text.ends_with(" instructions; the kernel takes 4096")) << text;
  }
}

// ---- Calls as people write them -------------------------------------------------------------------------------------

TEST(CallSignatureTest, every_call_that_can_be_a_violation_has_a_signature) {
  for (const auto& [number, decision] : resolve_whitelist(strict_plan(), Phase::Program).calls) {
    const bool by_row = std::ranges::any_of(
        decision.rows, [](const ArgumentRow& row) { return row.verdict == CallVerdict::Violation; });
    if (decision.otherwise == CallVerdict::Violation || by_row) {
      EXPECT_TRUE(has_signature(decision.name)) << decision.name;
    }
  }
  EXPECT_FALSE(has_signature("read"));
}

TEST(CallSignatureTest, arguments_are_told_by_name_and_texts_in_one_line) {
  const ReadText text = [](std::uint64_t address) -> std::optional<std::string> {
    if (address == 0x1000) return "/dev\n\"\x1b[31m";
    return std::nullopt;
  };
  EXPECT_EQ(decode_call("ptrace", {16, 0xffffffff, 0x10, 0, 5, 6}, text),
            "ptrace(request=PTRACE_ATTACH, pid=-1, addr=0x10, data=0x0)");
  EXPECT_EQ(decode_call("ptrace", {999 | kGarbage, 1, 0, 0, 0, 0}, text),
            "ptrace(request=999, pid=1, addr=0x0, data=0x0)");
  EXPECT_EQ(decode_call("mount", {0x1000, 0x2000, 0, 4097 | 1ULL << 40, 0, 0}, text),
            "mount(source=\"/dev\\x0a\\x22\\x1b[31m\", target=0x2000, type=NULL, "
            "flags=MS_RDONLY|MS_BIND|0x10000000000, data=0x0)");
  EXPECT_EQ(decode_call("unshare", {CLONE_NEWUSER | CLONE_NEWNS, 0, 0, 0, 0, 0}, text),
            "unshare(flags=CLONE_NEWNS|CLONE_NEWUSER)");
  EXPECT_EQ(decode_call("setns", {3, 0, 0, 0, 0, 0}, text), "setns(fd=3, type=0x0)");
  EXPECT_EQ(decode_call("strange", {1, 2, 3, 4, 5, 6}, text), "strange(0x1, 0x2, 0x3, 0x4, 0x5, 0x6)");
}

// ---- Golden tables --------------------------------------------------------------------------------------------------

// Values that no row names and that attacks use.
ValuesByArgument hostile_values(const std::string& call) {
  static const std::map<std::string, ValuesByArgument> table = {
      {"arch_prctl", {{0, {0x1011, 0x1012, 0x3001, 0x5001}}}},
      {"clone", {{0, {kThread, SIGCHLD, CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_PIDFD, kThread | CLONE_NEWUSER}}}},
      {"clock_nanosleep", {{0, {2, 3, 4, 8, 9, 0xfffffffa}}}},
      {"epoll_ctl", {{1, {2, 3}}}},
      {"fadvise64", {{3, {1, 2, 3, 5}}}},
      {"fcntl", {{1, {9, 11, 16, 17, 1025, 1027, 1028, 1032, 1035, 1036}}}},
      {"futex", {{1, {1, 3, 4, 5, 9, 10, 0x86, 0x187}}}},
      {"getsockopt", {{1, {6}}, {2, {3, 28}}}},
      {"ioctl", {{1, {0x5402, 0x540e, 0x5410, 0x5412, 0x541c, 0x5423, 0x5452, 0x8913, 0x40049409, 0x40086602}}}},
      {"madvise", {{2, {1, 2, 3, 4, 8, 9, 14, 18, 22, 23, 100, 101, 102}}}},
      {"mmap", {{3, {0x22, 0x4022, 0x40022}}}},
      {"mknod", {{1, {S_IFCHR, S_IFBLK, S_IFSOCK, S_IFDIR, S_IFLNK}}}},
      {"mknodat", {{2, {S_IFCHR, S_IFBLK, S_IFSOCK, S_IFDIR, S_IFLNK}}}},
      {"personality", {{0, {READ_IMPLIES_EXEC, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT, PER_LINUX32}}}},
      {"prctl", {{0, {8, 13, 21, 26, 29, 33, 35, 45, 47, 53, 56, 59, 62, 65, 67, 0x59616d61}}}},
      {"preadv2", {{5, {1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80}}}},
      {"prlimit64", {{0, {1, 1000, 0xffffffff}}}},
      {"setsockopt", {{1, {0, 41, 132, 263, 270, 282}}, {2, {1, 2, 36, 60, 64}}}},
      {"socket", {{0, {0, 16, 17, 29, 31, 38, 40, 43, 44}}, {1, {0, 3, 4, 6, 10}}, {2, {1, 2, 132, 136, 255, 262}}}},
      {"socketpair", {{0, {0, 2, 16, 30}}, {1, {0, 3}}, {2, {1, 6}}}},
      {"timer_create", {{0, {2, 3, 4, 8, 9, 0xfffffffa}}}},
      {"unshare", {{0, {0, CLONE_FS, CLONE_FILES, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWTIME}}}},
  };
  const auto found = table.find(call);
  return found != table.end() ? found->second : ValuesByArgument{};
}

// One value after the other from a base that is allowed; all combinations of two where a row asks about both at once.
std::vector<Arguments> golden_arguments(const FilteredCall& filtered) {
  const std::vector<ArgumentRow> rows(filtered.rows.begin(), filtered.rows.end());
  ValuesByArgument values = values_asked_about(rows);
  for (const auto& [argument, more] : hostile_values(std::string(filtered.call)))
    values[argument].insert(more.begin(), more.end());
  for (auto& [argument, set] : values) set.insert({0, 0x7fff});
  Arguments base{};
  for (const ArgumentRow& row : rows) {
    if (row.test.compare == ArgumentTest::Compare::NoneOf) base.at(row.test.argument) = *row.test.values.begin();
  }
  std::set<Arguments> all{base};
  const auto add = [&](unsigned first, unsigned second) {
    for (const std::uint64_t one : values[first]) {
      for (const std::uint64_t other : values[second]) {
        Arguments changed = base;
        changed.at(first) = one;
        changed.at(second) = other;
        if (first != second || one == other) all.insert(changed);
      }
    }
  };
  for (const auto& [argument, set] : values) add(argument, argument);
  for (const ArgumentRow& row : rows) {
    if (row.and_test) add(row.test.argument, row.and_test->argument);
  }
  return {all.begin(), all.end()};
}

void write_filtered(std::ostream& out, const Filters& filters, int number, const FilteredCall& filtered) {
  const std::vector<ArgumentRow> rows(filtered.rows.begin(), filtered.rows.end());
  for (const Arguments& arguments : golden_arguments(filtered)) {
    out << std::dec << number << ' ' << filtered.call << '(';
    const char* separator = "";
    for (const auto& [argument, set] : values_asked_about(rows)) {
      out << std::exchange(separator, ", ") << argument << "=0x" << std::hex << arguments.at(argument);
    }
    out << ") " << name_of_action(filters.ask(number, arguments)) << '\n';
  }
}

std::string golden_table(const Plan& plan) {
  const Filters filters(plan);
  const CallPolicy policy = resolve_whitelist(plan, Phase::Program);
  std::ostringstream out;
  out << "# What a program meets: number, call, verdict of whitelist and seal together. Written by seccomp_test.\n";
  int first_unknown = -1;
  for (int number = 0; number <= kLastNumber + 1; ++number) {
    const auto found = policy.calls.find(number);
    const bool unknown = found == policy.calls.end() && number <= kLastNumber;
    if (unknown) {
      EXPECT_EQ(name_of_action(filters.ask(number)), "ENOSYS") << number;
      if (first_unknown < 0) first_unknown = number;
      continue;
    }
    if (first_unknown >= 0) out << std::dec << first_unknown << '-' << number - 1 << " unknown ENOSYS\n";
    first_unknown = -1;
    if (found == policy.calls.end()) break;
    const std::string& name = found->second.name;
    const auto filtered = std::ranges::find(filtered_calls(), name, &FilteredCall::call);
    if (filtered != filtered_calls().end()) {
      write_filtered(out, filters, number, *filtered);
    } else {
      out << std::dec << number << ' ' << name << ' ' << name_of_action(filters.ask(number)) << '\n';
    }
  }
  return out.str();
}

void compare_with_golden(const std::string& file, const Plan& plan) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "the golden tables hold the call numbers of x86-64";
#endif
  const std::filesystem::path path = test::source_dir() / "tests/golden" / file;
  const std::string table = golden_table(plan);
  if (std::getenv("EVALRUN_REGENERATE_GOLDEN") != nullptr) {
    std::ofstream(path) << table;
    return;
  }
  std::ifstream input(path);
  ASSERT_TRUE(input) << path << " is missing; write it with EVALRUN_REGENERATE_GOLDEN=1";
  std::istringstream made(table);
  std::string expected_line, line;
  while (std::getline(input, expected_line)) {
    ASSERT_TRUE(std::getline(made, line)) << path << ": not made any more: " << expected_line;
    ASSERT_EQ(line, expected_line) << path;
  }
  ASSERT_FALSE(std::getline(made, line)) << path << ": new: " << line;
}

TEST(SeccompGoldenTest, the_strict_policy_is_the_committed_one) {
  compare_with_golden("whitelist-strict.txt", strict_plan());
}
TEST(SeccompGoldenTest, the_compatible_policy_is_the_committed_one) {
  compare_with_golden("whitelist-compatible.txt", compatible_plan());
}
TEST(SeccompGoldenTest, the_loopback_policy_is_the_committed_one) {
  compare_with_golden("whitelist-loopback.txt", loopback_plan());
}
TEST(SeccompGoldenTest, the_pure_policy_is_the_committed_one) {
  compare_with_golden("whitelist-pure.txt", pure_plan());
}

}  // namespace
}  // namespace evalrun::lockdown
