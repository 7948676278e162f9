// Several programs at work at the same time, each in a sandbox of its own, joined by pipes: what one writes to a
// descriptor, another one reads as its standard input.
//
// Theory of operation. As in a dialogue (judge/dialogue.h), every stream is drained here and fed from here, so no
// program is ever blocked in a write because another one does not read. What waits for a reader is bounded by the
// writer's output limit. The end of a writer's stream is the end of its reader's input; what nobody reads any more is
// discarded. Each program's limits are its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"

namespace evalrun::serve {

struct PipeBetween {
  std::size_t writer = 0;
  int writer_fd = 1;  // 1 or 2
  std::size_t reader = 0;
  std::uint64_t copied = 0;  // how many bytes of it are kept
};

class PipedRuns;

// What is joined to somebody outside. The functions are called from the loop, and may be empty.
struct OutsideStreams {
  std::vector<std::size_t> inputs;                   // programs whose standard input comes from write_input()
  std::vector<std::pair<std::size_t, int>> outputs;  // of which program and descriptor, 1 or 2
  std::function<void(std::size_t index, int fd, std::string_view piece)> on_output;
  std::function<void()> on_room;             // some input has been taken
  std::function<void(PipedRuns*)> on_start;  // they are at work; null: they are gone
};

class PipedRuns {
 public:
  // Starts all of them. Throws what starting a run throws; nothing is left behind then. `pool` outlives it.
  PipedRuns(pool::CellPool& pool, const std::vector<Plan>& plans, std::vector<PipeBetween> pipes,
            OutsideStreams outside = {});
  ~PipedRuns();
  PipedRuns(const PipedRuns&) = delete;
  PipedRuns& operator=(const PipedRuns&) = delete;

  // For one of OutsideStreams::inputs. It has no end but the program's.
  void write_input(std::size_t index, std::string_view bytes);
  // Of that, what no program has taken.
  [[nodiscard]] std::size_t waiting_input() const noexcept;

  [[nodiscard]] bool finished() const noexcept;
  void interrupt(int signal) noexcept;

  // Once, after finished().
  struct End {
    std::vector<supervise::RunResult> runs;
    std::vector<Fd> works;            // /work of those that collect files
    std::vector<std::string> copies;  // of each pipe, its beginning
  };
  End take_end();

 private:
  struct Side {
    std::unique_ptr<supervise::Run> run;
    std::string unsent;  // to its standard input
    bool is_fed = false;
    bool input_ended = false, input_closed = false, waits_for_room = false;
  };

  supervise::RunHooks hooks_of(std::size_t index);
  supervise::OutputTap tap_of(std::size_t index, int fd);
  void end_streams_of(std::size_t index, bool error_output_too);
  void feed(Side& side);

  std::vector<PipeBetween> pipes_;
  OutsideStreams outside_;
  std::vector<std::string> copies_;
  std::vector<std::unique_ptr<Side>> sides_;
};

}  // namespace evalrun::serve
