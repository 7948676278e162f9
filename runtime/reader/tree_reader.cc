#include "runtime/reader/tree_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/core/text.h"

namespace evalrun {
namespace {

// Of the user's text in a message.
constexpr std::size_t kMaxQuoted = 60;

[[noreturn]] void fail(const Entry& entry, const std::string& message) {
  throw PlanError(entry.position, entry.key, message);
}

std::string shortened(std::string_view text) {
  return text.size() <= kMaxQuoted ? std::string(text) : std::string(text.substr(0, kMaxQuoted)) + "…";
}

std::string found(std::string_view text) {
  return ", found " + in_quotes(shortened(text));
}

// What was probably meant by a size or a time whose unit is written as elsewhere: "1G", "64 mb", "2 sec". Else "".
std::string with_known_unit(std::string_view text, std::string_view unit_letters) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  std::string unit;
  for (const char c : text.substr(digits)) {
    if (c != ' ') unit.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  if (digits == 0 || unit.empty() || unit.size() > kMaxQuoted) return "";
  const std::string number(text.substr(0, digits));
  if (unit_letters == "kmgt") {
    if (unit == "b" || unit == "byte" || unit == "bytes") return number + "B";
    const std::string rest = unit.substr(1);
    const bool is_known = unit_letters.find(unit.front()) != unit_letters.npos;
    if (!is_known || (!rest.empty() && rest != "b" && rest != "ib" && rest != "i")) return "";
    return number + static_cast<char>(unit.front() - 'a' + 'A') + "iB";
  }
  struct Written {
    std::string_view unit, as;
  };
  static constexpr Written kTimes[] = {{"s", "s"},       {"sec", "s"},   {"secs", "s"},   {"second", "s"},
                                       {"seconds", "s"}, {"ms", "ms"},   {"msec", "ms"},  {"msecs", "ms"},
                                       {"us", "us"},     {"usec", "us"}, {"ns", "ns"},    {"min", "m"},
                                       {"mins", "m"},    {"m", "m"},     {"minute", "m"}, {"minutes", "m"},
                                       {"h", "h"},       {"hour", "h"},  {"hours", "h"}};
  const auto* found = std::ranges::find(kTimes, unit, &Written::unit);
  return found == std::end(kTimes) ? "" : number + std::string(found->as);
}

std::string meant_by(const TimeForm&, std::string_view text) {
  const std::string meant = with_known_unit(text, "");
  return parse_duration(meant) ? meant : "";
}
std::string meant_by(const SizeForm&, std::string_view text) {
  const std::string meant = with_known_unit(text, "kmgt");
  return parse_bytes(meant) ? meant : "";
}

// What people call a key elsewhere.
struct OtherName {
  std::string_view parent, name, key;
};
constexpr OtherName kOtherNames[] = {{"case[]", "output", "expect"},   {"case[]", "answer", "expect"},
                                     {"case[]", "out", "expect"},      {"case[]", "expected_output", "expect"},
                                     {"case[]", "input", "stdin"},     {"case[]", "in", "stdin"},
                                     {"", "command", "argv"},          {"", "cmd", "argv"},
                                     {"", "input", "stdin"},           {"", "timeout", "limits.wall"},
                                     {"limits", "time", "limits.cpu"}, {"limits", "timeout", "limits.wall"}};

// `name` as it would be written in TOML.
std::string key_part(std::string_view name) {
  constexpr std::string_view kBare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  const bool bare = !name.empty() && name.size() <= kMaxQuoted && name.find_first_not_of(kBare) == name.npos;
  return bare ? std::string(name) : in_quotes(shortened(name));
}

std::string join_key(const std::string& parent, std::string_view name) {
  return parent + (parent.empty() ? "" : ".") + key_part(name);
}

// A value's problem is shown at the value, a table's at its name.
Entry member_entry(const Entry& parent, const TomlMember& member) {
  const bool is_table = std::holds_alternative<TomlTable>(member.node.value);
  return {join_key(parent.key, member.name), member.name, (is_table ? member.place : member.node.place).position()};
}

// Converts a value by a key's form and stores it; false where the value's type is not the form's.
class Converter {
 public:
  Converter(const TomlNode& node, const KeyNode& keys, const Entry& entry, Draft& draft)
      : node_(node), keys_(keys), entry_(entry), draft_(draft) {}

