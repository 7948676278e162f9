// Walks a TOML tree beside a table of keys and stores every value that it finds into a draft. The keys' types, ranges
// and the rules of single tables are checked here; what joins keys of different sections is checked by parse.cc and
// image.cc.
#pragma once

#include "runtime/reader/key_table.h"
#include "runtime/reader/toml_tree.h"

namespace evalrun {

// Throws PlanError at the first problem in the order of the text.
void read_tree(const TomlNode& root, const KeyTable& table, Draft& draft);

}  // namespace evalrun
