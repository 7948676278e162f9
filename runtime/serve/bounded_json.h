// JSON of a request, within bounds, and its fields with their types checked.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace evalrun::serve {

// A field that is missing or of the wrong type. Each dialect has a form of its own for that.
class BadField : public std::runtime_error {
 public:
  BadField(std::string field, const std::string& message, std::string kind = "value_error")
      : std::runtime_error(message), field_(std::move(field)), kind_(std::move(kind)) {}
  [[nodiscard]] const std::string& field() const noexcept { return field_; }
  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }

 private:
  std::string field_, kind_;
};

// The whole text. Throws BadField, without a field, where it is not JSON, is not an object, or nests more than 32 deep.
nlohmann::json parse_object(std::string_view text);

// Members of an object by their names. A member that is null is missing.
class Fields {
 public:
  // Of a member of another object, `inside` is its name with a dot after it.
  explicit Fields(const nlohmann::json& object, std::string inside = "")
      : object_(object), inside_(std::move(inside)) {}

  [[nodiscard]] const nlohmann::json* find(const char* name) const;
  [[nodiscard]] std::string text(const char* name) const;  // must be there
  [[nodiscard]] std::string text_or(const char* name, std::string otherwise) const;
  [[nodiscard]] double number_or(const char* name, double otherwise) const;
  // Whole and not negative.
  [[nodiscard]] std::uint64_t count_or(const char* name, std::uint64_t otherwise) const;
  [[nodiscard]] bool flag(const char* name) const;
  [[nodiscard]] std::vector<std::string> texts(const char* name) const;
  // An array or an object; null where it is missing.
  [[nodiscard]] const nlohmann::json* array(const char* name) const;
  [[nodiscard]] const nlohmann::json* object(const char* name) const;
  [[nodiscard]] std::string name_of(const char* name) const { return inside_ + name; }

 private:
  const nlohmann::json& object_;
  std::string inside_;
};

// Text for JSON as most servers write it: what is not UTF-8 becomes U+FFFD, byte by byte where it must.
std::string with_replacement_characters(std::string_view bytes);

}  // namespace evalrun::serve
