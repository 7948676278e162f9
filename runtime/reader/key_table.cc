#include "runtime/reader/key_table.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <mutex>

#include "runtime/core/alternatives.h"
#include "runtime/core/text.h"
#include "runtime/reader/key_rows.h"

namespace evalrun {
namespace {

// Where the part of a path ends that begins at `begin`: of "mount[].bind" the parts are "mount", "[]", "bind".
std::size_t end_of_part(std::string_view path, std::size_t begin) {
  if (path.substr(begin).starts_with("[]")) return begin + 2;
  return std::min(path.find_first_of(".[", begin), path.size());
}

KeyNode& child_for(KeyNode& node, std::string_view name, std::string_view path) {
  for (const auto& child : node.children) {
    if (child->name == name) return *child;
  }
  auto child = std::make_unique<KeyNode>();
  child->name = name;
  child->path = path;
  return *node.children.emplace_back(std::move(child));
}

KeyTable make_table(std::vector<Key> rows) {
  KeyTable table{std::move(rows), {}};
  for (const Key& key : table.rows) {
    KeyNode* node = &table.root;
    for (std::size_t begin = 0; begin < key.path.size();) {
      const std::size_t end = end_of_part(key.path, begin);
      node = &child_for(*node, key.path.substr(begin, end - begin), key.path.substr(0, end));
      begin = end < key.path.size() && key.path[end] == '.' ? end + 1 : end;
    }
    node->forms.push_back(&key);
  }
  return table;
}

std::vector<std::string> quoted(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(in_quotes(word));
  return quoted;
}

// Times are written in seconds by to_string; a whole number of hours reads better in a range.
std::string in_words(Duration time) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(time);
  return hours.count() != 0 && hours == time ? std::to_string(hours.count()) + "h" : to_string(time);
}

std::string in_words(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

struct Describe {
  std::string operator()(const TimeForm&) const { return "a time with a unit, such as \"2s\""; }
  std::string operator()(const SizeForm&) const { return "a size with a unit, such as \"64MiB\""; }
  std::string operator()(const CountForm& form) const { return "a whole number from " + range_text(form); }
  std::string operator()(const NumberForm& form) const { return "a number from " + range_text(form); }
  std::string operator()(const FlagForm&) const { return "true or false"; }
  std::string operator()(const ChoiceForm& form) const { return alternatives(quoted(form.names)); }
  std::string operator()(const ChoicesForm& form) const {
    return std::string(form.least > 0 ? "a list, not empty, each item " : "a list, each item ") +
           alternatives(quoted(form.names));
  }
  std::string operator()(const TextForm& form) const { return std::string(form.rule.expected); }
  std::string operator()(const TextsForm& form) const {
    return std::string(form.least > 0 ? "a list, not empty, each item " : "a list, each item ")
        .append(form.rule.expected);
  }
  std::string operator()(const CountsForm& form) const {
    return std::string(form.least_many > 0 ? "a list, not empty, of" : "a list of") + " whole numbers from " +
           range_text(form) + (form.most_with_ranges > 0 ? ", or of ranges of them, such as \"8000-8010\"" : "");
  }
  std::string operator()(const TableForm& form) const {
    std::vector<std::string> words = form.required;
    if (!form.one_of.empty()) words.push_back(alternatives(form.one_of));
    std::string text = "a table";
    for (std::size_t i = 0; i < words.size(); ++i) text.append(i == 0 ? " with " : " and ").append(words[i]);
    return text;
  }
};

struct Range {
  std::string operator()(const TimeForm& form) const { return in_words(form.least) + " to " + in_words(form.most); }
  std::string operator()(const SizeForm& form) const { return to_string(form.least) + " to " + to_string(form.most); }
  std::string operator()(const CountForm& form) const { return count(form.least, form.most); }
  std::string operator()(const CountsForm& form) const { return count(form.least, form.most); }
  std::string operator()(const NumberForm& form) const { return in_words(form.least) + " to " + in_words(form.most); }
  std::string operator()(const FlagForm&) const { return ""; }
  std::string operator()(const ChoiceForm&) const { return ""; }
  std::string operator()(const ChoicesForm&) const { return ""; }
  std::string operator()(const TextForm&) const { return ""; }
  std::string operator()(const TextsForm&) const { return ""; }
  std::string operator()(const TableForm& form) const {
    return form.many == 0 ? "" : "at most " + std::to_string(form.many) + " of them";
  }

 private:
  static std::string count(std::uint64_t least, std::uint64_t most) {
    return std::to_string(least) + " to " + std::to_string(most);
  }
};

}  // namespace

LastingText LastingText::kept(std::string text) {
  static std::mutex mutex;
  static auto& texts = *new std::deque<std::string>;
  const std::lock_guard lock(mutex);
  return LastingText(std::string_view(texts.emplace_back(std::move(text))));
}

const KeyNode* KeyNode::exactly(std::string_view child) const {
  const auto found = std::ranges::find_if(children, [&](const auto& each) { return each->name == child; });
  return found == children.end() ? nullptr : found->get();
}

const KeyNode* KeyNode::member(std::string_view child) const {
  // "*" and "[]" are names in the table, never in a plan.
  const KeyNode* named = child == "*" || child == "[]" ? nullptr : exactly(child);
  return named != nullptr ? named : exactly("*");
}

const TableForm* KeyNode::table() const {
  for (const Key* key : forms) {
    if (const auto* form = std::get_if<TableForm>(&key->form)) return form;
  }
  return nullptr;
}

std::vector<std::string> KeyNode::names() const {
  std::vector<std::string> names;
  for (const auto& child : children) {
    if (child->name != "*" && child->name != "[]") names.emplace_back(child->name);
  }
  return names;
}

const KeyTable& plan_keys() {
  static const KeyTable table = make_table(plan_rows());
  return table;
}

const KeyTable& image_keys() {
  static const KeyTable table = make_table(image_rows());
  return table;
}

std::string describe(const Form& form) {
  return std::visit(Describe{}, form);
}

std::string describe(const KeyNode& node) {
  std::vector<std::string> words;
  for (const Key* key : node.forms) words.push_back(describe(key->form));
  if (const KeyNode* element = node.exactly("[]")) {
    words.push_back("a list, each item " + describe(*element));
  } else if (node.table() == nullptr && !node.children.empty()) {
    words.emplace_back("a table");
  }
  return alternatives(words);
}

std::string range_text(const Form& form) {
  return std::visit(Range{}, form);
}

}  // namespace evalrun
