// The filters on the real kernel, each in a process of its own: that they load, what a refused call returns, who is
// killed by what, and that the set-up's own calls pass between whitelist and seal.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include "lockdown/seccomp.h"
#include "lockdown/steps.h"
#include "runtime/core/error.h"
#include "runtime/core/fd.h"

namespace evalrun::lockdown {
namespace {

// A body's own failure, as an exit status that is no errno.
constexpr int kBodyFailed = 250;

Plan plan_with(SeccompProfile profile, NetworkMode network = NetworkMode::None) {
  Plan plan;
  plan.kind.seccomp.profile = profile;
  plan.kind.network.mode = network;
  return plan;
}

long load(const FilterProgram& program) {
  const sock_fprog request{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &request);
}

// 0, or the errno of the call that just failed.
int errno_of(long result) {
  return result < 0 ? errno : 0;
}

// "exited 0", "EPERM" (the body's value, where it is not 0), "killed by SIGSYS".
std::string outcome_in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    // Not by exit_group, which a supervisor looks at where the status is not 0.
    ::syscall(SYS_exit, body());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return "no child";
  if (WIFSIGNALED(status)) return std::string("killed by SIG") + ::sigabbrev_np(WTERMSIG(status));
  if (WEXITSTATUS(status) == kBodyFailed) return "the test's own set-up failed";
  return WEXITSTATUS(status) == 0 ? "exited 0" : errno_name(WEXITSTATUS(status));
}

class SeccompKernelTest : public ::testing::Test {
 protected:
  std::string outcome(const std::function<int()>& body) const {
    return outcome_in_child([&] {
      if (load(whitelist_) != 0 || load(seal_) != 0) return kBodyFailed;
      return body();
    });
  }

  void use(const Plan& plan) { whitelist_ = build_whitelist(plan); }

  FilterProgram whitelist_ = build_whitelist(plan_with(SeccompProfile::Strict));
  FilterProgram seal_ = build_seal();
};

TEST_F(SeccompKernelTest, refused_calls_return_their_errno_and_their_twins_work) {
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_getpid)); }), "exited 0");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_chroot, nullptr)); }), "EPERM");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_clone3, nullptr, 0)); }), "ENOSYS");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(1023)); }), "ENOSYS");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(-1)); }), "ENOSYS");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0)); }), "EAFNOSUPPORT");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0)); }), "EACCES");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0)); }), "exited 0");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_fsetxattr, -1, nullptr, nullptr, 0, 0)); }), "EOPNOTSUPP");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_fgetxattr, -1, "user.x", nullptr, 0)); }), "EBADF");
}

TEST_F(SeccompKernelTest, garbage_above_bit_31_changes_no_answer) {
  constexpr unsigned long kGarbage = 0xdeadbeef'00000000;
  Pipe pipe = make_pipe(Blocking::Yes, Blocking::Yes);
  const int end = pipe.read_end.get();
  int bytes = 0;
  EXPECT_EQ(outcome([&] { return errno_of(::syscall(SYS_ioctl, end, FIONREAD | kGarbage, &bytes)); }), "exited 0");
  EXPECT_EQ(outcome([&] { return errno_of(::syscall(SYS_fcntl, end, F_GETFL | kGarbage, 0)); }), "exited 0");
  EXPECT_EQ(outcome([&] { return errno_of(::syscall(SYS_fcntl, end, F_SETPIPE_SZ | kGarbage, 4096)); }), "EPERM");
  EXPECT_EQ(outcome([&] { return errno_of(::syscall(SYS_fcntl, end, F_SETPIPE_SZ, 4096)); }), "EPERM");
}

TEST_F(SeccompKernelTest, socket_pairs_carry_data_but_no_urgent_data) {
  const auto send_with = [](int flags) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return kBodyFailed;
    return errno_of(::send(ends[0], "x", 1, flags));
  };
  EXPECT_EQ(outcome([&] { return send_with(MSG_NOSIGNAL); }), "exited 0");
  EXPECT_EQ(outcome([&] { return send_with(MSG_OOB); }), "EOPNOTSUPP");
}

TEST_F(SeccompKernelTest, threads_and_processes_start) {
  EXPECT_EQ(outcome([] {
              std::thread([] {}).join();
              return 0;
            }),
            "exited 0");
  EXPECT_EQ(outcome([] {
              const pid_t child = ::fork();
              if (child == 0) ::_exit(0);
              return errno_of(::waitpid(child, nullptr, 0));
            }),
            "exited 0");
}

TEST_F(SeccompKernelTest, exploit_only_calls_never_reach_the_kernel_under_either_profile) {
  const auto keyctl = [] { return errno_of(::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, 0, 0)); };
  const auto unshare = [] { return errno_of(::unshare(CLONE_NEWUSER)); };
  // Loaded without a listener, as here: what a program gets when its supervisor is dead.
  EXPECT_EQ(outcome(keyctl), "ENOSYS");
  EXPECT_EQ(outcome(unshare), "ENOSYS");
  use(plan_with(SeccompProfile::Compatible));
  EXPECT_EQ(outcome(keyctl), "EPERM");
  EXPECT_EQ(outcome(unshare), "EPERM");
}

