// The tables of keys, of a plan and of an image file, as data. A row says what a key is called, what it takes, and
// where in the Plan that goes; reading (tree_reader.h), --set (overrides.h) and the reference (keys.h) all walk these
// rows.
//
// A path is written "limits.cpu"; "*" stands for any name ("env.*"), "[]" for an element of an array ("mount[].at"). A
// key that takes several forms ("auto", 2 or [0, 1]) has one row for each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/reader/draft.h"
#include "runtime/reader/text_rule.h"

namespace evalrun {

template <typename T>
using Store = std::function<void(Draft&, T, const Entry&)>;

struct TimeForm {
  Duration least, most;
  Store<Duration> store;
};
struct SizeForm {
  Bytes least, most;
  Store<Bytes> store;
};
struct CountForm {
  std::uint64_t least, most;
  Store<std::uint64_t> store;
};
struct NumberForm {
  double least, most;
  Store<double> store;
};
struct FlagForm {
  Store<bool> store;
};
struct ChoiceForm {
  std::vector<std::string> names;
  Store<std::size_t> store;  // an index into `names`
};
// A list of names, with the place of each.
struct ChoicesForm {
  struct Choice {
    std::size_t index;  // into `names`
    SourcePosition position;
  };
  std::vector<std::string> names;
  std::size_t least;  // how many there must be
  Store<std::vector<Choice>> store;
};
struct TextForm {
  TextRule rule;
  Store<std::string> store;
};
struct TextsForm {
  TextRule rule;      // of each
  std::size_t least;  // how many there must be
  Store<std::vector<std::string>> store;
};
struct CountsForm {
  std::uint64_t least, most;  // of each
  std::size_t least_many;
  Store<std::vector<std::uint64_t>> store;
  std::size_t most_with_ranges = 0;  // how many a list may come to that has ranges, "8000-8010"; 0: it has none
};

// A table whose keys depend on each other, or one that there may be many of. Plain sections need no row.
struct TableForm {
  enum class Of { Exactly, AtLeast };
  std::size_t many = 0;                    // of a "*" or "[]" table: how many of them there may be
  std::vector<std::string> required = {};  // keys that must be there
  Of of = Of::Exactly;                     // how many of `one_of` must be there
  std::vector<std::string> one_of = {};
  std::function<void(Draft&, const Entry&)> begin = nullptr;  // before its keys
  std::function<void(Draft&, const Entry&)> end = nullptr;    // behind them
};

using Form = std::variant<TimeForm, SizeForm, CountForm, NumberForm, FlagForm, ChoiceForm, ChoicesForm, TextForm,
                          TextsForm, CountsForm, TableForm>;

// Debian 12's clang, which builds the fuzzers, crashes where such a constructor makes a part of a list.
#if defined(__clang__) && __clang_major__ < 15
#define EVALRUN_OF_A_LITERAL constexpr
#else
#define EVALRUN_OF_A_LITERAL consteval
#endif

// A text of the table that lasts as long as the process: a literal, or one that `kept()` keeps. A string of its own for
// each key would be a good part of what starting evalrun costs.
class LastingText : public std::string_view {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a literal
  EVALRUN_OF_A_LITERAL LastingText(const char* literal) : std::string_view(literal) {}
  // Keeps a text that is put together when the table is made.
  static LastingText kept(std::string text);

 private:
  explicit LastingText(std::string_view text) : std::string_view(text) {}
};

struct Key {
  LastingText path;
  std::string default_text;  // as in TOML; empty: the key has no default
  LastingText description;   // one sentence
  Form form;
  const TextRule* name = nullptr;  // of a "*" key: what it may be called
};

// The rows as a tree, to be walked beside a TOML tree.
struct KeyNode {
  std::string_view name;  // "limits", "*", "[]"
  std::string_view path;  // both of some row's path
  std::vector<const Key*> forms;
  std::vector<std::unique_ptr<KeyNode>> children;

  [[nodiscard]] const KeyNode* exactly(std::string_view child) const;
  // The child for a member of that name: its own, or "*".
  [[nodiscard]] const KeyNode* member(std::string_view child) const;
  [[nodiscard]] const TableForm* table() const;
  // Names that members may have, without "*" and "[]".
  [[nodiscard]] std::vector<std::string> names() const;
};

struct KeyTable {
  std::vector<Key> rows;
  KeyNode root;
};

const KeyTable& plan_keys();
const KeyTable& image_keys();

// Sections that an image file shares with a plan.
bool is_shared_section(std::string_view top) noexcept;

// "a time with a unit, such as \"2s\"": completes "expected …". `describe` joins all that may stand at a node.
std::string describe(const Form& form);
std::string describe(const KeyNode& node);

// "1ms to 24h"; empty where there is no range.
std::string range_text(const Form& form);

}  // namespace evalrun
