#include "runtime/packages/reading/map_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "runtime/core/alternatives.h"
#include "runtime/core/text.h"
#include "runtime/problem/comparison.h"

namespace evalrun::packages {

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> truth(const std::string& text) {
  std::string word = text;
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  return std::nullopt;
}

std::vector<std::string> split_at_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  std::vector<std::string> words;
  for (std::size_t begin = text.find_first_not_of(kSpace); begin != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpace, end);
  }
  return words;
}

Duration seconds(double count) {
  return Duration(static_cast<std::int64_t>(std::llround(count * 1e9)));
}

std::optional<std::vector<std::string>> scalars(const YamlPointer& node, const std::string& key,
                                                problem::Findings& findings) {
  if (node == nullptr || node->kind == YamlNode::Kind::Null) return std::vector<std::string>{};
  if (node->kind == YamlNode::Kind::Scalar) return std::vector<std::string>{node->text};
  if (node->kind == YamlNode::Kind::Map) {
    findings.error(node->where, key + ": expected a list of words, not " + kind_of(*node));
    return std::nullopt;
  }
  std::vector<std::string> words;
  for (const YamlPointer& item : node->items) {
    if (item->kind != YamlNode::Kind::Scalar) {
      findings.error(item->where, key + ": expected a word, not " + kind_of(*item));
      return std::nullopt;
    }
    words.push_back(item->text);
  }
  return words;
}

MapReader::MapReader(YamlPointer node, std::string file, problem::Findings& findings, std::string prefix)
    : node_(std::move(node)), file_(std::move(file)), findings_(findings), prefix_(std::move(prefix)) {
  if (node_ == nullptr || node_->kind == YamlNode::Kind::Map || node_->kind == YamlNode::Kind::Null) return;
  const std::string subject = prefix_.empty() ? "" : prefix_.substr(0, prefix_.size() - 1) + ": ";
  findings_.error(node_->where, subject + "expected a map of keys, not " + kind_of(*node_));
  node_ = nullptr;
}

SourcePosition MapReader::where() const {
  return node_ == nullptr ? SourcePosition{file_, 0, 0} : node_->where;
}

YamlPointer MapReader::take(const std::string& key) {
  known_.insert(key);
  if (node_ == nullptr) return nullptr;
  for (const auto& [name, value] : node_->pairs) {
    if (name->text == key) return value->kind == YamlNode::Kind::Null ? nullptr : value;
  }
  return nullptr;
}

bool MapReader::has(const std::string& key) const {
  return node_ != nullptr &&
         std::ranges::any_of(node_->pairs, [&](const auto& pair) { return pair.first->text == key; });
}

SourcePosition MapReader::place_of(const std::string& key) const {
  if (node_ != nullptr) {
    for (const auto& [name, value] : node_->pairs) {
      if (name->text == key) return name->where;
    }
  }
  return where();
}

void MapReader::error(const std::string& key, const std::string& message) {
  findings_.error(place_of(key), prefix_ + key + ": " + message);
}

std::optional<std::string> MapReader::scalar(const std::string& key, const char* expected) {
  const YamlPointer value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == YamlNode::Kind::Scalar) return value->text;
  error(key, std::string("expected ") + expected + ", not " + kind_of(*value));
  return std::nullopt;
}

std::optional<std::string> MapReader::text(const std::string& key) {
  return scalar(key, "text");
}

std::optional<double> MapReader::number(const std::string& key, double least, double most) {
  const std::optional<std::string> word = scalar(key, "a number");
  if (!word) return std::nullopt;
  const std::optional<double> value = problem::decimal_number(*word);
  if (value && *value >= least && *value <= most) return value;
  error(key,
        "expected a number from " + shown_number(least) + " to " + shown_number(most) + ", not " + in_quotes(*word));
  return std::nullopt;
}

std::optional<std::int64_t> MapReader::whole(const std::string& key, std::int64_t least, std::int64_t most) {
  const std::optional<std::string> word = scalar(key, "a whole number");
  if (!word) return std::nullopt;
  const std::optional<std::int64_t> value = whole_number(*word);
  if (value && *value >= least && *value <= most) return value;
  error(key, "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ", not " +
                 in_quotes(*word));
  return std::nullopt;
}

std::optional<bool> MapReader::boolean(const std::string& key) {
  const std::optional<std::string> word = scalar(key, "true or false");
  if (!word) return std::nullopt;
  const std::optional<bool> value = truth(*word);
  if (!value) error(key, "expected true or false, not " + in_quotes(*word));
  return value;
}

std::optional<std::vector<std::string>> MapReader::words(const std::string& key) {
  const YamlPointer value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind != YamlNode::Kind::List) {
    error(key, "expected a list of words, not " + kind_of(*value));
    return std::nullopt;
  }
  return scalars(value, prefix_ + key, findings_);
}

std::optional<std::vector<std::string>> MapReader::split(const std::string& key) {
  const std::optional<std::string> value = text(key);
  if (!value) return std::nullopt;
  return split_at_space(*value);
}

std::optional<std::string> MapReader::choice(const std::string& key, const std::vector<std::string>& words) {
  const std::optional<std::string> word = scalar(key, "a word");
  if (!word || std::ranges::find(words, *word) != words.end()) return word;
  const std::string near = nearest(*word, words);
  error(key, in_quotes(*word) + " is not known; " +
                 (near.empty() ? "use " + alternatives(words) : "did you mean " + near + "?"));
  return std::nullopt;
}

MapReader MapReader::map(const std::string& key) {
  return {take(key), file_, findings_, prefix_ + key + "."};
}

void MapReader::ignore(const std::vector<std::string>& keys) {
  known_.insert(keys.begin(), keys.end());
}

void MapReader::refuse(const std::string& key, const std::string& why) {
  if (take(key) != nullptr) error(key, why);
}

void MapReader::for_each_unknown(const std::function<void(const YamlNode& key, const std::string& near)>& act) {
  if (node_ == nullptr) return;
  const std::vector<std::string> words = known();
  for (const auto& [key, value] : node_->pairs) {
    if (key->kind != YamlNode::Kind::Scalar || known_.contains(key->text)) continue;
    // A hostile file has a million of them, and what is said of so many is not kept.
    act(*key, findings_.errors() < problem::Findings::kMost ? nearest(key->text, words) : "");
  }
}

void MapReader::finish() {
  for_each_unknown([&](const YamlNode& key, const std::string& near) {
    findings_.error(key.where, prefix_ + key.text + ": is no key of this file" +
                                   (near.empty() ? "; remove it" : "; did you mean " + near + "?"));
  });
}

void MapReader::note_rest(const std::string& what) {
  for_each_unknown([&](const YamlNode& key, const std::string& near) {
    if (near.empty()) {
      findings_.note(key.where, prefix_ + key.text + ": " + what);
    } else {
      findings_.error(key.where, prefix_ + key.text + ": " + what + "; did you mean " + near + "?");
    }
  });
}

std::string shown_number(double number) {
  char text[40];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return error == std::errc() ? std::string(text, end) : "?";
}

}  // namespace evalrun::packages
