#include "runtime/fleet/worker.h"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/overloaded.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/fleet/doubt.h"
#include "runtime/jobs/result_line.h"
#include "runtime/report/report.h"

namespace evalrun::fleet {
namespace {

using namespace std::chrono_literals;

// A worker without work asks this often; one that has just had some sooner.
constexpr Duration kLeastIdleWait = 5ms;
constexpr Duration kMostIdleWait = 100ms;
constexpr Duration kMostBetweenBeats = 10s;
constexpr Duration kBetweenCanaries = 1h;
constexpr Duration kLeaveTime = 5s;
constexpr unsigned kMostFaultsInARow = 5;
constexpr std::size_t kReclaimedAtOnce = 16;
// Results that keep more output than this are written in the background.
constexpr std::size_t kLargeOutput = 64U << 10;
// Of ended jobs, for each that runs, whose results the queue has not answered for.
constexpr std::size_t kUntoldPerJob = 4;
// Larger results are no results: the queue holds all that were not fetched yet in memory.
constexpr std::size_t kLargestLine = 64U << 20;

Duration cpu_of(const judge::TaskEnd& end) {
  return std::visit(Overloaded{[](const supervise::RunResult& run) { return run.cpu.total(); },
                               [](const judge::Grade& grade) {
                                 Duration total{};
                                 if (grade.compile) total += grade.compile->run.cpu.total();
                                 if (grade.run) total += grade.run->cpu.total();
                                 for (const judge::StepGrade& one : grade.steps) total += one.run.cpu.total();
                                 for (const judge::CaseGrade& one : grade.cases) total += one.run.cpu.total();
                                 return total;
                               }},
                    end);
}

// "line":7 of a line's head.
std::uint64_t line_number_of(const std::string& head) {
  constexpr std::string_view kLine = "\"line\":";
  const std::size_t at = head.rfind(kLine);
  std::uint64_t number = 0;
  if (at != head.npos) std::from_chars(head.data() + at + kLine.size(), head.data() + head.size(), number);
  return number;
}

std::string message_in(const std::string& result) {
  const auto json = nlohmann::json::parse(result, nullptr, false);
  return json.is_object() ? one_line(json.value("message", "")) : "";
}

std::string quoted(const std::string& text) {
  return json_escaped(nlohmann::json(json_text(text)).dump());
}

std::string fault_member(const supervise::SandboxFault& fault, const std::string& message) {
  return "\"result\":" + report::fault_to_json("", fault, message, report::Layout::OneLine);
}

}  // namespace

Worker::Worker(const jobs::Workplace& place, WorkerOptions options, Queue& queue)
    : place_(place),
      options_(std::move(options)),
      queue_(queue),
      plans_(options_.images, options_.host_paths, options_.files),
      background_(place.loop),
      idle_wait_(kLeastIdleWait) {
  place_.loop.watch(wake_.get(), loop::Interest::Read, place_.loop.caller(), [this] { wake_.acknowledge(); });
  queue_.on_return([this] { beat(Beat::All); });
  if (queue_.is_there()) beat(Beat::All);
  next_beat_ = loop::now() + std::min(options_.lease / 3, kMostBetweenBeats);
  next_reclaim_ = loop::now() + options_.lease / 2;
  canary_.emplace(place_);
  next_canary_ = loop::now() + kBetweenCanaries;
}

Worker::~Worker() {
  queue_.on_return({});
  place_.loop.forget(wake_.get());
}

void Worker::say(const std::string& message) const {
  if (options_.say) options_.say(message);
}

std::size_t Worker::running() const {
  return static_cast<std::size_t>(std::ranges::count_if(held_, [](const HeldPtr& held) { return !held->has_ended; }));
}

void Worker::advance() {
  take_finished();
  advance_canary();
  const bool is_away = !queue_.why_away().empty();
  if (is_away != was_away_) {
    say(is_away ? "the queue is away: " + queue_.why_away() : "the queue is back");
    was_away_ = is_away;
  }
  const Duration now = loop::now();
  if (now >= next_beat_) beat(Beat::Some);
  if (now >= next_reclaim_ && !reclaim_is_asked_ && !is_leaving_) {
    reclaim_is_asked_ = true;
    queue_.reclaim(kReclaimedAtOnce, [this](const Reclaimed& taken) {
      reclaim_is_asked_ = false;
      if (taken.back + taken.dead > 0) {
        say("took back " + std::to_string(taken.back) + " jobs of workers that are gone, and gave up " +
            std::to_string(taken.dead));
      }
    });
    next_reclaim_ = now + options_.lease / 2;
  }
  claim();
  if (is_draining_ && held_.empty() && !claim_is_asked_ && !is_leaving_) leave();
  if (is_leaving_ && now >= leave_by_) has_left_ = true;
  plan_next_turn();
}

void Worker::plan_next_turn() {
  if (running() > 0 && !is_draining_ && place_.pool.prepare()) return wake_.set({});
  Duration next = std::min({next_beat_, next_reclaim_, next_canary_});
  const bool may_claim = !is_draining_ && !claim_is_asked_ && running() < options_.who.jobs;
  if (may_claim) next = std::min(next, next_claim_);
  if (is_leaving_) next = std::min(next, leave_by_);
  wake_.set(next);
}

// --- what becomes of a job -------------------------------------------------------------------------------------------

void Worker::start(ClaimedJob&& claimed) {
  const auto held = std::make_shared<Held>();
  held->claim = std::move(claimed);
  held->began = loop::now();
  held_.push_back(held);
  const std::string digest = held->claim.plan;
  if (plans_.has(digest)) return start_with_plan(held);
  queue_.get_plan(digest, [this, held, digest](std::optional<std::string> bundle) {
    if (held->has_ended) return;
    if (!bundle) {
      const supervise::SandboxFault fault{"fleet", "find the plan", digest, 0, false};
      return give_back(held, Return::Fault, "the queue has no such plan",
                       fault_member(fault, "the queue has no plan for this job"));
    }
    const bool is_well = attempt(held, [&] {
      if (!plans_.has(digest)) plans_.add(digest, *bundle);
    });
    if (is_well) start_with_plan(held);
  });
}

void Worker::start_with_plan(const HeldPtr& held) {
  if (held->fate != Fate::Told) {
    // Lost or cancelled before it ran.
    if (held->fate != Fate::CancelledByProducer) return forget(held);
    return give_back(held, Return::Release, "", "");
  }
  attempt(held, [&] {
    FleetPlans::Made made = plans_.make(held->claim.plan, held->claim.line, line_number_of(held->claim.head));
    if (!made.task) return fetch_files(held, std::move(made.files));
    held->files = std::move(made.files);
    held->claim.line.clear();
    Task& task = *made.task;
    if (!task.plan.kind.collect.empty() && options_.save_to.empty()) {
      throw PlanError(task.plan.origin.where("collect"), "collect", "this worker saves no files; it has no --save-to");
    }
    held->most = most_time_of(task);
    held->job = std::make_unique<jobs::LiveJob>(place_, std::move(task), held->began, save_folder(*held));
  });
}

// The shared folder may be far away.
void Worker::fetch_files(const HeldPtr& held, std::vector<FileDigest> files) {
  const auto wanted = std::make_shared<const std::vector<FileDigest>>(std::move(files));
  background_.give(
      [this, wanted] {
        for (const FileDigest& file : *wanted) options_.files->fetch(file);
      },
      [this, held, wanted](const std::exception_ptr& thrown) {
        if (held->has_ended) return;
        const bool is_well = attempt(held, [&] {
          if (thrown) std::rethrow_exception(thrown);
          for (const FileDigest& file : *wanted) options_.files->add(file);
        });
        if (is_well) start_with_plan(held);
      });
}

// What is thrown on a job's way is that job's end, not the worker's; false then.
template <typename Step>
bool Worker::attempt(const HeldPtr& held, Step step) {
  try {
    step();
    return true;
  } catch (const PlanError& error) {
    // Another host may have the image, another worker know the version.
    const std::string member = jobs::error_member(error.what());
    if (error.key() == "image" || error.key() == kPlanVersion) {
      give_back(held, Return::Cannot, one_line(error.what()), member);
    } else {
      tell(held, jobs::Status::Malformed, {}, member);
    }
  } catch (const UsageError& error) {
    tell(held, jobs::Status::Malformed, {}, jobs::error_member(error.what()));
  } catch (const std::exception& error) {
    const supervise::SandboxFault fault = supervise::fault_of(std::current_exception());
    give_back(held, Return::Fault, one_line(error.what()), fault_member(fault, error.what()));
  }
  held->job.reset();
  return false;
}

void Worker::take_finished() {
  for (const HeldPtr& held : std::vector<HeldPtr>(held_)) {
    if (!held->job || held->has_ended) continue;
    std::optional<jobs::JobEnd> end;
    attempt(held, [&] {
      held->job->advance();
      if (held->job->finished()) end = held->job->take_end();
    });
    if (end) settle(held, std::move(*end));
  }
}

void Worker::settle(const HeldPtr& held, jobs::JobEnd&& end) {
  switch (held->fate) {
    case Fate::Lost: ++counts_.dropped; return forget(held);
    case Fate::Released: return give_back(held, Return::Release, "", "");
    case Fate::Told:
    case Fate::CancelledByProducer:
    case Fate::TooLate: break;
  }
  if (end.size > kLargeOutput) return tell_in_background(held, std::move(end));
  const Duration cpu = cpu_of(end.value);
  const jobs::Status status = end.status;
  const std::string doubt = doubt_of(*held, end.value);
  std::string member;
  if (attempt(held, [&] { member = "\"result\":" + held->job->describe(end); })) tell(held, status, cpu, member, doubt);
}

// What the other host's result says of this one; "": this one counts. A job is doubted once.
std::string Worker::doubt_of(const Held& held, const judge::TaskEnd& end) const {
  if (options_.late == Late::Final || !held.claim.doubt.empty() || held.fate != Fate::Told) return "";
  const supervise::RunResult* late = doubtful_run(end);
  if (late == nullptr) return "";
  return "{\"host\":" + quoted(options_.who.host) +
         ",\"verdict\":\"TLE\",\"cpu_us\":" + std::to_string(to_microseconds(late->cpu.total())) +
         ",\"wall_us\":" + std::to_string(to_microseconds(late->wall)) +
         ",\"noise\":" + quoted(late->noise.front().text) + "}";
}

void Worker::tell_in_background(const HeldPtr& held, jobs::JobEnd&& end) {
  held->has_ended = true;  // its sandbox is gone: another job has room
  const auto ended = std::make_shared<jobs::JobEnd>(std::move(end));
  const auto member = std::make_shared<std::string>();
  background_.give([held, ended, member] { *member = "\"result\":" + held->job->describe(*ended); },
                   [this, held, ended, member](const std::exception_ptr& thrown) {
                     attempt(held, [&] {
                       if (thrown) std::rethrow_exception(thrown);
                       tell(held, ended->status, cpu_of(ended->value), *member, doubt_of(*held, ended->value));
                     });
                   });
}

std::string Worker::line_of(const Held& held, const std::string& member) const {
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(held.claim.waited).count();
  std::string line = held.claim.head + member + ",\"fleet\":{\"worker\":" + quoted(options_.who.worker) +
                     ",\"host\":" + quoted(options_.who.host);
  if (!options_.who.cpu_class.empty()) line += ",\"cpu_class\":" + quoted(options_.who.cpu_class);
  if (!held.claim.doubt.empty()) line += ",\"before\":" + held.claim.doubt;
  line += ",\"attempt\":" + std::to_string(held.claim.attempt) + ",\"waited_ms\":" + std::to_string(waited) + "}}";
  return line;
}

void Worker::tell(const HeldPtr& held, jobs::Status status, Duration cpu, const std::string& member,
                  const std::string& doubt) {
  held->has_ended = true;
  if (!doubt.empty()) return give_back(held, Return::Doubt, doubt, member);
  const bool is_fault = status == jobs::Status::SandboxFailed && held->fate == Fate::Told;
  if (is_fault) return give_back(held, Return::Fault, message_in(member.substr(member.find(':') + 1)), member);
  if (held->fate == Fate::TooLate) return give_back(held, Return::Fault, "it took longer than its plan allows", member);
  std::string line = line_of(*held, member);
  if (line.size() > kLargestLine) {
    const std::string size = std::to_string(line.size() >> 20);
    line = line_of(*held,
                   jobs::error_member("the result has " + size + " MiB, and a queue takes 64; lower limits.output"));
  }
  queue_.complete(options_.who, {held->claim.id, held->claim.token, line, cpu}, [this, held](Completed how) {
    if (how == Completed::Dropped) {
      ++counts_.dropped;
    } else {
      ++counts_.completed;
    }
    forget(held);
  });
  faults_in_a_row_ = 0;
}

void Worker::give_back(const HeldPtr& held, Return how, const std::string& why, const std::string& member) {
  held->has_ended = true;
  queue_.give_back(options_.who, {held->claim.id, held->claim.token, how, why, line_of(*held, member)},
                   [this, held] { forget(held); });
  if (how != Return::Fault) return;
  ++counts_.faults;
  say("a sandbox failed: " + why);
  if (held->claim.id != last_faulty_id_) ++faults_in_a_row_;
  last_faulty_id_ = held->claim.id;
  last_fault_ = why;
  if (faults_in_a_row_ >= kMostFaultsInARow && !canary_ && !is_draining_) {
    is_proven_ = false;
    canary_.emplace(place_);
  }
}

void Worker::forget(const HeldPtr& held) {
  held->has_ended = true;
  held->job.reset();
  for (const FileDigest& file : std::exchange(held->files, {})) options_.files->let_go(file);
  std::erase(held_, held);
}

std::filesystem::path Worker::save_folder(const Held& held) const {
  // An id may hold anything.
  return options_.save_to.empty() ? "" : options_.save_to / sha256_hex(held.claim.id).substr(0, 32);
}

// --- the queue -------------------------------------------------------------------------------------------------------

void Worker::claim() {
  if (is_draining_ || claim_is_asked_ || !is_proven_) return;
  const std::size_t busy = running();
  if (must_empty_ && busy > 0) return;
  const bool has_alone =
      std::ranges::any_of(held_, [](const HeldPtr& held) { return held->claim.is_alone && !held->has_ended; });
  if (has_alone || busy >= options_.who.jobs || held_.size() >= kUntoldPerJob * options_.who.jobs) return;
  if (loop::now() < next_claim_) return;
  claim_is_asked_ = true;
  queue_.claim(options_.who, static_cast<unsigned>(options_.who.jobs - busy), busy, options_.lease,
               [this](Claimed claimed) { on_claimed(std::move(claimed)); });
}

void Worker::on_claimed(Claimed&& claimed) {
  claim_is_asked_ = false;
  must_empty_ = claimed.must_empty;
  if (claimed.must_drain) drain();
  idle_wait_ = claimed.jobs.empty() ? std::min(2 * idle_wait_, kMostIdleWait) : kLeastIdleWait;
  next_claim_ = claimed.jobs.empty() ? loop::now() + idle_wait_ : Duration{};
  for (ClaimedJob& job : claimed.jobs) start(std::move(job));
}

void Worker::beat(Beat beat) {
  next_beat_ = loop::now() + std::min(options_.lease / 3, kMostBetweenBeats);
  std::vector<Lease> leases;
  std::vector<HeldPtr> named;
  for (const HeldPtr& held : held_) {
    // What has ended is on its way to the queue already, unless the connection was lost meanwhile.
    if (held->fate == Fate::Lost || (held->has_ended && beat == Beat::Some)) continue;
    leases.push_back({held->claim.id, held->claim.token, held->most});
    named.push_back(held);
  }
  queue_.beat(options_.who, options_.lease, beat, leases,
              [this, named = std::move(named)](const Beaten& answer) { on_beaten(named, answer); });
}

void Worker::on_beaten(const std::vector<HeldPtr>& named, const Beaten& answer) {
  if (answer.must_drain) drain();
  for (std::size_t i = 0; i < named.size(); ++i) {
    const HeldPtr& held = named[i];
    // One that has ended is settled by the answer to what the queue was told.
    if (held->has_ended || held->fate != Fate::Told) continue;
    switch (answer.leases[i]) {
      case LeaseState::Held: continue;
      case LeaseState::Lost:
        say("a lease was lost: another worker has the job, and what was done here is dropped");
        held->fate = Fate::Lost;
        break;
      case LeaseState::Cancelled: held->fate = Fate::CancelledByProducer; break;
      case LeaseState::Late: held->fate = Fate::TooLate; break;
    }
    if (held->job) held->job->interrupt(SIGTERM);
  }
}

void Worker::advance_canary() {
  if (!canary_ && loop::now() >= next_canary_ && !is_draining_) canary_.emplace(place_);
  if (!canary_) return;
  canary_->advance();
  if (!canary_->finished()) return;
  const std::string fault = canary_->fault();
  canary_.reset();
  next_canary_ = loop::now() + kBetweenCanaries;
  is_proven_ = fault.empty();
  faults_in_a_row_ = 0;
  if (is_proven_) return;
  is_sick_ = true;
  say("this host runs nothing; the worker ends: " + one_line(fault.substr(0, 1000)) +
      (last_fault_.empty() ? "" : "; before that: " + last_fault_));
  drain();
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Worker::drain() {
  is_draining_ = true;
}

void Worker::release(int signal) {
  drain();
  for (const HeldPtr& held : std::vector<HeldPtr>(held_)) {
    if (held->has_ended || held->fate != Fate::Told) continue;
    held->fate = Fate::Released;
    if (held->job) {
      held->job->interrupt(signal);
    } else {
      give_back(held, Return::Release, "", "");
    }
  }
}

void Worker::leave() {
  is_leaving_ = true;
  leave_by_ = loop::now() + kLeaveTime;
  queue_.leave(options_.who, is_sick_ ? "sick" : "drained", [this] { has_left_ = true; });
}

}  // namespace evalrun::fleet
