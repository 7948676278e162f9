#include "runtime/serve/closed_plan.h"

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/reader/host_paths.h"
#include "runtime/reader/key_table.h"
#include "runtime/reader/overrides.h"

namespace evalrun::serve {
namespace {

// Sections that say how well a program is confined: the operator's.
constexpr std::array<std::string_view, 3> kOperatorsSections = {"seccomp", "require", "oom_score_adj"};

void refuse_path(const std::string&, HostPathUse use, std::string_view key, const TomlPlace& at) {
  throw PlanError(at.position(), std::string(key),
                  use == HostPathUse::Image ? "names a file of the host, which no request may; use an image's name"
                                            : "names a file of the host, which no request may; send its content");
}

void refuse_section(std::string_view name, const SourcePosition& position) {
  if (std::ranges::find(kOperatorsSections, name) == kOperatorsSections.end()) return;
  throw PlanError(position, name, "is for the operator's own plans; a request cannot set it");
}

std::string_view first_part(std::string_view key) {
  return key.substr(0, key.find('.'));
}

class Excess {
 public:
  Excess(const Plan& plan, const Ceilings& ceilings) : plan_(plan), ceilings_(ceilings) {}

  void check(const Limits& limits, const std::string& section) const {
    most(limits.wall, ceilings_.wall, section + ".wall");
    most(limits.cpu, ceilings_.wall, section + ".cpu");
    most(limits.memory, ceilings_.memory, section + ".memory");
    most(limits.workspace, ceilings_.memory, section + ".workspace");
  }

  // What is kept of a stream is in the server's memory. `runs`: the limits of each run whose stream it is.
  void check(const Output& output, const std::vector<const Limits*>& runs, std::optional<Bytes> OutputLimit::*own,
             const std::string& key) const {
    if (std::holds_alternative<OutputInherit>(output) || std::holds_alternative<OutputFile>(output)) {
      throw PlanError(plan_.origin.where(key), key, "is not the server's to give; use \"capture\" or \"null\"");
    }
    const auto* capture = std::get_if<OutputCapture>(&output);
    if (capture == nullptr) return;
    Bytes kept{};
    for (const Limits* limits : runs) {
      Bytes of_run = capture->most.value_or(kUnlimited);
      for (const std::optional<Bytes>& limit : {limits->output.both, limits->output.*own}) {
        of_run = std::min(of_run, limit.value_or(kUnlimited));
      }
      kept = Bytes{kUnlimited.count - kept.count < of_run.count ? kUnlimited.count : kept.count + of_run.count};
    }
    if (kept > ceilings_.output) {
      throw PlanError(plan_.origin.where(key), key,
                      "would keep up to " + to_string(kept) + ", and this server keeps at most " +
                          to_string(ceilings_.output) + "; lower limits.output, or write " + key + " = { capture = \"" +
                          to_string(Bytes{ceilings_.output.count / runs.size()}) + "\" }");
    }
  }

 private:
  template <typename Amount>
  void most(Amount asked, Amount given, const std::string& key) const {
    if (asked <= given) return;
    throw PlanError(plan_.origin.where(key), key,
                    "is " + to_string(asked) + ", and this server gives at most " + to_string(given));
  }

  const Plan& plan_;
  const Ceilings& ceilings_;
};

}  // namespace

void refuse_host_access(const TomlNode& root) {
  if (const auto* table = std::get_if<TomlTable>(&root.value)) {
    for (const TomlMember& member : *table) refuse_section(member.name, member.place.position());
  }
  see_host_paths(root, refuse_path);
}

void refuse_host_access(const SetChange& change) {
  // By the key's own row: a key can be written in several ways.
  const KeyNode* keys = find_override_key(change.key);
  if (keys == nullptr) return;  // the reader of plans refuses it
  refuse_section(first_part(keys->path), change.value.place.position());
  see_host_paths(change.value, *keys, refuse_path);
}

void refuse_excess(const Task& task, const Ceilings& ceilings) {
  const Plan& plan = task.plan;
  const Excess excess(plan, ceilings);
  excess.check(plan.kind.limits, "limits");
  if (task.compile) excess.check(task.compile->limits, "compile.limits");
  for (const PlanStep& step : task.steps) excess.check(step.limits, "step.limits");
  for (const Case& one : task.cases) excess.check(one.limits, "case.limits");
  for (const auto& program : task.jury) {
    if (!program) continue;
    excess.check(program->plan.kind.limits, "checker.limits");
    if (program->compile) excess.check(program->compile->limits, "checker.limits");
  }
  if (std::holds_alternative<InputInherit>(plan.job.input)) {
    throw PlanError(plan.origin.where("stdin"), "stdin", "is not the server's to give; use a text or \"null\"");
  }
  std::vector<const Limits*> runs;
  for (const PlanStep& step : task.steps) runs.push_back(&step.limits);
  if (runs.empty()) runs.push_back(&plan.kind.limits);
  excess.check(plan.kind.output, runs, &OutputLimit::standard_output, "stdout");
  excess.check(plan.kind.error_output, runs, &OutputLimit::standard_error, "stderr");
  std::uint64_t collected = 0;
  for (const CollectFile& file : plan.kind.collect) {
    if (file.as == CollectAs::Tar) {
      throw PlanError(file.position, "collect[].as", "\"tar\" is not offered here; collect each file by its name");
    }
    collected += std::min(file.max.count, ceilings.output.count + 1);
  }
  if (collected > ceilings.output.count) {
    throw PlanError(plan.origin.where("collect"), "collect",
                    "files may come to more than " + to_string(ceilings.output) +
                        ", which is what this server keeps; give each a smaller `max`");
  }
}

}  // namespace evalrun::serve
