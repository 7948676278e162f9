// The dialects that the command line names.
#pragma once

#include <string>
#include <vector>

#include "runtime/serve/serve_options.h"
#include "runtime/serve/service.h"

namespace evalrun::serve {

// The names of all dialects, in the order in which they are asked.
std::vector<std::string> dialect_names();

// Those of `options.apis`. The service borrows `shop`.
void add_dialects(Service& service, Workshop& shop, const ServeOptions& options);

}  // namespace evalrun::serve
