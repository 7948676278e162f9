// Reads a map of YAML by its keys. What is wrong with a value is told in its place; what nobody asked for is unknown.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/core/units.h"
#include "runtime/packages/reading/yaml.h"

namespace evalrun::packages {

class MapReader {
 public:
  // `node` may be null or Null: a map without keys. `prefix` stands before the keys in messages ("limits.").
  MapReader(YamlPointer node, std::string file, problem::Findings& findings, std::string prefix = "");

  // Null if the key is not there. A key with no value is not there, but known.
  YamlPointer take(const std::string& key);
  [[nodiscard]] bool has(const std::string& key) const;
  // Where the key stands; the map's own place if it is not there.
  [[nodiscard]] SourcePosition place_of(const std::string& key) const;

  std::optional<std::string> text(const std::string& key);
  std::optional<double> number(const std::string& key, double least, double most);
  std::optional<std::int64_t> whole(const std::string& key, std::int64_t least, std::int64_t most);
  std::optional<bool> boolean(const std::string& key);
  // A list of scalars.
  std::optional<std::vector<std::string>> words(const std::string& key);
  // Split at white space.
  std::optional<std::vector<std::string>> split(const std::string& key);
  // One of the words.
  std::optional<std::string> choice(const std::string& key, const std::vector<std::string>& words);
  MapReader map(const std::string& key);

  // Known and of no meaning for judging: titles, sources, licences.
  void ignore(const std::vector<std::string>& keys);
  // Known and not supported: an error that says so.
  void refuse(const std::string& key, const std::string& why);
  void error(const std::string& key, const std::string& message);

  // Tells every key that was not asked for.
  void finish();
  // The same where the format takes no notice of keys that it does not know: a note that the key `what`, unless it is
  // nearly a known one.
  void note_rest(const std::string& what);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] problem::Findings& findings() { return findings_; }
  [[nodiscard]] SourcePosition where() const;

 private:
  std::optional<std::string> scalar(const std::string& key, const char* expected);

  YamlPointer node_;
  std::string file_;
  problem::Findings& findings_;
  std::string prefix_;
  // The words among which unknown ones are looked for.
  [[nodiscard]] std::vector<std::string> known() const { return {known_.begin(), known_.end()}; }
  // Each key that was not asked for, and the known one that it is nearly; "" if there is none.
  void for_each_unknown(const std::function<void(const YamlNode& key, const std::string& near)>& act);

  std::set<std::string> known_;
};

// Scalars of a list, or one scalar as a list of one. Nothing where it is neither, which `findings` says then.
std::optional<std::vector<std::string>> scalars(const YamlPointer& node, const std::string& key,
                                                problem::Findings& findings);

std::optional<std::int64_t> whole_number(const std::string& text);
std::optional<bool> truth(const std::string& text);
std::vector<std::string> split_at_space(std::string_view text);
Duration seconds(double count);
// As few digits as tell it: "0.1".
std::string shown_number(double number);

}  // namespace evalrun::packages
