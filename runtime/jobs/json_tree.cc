#include "runtime/jobs/json_tree.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "runtime/core/text.h"

namespace evalrun::jobs {
namespace {

constexpr std::size_t kMaxDepth = 32;

// Called by the parser with each value; false ends the parsing.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit TreeBuilder(TomlPlace place) : place_(std::move(place)) {}

  bool null() override { return fail("null is no value of a plan"); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (std::in_range<std::int64_t>(value)) return add(static_cast<std::int64_t>(value));
    return fail("expected numbers of at most 63 bits, found " + std::to_string(value));
  }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return fail("not JSON"); }

  bool start_object(std::size_t) override { return open(TomlTable{}); }
  bool key(std::string& name) override {
    names_.push_back(std::move(name));
    return true;
  }
  bool end_object() override {
    const auto& table = std::get<TomlTable>(open_.back().value);
    std::vector<std::string_view> names;
    for (const TomlMember& member : table) names.push_back(member.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice != names.end()) return fail("expected each key once, found " + in_quotes(*twice) + " again");
    return close();
  }
  bool start_array(std::size_t) override { return open(TomlArray{}); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) override {
    return fail("not JSON at byte " + std::to_string(at));
  }

  JsonTree take() {
    if (error_.empty()) return {std::move(root_), ""};
    return {open_.empty() ? TomlNode{TomlTable{}, place_} : std::move(open_.front()), std::move(error_)};
  }

 private:
  using Value = decltype(TomlNode::value);

  bool fail(std::string message) {
    error_ = std::move(message);
    return false;
  }

  bool open(Value value) {
    if (open_.size() == kMaxDepth) return fail("values nest too deeply: at most " + std::to_string(kMaxDepth));
    open_.push_back({std::move(value), place_});
    return true;
  }

  bool close() {
    TomlNode node = std::move(open_.back());
    open_.pop_back();
    return attach(std::move(node));
  }

  bool add(Value value) { return attach({std::move(value), place_}); }

  bool attach(TomlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (auto* table = std::get_if<TomlTable>(&open_.back().value)) {
      table->push_back({std::move(names_.back()), place_, std::move(node)});
      names_.pop_back();
    } else {
      std::get<TomlArray>(open_.back().value).push_back(std::move(node));
    }
    return true;
  }

  TomlPlace place_;
  TomlNode root_;
  std::vector<TomlNode> open_;      // from the root to the innermost
  std::vector<std::string> names_;  // of members whose value is being read
  std::string error_;
};

}  // namespace

JsonTree parse_json(std::string_view text, const SourcePosition& position) {
  TreeBuilder builder({std::make_shared<const std::string>(position.file), position.line, position.column});
  nlohmann::json::sax_parse(text, &builder);
  return builder.take();
}

}  // namespace evalrun::jobs