#if defined(__x86_64__)
// Without a listener, as here, a call that is handed over is not implemented: nothing of the other table runs.
TEST_F(SeccompKernelTest, the_i386_gate_leads_nowhere) {
  const auto getpid_through_the_gate = [] {
    long result;
    asm volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    return result > 0 ? 0 : static_cast<int>(-result);
  };
  if (outcome_in_child(getpid_through_the_gate) != "exited 0") {
    ASSERT_EQ(std::getenv("EVALRUN_MUST_WORK"), nullptr) << "the kernel has no IA32 emulation";
    GTEST_SKIP() << "the kernel has no IA32 emulation";
  }
  EXPECT_EQ(outcome(getpid_through_the_gate), "ENOSYS");
}

TEST_F(SeccompKernelTest, an_x32_number_leads_nowhere) {
  const auto x32_getpid = [] { return errno_of(::syscall(0x40000000 | SYS_getpid)); };
  EXPECT_EQ(outcome(x32_getpid), "ENOSYS");
}
#endif

// Each line is a call of a later step of the lockdown: between the filters it works, after the seal it does not.
TEST_F(SeccompKernelTest, the_set_up_calls_pass_until_the_seal) {
  const auto drop_nothing = [] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (::syscall(SYS_capget, &header, data) != 0) return kBodyFailed;
    return errno_of(::syscall(SYS_capset, &header, data));
  };
  const auto clear_ambient = [] { return errno_of(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)); };
  // An invalid capability: what the kernel says of it (which depends on who runs this) shows that the call got there.
  const auto drop_invalid = [] { return errno_of(::prctl(PR_CAPBSET_DROP, 9999, 0, 0, 0)); };
  const auto load_a_filter = [this] { return errno_of(load(seal_)); };
  const auto before_the_seal = [this](const std::function<int()>& body) {
    return outcome_in_child([&] { return load(whitelist_) != 0 ? kBodyFailed : body(); });
  };
  EXPECT_EQ(before_the_seal(drop_nothing), "exited 0");
  EXPECT_EQ(outcome(drop_nothing), "EPERM");
  EXPECT_EQ(before_the_seal(clear_ambient), "exited 0");
  EXPECT_EQ(outcome(clear_ambient), "EPERM");
  EXPECT_EQ(before_the_seal(drop_invalid), outcome_in_child(drop_invalid));
  EXPECT_EQ(outcome(drop_invalid), "EPERM");
  EXPECT_EQ(before_the_seal(load_a_filter), "exited 0");
  EXPECT_EQ(outcome(load_a_filter), "EPERM");
}

TEST_F(SeccompKernelTest, what_later_steps_and_programs_share_passes_both_filters) {
  EXPECT_EQ(outcome([] {
              rlimit limit{};
              if (::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit) != 0) return errno;
              return errno_of(::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr));
            }),
            "exited 0");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_prlimit64, 1, RLIMIT_NOFILE, nullptr, nullptr)); }), "EPERM");
  EXPECT_EQ(outcome([] { return errno_of(::syscall(SYS_close_range, 1000, ~0U, 0)); }), "exited 0");
  EXPECT_EQ(outcome([] { return errno_of(::prctl(PR_CAPBSET_READ, 0, 0, 0, 0)); }), "exited 0");
  EXPECT_EQ(outcome([] { return errno_of(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }), "exited 0");
}

TEST_F(SeccompKernelTest, landlock_is_gone_after_the_seal) {
  const auto ask_version = [] {
    return errno_of(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  };
  EXPECT_EQ(outcome(ask_version), "ENOSYS");
}

TEST_F(SeccompKernelTest, a_program_runs_under_both_filters) {
  const char* const arguments[] = {"/bin/sh", "-c", "echo \"$(echo a | cat)\" | grep -q a", nullptr};
  EXPECT_EQ(outcome([&] {
              ::execv(arguments[0], const_cast<char**>(arguments));
              return kBodyFailed;
            }),
            "exited 0");
}

// What a dead supervisor leaves: nobody reads, and the call fails; one that was being looked at fails as well.
TEST_F(SeccompKernelTest, mediated_calls_fail_with_enosys_when_nobody_listens_any_more) {
  const auto connect_nowhere = [] { return errno_of(::syscall(SYS_connect, -1, nullptr, 0)); };
  const auto with_listener = [&](const std::function<int(int)>& body) {
    return outcome_in_child([&] {
      int listener = -1;
      return load_filter(whitelist_, &listener).failed() ? kBodyFailed : body(listener);
    });
  };
  EXPECT_EQ(with_listener([&](int listener) {
              ::close(listener);
              return connect_nowhere();
            }),
            "ENOSYS");
  EXPECT_EQ(with_listener([&](int) { return errno_of(::syscall(SYS_getsockname, -1, nullptr, nullptr)); }), "EBADF");
  EXPECT_EQ(outcome_in_child([&] {
              std::atomic<int> listener = -1;
              int answer = 0;
              std::thread caller([&] {  // the filter is this thread's alone
                int own = -1;
                if (load_filter(whitelist_, &own).failed()) std::_Exit(kBodyFailed);
                listener = own;
                listener.notify_one();
                answer = connect_nowhere();
              });
              listener.wait(-1);
              seccomp_notif received{};
              if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &received) != 0) return kBodyFailed;
              ::close(listener);
              caller.join();
              return answer;
            }),
            "ENOSYS");
}

