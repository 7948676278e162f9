// What the two programs of a dialogue said to each other, piece by piece, with directions and times. Bounded: the
// beginning and the end are kept, what lies between is counted.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/units.h"
#include "runtime/judge/blame.h"

namespace evalrun::judge {

struct TranscriptPiece {
  Side from{};
  Duration at{};  // since the dialogue began, when the first byte of it was read
  std::string bytes;
};

struct Transcript {
  std::vector<TranscriptPiece> beginning, end;  // `end` is empty where nothing was left out
  std::uint64_t left_out_bytes = 0;             // between the two
  std::uint64_t left_out_pieces = 0;
};

class TranscriptKeeper {
 public:
  // `most`: the bytes that are kept, half of them at each end; every piece counts kPieceCost more. Zero: nothing is
  // kept or counted.
  explicit TranscriptKeeper(Bytes most) : most_(most.count) {}

  static constexpr std::uint64_t kPieceCost = 32;

  void add(Side from, Duration at, std::string_view bytes);
  Transcript take();

 private:
  void add_to_end(TranscriptPiece piece);

  std::uint64_t most_;
  std::uint64_t begun_ = 0, ended_ = 0;  // what the pieces of each part cost
  bool beginning_is_full_ = false;
  std::vector<TranscriptPiece> beginning_;
  std::deque<TranscriptPiece> end_;
  std::uint64_t left_out_bytes_ = 0, left_out_pieces_ = 0;
};

}  // namespace evalrun::judge
