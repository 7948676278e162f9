#include "bench/worker.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "runtime/core/error.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::bench {
namespace {

constexpr int kPatienceMs = 30'000;  // beyond what an order asks for

sigset_t ending_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
  return ends;
}

std::int64_t microseconds(const timeval& time) {
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

std::int64_t cpu_us() {
  std::int64_t sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    sum += microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
  }
  return sum;
}

Answer obey(const Order& order, Contender& contender) {
  Answer answer;
  const std::int64_t cpu_before = cpu_us();
  const Duration began = loop::now();
  do {
    contender.run();
    ++answer.runs;
    answer.wall_ns = (loop::now() - began).count();
  } while (answer.runs < order.runs && (order.seconds_ns == 0 || answer.wall_ns < order.seconds_ns));
  answer.cpu_us = cpu_us() - cpu_before;
  if (order.runs > 1) return answer;
  if (const std::optional<Stages> stages = contender.after()) {
    const Duration times[] = {stages->compile, stages->setup, stages->run, stages->teardown};
    std::ranges::transform(times, answer.stages_ns, [](Duration time) { return time.count(); });
    answer.has_stages = true;
  }
  return answer;
}

Answer failed(const std::string& message) {
  Answer answer;
  answer.failed = true;
  std::strncpy(answer.message, message.c_str(), sizeof answer.message - 1);
  return answer;
}

}  // namespace

EndSignals::EndSignals() {
  const sigset_t ends = ending_signals();
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  fd_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw SystemError("signalfd", "");
}

EndSignals::~EndSignals() {
  restore();
}

void EndSignals::restore() const noexcept {
  const sigset_t ends = ending_signals();
  ::sigprocmask(SIG_UNBLOCK, &ends, nullptr);
}

Worker::Worker(const Setting& setting, const std::vector<Entry>& entries, const EndSignals& ends,
               std::function<void()> prepare)
    : setting_(setting), entries_(entries), ends_(ends), prepare_(std::move(prepare)) {
  start();
}

Worker::~Worker() {
  stop();
}

void Worker::start() {
  Pipe orders = make_pipe(Blocking::Yes, Blocking::Yes);
  Pipe answers = make_pipe(Blocking::Yes, Blocking::Yes);
  const pid_t driver = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw SystemError("fork", "worker");
  if (pid_ == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != driver) ::_exit(1);
    ends_.restore();
    orders.write_end.reset();
    answers.read_end.reset();
    serve(orders.read_end, answers.write_end);
  }
  ::setpgid(pid_, pid_);
  orders_ = std::move(orders.write_end);
  answers_ = std::move(answers.read_end);
}

// Everything it started is in its process group, but what is in a session of its own; that dies with its parent.
void Worker::stop() noexcept {
  if (pid_ < 0) return;
  orders_.reset();
  pollfd answers{answers_.get(), POLLIN, 0};
  // An idle one ends by itself when there is nobody to obey.
  const bool ended = ::poll(&answers, 1, 2000) == 1 && (answers.revents & POLLHUP) != 0;
  if (!ended) ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void Worker::serve(const Fd& orders, const Fd& answers) {
  ::signal(SIGPIPE, SIG_IGN);
  std::string unprepared;
  try {
    if (prepare_) prepare_();
  } catch (const std::exception& error) {
    unprepared = error.what();
  }
  {
    std::map<std::uint32_t, std::unique_ptr<Contender>> made;
    for (Order order; ::read(orders.get(), &order, sizeof order) == sizeof order;) {
      Answer answer;
      try {
        if (!unprepared.empty()) throw std::runtime_error(unprepared);
        auto& contender = made[order.contender];
        if (!contender) contender = entries_[order.contender].make(setting_);
        answer = obey(order, *contender);
      } catch (const std::exception& error) {
        answer = failed(error.what());
      }
      if (::write(answers.get(), &answer, sizeof answer) != sizeof answer) break;
    }
  }
  ::_exit(0);
}

void Worker::order(const Order& order) {
  if (pid_ < 0) start();
  if (::write(orders_.get(), &order, sizeof order) != sizeof order) throw SystemError("write", "worker");
  patience_ms_ = kPatienceMs + static_cast<int>(order.seconds_ns / 1'000'000);
}

Answer Worker::answer() {
  pollfd waited[] = {{answers_.get(), POLLIN, 0}, {ends_.get(), POLLIN, 0}};
  int ready = 0;
  do {
    ready = ::poll(waited, 2, patience_ms_);
  } while (ready < 0 && errno == EINTR);
  if (waited[1].revents != 0) throw Interrupted();
  Answer answer;
  if (ready > 0 && ::read(answers_.get(), &answer, sizeof answer) == sizeof answer) return answer;
  const bool late = ready == 0;
  if (late) ::kill(-pid_, SIGKILL);
  stop();
  return failed(late ? "no end within 30 s" : "the measuring process ended early");
}

Worker& Crew::worker_of(std::uint32_t contender) {
  if (entries_[contender].prepare) {
    return own_.try_emplace(contender, setting_, entries_, ends_, entries_[contender].prepare).first->second;
  }
  if (!shared_) shared_.emplace(setting_, entries_, ends_);
  return *shared_;
}

Answer Crew::run(const Order& order) {
  Worker& worker = worker_of(order.contender);
  worker.order(order);
  return worker.answer();
}

}  // namespace evalrun::bench
