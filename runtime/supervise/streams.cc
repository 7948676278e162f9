#include "runtime/supervise/streams.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/quiet_write.h"

namespace evalrun::supervise {
namespace {

constexpr std::size_t kChunk = 64 << 10;
// What a stream may take up in a turn of the loop, hashed and copied: a quarter of a millisecond.
constexpr std::size_t kBytesPerTurn = kChunk;
constexpr int kReadsPerTurn = 16;
// Output beyond this gets room for all that the limits allow, once: memory that grows is copied.
constexpr std::size_t kSmallOutput = kChunk;
// The most room that is asked for ahead.
constexpr std::uint64_t kMostRoom = std::uint64_t{1} << 30;
// A descriptor that others share stays in blocking mode; when it is said to be ready, this much goes in one piece.
constexpr std::size_t kSharedChunk = 4096;

}  // namespace

Feeder::Feeder(loop::EventLoop& loop, loop::LoopOwner& owner)
    : loop_(loop), owner_(owner), pipe_(make_pipe(Blocking::Yes, Blocking::No)) {}

void Feeder::open(const Plan& plan, InputFrom from) {
  from_ = from;
  if (from == InputFrom::Caller) return;
  if (const auto* text = std::get_if<InputText>(&plan.job.input)) {
    buffer_ = text->text;
  } else if (const auto* file = std::get_if<InputFile>(&plan.job.input)) {
    HostFile opened = open_host_file(file->path.string(), FileUse::Read);
    if (!opened.descriptor) {
      throw PlanError(plan.origin.where("stdin"), "stdin", "open " + file->path.string() + ": " + opened.refusal);
    }
    opened_ = std::move(opened.descriptor);
    source_ = opened_.get();
    source_ended_ = false;
  } else if (std::holds_alternative<InputInherit>(plan.job.input)) {
    source_ = STDIN_FILENO;
    source_ended_ = false;
  }
}

Feeder::~Feeder() {
  stop();
}

Fd Feeder::take_reader() {
  return std::move(pipe_.read_end);
}

void Feeder::start() {
  if (from_ == InputFrom::Caller) return;
  if (buffer_.empty() && source_ended_) return stop();
  // Another program's input is waited for before the pipe is: a pipe with room is always ready.
  if (source_ == STDIN_FILENO) {
    const bool watched = loop_.watch(source_, loop::Interest::Read, owner_, [this] { on_source_readable(); });
    source_is_ours_ = true;
    if (watched) return;
  }
  loop_.watch(pipe_.write_end.get(), loop::Interest::Write, owner_, [this] { on_writable(); });
}

Feeder::Offer Feeder::offer(std::string_view bytes, std::function<void()> on_room) {
  if (!pipe_.write_end) return {0, true};
  Offer offered;
  while (offered.taken < bytes.size()) {
    const ssize_t count = write_quietly(pipe_.write_end.get(), bytes.substr(offered.taken));
    if (count >= 0) {
      offered.taken += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      stop();
      return {offered.taken, true};
    }
    if (!waits_for_room_) {
      waits_for_room_ = true;
      loop_.watch(pipe_.write_end.get(), loop::Interest::Write, owner_, [this, on_room = std::move(on_room)] {
        loop_.forget(pipe_.write_end.get());
        waits_for_room_ = false;
        on_room();
      });
    }
    break;
  }
  return offered;
}

std::uint64_t Feeder::unread() const noexcept {
  int waiting = 0;
  return pipe_.write_end && ::ioctl(pipe_.write_end.get(), FIONREAD, &waiting) == 0
             ? static_cast<std::uint64_t>(waiting)
             : 0;
}

void Feeder::stop() noexcept {
  if (source_is_ours_) loop_.forget(source_);
  if (pipe_.write_end) loop_.forget(pipe_.write_end.get());
  pipe_.write_end.reset();
  opened_.reset();
  source_ = -1;
}

bool Feeder::fill() {
  if (done_ < buffer_.size()) return true;
  buffer_.clear();
  done_ = 0;
  if (source_ended_) return false;
  std::array<char, kChunk> chunk;
  const ssize_t count = ::read(source_, chunk.data(), chunk.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  // A file that cannot be read is not at its end. A terminal that has gone is.
  if (count < 0 && opened_) throw SystemError("read", "the standard input's file");
  if (count <= 0) {
    source_ended_ = true;
    return false;
  }
  buffer_.assign(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

void Feeder::on_source_readable() {
  loop_.forget(source_);
  if (!fill()) return stop();
  loop_.watch(pipe_.write_end.get(), loop::Interest::Write, owner_, [this] { on_writable(); });
}

void Feeder::on_writable() {
  if (source_ != STDIN_FILENO && !fill()) return stop();
  const ssize_t count = write_quietly(pipe_.write_end.get(), std::string_view(buffer_).substr(done_));
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    // The program has closed its standard input. That is its right.
    if (errno == EPIPE) return stop();
    throw SystemError("write", "the program's standard input");
  }
  done_ += static_cast<std::size_t>(count);
  if (done_ < buffer_.size()) return;
  if (source_ended_) return stop();
  if (source_ != STDIN_FILENO) return;
  loop_.forget(pipe_.write_end.get());
  buffer_.clear();
  done_ = 0;
  if (!loop_.watch(source_, loop::Interest::Read, owner_, [this] { on_source_readable(); })) {
    if (!fill()) return stop();
    loop_.watch(pipe_.write_end.get(), loop::Interest::Write, owner_, [this] { on_writable(); });
  }
}

Drain::Drain(loop::EventLoop& loop, loop::LoopOwner& owner, const Output& output, const Plan& plan, const char* key,
             std::vector<Budget*> budgets, std::function<void()> on_excess, OutputTap tap)
    : loop_(loop),
      owner_(owner),
      pipe_(make_pipe(Blocking::No, Blocking::Yes)),
      budgets_(std::move(budgets)),
      on_excess_(std::move(on_excess)),
      tap_(std::move(tap)),
      at_limit_(plan.kind.limits.output_action) {
  if (const auto* capture = std::get_if<OutputCapture>(&output)) {
    capture_ = true;
    if (capture->most) most_kept_ = capture->most->count;
  }
  if (const auto* file = std::get_if<OutputFile>(&output)) {
    HostFile opened = open_host_file(file->path.string(), FileUse::Write);
    if (!opened.descriptor) {
      throw PlanError(plan.origin.where(key), key, "open " + file->path.string() + ": " + opened.refusal);
    }
    file_ = std::move(opened.descriptor);
    if (opened.size != 0 && ::ftruncate(file_.get(), 0) != 0) {
      throw PlanError(plan.origin.where(key), key, "empty " + file->path.string() + ": " + errno_text(errno));
    }
    sink_ = file_.get();
  } else if (std::holds_alternative<OutputInherit>(output)) {
    sink_ = std::string_view(key) == "stderr" ? STDERR_FILENO : STDOUT_FILENO;
  }
  result_.captured = capture_;
}

Drain::~Drain() {
  if (pipe_.read_end) loop_.forget(pipe_.read_end.get());
  if (!pending_.empty()) loop_.forget(sink_);
}

Fd Drain::take_writer() {
  return std::move(pipe_.write_end);
}

void Drain::start() {
  loop_.watch(pipe_.read_end.get(), loop::Interest::Read, owner_, [this] { on_readable(); });
}

std::uint64_t Drain::allowance() const {
  std::uint64_t left = std::numeric_limits<std::uint64_t>::max();
  for (const Budget* budget : budgets_) left = std::min(left, budget->left);
  return left;
}

bool Drain::holds_more() const {
  int waiting = 0;
  return pipe_.read_end && ::ioctl(pipe_.read_end.get(), FIONREAD, &waiting) == 0 && waiting > 0;
}

void Drain::accept(std::string_view data) {
  result_.bytes += data.size();
  hash_.update(data);
  const std::uint64_t allowed = std::min<std::uint64_t>(data.size(), allowance());
  for (Budget* budget : budgets_) budget->left -= allowed;
  const std::string_view kept = data.substr(0, allowed);
  if (capture_) keep(kept);
  if (tap_ && !kept.empty()) tap_(kept);
  if (sink_ >= 0 && !sink_failed_) pending_.append(kept);
  if (kept.size() < data.size()) result_.truncated = true;
}

void Drain::keep(std::string_view bytes) {
  std::string& kept = result_.kept;
  if (const std::uint64_t room = most_kept_ - kept.size(); bytes.size() > room) {
    bytes = bytes.substr(0, room);
    result_.truncated = true;
  }
  const std::size_t size = kept.size() + bytes.size();
  if (size > kept.capacity() && size > kSmallOutput) {
    try {
      // Pages come into being where something is written.
      kept.reserve(size + std::min(allowance(), kMostRoom));
    } catch (const std::bad_alloc&) {
      // It grows by doubling.
    }
  }
  kept.append(bytes);
}

bool Drain::flush() {
  while (!pending_.empty()) {
    const std::size_t piece = file_ ? pending_.size() : std::min(pending_.size(), kSharedChunk);
    const ssize_t count = write_quietly(sink_, std::string_view(pending_).substr(0, piece));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    if (count < 0) {
      sink_failed_ = true;  // our reader has gone, or the disk is full: what follows is counted, not kept
      result_.truncated = true;
      pending_.clear();
      return true;
    }
    pending_.erase(0, static_cast<std::size_t>(count));
    if (!file_ && !pending_.empty()) return false;
  }
  return true;
}

void Drain::on_readable() {
  // A bounded turn: one stream that never ends must not keep the others, or the clock, from theirs.
  std::array<char, kChunk> chunk;
  std::size_t taken = 0;
  for (int turn = 0; turn < kReadsPerTurn && taken < kBytesPerTurn; ++turn) {
    if (closing_ && left_ == 0) return end();
    const std::uint64_t allowed = allowance();
    if (allowed == 0 && !exceeded_ && holds_more() && !goes_on_at_limit()) return;
    // Never more than is allowed: what is read makes room for more.
    std::uint64_t most = exceeded_ ? chunk.size() : std::clamp<std::uint64_t>(allowed, std::uint64_t{1}, chunk.size());
    if (closing_) most = std::min(most, left_);
    const ssize_t count = ::read(pipe_.read_end.get(), chunk.data(), most);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN && !closing_) return;
    // To end the stream here would be the program's end too, by SIGPIPE.
    if (count < 0 && errno != EAGAIN) throw SystemError("read", "what the program writes");
    if (count <= 0) return end();
    if (closing_) left_ -= static_cast<std::uint64_t>(count);
    taken += static_cast<std::size_t>(count);
    accept({chunk.data(), static_cast<std::size_t>(count)});
    // Written between the two calls above.
    if (allowed == 0 && !exceeded_ && !goes_on_at_limit()) return;
    if (pending_.empty()) continue;
    // Wait for the sink with the pipe unwatched: the program then waits for us, as it would for the sink itself. A sink
    // that cannot be waited for is a regular file, and always ready.
    if (!file_ && loop_.watch(sink_, loop::Interest::Write, owner_, [this] { on_sink_writable(); })) {
      loop_.forget(pipe_.read_end.get());
      return;
    }
    while (!flush()) {
    }
  }
}

bool Drain::goes_on_at_limit() {
  exceeded_ = true;
  if (at_limit_ == OutputAction::Truncate) return true;
  loop_.forget(pipe_.read_end.get());
  on_excess_();
  return false;
}

void Drain::on_sink_writable() {
  if (!flush()) return;
  loop_.forget(sink_);
  go_on();
}

// Back to the pipe. One that is closing is read now: nobody need ever write to it again, so it need not become ready.
void Drain::go_on() {
  if (!exceeded_ || at_limit_ == OutputAction::Truncate) start();
  while (closing_ && !ended_ && pending_.empty()) on_readable();
}

void Drain::close_soon() {
  closing_ = true;
  // Not to the end of file: somebody else who holds the other end may write faster than this reads, for ever.
  int bytes = 0;
  if (!ended_ && ::ioctl(pipe_.read_end.get(), FIONREAD, &bytes) == 0) left_ = static_cast<std::uint64_t>(bytes);
  while (!ended_ && pending_.empty()) on_readable();
}

void Drain::give_up_sink() {
  sink_failed_ = true;
  if (pending_.empty()) return;
  result_.truncated = true;
  pending_.clear();
  loop_.forget(sink_);
  go_on();
}

void Drain::abandon() noexcept {
  if (ended_) return;
  if (!pending_.empty()) loop_.forget(sink_);
  pending_.clear();
  result_.truncated = true;
  end();
}

void Drain::end() noexcept {
  loop_.forget(pipe_.read_end.get());
  pipe_.read_end.reset();
  if (!std::exchange(ended_, true) && on_end_) on_end_();
}

Stream Drain::take_result() {
  result_.sha256 = hash_.hex();
  return std::move(result_);
}

}  // namespace evalrun::supervise
