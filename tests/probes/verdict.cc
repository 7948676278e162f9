// Ways to end, to use things up and to be stopped, one per verb, for the table of verdicts (tests/verdicts). A verb
// that begins with "try-" takes a refusal and goes on; its twin without takes none: it exits 1.
//
//   verdict VERB [WORD…] [then VERB [WORD…]]…

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kPage = 4096;

long number(const std::string& text) {
  return std::strtol(text.c_str(), nullptr, 0);
}

double seconds(const std::string& text) {
  return std::atof(text.c_str());
}

std::size_t mebibytes(const std::string& text) {
  return static_cast<std::size_t>(number(text)) << 20;
}

enum class Refusal { Taken, Fatal };

void refused(Refusal refusal) {
  if (refusal == Refusal::Fatal) ::_exit(1);
}

void sleep_seconds(double time) {
  const auto whole = static_cast<time_t>(time);
  timespec left{whole, static_cast<long>((time - static_cast<double>(whole)) * 1e9)};
  while (::nanosleep(&left, &left) != 0) {
  }
}

// Of the calling thread's own clock.
void burn(double time) {
  const auto used = [] {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  };
  volatile unsigned long sink = 0;
  for (const double end = used() + time; used() < end;) {
    for (int i = 0; i < 10'000; ++i) sink = sink + 1;
  }
}

void in_child(const std::function<void()>& act) {
  if (::fork() != 0) return;
  act();
  ::_exit(0);
}

void wait_for_children() {
  while (::wait(nullptr) > 0) {
  }
}

// --- signals and exits ---

// The compiler must see neither that it never ends nor that nothing depends on it.
[[gnu::noinline]] int recurse(int depth, const volatile int& end) {
  volatile char frame[1024];
  frame[depth % 1024] = static_cast<char>(depth);
  if (depth == end) return 0;
  return recurse(depth + 1, end) + frame[(depth * 7) % 1024];  // not a tail call
}

void recurse_for_ever() {
  const volatile int never = -1;
  ::_exit(recurse(0, never) & 0);
}

void read_past_a_files_end() {
  const int file = ::open("/tmp/short", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const auto* memory = static_cast<const volatile char*>(::mmap(nullptr, kPage, PROT_READ, MAP_SHARED, file, 0));
  static_cast<void>(memory[0]);
}

void be_killed_by_a_child(int signal) {
  const pid_t self = ::getpid();
  in_child([=] { ::kill(self, signal); });
  for (;;) ::pause();
}

// Every way to send oneself a signal, by its name; each with another record of the sender in the kernel.
void send_myself(const std::string& way, int signal) {
  const pid_t self = ::getpid();
  siginfo_t forged{};
  forged.si_signo = signal;
  forged.si_code = way == "forged" || way == "forged-to-thread" ? SI_KERNEL : SI_QUEUE;
  if (way == "kill") ::kill(self, signal);
  if (way == "group") ::kill(0, signal);
  if (way == "tkill") ::syscall(SYS_tkill, ::gettid(), signal);
  if (way == "tgkill") ::syscall(SYS_tgkill, self, ::gettid(), signal);
  if (way == "pthread") ::pthread_kill(::pthread_self(), signal);
  if (way == "queue") ::sigqueue(self, signal, {});
  if (way == "forged") ::syscall(SYS_rt_sigqueueinfo, self, signal, &forged);
  if (way == "forged-to-thread") ::syscall(SYS_rt_tgsigqueueinfo, self, ::gettid(), signal, &forged);
  if (way == "pidfd") ::syscall(SYS_pidfd_send_signal, ::syscall(SYS_pidfd_open, self, 0), signal, nullptr, 0);
  if (way == "child") {
    in_child([=] { ::kill(self, signal); });
    ::pause();
  }
  if (way == "child-end") {
    if (::syscall(SYS_clone, static_cast<unsigned long>(signal), nullptr, nullptr, nullptr, 0) == 0) ::_exit(0);
    ::pause();
  }
  if (way == "timer") {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = signal;
    timer_t timer{};
    const itimerspec soon{{}, {0, 1'000'000}};
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) ::_exit(7);
    ::timer_settime(timer, 0, &soon, nullptr);
    ::pause();
  }
}

// Ways that are refused, or that never reach the program itself.
void ask_for_signals(int signal) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) ::_exit(7);
  ::fcntl(ends[0], F_SETSIG, signal);
  ::fcntl(ends[0], F_SETOWN, ::getpid());
  ::fcntl(ends[0], F_SETFL, O_ASYNC);
  if (::write(ends[1], "x", 1) != 1) ::_exit(7);
  ::prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
}

