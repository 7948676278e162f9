#include "runtime/serve/bounded_json.h"

#include "runtime/core/text.h"

namespace evalrun::serve {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 32;

// The parser itself keeps every level.
bool nests_too_deeply(std::string_view text) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

json parse_object(std::string_view text) {
  if (nests_too_deeply(text)) throw BadField("", "the JSON nests too deeply", "json_invalid");
  json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) throw BadField("", "the body is not JSON", "json_invalid");
  if (!parsed.is_object()) throw BadField("", "the body is not a JSON object", "model_attributes_type");
  return parsed;
}

const json* Fields::find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string Fields::text(const char* name) const {
  const json* value = find(name);
  if (value == nullptr) throw BadField(name_of(name), "Field required", "missing");
  if (!value->is_string()) throw BadField(name_of(name), "Input should be a valid string", "string_type");
  return value->get<std::string>();
}

std::string Fields::text_or(const char* name, std::string otherwise) const {
  return find(name) == nullptr ? std::move(otherwise) : text(name);
}

double Fields::number_or(const char* name, double otherwise) const {
  const json* value = find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_number()) throw BadField(name_of(name), "Input should be a valid number", "float_type");
  return value->get<double>();
}

std::uint64_t Fields::count_or(const char* name, std::uint64_t otherwise) const {
  const json* value = find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_number_unsigned()) {
    throw BadField(name_of(name), "Input should be a whole number that is not negative", "int_type");
  }
  return value->get<std::uint64_t>();
}

bool Fields::flag(const char* name) const {
  const json* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) throw BadField(name_of(name), "Input should be a valid boolean", "bool_type");
  return value->get<bool>();
}

std::vector<std::string> Fields::texts(const char* name) const {
  std::vector<std::string> texts;
  const json* list = array(name);
  if (list == nullptr) return texts;
  for (const json& each : *list) {
    if (!each.is_string()) throw BadField(name_of(name), "Input should be a list of strings", "string_type");
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

const json* Fields::array(const char* name) const {
  const json* value = find(name);
  if (value != nullptr && !value->is_array())
    throw BadField(name_of(name), "Input should be a valid list", "list_type");
  return value;
}

const json* Fields::object(const char* name) const {
  const json* value = find(name);
  if (value != nullptr && !value->is_object()) {
    throw BadField(name_of(name), "Input should be a valid dictionary", "dict_type");
  }
  return value;
}

std::string with_replacement_characters(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  text.reserve(bytes.size() + 16);
  std::size_t at = 0;
  while (at < bytes.size()) {
    // The longest character that begins here and is whole.
    std::size_t length = 0;
    for (std::size_t size = 1; size <= 4 && at + size <= bytes.size(); ++size) {
      if (is_utf8(bytes.substr(at, size))) length = size;
      if (length != 0) break;
    }
    if (length == 0) {
      text += "\xEF\xBF\xBD";
      ++at;
    } else {
      text += bytes.substr(at, length);
      at += length;
    }
  }
  return text;
}

}  // namespace evalrun::serve
