// Untrusted bytes on their way into a result: what is text, what must be encoded, what must not reach a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evalrun {

// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
bool is_utf8(std::string_view bytes);

// Whether a result shows output as text: it is UTF-8, and it is short or JSON does not make it much longer. JSON writes
// most control characters in six bytes; where they are more than a fifth of long output, base64 is shorter.
bool is_shown_as_text(std::string_view bytes);

// RFC 4648, with padding.
std::string base64(std::string_view bytes);

// For a terminal or a message: control characters, DEL and bytes that are not UTF-8 become "\xNN"; newline and tab
// stay.
std::string printable(std::string_view bytes);

// "a, b and c"; "" for none.
std::string join_words(const std::vector<std::string>& words);

// The candidate nearest to `word` by edit distance, where it is near enough to be a misspelling; else "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// The words in lines of at most 100 columns, each line behind `indent` and ended; "" for no words.
std::string wrapped(const std::vector<std::string>& words, std::string_view indent);

}  // namespace evalrun
