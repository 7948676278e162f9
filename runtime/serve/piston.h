// Piston's /api/v2: execute, runtimes and packages.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "runtime/serve/program_plan.h"

namespace evalrun::serve {

class PistonDialect final : public Dialect {
 public:
  explicit PistonDialect(Workshop& shop);

  [[nodiscard]] std::string_view name() const override { return "piston"; }
  [[nodiscard]] Route route(const Request& request) const override;
  [[nodiscard]] bool needs_room(const Request& request) const override;
  void take(const std::shared_ptr<Exchange>& exchange) override;
  [[nodiscard]] Response failure(Failure why, const std::string& message) const override;

 private:
  struct Runtime {
    const LanguageRow* row;
    std::string version;
    std::vector<std::string> aliases;
  };

  [[nodiscard]] const Runtime* find(const std::string& language, const std::string& version) const;
  Task task_of(const nlohmann::json& body, const Runtime& runtime);
  [[nodiscard]] std::string runtimes_page() const;
  [[nodiscard]] std::string packages_page() const;
  void execute(const std::shared_ptr<Exchange>& exchange);

  Workshop& shop_;
  LanguageShop languages_;
  std::vector<Runtime> runtimes_;
};

// Whether a version is in a range of semantic versions: "*", "3", "3.x", "^3.10", "~3.11", ">=3", "3.11.2".
bool is_in_range(const std::string& version, const std::string& range);

}  // namespace evalrun::serve