  bool operator()(const TimeForm& form) const { return measure(form, parse_duration); }
  bool operator()(const SizeForm& form) const { return !is_a_choice() && measure(form, parse_bytes); }

  bool operator()(const CountForm& form) const {
    const auto* number = std::get_if<std::int64_t>(&node_.value);
    if (number == nullptr) return false;
    form.store(draft_, counted(*number, form, entry_), entry_);
    return true;
  }

  // A whole number is a number too.
  bool operator()(const NumberForm& form) const {
    const auto* whole = std::get_if<std::int64_t>(&node_.value);
    const auto* real = std::get_if<double>(&node_.value);
    if (whole == nullptr && real == nullptr) return false;
    const double number = whole != nullptr ? static_cast<double>(*whole) : *real;
    // The comparison refuses a NaN too.
    if (!(number >= form.least && number <= form.most)) fail(entry_, "expected " + describe(form));
    form.store(draft_, number, entry_);
    return true;
  }

  bool operator()(const FlagForm& form) const {
    const auto* flag = std::get_if<bool>(&node_.value);
    if (flag == nullptr) return false;
    form.store(draft_, *flag, entry_);
    return true;
  }

  bool operator()(const ChoiceForm& form) const {
    const auto* text = std::get_if<std::string>(&node_.value);
    if (text == nullptr) return false;
    form.store(draft_, chosen(*text, form.names, describe(keys_), entry_), entry_);
    return true;
  }

  bool operator()(const ChoicesForm& form) const {
    const auto* array = std::get_if<TomlArray>(&node_.value);
    if (array == nullptr) return false;
    if (array->size() < form.least) fail(entry_, "expected " + describe(form) + ", found an empty one");
    std::vector<ChoicesForm::Choice> choices;
    each<std::string>(*array, form, [&](const std::string& text, const Entry& entry) {
      choices.push_back({chosen(text, form.names, describe(form), entry), entry.position});
    });
    form.store(draft_, std::move(choices), entry_);
    return true;
  }

  bool operator()(const TextForm& form) const {
    const auto* text = std::get_if<std::string>(&node_.value);
    if (text == nullptr) return false;
    form.store(draft_, accepted(*text, form.rule, entry_), entry_);
    return true;
  }

  bool operator()(const TextsForm& form) const {
    const auto* array = std::get_if<TomlArray>(&node_.value);
    if (array == nullptr) return false;
    if (array->size() < form.least) fail(entry_, "expected " + describe(form) + ", found an empty one");
    std::vector<std::string> texts;
    each<std::string>(*array, form, [&](const std::string& text, const Entry& entry) {
      texts.push_back(accepted(text, form.rule, entry));
    });
    form.store(draft_, std::move(texts), entry_);
    return true;
  }

  bool operator()(const CountsForm& form) const {
    const auto* array = std::get_if<TomlArray>(&node_.value);
    if (array == nullptr) return false;
    if (array->size() < form.least_many) fail(entry_, "expected " + describe(form) + ", found an empty one");
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 0; i < array->size(); ++i) {
      const TomlNode& node = (*array)[i];
      const Entry entry = element_entry(i, node);
      const auto* number = std::get_if<std::int64_t>(&node.value);
      const auto* text = std::get_if<std::string>(&node.value);
      if (number != nullptr) {
        numbers.push_back(counted(*number, form, entry));
      } else if (text != nullptr && form.most_with_ranges > 0) {
        add_range(*text, form, entry, numbers);
      } else {
        fail(entry, "expected " + describe(form) + ", found " + std::string(type_name(node)));
      }
    }
    if (form.most_with_ranges > 0 && numbers.size() > form.most_with_ranges) {
      fail(entry_, "expected at most " + std::to_string(form.most_with_ranges) + " numbers, found " +
                       std::to_string(numbers.size()));
    }
    form.store(draft_, std::move(numbers), entry_);
    return true;
  }

  // Tables are walked, not converted.
  bool operator()(const TableForm&) const { return false; }

 private:
  static std::size_t chosen(const std::string& text, const std::vector<std::string>& names, const std::string& expected,
                            const Entry& entry) {
    const auto place = std::ranges::find(names, text);
    if (place == names.end()) {
      const std::string meant = text.size() <= kMaxQuoted ? nearest(text, names) : "";
      fail(entry,
           "expected " + expected + found(text) + (meant.empty() ? "" : "; did you mean " + in_quotes(meant) + "?"));
    }
    return static_cast<std::size_t>(place - names.begin());
  }

