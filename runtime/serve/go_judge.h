// go-judge's /run, /ws, /stream, /file, /version and /config: programs with their own arguments, descriptors and files.
#pragma once

#include <memory>

#include "runtime/serve/dialect.h"
#include "runtime/serve/file_store.h"
#include "runtime/serve/go_judge_group.h"

namespace evalrun::serve {

class GoJudgeDialect final : public Dialect {
 public:
  // `most_of_message`: bytes of a message over a WebSocket.
  GoJudgeDialect(Workshop& shop, const StoreLimits& limits, Bytes most_of_message);

  [[nodiscard]] std::string_view name() const override { return "go-judge"; }
  [[nodiscard]] Route route(const Request& request) const override;
  [[nodiscard]] bool needs_room(const Request& request) const override;
  void take(const std::shared_ptr<Exchange>& exchange) override;
  [[nodiscard]] Response failure(Failure why, const std::string& message) const override;

  [[nodiscard]] const FileStore& store() const noexcept { return store_; }

 private:
  void open_session(const std::shared_ptr<Exchange>& exchange);
  void run(const std::shared_ptr<Exchange>& exchange);
  Response add_file(Exchange& exchange);
  Response use_file(const Request& request);

  Workshop& shop_;
  FileStore store_;
  const PlanTemplate template_;
  const GoContext context_;
  const Bytes most_of_message_;
};

}  // namespace evalrun::serve
