#include "runtime/batch/read_line.h"

namespace evalrun::batch {

SourcePosition position_of(const InputLine& line, const std::string& input_name) {
  return {input_name, static_cast<unsigned>(line.number), 1};
}

std::variant<jobs::JobLine, jobs::BadLine> read_line(const InputLine& line, const std::string& input_name,
                                                     SeenIds& seen) {
  const SourcePosition position = position_of(line, input_name);
  if (line.too_long) {
    return jobs::BadLine{std::nullopt, to_string(position) + ": expected at most 16 MiB in a line"};
  }
  auto parsed = jobs::parse_job(line.text, position);
  const auto* bad = std::get_if<jobs::BadLine>(&parsed);
  const std::optional<jobs::JobId> id = bad != nullptr ? bad->id : std::get<jobs::JobLine>(parsed).id;
  const bool is_new = !id || seen.add(jobs::text_of(*id));
  if (bad == nullptr && !is_new) {
    return jobs::BadLine{id, to_string(position) + ": id: an earlier line has it already"};
  }
  return parsed;
}

}  // namespace evalrun::batch
