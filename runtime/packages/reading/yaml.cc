#include "runtime/packages/reading/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <sstream>

#include "runtime/core/text.h"

namespace evalrun::packages {
namespace {

struct TooMuch {
  SourcePosition where;
  std::string why;
};

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string file, problem::Findings& findings, const YamlBounds& bounds)
      : file_(std::move(file)), findings_(findings), bounds_(bounds) {}

  [[nodiscard]] YamlPointer root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { finish(begin(mark), anchor); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw TooMuch{place(mark), "an alias stands in what it names"};
    count(found->second->weight, place(mark));
    place_node(found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = begin(mark);
    node->is_quoted = tag == "!";
    node->text = value;
    const bool is_null = !node->is_quoted && (value.empty() || value == "~" || value == "null" || value == "Null");
    node->kind = is_null ? YamlNode::Kind::Null : YamlNode::Kind::Scalar;
    finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, YamlNode::Kind::List);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, YamlNode::Kind::Map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor = 0;
    YamlPointer key;  // of a map, where its value is awaited
    std::set<std::string> keys;
  };

  [[nodiscard]] SourcePosition place(const YAML::Mark& mark) const {
    return {file_, static_cast<unsigned>(mark.line + 1), static_cast<unsigned>(mark.column + 1)};
  }

  void count(std::size_t nodes, const SourcePosition& where) {
    nodes_ += nodes;
    if (nodes_ > bounds_.nodes) {
      throw TooMuch{where, "there are more than " + std::to_string(bounds_.nodes) + " values with aliases followed"};
    }
  }

  std::shared_ptr<YamlNode> begin(const YAML::Mark& mark) {
    auto node = std::make_shared<YamlNode>();
    node->where = place(mark);
    count(1, node->where);
    return node;
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    auto node = begin(mark);
    node->kind = kind;
    if (open_.size() >= bounds_.depth) {
      throw TooMuch{node->where, "values are more than " + std::to_string(bounds_.depth) + " deep"};
    }
    open_.push_back({std::move(node), anchor, nullptr, {}});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    finish(std::move(done.node), done.anchor);
  }

  void finish(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    place_node(std::move(node));
  }

  void place_node(YamlPointer node) {
    if (open_.empty()) {
      if (root_ == nullptr) root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node->kind == YamlNode::Kind::List) {
      parent.node->weight += node->weight;
      parent.node->items.push_back(std::move(node));
    } else if (parent.key == nullptr) {
      check_key(parent, *node);
      parent.key = std::move(node);
    } else {
      parent.node->weight += node->weight + 1;
      parent.node->pairs.emplace_back(std::exchange(parent.key, nullptr), std::move(node));
    }
  }

  void check_key(Open& parent, const YamlNode& key) {
    if (key.kind != YamlNode::Kind::Scalar) {
      findings_.error(key.where, "a key is " + kind_of(key) + "; write a word");
    } else if (key.text == "<<" && !key.is_quoted) {
      findings_.error(key.where, "merge keys (\"<<\") are not supported; write the keys out");
    } else if (!parent.keys.insert(key.text).second) {
      on_duplicate(parent, key);
    }
  }

  void on_duplicate(Open& parent, const YamlNode& key) {
    if (key.text != "input_validator_flags") {
      findings_.error(key.where, "the key " + in_quotes(key.text) + " is given twice; remove one of them");
      return;
    }
    // Packages of olympiads have it. problemtools takes the last, and nothing that is judged depends on it.
    findings_.note(key.where, "the key " + in_quotes(key.text) + " is given twice; the last of them counts");
    std::erase_if(parent.node->pairs, [&](const auto& pair) { return pair.first->text == key.text; });
  }

  std::string file_;
  problem::Findings& findings_;
  const YamlBounds& bounds_;
  std::map<YAML::anchor_t, YamlPointer> anchors_;
  std::vector<Open> open_;
  YamlPointer root_;
  std::size_t nodes_ = 0;
};

YamlPointer nothing_in(const std::string& file) {
  auto node = std::make_shared<YamlNode>();
  node->where = {file, 1, 1};
  return node;
}

}  // namespace

std::string kind_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::Null: return "nothing";
    case YamlNode::Kind::Scalar: return in_quotes(node.text.substr(0, 200));
    case YamlNode::Kind::List: return "a list";
    case YamlNode::Kind::Map: return "a map";
  }
  return "";
}

YamlPointer parse_yaml(const std::string& text, const std::string& file, problem::Findings& findings,
                       const YamlBounds& bounds) {
  if (text.size() > bounds.bytes) {
    findings.error({file, 0, 0}, "is longer than " + std::to_string(bounds.bytes) + " bytes");
    return nullptr;
  }
  if (!is_utf8(text)) {
    findings.error({file, 0, 0}, "is not UTF-8; save it as UTF-8");
    return nullptr;
  }
  Builder builder(file, findings, bounds);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return nothing_in(file);
    if (parser.HandleNextDocument(builder)) {
      findings.error({file, 0, 0}, "has more than one document; remove what follows \"---\"");
    }
  } catch (const TooMuch& much) {
    findings.error(much.where, much.why);
    return nullptr;
  } catch (const YAML::Exception& error) {
    findings.error({file, static_cast<unsigned>(error.mark.line + 1), static_cast<unsigned>(error.mark.column + 1)},
                   "this is no YAML: " + error.msg);
    return nullptr;
  }
  if (builder.root() == nullptr) return nothing_in(file);
  return builder.root();
}

}  // namespace evalrun::packages
