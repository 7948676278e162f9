#include "runtime/reader/keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "runtime/core/text.h"
#include "runtime/plan/profile.h"
#include "runtime/reader/key_table.h"

namespace evalrun {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPlanTitle = "A plan: everything a run is";
constexpr std::string_view kImageTitle = "An image file: what a language needs";

struct TypeName {
  std::string operator()(const TimeForm&) const { return "time"; }
  std::string operator()(const SizeForm&) const { return "size"; }
  std::string operator()(const CountForm&) const { return "whole number"; }
  std::string operator()(const NumberForm&) const { return "number"; }
  std::string operator()(const FlagForm&) const { return "boolean"; }
  std::string operator()(const ChoiceForm&) const { return "choice"; }
  std::string operator()(const ChoicesForm&) const { return "list of choices"; }
  std::string operator()(const TextForm&) const { return "text"; }
  std::string operator()(const TextsForm&) const { return "list of texts"; }
  std::string operator()(const CountsForm& form) const {
    return form.most_with_ranges > 0 ? "list of whole numbers and ranges" : "list of whole numbers";
  }
  std::string operator()(const TableForm&) const { return "table"; }
};

std::string type_of(const Key& key) {
  return std::visit(TypeName{}, key.form);
}

std::string unit_of(const Key& key) {
  if (std::holds_alternative<TimeForm>(key.form)) return "ns, us, ms, s, m, h";
  if (std::holds_alternative<SizeForm>(key.form)) return "B, KiB, MiB, GiB, TiB";
  return "";
}

// What a value must be beyond its type: a range where it is measured, words where it is not.
std::string values_of(const Key& key) {
  const std::string range = range_text(key.form);
  if (std::holds_alternative<TableForm>(key.form)) {
    const std::string words = describe(key.form) == "a table" ? "" : describe(key.form);
    return words + (words.empty() || range.empty() ? "" : ", ") + range;
  }
  std::string text = range.empty() && !std::holds_alternative<FlagForm>(key.form) ? describe(key.form) : range;
  if (key.name != nullptr) text.append("; * is ").append(key.name->expected);
  return text;
}

// How the sections of a TOML file are written: "mount[].at" stands under [[mount]].
std::string section_of(const Key& key) {
  const std::size_t dot = key.path.find('.');
  const std::string head(key.path.substr(0, dot));
  if (head.ends_with("[]")) return head.starts_with("collect") ? "" : "[[" + head.substr(0, head.size() - 2) + "]]";
  return dot == std::string::npos || head == "stdin" || head == "stdout" || head == "stderr" ? "" : "[" + head + "]";
}

void print_text(const KeyTable& table, std::string_view title, std::string& out) {
  out.append(title).append("\n\n");
  for (const Key& key : table.rows) {
    out.append(key.path).append("\n    ").append(type_of(key));
    if (const std::string unit = unit_of(key); !unit.empty()) out.append(" (").append(unit).append(")");
    if (const std::string values = values_of(key); !values.empty()) out.append(": ").append(values);
    if (!key.default_text.empty()) out.append("; default ").append(key.default_text);
    out.append("\n    ").append(key.description).append("\n");
  }
}

// In a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '_' || c == '<') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

std::string code(std::string_view text) {
  return text.empty() ? "" : "`" + std::string(text) + "`";
}

void print_markdown(const KeyTable& table, std::string_view title, std::string& out) {
  out.append("## ").append(title).append("\n");
  std::string section = "?";
  for (const Key& key : table.rows) {
    if (section_of(key) != section) {
      section = section_of(key);
      out.append("\n### ").append(section.empty() ? "At the top" : code(section)).append("\n\n");
      out.append("| Key | Type | Unit | Default | Values | What it does |\n|---|---|---|---|---|---|\n");
    }
    for (const std::string& text : {code(key.path), type_of(key), unit_of(key), code(key.default_text),
                                    cell(values_of(key)), cell(key.description)}) {
      out.append("| ").append(text).append(text.empty() ? "" : " ");
    }
    out.append("|\n");
  }
}

Json text_schema(const TextRule& rule) {
  Json schema = {{"type", "string"}};
  if (!rule.pattern.empty()) schema["pattern"] = rule.pattern;
  return schema;
}

Json count_schema(std::uint64_t least, std::uint64_t most) {
  return {{"type", "integer"}, {"minimum", least}, {"maximum", most}};
}

struct ValueSchema {
  Json operator()(const TimeForm&) const {
    return {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]{1,9})?(ns|us|ms|s|m|h)$"}};
  }
  Json operator()(const SizeForm&) const { return {{"type", "string"}, {"pattern", "^[0-9]+(B|KiB|MiB|GiB|TiB)$"}}; }
  Json operator()(const CountForm& form) const { return count_schema(form.least, form.most); }
  Json operator()(const NumberForm& form) const {
    return {{"type", "number"}, {"minimum", form.least}, {"maximum", form.most}};
  }
  Json operator()(const FlagForm&) const { return {{"type", "boolean"}}; }
  Json operator()(const ChoiceForm& form) const { return {{"enum", form.names}}; }
  Json operator()(const ChoicesForm& form) const {
    return {{"type", "array"}, {"items", {{"enum", form.names}}}, {"minItems", form.least}};
  }
  Json operator()(const TextForm& form) const { return text_schema(form.rule); }
  Json operator()(const TextsForm& form) const {
    return {{"type", "array"}, {"items", text_schema(form.rule)}, {"minItems", form.least}};
  }
  Json operator()(const CountsForm& form) const {
    Json item = count_schema(form.least, form.most);
    if (form.most_with_ranges > 0) {
      item = {{"anyOf", {item, {{"type", "string"}, {"pattern", "^[0-9]+-[0-9]+$"}}}}};
    }
    return {{"type", "array"}, {"items", item}, {"minItems", form.least_many}};
  }
  Json operator()(const TableForm&) const { return Json::object(); }
};

