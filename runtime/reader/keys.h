// The one table of a plan's keys: parsing, `evalrun schema` and docs/reference.md come from it.
#pragma once

#include <string>

namespace evalrun {

// The reference for people: every key, its type, unit, default, range and what it does.
std::string schema_text();

// The same as a JSON Schema (draft 2020-12) for a plan that has been read from TOML.
std::string schema_json();

// The same as Markdown, for docs/reference.md.
std::string schema_markdown();

}  // namespace evalrun
