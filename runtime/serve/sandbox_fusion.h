// SandboxFusion's /run_code: a program in a language, compiled where the language is, run once.
#pragma once

#include <memory>

#include "runtime/serve/program_plan.h"

namespace evalrun::serve {

class SandboxFusionDialect final : public Dialect {
 public:
  explicit SandboxFusionDialect(Workshop& shop) : shop_(shop), languages_(shop) {}

  [[nodiscard]] std::string_view name() const override { return "sandbox-fusion"; }
  [[nodiscard]] Route route(const Request& request) const override;
  [[nodiscard]] bool needs_room(const Request& request) const override;
  void take(const std::shared_ptr<Exchange>& exchange) override;
  [[nodiscard]] Response failure(Failure why, const std::string& message) const override;

 private:
  Task task_of(const std::string& body);

  Workshop& shop_;
  LanguageShop languages_;
};

}  // namespace evalrun::serve
