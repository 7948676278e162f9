// evalrun's own dialect: plans in, the results of `evalrun run` out.
//
//   POST /v1/run     one job: a plan as TOML, or as JSON what a line of a batch says
//   POST /v1/grade   the same of a plan with cases or a compile step
//   POST /v1/batch   lines of jobs in, lines of results out as they come
//   GET  /v1/images  the images and whether they are here
#pragma once

#include <map>
#include <memory>

#include "runtime/jobs/result_line.h"
#include "runtime/serve/dialect.h"

namespace evalrun::serve {

// A job as a request writes it.
struct NativeJob {
  std::optional<jobs::JobId> id;
  Task task;
};

class NativeDialect final : public Dialect {
 public:
  explicit NativeDialect(Workshop& shop) : shop_(shop) {}

  [[nodiscard]] std::string_view name() const override { return "native"; }
  [[nodiscard]] Route route(const Request& request) const override;
  [[nodiscard]] bool needs_room(const Request& request) const override;
  void take(const std::shared_ptr<Exchange>& exchange) override;
  [[nodiscard]] Response failure(Failure why, const std::string& message) const override;

  // `plan`: the operator's, which jobs complete that name none. Throws PlanError; `id` is what could be read of it.
  NativeJob job_of_json(std::string_view text, const SourcePosition& position, const std::string& plan,
                        std::optional<jobs::JobId>& id);
  NativeJob job_of_toml(const std::string& text, const std::string& plan);

 private:
  const PlanTemplate& template_of_text(const std::string& text);
  const PlanTemplate& template_of_name(const std::string& name, const SourcePosition& position);

  Workshop& shop_;
  // What clients send again and again.
  std::map<std::string, std::unique_ptr<const PlanTemplate>> texts_;
  struct Known {
    std::int64_t changed_s = 0, changed_ns = 0;
    std::uint64_t inode = 0;
    std::unique_ptr<const PlanTemplate> plan;
  };
  std::map<std::string, Known> plans_;
};

// The result of one job, as `evalrun run` prints it; what it collected is in "contents".
Response native_result(WorkEnd& end);
// The same as one line of a batch's output, without a newline.
std::string native_line(const std::optional<jobs::JobId>& id, std::uint64_t line, WorkEnd& end);

// Runs a batch's lines and streams the results.
void run_native_batch(Workshop& shop, NativeDialect& dialect, const std::shared_ptr<Exchange>& exchange,
                      const std::string& plan);

}  // namespace evalrun::serve