// Kernels before 5.19 answer the flag with EINVAL; any other error is one.
TEST_F(SeccompKernelTest, the_listener_is_asked_for_without_the_killable_wait_where_that_is_unknown) {
  const auto load_where_the_flag_is = [&](int error) {
    return outcome_in_child([&] {
      const sock_filter refuse_flag[] = {
          {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
          {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_seccomp},
          {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, args) + sizeof(std::uint64_t)},
          {BPF_JMP | BPF_JSET | BPF_K, 0, 1, 1U << 5},  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)},
          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
      };
      if (load({std::begin(refuse_flag), std::end(refuse_flag)}) != 0) return kBodyFailed;
      int listener = -1;
      const StepResult loaded = load_filter(whitelist_, &listener);
      return loaded.failed() ? loaded.error : listener >= 0 ? 0 : kBodyFailed;
    });
  };
  EXPECT_EQ(load_where_the_flag_is(EINVAL), "exited 0");
  EXPECT_EQ(load_where_the_flag_is(ENOMEM), "ENOMEM");
  EXPECT_EQ(load_where_the_flag_is(EBUSY), "EBUSY");
}

TEST_F(SeccompKernelTest, init_may_wait_and_dies_of_anything_else) {
  const FilterProgram init = build_init_filter();
  const auto as_init = [&](const std::function<int()>& body) {
    return outcome_in_child([&] { return load(init) != 0 ? kBodyFailed : body(); });
  };
  EXPECT_EQ(as_init([] { return ::syscall(SYS_wait4, -1, nullptr, __WALL, nullptr) < 0 && errno == ECHILD ? 0 : 1; }),
            "exited 0");
  EXPECT_EQ(as_init([] { return errno_of(::syscall(SYS_kill, ::syscall(SYS_getpid), 0)); }), "exited 0");
  EXPECT_EQ(as_init([] { return errno_of(::syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY)); }), "killed by SIGSYS");
  EXPECT_EQ(as_init([] { return errno_of(::syscall(SYS_fork)); }), "killed by SIGSYS");
}

// The kernel walks a filter once for each call number when it is loaded, so length is time on every run. The bounds
// leave little room above what the tables need today; raise one only with the load time in view.
TEST_F(SeccompKernelTest, the_filters_stay_short) {
  const auto load_time = [](const FilterProgram& program) {
    const Pipe report = make_pipe(Blocking::Yes, Blocking::Yes);
    std::vector<std::int64_t> times;
    for (int i = 0; i < 15; ++i) {
      outcome_in_child([&] {
        const auto start = std::chrono::steady_clock::now();
        if (load(program) != 0) return kBodyFailed;
        const std::int64_t nanoseconds = (std::chrono::steady_clock::now() - start).count();
        return ::write(report.write_end.get(), &nanoseconds, sizeof nanoseconds) == sizeof nanoseconds ? 0
                                                                                                       : kBodyFailed;
      });
      std::int64_t nanoseconds = 0;
      if (::read(report.read_end.get(), &nanoseconds, sizeof nanoseconds) == sizeof nanoseconds)
        times.push_back(nanoseconds);
    }
    std::ranges::sort(times);
    return times.at(times.size() / 2) / 1000;
  };
  const FilterProgram loopback = build_whitelist(plan_with(SeccompProfile::Strict, NetworkMode::Loopback));
  const FilterProgram init = build_init_filter();
  const struct {
    const char* name;
    const FilterProgram& program;
    std::size_t bound;
  } filters[] = {{"whitelist", whitelist_, 690}, {"loopback", loopback, 690}, {"seal", seal_, 40}, {"init", init, 60}};
  for (const auto& filter : filters) {
    std::printf("[ filter   ] %s: %zu instructions, loaded in %lld us\n", filter.name, filter.program.size(),
                static_cast<long long>(load_time(filter.program)));
    EXPECT_LT(filter.program.size(), filter.bound) << filter.name;
  }
}

}  // namespace
}  // namespace evalrun::lockdown
