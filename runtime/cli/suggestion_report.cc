#include "runtime/cli/suggestion_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "runtime/core/text.h"
#include "runtime/judge/verdict.h"
#include "runtime/report/figures.h"

namespace evalrun::cli {
namespace {

using nlohmann::ordered_json;
using report::to_json;

// Lines that belong together.
struct Block {
  std::string header;  // "[seccomp]", "[[mount]]"
  unsigned line = 0;   // of the section in the plan; 0: the plan has none
  struct Line {
    std::string key;
    std::string value;
    std::string because;
    unsigned instead_of = 0;  // the line of the plan that it replaces
  };
  std::vector<Line> lines;

  [[nodiscard]] std::string toml() const {
    std::string text = line == 0 ? header + "\n" : "";
    for (const Line& each : lines) text += each.key + " = " + each.value + "\n";
    return text;
  }
};

class Blocks {
 public:
  Blocks(const PlanText& plan, const std::vector<trace::SuggestedAddition>& additions)
      : before_(parse_toml(plan.text, plan.file)), after_(before_) {
    for (const trace::SuggestedAddition& each : additions) {
      apply_addition(after_, each.addition);
      because_ = &each.because;
      std::visit([&](const auto& one) { add(one); }, each.addition);
    }
  }

  [[nodiscard]] const std::vector<Block>& all() const { return blocks_; }

 private:
  void add(const SetKey& set) { add_key(set.key); }
  void add(const AddItem& more) { add_key(more.key); }

  void add(const AddMount& mount) {
    Block block{.header = "[[mount]]", .lines = {}};
    for (const auto& [key, value] : members_of(mount)) block.lines.push_back({key, value, "", 0});
    block.lines.front().because = *because_;
    added_.emplace(mount.at, blocks_.size());
    blocks_.push_back(std::move(block));
  }

  void add(const SetMountFlag& set) {
    if (const auto added = added_.find(set.at); added != added_.end()) {
      blocks_[added->second].lines.push_back({set.flag, "true", *because_, 0});
      return;
    }
    Block block{.header = "[[mount]]", .line = line_of_mount(set.at), .lines = {}};
    block.lines.push_back({set.flag, "true", *because_, 0});
    blocks_.push_back(std::move(block));
  }

  Block& block_of(const std::string& section) {
    const std::string header = "[" + section + "]";
    for (Block& block : blocks_) {
      if (block.header == header) return block;
    }
    const TomlNode* table = find_value(before_, section);
    return blocks_.emplace_back(
        Block{.header = header, .line = table != nullptr ? std::max(1U, table->place.line) : 0, .lines = {}});
  }

  void add_key(const std::string& key) {
    const std::size_t dot = key.find('.');
    const std::string section = key.substr(0, dot);
    Block& block = block_of(section);
    const TomlNode* old = find_value(before_, key);
    Block::Line line{key.substr(dot + 1), to_toml(*find_value(after_, key)), *because_,
                     old != nullptr ? old->place.line : 0};
    for (Block::Line& same : block.lines) {
      if (same.key != line.key) continue;
      line.because = same.because + "; " + line.because;
      same = line;
      return;
    }
    block.lines.push_back(std::move(line));
  }

  [[nodiscard]] unsigned line_of_mount(const std::string& at) {
    const TomlNode* mounts = find_value(before_, "mount");
    if (mounts == nullptr || !std::holds_alternative<TomlArray>(mounts->value)) return 1;
    for (const TomlNode& mount : std::get<TomlArray>(mounts->value)) {
      TomlNode copy = mount;
      const TomlNode* place = find_value(copy, "at");
      if (place != nullptr && to_toml(*place) == toml_string(at)) return std::max(1U, mount.place.line);
    }
    return 1;
  }

