#include "runtime/serve/dialects.h"

#include <algorithm>
#include <memory>

#include "runtime/serve/go_judge.h"
#include "runtime/serve/native.h"
#include "runtime/serve/openapi.h"
#include "runtime/serve/piston.h"
#include "runtime/serve/sandbox_fusion.h"

namespace evalrun::serve {

std::vector<std::string> dialect_names() {
  return {"native", "sandbox-fusion", "piston", "go-judge"};
}

void add_dialects(Service& service, Workshop& shop, const ServeOptions& options) {
  const auto wants = [&](const char* name) {
    return options.apis.empty() || std::ranges::find(options.apis, name) != options.apis.end();
  };
  std::vector<std::string> apis;
  for (const std::string& name : dialect_names()) {
    if (wants(name.c_str())) apis.push_back(name);
  }
  service.set_openapi([apis] { return openapi_document(apis); });
  if (wants("native")) service.add(std::make_unique<NativeDialect>(shop));
  if (wants("sandbox-fusion")) service.add(std::make_unique<SandboxFusionDialect>(shop));
  if (wants("piston")) service.add(std::make_unique<PistonDialect>(shop));
  if (wants("go-judge")) {
    auto dialect = std::make_unique<GoJudgeDialect>(shop, options.store, options.http.max_body);
    service.tell_gauges([store = &dialect->store()](Gauges& gauges) {
      gauges.stored_files = store->files().size();
      gauges.stored_bytes = store->bytes();
    });
    service.add(std::move(dialect));
  }
}

}  // namespace evalrun::serve