  // A word that another form of the key takes.
  [[nodiscard]] bool is_a_choice() const {
    const auto* text = std::get_if<std::string>(&node_.value);
    return text != nullptr && std::ranges::any_of(keys_.forms, [&](const Key* key) {
             const auto* choice = std::get_if<ChoiceForm>(&key->form);
             return choice != nullptr && std::ranges::find(choice->names, *text) != choice->names.end();
           });
  }

  template <typename F, typename Parse>
  bool measure(const F& form, Parse parse) const {
    const auto* text = std::get_if<std::string>(&node_.value);
    if (text == nullptr) return false;
    const auto value = parse(*text);
    if (!value) {
      const std::string meant = meant_by(form, *text);
      fail(entry_, "expected " + describe(form) + found(*text) +
                       (meant.empty() ? "" : "; did you mean " + in_quotes(meant) + "?"));
    }
    if (*value < form.least || *value > form.most) fail(entry_, "expected " + range_text(form) + found(*text));
    form.store(draft_, *value, entry_);
    return true;
  }

  template <typename F>
  static std::uint64_t counted(std::int64_t number, const F& form, const Entry& entry) {
    if (number < 0 || std::cmp_less(number, form.least) || std::cmp_greater(number, form.most)) {
      fail(entry, "expected a whole number from " + range_text(form) + ", found " + std::to_string(number));
    }
    return static_cast<std::uint64_t>(number);
  }

  static const std::string& accepted(const std::string& text, const TextRule& rule, const Entry& entry) {
    if (!rule.accepts(text)) fail(entry, "expected " + std::string(rule.expected) + found(text));
    return text;
  }

  // "8000-8010", both ends among them.
  static void add_range(const std::string& text, const CountsForm& form, const Entry& entry,
                        std::vector<std::uint64_t>& numbers) {
    std::int64_t first = 0, last = 0;
    const char* const end = text.data() + text.size();
    const auto from = std::from_chars(text.data(), end, first);
    const bool has_first = from.ec == std::errc() && from.ptr != end && *from.ptr == '-' && text.front() != '-';
    const auto to = has_first ? std::from_chars(from.ptr + 1, end, last) : from;
    if (!has_first || to.ec != std::errc() || to.ptr != end || last < first) {
      fail(entry, "expected a range, such as \"8000-8010\"" + found(text));
    }
    counted(first, form, entry);
    counted(last, form, entry);
    for (std::int64_t number = first; number <= last && numbers.size() <= form.most_with_ranges; ++number) {
      numbers.push_back(static_cast<std::uint64_t>(number));
    }
  }

  [[nodiscard]] Entry element_entry(std::size_t index, const TomlNode& node) const {
    return {entry_.key + "[" + std::to_string(index) + "]", "", node.place.position()};
  }

  // Calls `take` with every element; a wrong type is the element's error.
  template <typename T, typename F, typename Take>
  void each(const TomlArray& array, const F& form, Take take) const {
    for (std::size_t i = 0; i < array.size(); ++i) {
      const Entry entry = element_entry(i, array[i]);
      const T* value = std::get_if<T>(&array[i].value);
      if (value == nullptr) fail(entry, "expected " + describe(form) + ", found " + std::string(type_name(array[i])));
      take(*value, entry);
    }
  }

  const TomlNode& node_;
  const KeyNode& keys_;  // all that might have stood here
  const Entry& entry_;
  Draft& draft_;
};

class TreeReader {
 public:
  TreeReader(const KeyTable& table, Draft& draft) : table_(table), draft_(draft) {}

  void read_members(const TomlTable& table, const KeyNode& keys, const Entry& entry) {
    const TableForm* form = keys.table();
    if (form != nullptr && form->begin) form->begin(draft_, entry);
    std::size_t many = 0;
    for (const TomlMember& member : table) {
      const KeyNode* child = keys.member(member.name);
      if (child == nullptr) fail_unknown(member, keys, entry);
      const Entry member_at = member_entry(entry, member);
      if (child->name == "*") check_name(member, *child, member_at, ++many);
      // An element's own positions would change as the mounts of an image and of a plan are joined.
      if (member_at.key.find('[') == std::string::npos) draft_.positions[member_at.key] = member.place.position();
      read_value(member.node, *child, member_at);
    }
    if (form == nullptr) return;
    check_members(table, *form, entry);
    if (form->end) form->end(draft_, entry);
  }