  TomlNode before_, after_;
  std::vector<Block> blocks_;
  std::map<std::string, std::size_t> added_;  // mounts, and which block each is
  const std::string* because_ = nullptr;
};

std::string comment_of(const Block::Line& line) {
  std::string text = line.instead_of != 0 ? "instead of line " + std::to_string(line.instead_of) : "";
  if (!line.because.empty()) text += (text.empty() ? "" : "; ") + line.because;
  return text;
}

// Only what was proved is text that a plan's parser reads; all else is comments. What belongs into a section that the
// plan has is a comment too: appended to the plan, it would fall into whatever section is the last.
enum class Proof { Proved, NotProved };

std::string to_text(const Block& block, const std::string& file, Proof proof) {
  const bool can_be_appended = proof == Proof::Proved && block.line == 0;
  const auto line = [&](const std::string& text) { return (can_be_appended ? "" : "# ") + one_line(text) + "\n"; };
  std::string text;
  if (block.line == 0) {
    text += line(block.header);
  } else {
    text +=
        "# " + one_line("into the " + block.header + " in line " + std::to_string(block.line) + " of " + file) + ":\n";
  }
  for (const Block::Line& each : block.lines) {
    const std::string comment = comment_of(each);
    text += line(each.key + " = " + each.value + (comment.empty() ? "" : "  # " + comment));
  }
  return text;
}

// "needs the host's /srv/x; run again with --grant /srv/x"
std::string to_text(const trace::Withheld& why) {
  return "needs " + why.needs +
         (why.option.empty() ? ", which the search never gives" : "; run again with " + why.option);
}

std::string summary(const trace::Suggestion& suggestion) {
  const std::string runs =
      std::to_string(suggestion.runs_tried) + (suggestion.runs_tried == 1 ? " run tried" : " runs tried");
  if (!suggestion.runs) {
    return "no addition was found under which the program exits with 0 (" + runs + ")" +
           (suggestion.not_tried.empty() ? "" : "; not all could be tried");
  }
  if (suggestion.additions.empty()) return "nothing to add: the program exits with 0 as it is";
  return "with these additions the program exits with 0, and without any one of them it does not (" + runs + ")";
}

ordered_json to_json(const Block& block) {
  ordered_json json = {{"section", block.header}, {"toml", block.toml()}};
  if (block.line != 0) json["line"] = block.line;
  json["lines"] = ordered_json::array();
  for (const Block::Line& line : block.lines) {
    ordered_json entry = {{"key", line.key}, {"value", line.value}};
    if (!line.because.empty()) entry["because"] = json_text(line.because);
    if (line.instead_of != 0) entry["instead_of_line"] = line.instead_of;
    json["lines"].push_back(std::move(entry));
  }
  return json;
}

std::vector<Block> blocks_of(const PlanText& plan, const std::vector<trace::SuggestedAddition>& additions) {
  return Blocks(plan, additions).all();
}

std::vector<Block> blocks_of(const PlanText& plan, const trace::SuggestedAddition& wish) {
  try {
    return blocks_of(plan, std::vector{wish});
  } catch (const PlanError&) {
    return {};  // a flag of a [[mount]] that --set made
  }
}

bool is_plan_with(const PlanText& plan, const std::string& appended) {
  try {
    parse_toml(plan.text + "\n" + appended, plan.file);
    return true;
  } catch (const PlanError&) {
    return false;
  }
}

}  // namespace

std::string suggestion_to_text(const PlanText& plan, const trace::Suggestion& suggestion) {
  std::string text = "# " + summary(suggestion) + "\n";
  if (!suggestion.runs) {
    text += std::string("# it ended: ") + std::string(judge::name_of(judge::verdict_of(suggestion.outcome))) + "\n";
    for (const std::string& each : suggestion.left) text += "# left: " + one_line(each) + "\n";
    if (!suggestion.additions.empty()) text += "# what was tried, and was not enough:\n";
  }
  const std::vector<Block> blocks = blocks_of(plan, suggestion.additions);
  const auto all = [&](Proof proof) {
    std::string written;
    for (const Block& block : blocks) written += "\n" + to_text(block, plan.file, proof);
    return written;
  };
  const Proof proof = suggestion.runs ? Proof::Proved : Proof::NotProved;
  // As with `mount = [...]`, which no [[mount]] can follow.
  const bool is_toml = is_plan_with(plan, all(proof));
  const bool is_whole = std::ranges::all_of(blocks, [](const Block& block) { return block.line == 0; });
  if (proof == Proof::Proved && !(is_toml && is_whole)) {
    text += "# what is a comment below cannot be appended to the plan; write it where it says\n";
  }
  text += all(is_toml ? proof : Proof::NotProved);
  for (const trace::NotTried& each : suggestion.not_tried) {
    text += "\n# not tried: " + one_line(to_text(each.why)) + "\n";
    const std::vector<Block> wished = blocks_of(plan, each.wish);
    if (wished.empty()) text += "# " + one_line(describe(each.wish.addition)) + "\n";
    for (const Block& block : wished) text += to_text(block, plan.file, Proof::NotProved);
  }
  return text;
}

std::string suggestion_to_json(const PlanText& plan, const trace::Suggestion& suggestion) {
  ordered_json json = {{"version", 1}};
  json["plan"] = {{"name", json_text(plan.name)}};
  json["runs"] = suggestion.runs;
  json["summary"] = summary(suggestion);
  json["runs_tried"] = suggestion.runs_tried;
  json["outcome"] = to_json(suggestion.outcome);
  json["additions"] = ordered_json::array();
  for (const Block& block : blocks_of(plan, suggestion.additions)) json["additions"].push_back(to_json(block));
  json["not_tried"] = ordered_json::array();
  for (const trace::NotTried& each : suggestion.not_tried) {
    ordered_json one = {{"needs", json_text(each.why.needs)}, {"because", json_text(each.wish.because)}};
    one["option"] = each.why.option.empty() ? ordered_json(nullptr) : ordered_json(json_text(each.why.option));
    one["additions"] = ordered_json::array();
    for (const Block& block : blocks_of(plan, each.wish)) one["additions"].push_back(to_json(block));
    json["not_tried"].push_back(std::move(one));
  }
  json["left"] = ordered_json::array();
  for (const std::string& each : suggestion.left) json["left"].push_back(json_text(each));
  return report::written(json, report::Layout::Indented);
}

}  // namespace evalrun::cli