void limit_my_files(std::size_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(7);
}

// The kernel's own signal, for a limit that stands no more when it kills.
void limit_my_files_for_a_while() {
  sigset_t signal;
  ::sigemptyset(&signal);
  ::sigaddset(&signal, SIGXFSZ);
  ::sigprocmask(SIG_BLOCK, &signal, nullptr);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  limit_my_files(0);
  const int file = ::open("/work/f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (::write(file, "x", 1) == 1) ::_exit(7);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::sigprocmask(SIG_UNBLOCK, &signal, nullptr);
}

// By setrlimit(2) itself, which C libraries do not use.
void limit_my_files_by_the_old_call() {
  const rlimit none{};
  ::syscall(SYS_setrlimit, RLIMIT_FSIZE, &none);
}

void write_past(const std::string& how, off_t end) {
  const int file = ::open("/work/f", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (how == "pwrite" && ::pwrite(file, "x", 1, end) < 0) ::_exit(7);
  if (how == "seek" && (::lseek(file, end, SEEK_SET) < 0 || ::write(file, "x", 1) < 0)) ::_exit(7);
  if (how == "truncate" && ::ftruncate(file, end + 1) != 0) ::_exit(7);
  if (how == "allocate" && ::fallocate(file, 0, end, 1) != 0) ::_exit(7);
}

void exit_in_a_thread(int code) {
  std::thread([code] { ::exit(code); }).detach();
  for (;;) ::pause();
}

void exit_after_the_first_thread(int code) {
  std::thread([code] {
    sleep_seconds(0.05);
    ::_exit(code);
  }).detach();
  ::pthread_exit(nullptr);
}

// --- memory ---

// volatile: what is never read again is written all the same.
void touch(volatile char* memory, std::size_t bytes) {
  if (memory == MAP_FAILED) ::_exit(1);
  for (std::size_t at = 0; at < bytes; at += kPage) memory[at] = 1;
}

char* mapped(std::size_t bytes, int flags, int file = -1) {
  return static_cast<char*>(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, file, 0));
}

void touch_private(std::size_t bytes) {
  touch(mapped(bytes, MAP_PRIVATE | MAP_ANONYMOUS), bytes);
}

void touch_file(int file, std::size_t bytes) {
  if (file < 0 || ::ftruncate(file, static_cast<off_t>(bytes)) != 0) ::_exit(1);
  touch(mapped(bytes, MAP_SHARED, file), bytes);
}

void touch_in_children(long count, std::size_t bytes, double rest) {
  for (long i = 0; i < count; ++i) {
    in_child([&] {
      touch_private(bytes);
      sleep_seconds(rest);
    });
  }
  wait_for_children();
}

// All of them map the same pages.
void share_with_children(long count, std::size_t bytes, double rest) {
  char* memory = mapped(bytes, MAP_SHARED | MAP_ANONYMOUS);
  touch(memory, bytes);
  for (long i = 0; i < count; ++i) {
    in_child([&] {
      touch(memory, bytes);
      sleep_seconds(rest);
    });
  }
  wait_for_children();
}

// Touched, so that what was got is used.
void allocate(std::size_t bytes) {
  char* memory = new char[bytes];
  touch(memory, bytes);
  delete[] memory;
}

void try_to_allocate(std::size_t bytes) {
  try {
    allocate(bytes);
  } catch (const std::bad_alloc&) {
  }
}

// As a program does that never asks whether it got what it asked for.
void allocate_and_hope(std::size_t bytes) {
  auto* memory = static_cast<volatile char*>(std::malloc(bytes));
  memory[0] = 1;
}

char* reserved = nullptr;
std::size_t reserved_bytes = 0;

void reserve(std::size_t bytes) {
  reserved = mapped(bytes, MAP_PRIVATE | MAP_ANONYMOUS);
  reserved_bytes = bytes;
  if (reserved == MAP_FAILED) ::_exit(1);
}

// As much as makes the whole process this large, by /proc/self/statm; nothing that reads it maps anything.
void reserve_up_to(std::size_t bytes) {
  char text[64] = {};
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (::read(file, text, sizeof text - 1) <= 0) ::_exit(2);
  reserve(bytes - std::strtoul(text, nullptr, 10) * kPage);
}

// As a growing container does: never given back, a mebibyte at a time.
void hoard(std::size_t bytes) {
  for (std::size_t got = 0; got < bytes; got += 1 << 20) touch(new char[1 << 20], 1 << 20);
}

// In pieces that come from the heap, not from mappings of their own.
void hoard_small(std::size_t bytes) {
  constexpr std::size_t kPiece = 1000;
  for (std::size_t got = 0; got < bytes; got += kPiece) touch(new char[kPiece], kPiece);
}

// --- files and streams ---

void write_all(int file, std::size_t bytes, Refusal refusal) {
  static const std::string chunk(64 << 10, 'x');
  while (bytes > 0) {
    const ssize_t written = ::write(file, chunk.data(), std::min(bytes, chunk.size()));
    if (written < 0) return refused(refusal);
    bytes -= static_cast<std::size_t>(written);
  }
}

void fill(const std::string& path, std::size_t bytes, Refusal refusal) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return refused(refusal);
  write_all(file, bytes, refusal);
  ::close(file);
}