 private:
  void read_value(const TomlNode& node, const KeyNode& keys, const Entry& entry) {
    for (const Key* key : keys.forms) {
      if (std::visit(Converter(node, keys, entry, draft_), key->form)) return;
    }
    const KeyNode* element = keys.exactly("[]");
    const auto* array = std::get_if<TomlArray>(&node.value);
    const auto* table = std::get_if<TomlTable>(&node.value);
    if (array != nullptr && element != nullptr) {
      read_elements(*array, *element, entry);
    } else if (table != nullptr && element == nullptr && !keys.children.empty()) {
      read_members(*table, keys, entry);
    } else {
      fail(entry, "expected " + describe(keys) + ", found " + std::string(type_name(node)));
    }
  }

  void read_elements(const TomlArray& array, const KeyNode& keys, const Entry& entry) {
    const TableForm* form = keys.table();
    if (form != nullptr && array.size() > form->many) {
      const SourcePosition position = array[form->many].place.position();
      throw PlanError(position, entry.key, "expected " + range_text(*form) + ", found " + std::to_string(array.size()));
    }
    for (std::size_t i = 0; i < array.size(); ++i) {
      const std::string index = std::to_string(i);
      read_value(array[i], keys, {entry.key + "[" + index + "]", index, array[i].place.position()});
    }
  }

  static void check_name(const TomlMember& member, const KeyNode& keys, const Entry& entry, std::size_t many) {
    const SourcePosition position = member.place.position();
    for (const Key* key : keys.forms) {
      if (key->name != nullptr && !key->name->accepts(member.name)) {
        throw PlanError(position, entry.key,
                        "expected as name " + std::string(key->name->expected) + found(member.name));
      }
    }
    if (const TableForm* form = keys.table(); form != nullptr && many > form->many) {
      throw PlanError(position, entry.key, "expected " + range_text(*form));
    }
  }

  static void check_members(const TomlTable& table, const TableForm& form, const Entry& entry) {
    const auto present = [&](const std::string& name) {
      return std::ranges::find(table, name, &TomlMember::name) != table.end();
    };
    for (const std::string& name : form.required) {
      if (!present(name))
        fail({join_key(entry.key, name), name, entry.position}, "missing; expected " + describe(form));
    }
    if (form.one_of.empty()) return;
    const auto many = std::ranges::count_if(form.one_of, present);
    if (many == 0) fail(entry, "expected " + describe(form) + ", found none of these keys");
    if (many > 1 && form.of == TableForm::Of::Exactly) {
      fail(entry, "expected one of the keys " + join_words(form.one_of) + ", found " + std::to_string(many));
    }
  }

  [[noreturn]] void fail_unknown(const TomlMember& member, const KeyNode& keys, const Entry& parent) const {
    const std::string key = join_key(parent.key, member.name);
    const std::string meant = suggestion(member.name, keys, parent);
    throw PlanError(member.place.position(), key,
                    meant.empty() ? "unknown key; known here: " + join_words(keys.names())
                                  : "unknown key; did you mean \"" + meant + "\"?");
  }

  // The key that was probably meant; "cpu" at the top belongs into [limits].
  [[nodiscard]] std::string suggestion(const std::string& name, const KeyNode& keys, const Entry& parent) const {
    if (name.size() > kMaxQuoted) return "";  // the distance to a long name takes long, and means nothing
    for (const OtherName& other : kOtherNames) {
      if (other.parent != keys.path || other.name != name) continue;
      if (other.key.find('.') != other.key.npos) return std::string(other.key);
      return join_key(parent.key, other.key);
    }
    for (const Key& key : table_.rows) {
      if (key.path.ends_with("." + name) && key.path.find_first_of("*[") == std::string_view::npos) {
        return std::string(key.path);
      }
    }
    const std::string near = nearest(name, keys.names());
    return near.empty() ? "" : join_key(parent.key, near);
  }

  const KeyTable& table_;
  Draft& draft_;
};

}  // namespace

void read_tree(const TomlNode& root, const KeyTable& table, Draft& draft) {
  TreeReader(table, draft).read_members(std::get<TomlTable>(root.value), table.root, {"", "", root.place.position()});
}

}  // namespace evalrun
