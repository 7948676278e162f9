#include "runtime/judge/transcript.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace evalrun::judge {
namespace {

using namespace std::chrono_literals;

// What one side says in several writes, one soon after the other, is one piece.
constexpr Duration kOnePiece = 1ms;
// And no longer than that: a piece is left out as a whole.
constexpr std::size_t kLongestPiece = 4096;

bool continues(const TranscriptPiece& last, Side from, Duration at, std::size_t size) {
  return last.from == from && at - last.at < kOnePiece && last.bytes.size() + size <= kLongestPiece;
}

}  // namespace

void TranscriptKeeper::add(Side from, Duration at, std::string_view bytes) {
  if (most_ == 0) return;
  while (!bytes.empty()) {
    const std::uint64_t half = most_ / 2;
    const std::string_view part = bytes.substr(0, kLongestPiece);
    if (!beginning_is_full_) {
      const bool is_joined = !beginning_.empty() && continues(beginning_.back(), from, at, part.size());
      const std::uint64_t cost = part.size() + (is_joined ? 0 : kPieceCost);
      if (begun_ + cost <= half) {
        begun_ += cost;
        if (is_joined) {
          beginning_.back().bytes += part;
        } else {
          beginning_.push_back({from, at, std::string(part)});
        }
        bytes.remove_prefix(part.size());
        continue;
      }
      beginning_is_full_ = true;
    }
    add_to_end({from, at, std::string(part)});
    bytes.remove_prefix(part.size());
  }
}

void TranscriptKeeper::add_to_end(TranscriptPiece piece) {
  if (!end_.empty() && continues(end_.back(), piece.from, piece.at, piece.bytes.size())) {
    ended_ += piece.bytes.size();
    end_.back().bytes += piece.bytes;
  } else {
    ended_ += piece.bytes.size() + kPieceCost;
    end_.push_back(std::move(piece));
  }
  while (ended_ > most_ / 2 && !end_.empty()) {
    ended_ -= end_.front().bytes.size() + kPieceCost;
    left_out_bytes_ += end_.front().bytes.size();
    ++left_out_pieces_;
    end_.pop_front();
  }
}

// Where nothing was left out there is no end, only a long beginning.
Transcript TranscriptKeeper::take() {
  Transcript all{std::move(beginning_), {}, left_out_bytes_, left_out_pieces_};
  std::vector<TranscriptPiece>& rest = left_out_pieces_ == 0 ? all.beginning : all.end;
  std::move(end_.begin(), end_.end(), std::back_inserter(rest));
  end_.clear();
  return all;
}

}  // namespace evalrun::judge
