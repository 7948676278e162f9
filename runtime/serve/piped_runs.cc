#include "runtime/serve/piped_runs.h"

#include <algorithm>
#include <utility>

namespace evalrun::serve {

PipedRuns::PipedRuns(pool::CellPool& pool, const std::vector<Plan>& plans, std::vector<PipeBetween> pipes,
                     OutsideStreams outside)
    : pipes_(std::move(pipes)), outside_(std::move(outside)), copies_(pipes_.size()) {
  for (std::size_t i = 0; i < plans.size(); ++i) sides_.push_back(std::make_unique<Side>());
  for (const PipeBetween& pipe : pipes_) sides_[pipe.reader]->is_fed = true;
  for (const std::size_t index : outside_.inputs) sides_[index]->is_fed = true;
  for (std::size_t i = 0; i < plans.size(); ++i) sides_[i]->run = pool.start(plans[i], hooks_of(i));
  if (outside_.on_start) outside_.on_start(this);
}

PipedRuns::~PipedRuns() {
  if (outside_.on_start) outside_.on_start(nullptr);
  // Their streams end as they go, and call this one.
  for (const auto& side : sides_) side->is_fed = false;
  for (const auto& side : sides_) side->run.reset();
}

supervise::OutputTap PipedRuns::tap_of(std::size_t index, int fd) {
  if (std::ranges::find(outside_.outputs, std::pair(index, fd)) != outside_.outputs.end()) {
    return [this, index, fd](std::string_view piece) { outside_.on_output(index, fd, piece); };
  }
  const auto pipe = std::ranges::find_if(
      pipes_, [&](const PipeBetween& each) { return each.writer == index && each.writer_fd == fd; });
  if (pipe == pipes_.end()) return {};
  const auto place = static_cast<std::size_t>(pipe - pipes_.begin());
  return [this, place](std::string_view piece) {
    const PipeBetween& from = pipes_[place];
    std::string& copy = copies_[place];
    if (copy.size() < from.copied) copy += piece.substr(0, from.copied - copy.size());
    Side& to = *sides_[from.reader];
    if (to.input_closed || !to.is_fed) return;
    to.unsent += piece;
    feed(to);
  };
}

supervise::RunHooks PipedRuns::hooks_of(std::size_t index) {
  supervise::RunHooks hooks;
  hooks.output = tap_of(index, 1);
  hooks.error_output = tap_of(index, 2);
  if (sides_[index]->is_fed) hooks.input = supervise::InputFrom::Caller;
  hooks.output_closed = [this, index] { end_streams_of(index, false); };
  hooks.gone = [this, index] { end_streams_of(index, true); };
  hooks.started = [this, index] { feed(*sides_[index]); };
  return hooks;
}

void PipedRuns::end_streams_of(std::size_t index, bool error_output_too) {
  for (const PipeBetween& pipe : pipes_) {
    if (pipe.writer != index || (pipe.writer_fd == 2 && !error_output_too)) continue;
    Side& to = *sides_[pipe.reader];
    to.input_ended = true;
    feed(to);
  }
}

void PipedRuns::feed(Side& side) {
  if (!side.run || !side.is_fed || side.input_closed || side.waits_for_room) return;
  if (!side.unsent.empty()) {
    const supervise::Feeder::Offer offer = side.run->offer_input(side.unsent, [this, &side] {
      side.waits_for_room = false;
      feed(side);
    });
    side.unsent.erase(0, offer.taken);
    side.waits_for_room = !side.unsent.empty() && !offer.closed;
    if (offer.taken != 0 && outside_.on_room) outside_.on_room();
    if (offer.closed) {
      side.input_closed = true;
      side.unsent = {};
      return;
    }
  }
  if (side.unsent.empty() && side.input_ended) {
    side.input_closed = true;
    side.run->close_input();
  }
}

void PipedRuns::write_input(std::size_t index, std::string_view bytes) {
  Side& side = *sides_[index];
  if (side.input_closed || !side.is_fed) return;
  side.unsent += bytes;
  feed(side);
}

std::size_t PipedRuns::waiting_input() const noexcept {
  std::size_t waiting = 0;
  for (const std::size_t index : outside_.inputs) waiting += sides_[index]->unsent.size();
  return waiting;
}

bool PipedRuns::finished() const noexcept {
  return std::ranges::all_of(sides_, [](const auto& side) { return side->run->finished(); });
}

void PipedRuns::interrupt(int signal) noexcept {
  for (const auto& side : sides_) side->run->interrupt(signal);
}

PipedRuns::End PipedRuns::take_end() {
  End end;
  for (const auto& side : sides_) {
    end.works.push_back(side->run->take_work_folder());
    end.runs.push_back(side->run->take_result(nullptr));
  }
  end.copies = std::move(copies_);
  return end;
}

}  // namespace evalrun::serve
