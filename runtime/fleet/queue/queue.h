// Queue: where the jobs of a fleet wait, and where their results are kept until they are fetched.
//
// Theory of operation. A job is waiting, leased or done. A worker claims no more than it can start now, and gets with
// each job a token. While it runs the job it beats, which renews the lease; a lease that runs out goes to another
// worker, under a new token. Every change of a job asks for the token that holds now, so a worker that was stopped or
// cut off changes nothing when it comes back: a job may run more than once, and has one result. Each call is one step
// of the queue, done or not done. Time is the queue's own; no host's clock matters.
//
// Calls are answered in the order in which they were made, by a handler in the event loop. Where the queue is away,
// calls wait until it is back and are made again: each may be made twice without harm. Only claim() does not wait: what
// it was given in an answer that was lost is taken back by the next whole beat. A queue that refuses for good (a wrong
// password, a wrong version) throws QueueError out of the loop's turn.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/units.h"

namespace evalrun::fleet {

// The queue cannot be used, and waiting would not help.
class QueueError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// In this order, but for one claim in twenty, which begins with the last.
enum class Priority { Contest = 0, Course = 1, Batch = 2 };

// What jobs that are submitted together have in common.
struct Lot {
  std::string tenant = "default";
  Priority priority = Priority::Batch;
  std::string cpu_class = {};   // only workers of this class run them; "": all do
  std::string batch = {};       // whose results are read together
  std::uint64_t bound = 10000;  // jobs of this tenant that may wait at a time
};

struct NewJob {
  std::string id;    // of the queue: one id is one job, whoever submits it how often
  std::string plan;  // the digest of what it changes (put_plan)
  std::string head;  // how its result line begins: {"id":"a","line":7,
  std::string line;  // the job, as of `evalrun batch`
};

struct Enqueued {
  std::size_t taken = 0;  // of the jobs, from the first on; the rest found the tenant's queue full
  std::size_t known = 0;  // of those taken
};

struct Identity {
  std::string worker;  // no other process has it
  std::string host;
  std::string cpu_class;
  std::string version;
  unsigned jobs = 1;
};

struct ClaimedJob {
  std::string id, token, line, plan, head;
  Duration waited{};
  unsigned attempt = 1;
  bool is_alone = false;   // a worker was lost over it: nothing else may run beside it
  std::string doubt = {};  // what an earlier worker said that gave it back so; "": none did
};

struct Claimed {
  std::vector<ClaimedJob> jobs = {};
  bool must_drain = false;
  bool must_empty = false;  // a job that must run alone waits for this worker
  bool is_away = false;     // nothing was asked
};

struct Lease {
  std::string id, token;
  Duration most{};  // since the claim; a job that takes longer is taken from its worker
};

// Which of the worker's leases a beat names. All: the queue takes back what is not named.
enum class Beat { Some, All };

enum class LeaseState { Held, Lost, Cancelled, Late };

struct Beaten {
  std::vector<LeaseState> leases = {};  // as they were named
  bool must_drain = false;
};

struct Completion {
  std::string id, token;
  std::string line;  // the whole result line
  Duration cpu{};    // charged to the tenant
};

enum class Completed { Stored, Repeated, Dropped };

// Release: the worker ends, and the job is as if never claimed. Fault: the sandbox failed; another host tries it, and
// after three hosts it is given up. Cannot: this host lacks what the job needs. Doubt: `line` is its result, but one
// other host may try it, once; where there is none, it is the result.
enum class Return { Release, Fault, Cannot, Doubt };

struct GivenBack {
  std::string id, token;
  Return how = Return::Release;
  std::string why;   // one line
  std::string line;  // the result where no other host is left
};

struct StoredResult {
  std::string entry;  // its place among the batch's
  std::string id, line;
};

struct DeadJob {
  std::string id, batch, why;  // `why` has a line for each worker
};

// Jobs that went back into the queue, and jobs that were given up.
struct Reclaimed {
  std::uint64_t back = 0, dead = 0;
};
struct Cancelled {
  std::uint64_t ended = 0, told = 0;  // before they ran; while they run
};

template <typename Answer>
using Then = std::function<void(Answer)>;
using Done = std::function<void()>;

class Queue {
 public:
  virtual ~Queue() = default;

  // A plan that jobs change, kept under its digest. `name` is for results.
  virtual void put_plan(const std::string& digest, const std::string& name, const std::string& bundle, Done done) = 0;
  virtual void get_plan(const std::string& digest, Then<std::optional<std::string>> then) = 0;

  virtual void enqueue(const Lot& lot, const std::vector<NewJob>& jobs, Then<Enqueued> then) = 0;

  // `lease`: how long it lasts without a beat.
  virtual void claim(const Identity& who, unsigned free, std::size_t running, Duration lease, Then<Claimed> then) = 0;
  virtual void beat(const Identity& who, Duration lease, Beat beat, const std::vector<Lease>& leases,
                    Then<Beaten> then) = 0;
  virtual void complete(const Identity& who, const Completion& completion, Then<Completed> then) = 0;
  virtual void give_back(const Identity& who, const GivenBack& job, Done done) = 0;
  // Of workers that no longer beat.
  virtual void reclaim(std::size_t most, Then<Reclaimed> then) = 0;
  // The worker ends and holds nothing.
  virtual void leave(const Identity& who, const std::string& why, Done done) = 0;

  // Results of a batch after the place `after` ("": the first), oldest first.
  virtual void read_results(const std::string& batch, const std::string& after, std::size_t most,
                            Then<std::vector<StoredResult>> then) = 0;
  virtual void forget_results(const std::string& batch, const std::vector<StoredResult>& results, Done done) = 0;

  virtual void unfinished(const std::string& batch, Then<std::vector<std::string>> then) = 0;
  virtual void cancel(const std::vector<std::string>& ids, Then<Cancelled> then) = 0;
  virtual void dead(std::size_t most, Then<std::vector<DeadJob>> then) = 0;
  // Jobs that were given up. Answers how many are tried again.
  virtual void retry(const std::vector<std::string>& ids, Then<std::uint64_t> then) = 0;
  // Names of workers or hosts; none: all. Answers how many were told.
  virtual void drain(const std::vector<std::string>& workers, Then<std::uint64_t> then) = 0;
  // One JSON object (docs/fleet.md).
  virtual void status(Then<std::string> then) = 0;

  // Called each time when the queue is back, before any other call is made again; may be empty.
  virtual void on_return(Done handler) = 0;
  [[nodiscard]] virtual bool is_there() const = 0;
  // Why it was lost, or could not be reached; "" while it is there, and until the first attempt to reach it has failed.
  [[nodiscard]] virtual std::string why_away() const = 0;
  // No call waits for its answer.
  [[nodiscard]] virtual bool is_idle() const = 0;
};

}  // namespace evalrun::fleet
