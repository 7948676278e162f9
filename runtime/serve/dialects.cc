#include "runtime/serve/dialects.h"

#include <algorithm>
#include <memory>

#include "runtime/serve/native.h"

namespace evalrun::serve {

std::vector<std::string> dialect_names() {
  return {"native"};
}

void add_dialects(Service& service, Workshop& shop, const ServeOptions& options) {
  const auto wants = [&](const char* name) {
    return options.apis.empty() || std::ranges::find(options.apis, name) != options.apis.end();
  };
  if (wants("native")) service.add(std::make_unique<NativeDialect>(shop));
}

}  // namespace evalrun::serve
