#include "runtime/fleet/canary.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "runtime/core/elf_file.h"
#include "runtime/core/host_file.h"
#include "runtime/core/text.h"
#include "runtime/reader/parse.h"
#include "runtime/supervise/result.h"

namespace evalrun::fleet {
namespace {

// Built without -static, this command does not start where there are no libraries. That the sandbox was made is all
// that can be learnt then.
bool needs_libraries() {
  const Fd command = open_to_read("/proc/self/exe");
  const std::optional<ElfNeeds> needs = read_elf_needs(command.get());
  return needs && !needs->loader.empty();
}

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
    const bool is_well =
        end.status == jobs::Status::Good || (end.status == jobs::Status::OtherVerdict && needs_libraries());
    if (!is_well) fault_ = job_->describe(end);
  } catch (const std::exception& error) {
    fault_ = error.what();
  }
  job_.reset();
}

}  // namespace evalrun::fleet
