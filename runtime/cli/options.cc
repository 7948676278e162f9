#include "runtime/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <string_view>

#include "runtime/core/error.h"

namespace evalrun::cli {
namespace {

void add_set(CLI::App& verb, Options& options) {
  verb.add_option("--set", options.set, "override one plan key, as in --set limits.cpu=5s; may be repeated")
      ->allow_extra_args(false);
}

void add_plan(CLI::App& verb, Options& options) {
  verb.add_option("PLAN", options.plan, "the plan file; - reads it from standard input")->required();
  add_set(verb, options);
}

void add_grading(CLI::App& verb, Options& options, const std::string& jobs) {
  verb.add_option("--jobs", options.jobs, jobs)->check(CLI::Range(1, 1024));
  verb.add_flag_callback(
      "--stop-at-first-failure", [&] { options.after_failure = AfterFailure::Stop; },
      "run no case behind the first that fails");
}

void add_format(CLI::App& verb, Options& options) {
  static const std::map<std::string, Format> kFormats = {{"json", Format::Json}, {"text", Format::Text}};
  verb.add_option("--format", options.format, "json or text; text only by default on a terminal")
      ->transform(CLI::CheckedTransformer(kFormats));
}

void add_run(CLI::App& run, Options& options) {
  add_plan(run, options);
  add_format(run, options);
  run.add_option("--output", options.output, "write the result to this file");
  run.add_option("--save-to", options.save_to, "folder for the files that the plan collects (default: NAME-files)");
  add_grading(run, options, "cases that run at a time (default: one for each core that they can be pinned to)");
}

void add_batch(CLI::App& batch, Options& options) {
  static const std::map<std::string, batch::Order> kOrders = {{"completion", batch::Order::Completion},
                                                              {"input", batch::Order::Input}};
  batch.add_option("JOBS", options.jobs_file, "the file of jobs; - or none reads them from standard input");
  batch.add_option("--plan", options.plan, "the plan that jobs vary");
  add_set(batch, options);
  add_grading(batch, options, "sandboxes at a time (default: one for each core)");
  batch.add_option("--order", options.order, "of the results: completion (the default) or input")
      ->transform(CLI::CheckedTransformer(kOrders));
  batch.add_option("--journal", options.journal,
                   "keep the results in this file too; where it has some already, go on behind them");
  batch.add_option("--save-to", options.save_to,
                   "folder for the files that plans collect, one folder for each job (default: batch-files)");
}

void add_explain(CLI::App& explain, Options& options) {
  add_plan(explain, options);
  explain.add_flag("--seccomp", options.seccomp,
                   "only the system-call filters: call by call, with argument conditions");
}

void add_trace(CLI::App& trace, Options& options) {
  add_plan(trace, options);
  add_format(trace, options);
  trace.add_flag("--suggest", options.suggest,
                 "print the additions to the plan under which the program exits with 0, found by running it");
  trace
      .add_option("--grant", options.grants,
                  "let --suggest give the program this file or folder of the host, read-only, or this system call; may "
                  "be repeated")
      ->allow_extra_args(false);
  trace
      .add_option("--grant-write", options.write_grants,
                  "let --suggest give the program this file or folder of the host to change; may be repeated")
      ->allow_extra_args(false);
}

void add_doctor(CLI::App& doctor, Options& options) {
  doctor.add_flag("--json", options.json, "as JSON");
}

void add_schema(CLI::App& schema, Options& options) {
  schema.add_flag("--json", options.json, "as a JSON Schema");
  schema.add_flag("--markdown", options.markdown, "as docs/reference.md");
}

void add_image(CLI::App& image, Options& options) {
  image.require_subcommand(1);
  image.add_subcommand("list", "every image, and whether it is installed here")->callback([&] {
    options.verb = Verb::ImageList;
  });
  CLI::App* check = image.add_subcommand("check", "run an image's smoke programs");
  check->add_option("NAME", options.image, "the image")->required();
  check->callback([&] { options.verb = Verb::ImageCheck; });
}

struct VerbRow {
  const char* name;
  std::optional<Verb> verb;  // none: its own subcommands say
  void (*add)(CLI::App& verb, Options& options);
  const char* what;
};

constexpr VerbRow kVerbs[] = {
    {"run", Verb::Run, add_run, "run the plan's program in a sandbox and print one result"},
    {"batch", Verb::Batch, add_batch, "run jobs, one JSON object a line, and print a result for each"},
    {"check", Verb::Check, add_plan, "compile the plan without running anything"},
    {"explain", Verb::Explain, add_explain, "print what the plan means: mounts, rules, calls, limits, order"},
    {"trace", Verb::Trace, add_trace, "run under observation; print what was refused, by which layer, and the remedy"},
    {"doctor", Verb::Doctor, add_doctor, "what this host gives runs, and the remedy for what it does not"},
    {"schema", Verb::Schema, add_schema, "print every key of a plan: type, unit, default, range"},
    {"image", {}, add_image, "what the images are and what this host has of them"},
};

// Only the verb that is called gets its options: making them all would be a part of every run's time.
void build(CLI::App& app, Options& options, std::string_view called) {
  app.set_version_flag("--version", "evalrun " EVALRUN_VERSION);
  app.require_subcommand(1);
  app.footer(
      "`evalrun PLAN` is `evalrun run PLAN`. Exit status: 0 the program ended well, 1 it failed or hit a limit,\n"
      "2 the plan or the command line is wrong, 3 the sandbox could not be built.");
  for (const VerbRow& row : kVerbs) {
    CLI::App* verb = app.add_subcommand(row.name, row.what);
    if (called != row.name) continue;
    row.add(*verb, options);
    if (row.verb) verb->callback([&options, &row] { options.verb = *row.verb; });
  }
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  CLI::App app("evalrun: runs one untrusted program in a container of its own and says what happened", "evalrun");
  // `evalrun PLAN` and `evalrun --set … PLAN`: the verb is run unless the first word is a verb or asks for help.
  std::vector<std::string> words(argv + 1, argv + argc);
  const bool asks = !words.empty() && (words[0] == "--help" || words[0] == "-h" || words[0] == "--version");
  const bool has_verb =
      !words.empty() && std::ranges::any_of(kVerbs, [&](const VerbRow& row) { return words[0] == row.name; });
  if (!words.empty() && !asks && !has_verb) words.insert(words.begin(), "run");
  build(app, options, words.empty() ? "" : words[0]);
  std::reverse(words.begin(), words.end());  // CLI11 takes them last first
  try {
    app.parse(words);
  } catch (const CLI::Success& success) {
    app.exit(success, std::cout, std::cerr);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + "; see evalrun --help");
  }
  return options;
}

}  // namespace evalrun::cli
