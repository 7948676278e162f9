#include "runtime/fleet/canary.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "runtime/core/text.h"
#include "runtime/reader/parse.h"
#include "runtime/supervise/result.h"

namespace evalrun::fleet {
namespace {

Task canary_task() {
  const std::string command = std::filesystem::read_symlink("/proc/self/exe").string();
  PlanText text;
  text.text = "argv = [\"/opt/evalrun\", \"--version\"]\n[[mount]]\nbind = " + toml_string(command) +
              "\nat = \"/opt/evalrun\"\nexec = true\n";
  text.file = text.name = "canary";
  text.folder = "/";
  return parse_task(text, {}, {});
}

}  // namespace

Canary::Canary(const jobs::Workplace& place) {
  try {
    job_ = std::make_unique<jobs::LiveJob>(place, canary_task(), loop::now(), "");
  } catch (const std::exception& error) {
    fault_ = error.what();
  }
}

void Canary::advance() {
  if (!job_) return;
  try {
    job_->advance();
    if (!job_->finished()) return;
    const jobs::JobEnd end = job_->take_end();
    if (end.status != jobs::Status::Good) fault_ = job_->describe(end);
  } catch (const std::exception& error) {
    fault_ = error.what();
  }
  job_.reset();
}

}  // namespace evalrun::fleet
