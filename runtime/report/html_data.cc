#include "runtime/report/html_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/core/text.h"
#include "runtime/report/figures.h"

namespace evalrun::report {
namespace {

using nlohmann::ordered_json;

// The longest part of a text that is marked: one word or line.
constexpr std::size_t kMostMarked = 200;
constexpr std::size_t kMostOfName = 300, kMostOfMessage = 2000;
// What a case shows of a long exchange, at each of the sizes of texts.
constexpr std::size_t kBytesOfAnExchange = 40;

// The bytes that texts may have.
struct Room {
  std::size_t failed, passed;
};
constexpr Room kRooms[] = {{4096, 4096}, {4096, 1024}, {4096, 256}, {2048, 128},
                           {1024, 64},   {512, 0},     {128, 0},    {0, 0}};

bool begins_character(char byte) {
  return (static_cast<std::uint8_t>(byte) & 0xC0) != 0x80;
}

// The place of a character's first byte, at `at` or up to three bytes before it.
std::size_t start_of_character(std::string_view bytes, std::size_t at) {
  std::size_t start = std::min(at, bytes.size());
  if (start == bytes.size()) return start;
  for (int i = 0; i < 3 && start > 0 && !begins_character(bytes[start]); ++i) --start;
  return begins_character(bytes[start]) ? start : at;
}

std::string_view cut_to(std::string_view bytes, std::size_t most) {
  return bytes.size() <= most ? bytes : bytes.substr(0, start_of_character(bytes, most));
}

bool ends_word(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

// "m" is the word at the difference, between "a" and "z"; "" is the end of the text.
void add_marked(ordered_json& json, std::string_view bytes, std::size_t at) {
  const std::size_t from = start_of_character(bytes, at);
  std::size_t to = from;
  while (to < bytes.size() && to - from < kMostMarked && !ends_word(bytes[to])) ++to;
  if (to == from && to < bytes.size()) ++to;
  to = std::max(start_of_character(bytes, to), from);
  json["a"] = printable(bytes.substr(0, from));
  json["m"] = printable(bytes.substr(from, to - from));
  json["z"] = printable(bytes.substr(to));
}

ordered_json text_json(const Excerpt& excerpt, std::size_t most, std::optional<std::uint64_t> difference) {
  std::string_view bytes = excerpt.bytes;
  std::uint64_t begin = excerpt.begin;
  std::optional<std::size_t> mark;
  if (difference && *difference >= begin && *difference - begin <= bytes.size()) {
    mark = static_cast<std::size_t>(*difference - begin);
  }
  if (mark && *mark >= most) {
    const std::size_t skipped = start_of_character(bytes, *mark - std::min(*mark, most / 4));
    bytes.remove_prefix(skipped);
    begin += skipped;
    *mark -= skipped;
  }
  bytes = cut_to(bytes, most);
  ordered_json json;
  if (mark && *mark <= bytes.size() && most != 0) {
    add_marked(json, bytes, *mark);
  } else {
    json["a"] = printable(bytes);
  }
  json["b"] = begin;
  json["n"] = bytes.size();
  json["t"] = excerpt.total;
  return json;
}

std::string shortened(std::string_view bytes, std::size_t most) {
  const std::string_view front = cut_to(bytes, most);
  return std::string(front) + (front.size() < bytes.size() ? "…" : "");
}

void add_line(ordered_json& json, const char* key, std::string_view text) {
  if (!text.empty()) json[key] = one_line(short_message(text));
}

std::string of_limit(const std::string& value, const std::string& limit) {
  return limit.empty() ? value : value + " of " + limit;
}

std::string score_text(const std::optional<double>& score, const std::optional<double>& most) {
  if (!score) return "";
  return to_string(*score) + (most ? " of " + to_string(*most) : "");
}

ordered_json facts_json(const std::vector<Fact>& facts) {
  ordered_json json = ordered_json::array();
  for (const Fact& fact : facts) json.push_back({one_line(short_name(fact.name)), one_line(short_message(fact.value))});
  return json;
}

ordered_json exchange_json(const Exchange& one, std::size_t most) {
  const bool is_submissions = one.direction == Exchange::Direction::FromSubmission;
  const std::string_view bytes = cut_to(one.text.bytes, most);
  const std::string at = milliseconds(one.at) + (one.pass > 1 ? ", pass " + std::to_string(one.pass) : "");
  return {is_submissions ? 1 : 0, at, printable(bytes), bytes.size() < one.text.total ? 1 : 0};
}

ordered_json cell_json(const Board& board, const Column& column, const Cell& cell, Room room) {
  ordered_json json = ordered_json::object();
  if (cell.verdict.empty()) {
    add_line(json, "skipped", cell.skipped);
    return json;
  }
  const std::size_t most = standing_of(cell.verdict) == Standing::Passed ? room.passed : room.failed;
  const std::optional<Duration> time_limit = column.time_limit ? column.time_limit : board.time_limit;
  const std::optional<Bytes> memory_limit = column.memory_limit ? column.memory_limit : board.memory_limit;
  json["v"] = one_line(short_name(cell.verdict));
  json["words"] = one_line(short_name(words_of(cell.verdict)));
  json["time"] = of_limit(milliseconds(cell.time), time_limit ? evalrun::to_string(*time_limit) : "") +
                 (cell.near_limit ? ", near the limit" : "");
  json["wall"] = milliseconds(cell.wall);
  json["memory"] = of_limit(mebibytes(cell.memory), memory_limit ? evalrun::to_string(*memory_limit) : "");
  add_line(json, "score", score_text(cell.score, cell.score_max));
  add_line(json, "m", cell.message);
  add_line(json, "f", cell.feedback);
  add_line(json, "j", cell.jury_feedback);
  if (!cell.facts.empty()) json["facts"] = facts_json(cell.facts);
  const FirstDifference difference = cell.difference.value_or(FirstDifference{});
  if (cell.input) json["in"] = text_json(*cell.input, most, {});
  if (cell.output) json["out"] = text_json(*cell.output, most, difference.output_byte);
  // Marked for this submission alone, so that the column's text is not enough.
  const std::optional<Excerpt>& expected = cell.expected ? cell.expected : column.expected;
  if (expected && (cell.expected || difference.expected_byte)) {
    json["exp"] = text_json(*expected, most, difference.expected_byte);
  }
  if (cell.error_output && cell.error_output->total != 0) json["err"] = text_json(*cell.error_output, most, {});
  const std::size_t exchanges = std::min(cell.transcript.size(), most / kBytesOfAnExchange);
  for (std::size_t i = 0; i < exchanges; ++i) json["talk"].push_back(exchange_json(cell.transcript[i], most));
  const std::uint64_t left_out = cell.exchanges_left_out + (cell.transcript.size() - exchanges);
  if (left_out != 0) json["more"] = left_out;
  return json;
}

ordered_json column_json(const Column& column, Room room) {
  ordered_json json = {{"name", one_line(short_name(column.name))}};
  if (column.input) json["in"] = text_json(*column.input, room.failed, {});
  if (column.expected) json["exp"] = text_json(*column.expected, room.failed, {});
  return json;
}

ordered_json row_json(const Row& row, Room room) {
  ordered_json json = {{"name", one_line(short_name(row.name))}};
  if (!row.verdict.empty()) {
    json["v"] = one_line(short_name(row.verdict));
    json["words"] = one_line(short_name(words_of(row.verdict)));
  }
  add_line(json, "skipped", row.skipped);
  add_line(json, "m", row.message);
  add_line(json, "language", row.language);
  add_line(json, "score", score_text(row.score, row.score_max));
  if (row.expectation) {
    add_line(json, "expected", row.expectation->expected + (row.expectation->met ? ": met" : ": not met"));
  }
  add_line(json, "compile", row.compile_message);
  if (row.compiler && row.compiler->total != 0) json["compiler"] = text_json(*row.compiler, room.failed, {});
  for (const GroupResult& group : row.groups) {
    const std::string score = score_text(group.score, group.score_max);
    json["groups"].push_back({one_line(short_name("Group " + group.name)),
                              one_line(short_name(group.verdict) + (score.empty() ? "" : ", " + score + " points"))});
  }
  return json;
}

// Piece by piece, and "" as soon as it is too long.
class Writer {
 public:
  explicit Writer(std::size_t most) : most_(most) {}

  void add_text(std::string_view text) { text_ += text; }
  void add_json(const ordered_json& json) {
    constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
    text_ += script_json(json.dump(-1, ' ', false, kReplace));
  }
  [[nodiscard]] bool is_full() const noexcept { return text_.size() > most_; }
  std::string take() { return is_full() ? std::string() : std::move(text_); }

 private:
  std::size_t most_;
  std::string text_;
};

std::string written(const Board& board, Extent extent, Room room, std::size_t most) {
  Writer writer(most);
  writer.add_text("{\"columns\":[");
  for (std::size_t i = 0; i < extent.columns && !writer.is_full(); ++i) {
    if (i != 0) writer.add_text(",\n");
    writer.add_json(column_json(board.columns[i], room));
  }
  writer.add_text("],\n\"rows\":[");
  for (std::size_t i = 0; i < extent.rows && !writer.is_full(); ++i) {
    const Row& row = board.rows[i];
    ordered_json head = row_json(row, room);
    if (i != 0) writer.add_text(",\n");
    head["cells"] = ordered_json::array();
    const std::size_t cells = std::min(row.cells.size(), extent.columns);
    for (std::size_t at = 0; at < cells; ++at) {
      head["cells"].push_back(cell_json(board, board.columns[at], row.cells[at], room));
    }
    writer.add_json(head);
  }
  writer.add_text("]}");
  return writer.take();
}

}  // namespace

std::string short_name(std::string_view bytes) {
  return shortened(bytes, kMostOfName);
}

std::string short_message(std::string_view bytes) {
  return shortened(bytes, kMostOfMessage);
}

std::string html_data(const Board& board, Extent extent, std::size_t most) {
  for (const Room& room : kRooms) {
    std::string text = written(board, extent, room, most);
    if (!text.empty()) return text;
  }
  // Not even the messages fit: the table alone.
  std::string text = "{\"columns\":[";
  for (std::size_t i = 0; i < extent.columns; ++i) text += std::string(i == 0 ? "" : ",") + "{\"name\":\"\"}";
  text += "],\"rows\":[";
  for (std::size_t i = 0; i < extent.rows; ++i) text += std::string(i == 0 ? "" : ",") + "{\"name\":\"\",\"cells\":[]}";
  return text + "]}";
}

}  // namespace evalrun::report
