#include "runtime/packages/dmoj/read_dmoj.h"

#include "runtime/core/text.h"
#include "runtime/packages/dmoj/submissions.h"
#include "runtime/packages/dmoj/test_cases.h"
#include "runtime/packages/reading/bounds.h"

namespace evalrun::packages {
namespace dmoj {
namespace {

using problem::ProgramIndex;
using problem::Role;

void refuse_dynamic_keys(Reading& reading, const YamlNode& node) {
  for (const auto& [key, value] : node.pairs) {
    if (key->text.ends_with("++")) {
      reading.findings.error(key->where, key->text + ": dynamic keys are not supported; write the value out");
    }
    if (value->kind == YamlNode::Kind::Map) refuse_dynamic_keys(reading, *value);
  }
}

std::string stream_name(MapReader& yaml, const std::string& key) {
  const std::string name = yaml.text(key).value_or("");
  if (name.empty() || is_usable_name(name)) return name;
  yaml.error(key, in_quotes(name) + " is no name of a file in the working folder; write one without a '/'");
  return "";
}

void read_links(Reading& reading, MapReader& yaml) {
  const YamlPointer node = yaml.take("symlinks");
  if (node == nullptr) return;
  for (const auto& [name, target] : node->pairs) {
    const bool is_stream =
        target->text == "/dev/stdin" || target->text == "/dev/stdout" || target->text == "/dev/stderr";
    if (!is_stream || !is_usable_name(name->text)) {
      reading.findings.error(name->where,
                             "symlinks: only names for /dev/stdin, /dev/stdout and /dev/stderr are supported");
    } else {
      reading.problem.stream_links[name->text] = target->text;
    }
  }
}

void read_signature_grader(Reading& reading, MapReader& yaml) {
  const YamlPointer node = yaml.take("signature_grader");
  if (node == nullptr) return;
  MapReader inner(node, kInitFile, reading.findings, "signature_grader.");
  problem::SignatureGrader grader;
  for (auto [key, file] : {std::pair{"entry", &grader.entry}, {"header", &grader.header}}) {
    const auto name = inner.text(key);
    if (!name || !reading.tree.has_file(*name)) {
      inner.error(
          key, name ? "there is no file " + in_quotes(*name) + " in the package; add it" : "is missing; name a file");
    } else if (auto found = reading.file_of(*name)) {
      *file = std::move(*found);
    }
  }
  grader.allows_main = inner.boolean("allow_main").value_or(false);
  inner.finish();
  reading.problem.signature_grader = std::move(grader);
}

void read_interactive(Reading& reading, MapReader& yaml) {
  const YamlPointer node = yaml.take("interactive");
  if (node == nullptr) return;
  MapReader inner(node, kInitFile, reading.findings, "interactive.");
  reading.problem.types.interactive = true;
  const std::optional<ProgramIndex> program = add_contrib(reading, yaml, "interactive", Role::Interactor, inner);
  const double more = inner.number("preprocessing_time", 0, kMostSeconds).value_or(2);
  if (program) {
    read_program_limits(reading, inner, *program);
    reading.problem.interaction = problem::Interaction{.interactor = *program, .more_time = seconds(more)};
  } else {
    inner.ignore({"memory_limit", "flags", "args_format_string"});
  }
  inner.ignore({"feedback", "unbuffered", "cached", "compiler_time_limit"});
  inner.finish();
}

void read_top(Reading& reading, MapReader& yaml, WholeFile& whole) {
  yaml.ignore({"archive", "hints", "short_circuit", "output_limit_length", "pretest_test_cases"});
  if (const auto length = yaml.whole("output_limit_length", 1, std::int64_t{1} << 40)) {
    reading.problem.limits.output = Bytes{static_cast<std::uint64_t>(*length)};
  }
  if (const auto factor = yaml.number("wall_time_factor", 1, 1000)) reading.problem.limits.wall_factor = *factor;
  if (yaml.boolean("unbuffered").value_or(false)) {
    reading.findings.note(yaml.place_of("unbuffered"),
                          "unbuffered: output goes through pipes; the submission flushes it");
  }
  yaml.refuse("custom_judge",
              "a Python class that runs inside DMOJ's judge is not supported; use interactive or a checker");
  read_links(reading, yaml);
  read_signature_grader(reading, yaml);
  read_interactive(reading, yaml);
  if (const YamlPointer io = yaml.take("file_io")) {
    MapReader inner(io, kInitFile, reading.findings, "file_io.");
    whole.input_name = stream_name(inner, "input");
    whole.output_name = stream_name(inner, "output");
    inner.finish();
  }
}

void read_init(Reading& reading) {
  reading.problem.format = problem::Format::Dmoj;
  reading.problem.name = reading.problem.short_name;
  reading.problem.types.scoring = true;
  reading.problem.groups.emplace_back();
  problem::Scoring& scoring = reading.problem.groups[0].scoring;
  scoring.after_rejection = problem::AfterRejection::StopTheRest;
  scoring.case_score = problem::OwnPoints{};
  scoring.rejected_counts = true;
  scoring.verdict = problem::VerdictRule::WorstFlag;
  reading.problem.checkers.emplace_back(problem::BuiltInChecker{"dmoj", "standard", {}});
  reading.problem.limits.wall_factor = 3;
  reading.problem.limits.output = Bytes{25165824};

  const YamlPointer root = reading.yaml_of(kInitFile);
  MapReader yaml(root, kInitFile, reading.findings);
  if (root != nullptr && root->kind == YamlNode::Kind::Map) refuse_dynamic_keys(reading, *root);
  WholeFile whole;
  read_common(reading, yaml, whole.settings, whole.default_generator_args);
  read_top(reading, yaml, whole);
  read_test_cases(reading, yaml, whole);
  yaml.finish();
  if (reading.problem.cases.empty() && !reading.findings.has_errors()) {
    reading.error(kInitFile, "test_cases: has no case, and no file is named like one, such as 1.in; list the cases");
  }
}

}  // namespace
}  // namespace dmoj

void read_dmoj(Reading& reading) {
  dmoj::read_init(reading);
  dmoj::read_submissions(reading);
}

void add_dmoj_archive(archive::Tree& tree, problem::Findings& findings) {
  problem::Findings told_later;
  Reading reading{tree, told_later, {}};
  MapReader yaml(reading.yaml_of(dmoj::kInitFile), dmoj::kInitFile, told_later);
  const auto name = yaml.text("archive");
  if (!name) return;
  if (!tree.has_file(*name)) {
    findings.error(yaml.place_of("archive"),
                   "archive: there is no file " + in_quotes(*name) + " in the package; add it");
    return;
  }
  try {
    tree.add_archive(*name);
  } catch (const archive::TreeError& error) {
    findings.error(yaml.place_of("archive"), "archive: " + *name + ": " + error.what());
  }
}

}  // namespace evalrun::packages