Json node_schema(const KeyNode& node);

// "exactly one of" and "at least one of" in the words of JSON Schema.
void add_rules(const TableForm& form, Json& schema) {
  if (!form.required.empty()) schema["required"] = form.required;
  if (form.one_of.empty()) return;
  Json& choices = schema[form.of == TableForm::Of::Exactly ? "oneOf" : "anyOf"] = Json::array();
  for (const std::string& name : form.one_of) choices.push_back({{"required", {name}}});
}

Json members_schema(const KeyNode& node) {
  Json schema = {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}};
  for (const auto& child : node.children) {
    if (child->name == "[]") continue;
    if (child->name != "*") {
      schema["properties"][child->name] = node_schema(*child);
      continue;
    }
    schema["additionalProperties"] = node_schema(*child);
    if (const TableForm* form = child->table()) schema["maxProperties"] = form->many;
    for (const Key* key : child->forms) {
      if (key->name != nullptr && !key->name->pattern.empty()) {
        schema["propertyNames"] = {{"pattern", key->name->pattern}};
      }
    }
  }
  if (const TableForm* form = node.table()) add_rules(*form, schema);
  return schema;
}

Json key_schema(const Key& key, const KeyNode& node) {
  Json schema =
      std::holds_alternative<TableForm>(key.form) ? members_schema(node) : std::visit(ValueSchema{}, key.form);
  schema["description"] = key.description;
  // The defaults of the table are written so that they mean the same in TOML and in JSON.
  if (!key.default_text.empty()) schema["default"] = Json::parse(key.default_text);
  // JSON Schema has no words for the range of a text.
  if (!unit_of(key).empty()) schema["$comment"] = range_text(key.form);
  return schema;
}

Json node_schema(const KeyNode& node) {
  std::vector<Json> forms;
  for (const Key* key : node.forms) forms.push_back(key_schema(*key, node));
  if (const KeyNode* element = node.exactly("[]")) {
    Json list = {{"type", "array"}, {"items", node_schema(*element)}};
    if (const TableForm* form = element->table()) list["maxItems"] = form->many;
    forms.push_back(std::move(list));
  } else if (node.table() == nullptr && !node.children.empty()) {
    forms.push_back(members_schema(node));
  }
  return forms.size() == 1 ? forms.front() : Json{{"anyOf", forms}};
}

}  // namespace

std::string schema_text() {
  std::string out;
  print_text(plan_keys(), kPlanTitle, out);
  out.append("\n");
  print_text(image_keys(), kImageTitle, out);
  return out + "\n" + profiles_text();
}

std::string schema_json() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", kPlanTitle}};
  schema.update(members_schema(plan_keys().root));
  Json image = {{"title", kImageTitle}};
  image.update(members_schema(image_keys().root));
  image["required"] = {"name"};
  schema["$defs"] = {{"image", image}};
  return json_escaped(schema.dump(2) + "\n");
}

// What `limits.memory` and `memory.peak_bytes` count.
constexpr std::string_view kMemoryMarkdown =
    "## Memory\n\n"
    "`limits.memory` bounds what a run makes the host hold, and `memory.peak_bytes` of a result is the most of it:\n\n"
    "- anonymous memory: heaps, stacks, private pages that were written to;\n"
    "- shared memory: shared anonymous mappings, System V segments, memfds;\n"
    "- files in memory: /work, /tmp, /dev/shm and the plan's `tmpfs` mounts, whether written by the program or placed "
    "there by the plan;\n"
    "- the kernel's own memory for the run: page tables, stacks of threads, what sockets and pipes hold.\n\n"
    "Clean pages of files on disk never count, mapped or read: the program, its libraries, its interpreter's modules. "
    "The host can drop them, and they cost the same whoever runs first. So the figure and the verdict are the same "
    "with "
    "a cold and a warm page cache, for root and for an ordinary user, with and without a control group.\n\n"
    "The limit is met when that sum passes it. `outcome.files_bytes` says how much of it were files in memory, and the "
    "message does too, from 1 MiB on (or from a sixteenth of a smaller limit). `outcome.thrashing` is there where the "
    "limit left the program no room for the pages of its own files: it met a limit of time while it read them over and "
    "over, and memory is what it lacked. `outcome.heap_full` is there where a runtime whose heap follows the limit "
    "(`{memory_mib}` in a run line) said that the heap was full and failed: an array that doubles does not fit long "
    "before the limit is in use ([145](decisions/145-a-heap-that-is-full.md)).\n\n"
    "The figure of a run that passed its limit is the limit, as of one that the kernel held at it. How far it came "
    "until "
    "it was stopped is `outcome.reached_bytes`; that tells of the machine's speed more than of the program.\n\n"
    "With a control group the kernel holds the limit. Where pages of files are charged to the run, and where there is "
    "no "
    "group, evalrun looks, each millisecond near the limit: a program can pass it by what it fills until then. "
    "`reached_bytes` is what the look found; until it is killed a program may go on for a moment. Without a group a "
    "shared mapping counts whole, touched or not, and what was held between "
    "two looks is known of the largest process alone "
    "([029](decisions/029-memory-of-no-process.md), [043](decisions/043-memory-without-pages-of-files.md)).\n";

std::string schema_markdown() {
  std::string out;
  print_markdown(plan_keys(), kPlanTitle, out);
  out.append("\n");
  print_markdown(image_keys(), kImageTitle, out);
  return out + "\n" + std::string(kMemoryMarkdown) + "\n" + profiles_markdown();
}

}  // namespace evalrun
