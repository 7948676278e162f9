#include "runtime/packages/reading/name_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <new>
#include <stdexcept>

namespace evalrun::packages {
namespace {

constexpr std::size_t kMostExpression = 1000;    // bytes
constexpr std::uint32_t kMostSteps = 100'000;    // of one match
constexpr std::uint32_t kMostKibibytes = 1'000;  // of one match

std::string message_of(int error) {
  PCRE2_UCHAR text[128] = {};
  ::pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

}  // namespace

struct NamePattern::Compiled {
  pcre2_code* code = nullptr;
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;

  Compiled() = default;
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    ::pcre2_match_context_free(context);
    ::pcre2_match_data_free(data);
    ::pcre2_code_free(code);
  }
};

NamePattern::NamePattern(const std::string& expression, LetterCase letters) : compiled_(std::make_unique<Compiled>()) {
  if (expression.size() > kMostExpression) {
    throw std::invalid_argument("is longer than " + std::to_string(kMostExpression) + " bytes");
  }
  int error = 0;
  PCRE2_SIZE offset = 0;
  const std::uint32_t options = PCRE2_ANCHORED | (letters == LetterCase::Ignored ? PCRE2_CASELESS : 0U);
  compiled_->code = ::pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(), options, &error,
                                    &offset, nullptr);
  if (compiled_->code == nullptr) throw std::invalid_argument("is no regular expression: " + message_of(error));
  compiled_->data = ::pcre2_match_data_create_from_pattern(compiled_->code, nullptr);
  compiled_->context = ::pcre2_match_context_create(nullptr);
  if (compiled_->data == nullptr || compiled_->context == nullptr) throw std::bad_alloc();
  ::pcre2_set_match_limit(compiled_->context, kMostSteps);
  ::pcre2_set_heap_limit(compiled_->context, kMostKibibytes);
}

NamePattern::~NamePattern() = default;

bool NamePattern::has_part(const char* part) const {
  return ::pcre2_substring_number_from_name(compiled_->code, reinterpret_cast<PCRE2_SPTR>(part)) >= 0;
}

bool NamePattern::match(const std::string& name) const {
  const int count = ::pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(name.data()), name.size(), 0, 0,
                                  compiled_->data, compiled_->context);
  if (count == PCRE2_ERROR_NOMATCH) return false;
  if (count < 0) throw std::invalid_argument("takes too long: " + message_of(count));
  return true;
}

std::optional<std::string> NamePattern::part(const char* part) const {
  PCRE2_UCHAR* text = nullptr;
  PCRE2_SIZE size = 0;
  if (::pcre2_substring_get_byname(compiled_->data, reinterpret_cast<PCRE2_SPTR>(part), &text, &size) != 0) {
    return std::nullopt;
  }
  std::string word(reinterpret_cast<const char*>(text), size);
  ::pcre2_substring_free(text);
  return word;
}

}  // namespace evalrun::packages