void make_files(const std::string& folder, long count, Refusal refusal) {
  for (long i = 0; i < count; ++i) {
    const int file = ::open((folder + "/f" + std::to_string(i)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return refused(refusal);
    ::close(file);
  }
}

void open_many(long count, Refusal refusal) {
  for (long i = 0; i < count; ++i) {
    if (::open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) return refused(refusal);
  }
}

// --- processes ---

// `count` children at one time.
void fork_many(long count, Refusal refusal) {
  std::vector<pid_t> children;
  for (long i = 0; i < count; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::pause();
      ::_exit(0);
    }
    if (pid > 0) {
      children.push_back(pid);
    } else {
      refused(refusal);
    }
  }
  for (const pid_t child : children) ::kill(child, SIGKILL);
  wait_for_children();
}

// Without a handler std::system_error ends the program.
void start_threads(long count) {
  for (long i = 0; i < count; ++i) std::thread([] { ::pause(); }).detach();
}

void try_to_start_threads(long count) {
  try {
    start_threads(count);
  } catch (const std::system_error&) {
  }
}

// Not our child: its parent has ended.
void leave_an_orphan(const std::function<void()>& act) {
  in_child([&] {
    ::setsid();
    for (int signal = 1; signal < SIGRTMIN; ++signal) ::signal(signal, SIG_IGN);
    in_child(act);
  });
  wait_for_children();
}

// --- calls ---

void call(const Words& words, Refusal refusal) {
  long arguments[6] = {};
  for (std::size_t i = 1; i < words.size() && i < 7; ++i) arguments[i - 1] = number(words[i]);
  const long result =
      ::syscall(number(words[0]), arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
  if (result < 0) refused(refusal);
}

// getpid by the gate of 32-bit programs, whose table is another one.
void call_by_int_0x80() {
#if defined(__x86_64__)
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
#endif
}

void execute(const Words& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execve(argv[0], argv.data(), environ);
  ::_exit(1);
}

constexpr std::size_t kRest = static_cast<std::size_t>(-1);  // all words to the next "then"

struct Verb {
  std::size_t words;
  std::function<void(const Words&)> run;
};

const std::map<std::string, Verb>& verbs() {
  using enum Refusal;
  static const std::map<std::string, Verb> all = {
      {"exit", {1, [](const Words& w) { ::_exit(static_cast<int>(number(w[0]))); }}},
      {"raise", {1, [](const Words& w) { ::raise(static_cast<int>(number(w[0]))); }}},
      {"send-myself", {2, [](const Words& w) { send_myself(w[0], static_cast<int>(number(w[1]))); }}},
      {"ask-for-signals", {1, [](const Words& w) { ask_for_signals(static_cast<int>(number(w[0]))); }}},
      {"limit-my-files", {1, [](const Words& w) { limit_my_files(static_cast<std::size_t>(number(w[0]))); }}},
      {"limit-my-files-for-a-while", {0, [](const Words&) { limit_my_files_for_a_while(); }}},
      {"limit-my-files-by-the-old-call", {0, [](const Words&) { limit_my_files_by_the_old_call(); }}},
      {"write-past", {2, [](const Words& w) { write_past(w[0], number(w[1])); }}},
      {"timer",
       {0,
        [](const Words&) {
          timer_t timer{};
          if (::syscall(SYS_timer_create, CLOCK_MONOTONIC, nullptr, &timer) != 0) ::_exit(7);
        }}},
      {"in-child",
       {kRest,
        [](const Words& w) {
          in_child([&] { execute(w); });
          wait_for_children();
        }}},
      {"ignore", {1, [](const Words& w) { ::signal(static_cast<int>(number(w[0])), SIG_IGN); }}},
      {"abort", {0, [](const Words&) { std::abort(); }}},
      {"throw", {0, [](const Words&) { throw std::runtime_error("thrown"); }}},
      {"null", {0, [](const Words&) { *reinterpret_cast<volatile int*>(number("8")) = 1; }}},
      {"divide", {1, [](const Words& w) { ::_exit(static_cast<int>(100 / number(w[0]))); }}},
      {"trap", {0, [](const Words&) { __builtin_trap(); }}},
      {"past-file", {0, [](const Words&) { read_past_a_files_end(); }}},
      {"recurse", {0, [](const Words&) { recurse_for_ever(); }}},
      {"killed-by-child", {1, [](const Words& w) { be_killed_by_a_child(static_cast<int>(number(w[0]))); }}},
      {"kill", {2, [](const Words& w) { ::kill(static_cast<pid_t>(number(w[0])), static_cast<int>(number(w[1]))); }}},
      {"thread-exit", {1, [](const Words& w) { exit_in_a_thread(static_cast<int>(number(w[0]))); }}},
      {"exit-after-leader", {1, [](const Words& w) { exit_after_the_first_thread(static_cast<int>(number(w[0]))); }}},
      {"child-exit",
       {1,
        [](const Words& w) {
          in_child([&] { ::_exit(static_cast<int>(number(w[0]))); });
          wait_for_children();
        }}},
      {"child-abort",
       {0,
        [](const Words&) {
          in_child([] { std::abort(); });
          wait_for_children();
        }}},

      {"burn", {1, [](const Words& w) { burn(seconds(w[0])); }}},
      {"burn-threads",
       {2,
        [](const Words& w) {
          std::vector<std::thread> threads;
          for (long i = 0; i < number(w[0]); ++i) threads.emplace_back([&] { burn(seconds(w[1])); });
          for (std::thread& thread : threads) thread.join();
        }}},
      {"burn-children",
       {2,
        [](const Words& w) {
          for (long i = 0; i < number(w[0]); ++i) in_child([&] { burn(seconds(w[1])); });
          wait_for_children();
        }}},
      {"burn-orphan", {1, [](const Words& w) { leave_an_orphan([&] { burn(seconds(w[0])); }); }}},
      {"sleep", {1, [](const Words& w) { sleep_seconds(seconds(w[0])); }}},
      {"sleep-orphan", {1, [](const Words& w) { leave_an_orphan([&] { sleep_seconds(seconds(w[0])); }); }}},

      {"touch", {1, [](const Words& w) { touch_private(mebibytes(w[0])); }}},
      {"touch-shared",
       {1, [](const Words& w) { touch(mapped(mebibytes(w[0]), MAP_SHARED | MAP_ANONYMOUS), mebibytes(w[0])); }}},
      {"touch-memfd", {1, [](const Words& w) { touch_file(::memfd_create("m", MFD_CLOEXEC), mebibytes(w[0])); }}},
      {"touch-file",
       {2,
        [](const Words& w) { touch_file(::open(w[0].c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), mebibytes(w[1])); }}},
      {"touch-children", {3, [](const Words& w) { touch_in_children(number(w[0]), mebibytes(w[1]), seconds(w[2])); }}},
      {"share-children",
       {3, [](const Words& w) { share_with_children(number(w[0]), mebibytes(w[1]), seconds(w[2])); }}},
      {"new", {1, [](const Words& w) { allocate(mebibytes(w[0])); }}},
      {"try-new", {1, [](const Words& w) { try_to_allocate(mebibytes(w[0])); }}},
      {"hope", {1, [](const Words& w) { allocate_and_hope(mebibytes(w[0])); }}},
      {"reserve", {1, [](const Words& w) { reserve(mebibytes(w[0])); }}},
      {"reserve-up-to", {1, [](const Words& w) { reserve_up_to(static_cast<std::size_t>(number(w[0]))); }}},
      {"release", {0, [](const Words&) { ::munmap(reserved, reserved_bytes); }}},
      {"new-in-child",
       {1,
        [](const Words& w) {
          in_child([&] { allocate(mebibytes(w[0])); });
          wait_for_children();
        }}},
      {"hoard", {1, [](const Words& w) { hoard(mebibytes(w[0])); }}},
      {"hoard-small", {1, [](const Words& w) { hoard_small(mebibytes(w[0])); }}},

      {"output",
       {2,
        [](const Words& w) {
          write_all(static_cast<int>(number(w[0])), static_cast<std::size_t>(number(w[1])), Fatal);
        }}},
      {"output-child",
       {2,
        [](const Words& w) {
          in_child([&] { write_all(static_cast<int>(number(w[0])), static_cast<std::size_t>(number(w[1])), Fatal); });
          wait_for_children();
        }}},
      {"close", {1, [](const Words& w) { ::close(static_cast<int>(number(w[0]))); }}},
      {"fill", {2, [](const Words& w) { fill(w[0], static_cast<std::size_t>(number(w[1])), Fatal); }}},
      {"try-fill", {2, [](const Words& w) { fill(w[0], static_cast<std::size_t>(number(w[1])), Taken); }}},
      {"files", {2, [](const Words& w) { make_files(w[0], number(w[1]), Fatal); }}},
      {"try-files", {2, [](const Words& w) { make_files(w[0], number(w[1]), Taken); }}},
      {"open", {1, [](const Words& w) { open_many(number(w[0]), Fatal); }}},
      {"try-open", {1, [](const Words& w) { open_many(number(w[0]), Taken); }}},

      {"fork", {1, [](const Words& w) { fork_many(number(w[0]), Fatal); }}},
      {"try-fork", {1, [](const Words& w) { fork_many(number(w[0]), Taken); }}},
      {"threads", {1, [](const Words& w) { start_threads(number(w[0])); }}},
      {"try-threads", {1, [](const Words& w) { try_to_start_threads(number(w[0])); }}},
      {"call", {kRest, [](const Words& w) { call(w, Fatal); }}},
      {"try-call", {kRest, [](const Words& w) { call(w, Taken); }}},
      {"call-in-child",
       {kRest,
        [](const Words& w) {
          in_child([&] { call(w, Taken); });
          wait_for_children();
        }}},
      {"int80", {0, [](const Words&) { call_by_int_0x80(); }}},
      {"execute", {kRest, execute}},
  };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc;) {
    const auto verb = verbs().find(argv[i++]);
    int end = i;
    while (end < argc && std::string(argv[end]) != "then") ++end;
    const Words words(argv + i, argv + end);
    if (verb == verbs().end() || (verb->second.words != kRest && verb->second.words != words.size())) {
      std::fprintf(stderr, "verdict: unknown verb or wrong number of words before word %d\n", end);
      return 99;
    }
    verb->second.run(words);
    i = end + 1;
  }
  return 0;
}
