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

// What came from outside is printed by one of these, named after the place where it goes. Ordinary text stays as it is.
// Nothing passes that ends a line, controls a terminal (C0, C1, DEL), or turns its direction (U+202A-202E,
// U+2066-2069, U+2028-2029), nor, but for printable(), what takes no place (zero-width characters).

// One line of a report, a message, a comment. Bytes of such characters, and bytes that are not UTF-8, become "\xNN".
std::string one_line(std::string_view bytes);
// Text of many lines, such as a program's output: newline, tab and zero-width characters stay.
std::string printable(std::string_view bytes);
// A TOML string with its quotes; such characters become \uNNNN. It reads back as `bytes` if they are UTF-8. TOML has
// no other strings, so other bytes become the four letters "\xNN".
std::string toml_string(std::string_view bytes);
// The text of a JSON string: `bytes` where they are UTF-8, else printable(bytes).
std::string json_text(std::string_view bytes);
// Serialised JSON in which such characters are written as \uNNNN: it reads back the same.
std::string json_escaped(std::string serialised);
// One word of a shell's command line.
std::string shell_word(std::string_view bytes);
// One line of text in HTML, in an element or in a quoted attribute: one_line() of it, without markup.
std::string html_text(std::string_view bytes);
// Serialised JSON inside a script element of HTML: it reads back the same, and holds nothing that ends the element.
std::string script_json(std::string serialised);
// Text for a serialiser of XML, which escapes markup itself: printable() of it, without U+FFFE and U+FFFF, which XML
// cannot hold.
std::string xml_text(std::string_view bytes);
// A field of CSV (RFC 4180): one_line() of it, in quotes where it must be. What a spreadsheet would take for a formula
// gets a "'" before it.
std::string csv_field(std::string_view bytes);

// one_line() in double quotes.
std::string in_quotes(std::string_view text);
// With spaces up to `width`, and at least one.
std::string padded(std::string_view text, std::size_t width);

// "a, b and c"; "" for none.
std::string join_words(const std::vector<std::string>& words);

// The candidate nearest to `word` by edit distance, where it is near enough to be a misspelling; else "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// The words in lines of at most 100 columns, each line behind `indent` and ended; "" for no words.
std::string wrapped(const std::vector<std::string>& words, std::string_view indent);

}  // namespace evalrun
