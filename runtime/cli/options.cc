#include "runtime/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <string_view>

#include "runtime/core/error.h"

namespace evalrun::cli {
namespace {

constexpr std::array<std::string_view, 8> kVerbs = {"run",   "batch",  "check",  "explain",
                                                    "trace", "doctor", "schema", "image"};

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

void add_batch(CLI::App& app, Options& options) {
  static const std::map<std::string, batch::Order> kOrders = {{"completion", batch::Order::Completion},
                                                              {"input", batch::Order::Input}};
  CLI::App* batch = app.add_subcommand("batch", "run jobs, one JSON object a line, and print a result for each");
  batch->add_option("JOBS", options.jobs_file, "the file of jobs; - or none reads them from standard input");
  batch->add_option("--plan", options.plan, "the plan that jobs vary");
  add_set(*batch, options);
  add_grading(*batch, options, "sandboxes at a time (default: one for each core)");
  batch->add_option("--order", options.order, "of the results: completion (the default) or input")
      ->transform(CLI::CheckedTransformer(kOrders));
  batch->add_option("--journal", options.journal,
                    "keep the results in this file too; where it has some already, go on behind them");
  batch->add_option("--save-to", options.save_to,
                    "folder for the files that plans collect, one folder for each job (default: batch-files)");
  batch->callback([&] { options.verb = Verb::Batch; });
}

void build(CLI::App& app, Options& options) {
  app.set_version_flag("--version", "evalrun " EVALRUN_VERSION);
  app.require_subcommand(1);
  app.footer(
      "`evalrun PLAN` is `evalrun run PLAN`. Exit status: 0 the program ended well, 1 it failed or hit a limit,\n"
      "2 the plan or the command line is wrong, 3 the sandbox could not be built.");

  static const std::map<std::string, Format> kFormats = {{"json", Format::Json}, {"text", Format::Text}};
  CLI::App* run = app.add_subcommand("run", "run the plan's program in a sandbox and print one result");
  add_plan(*run, options);
  run->add_option("--format", options.format, "json or text; text only by default on a terminal")
      ->transform(CLI::CheckedTransformer(kFormats));
  run->add_option("--output", options.output, "write the result to this file");
  run->add_option("--save-to", options.save_to, "folder for the files that the plan collects (default: NAME-files)");
  add_grading(*run, options, "cases that run at a time (default: one for each core that they can be pinned to)");
  run->callback([&] { options.verb = Verb::Run; });
  add_batch(app, options);

  CLI::App* check = app.add_subcommand("check", "compile the plan without running anything");
  add_plan(*check, options);
  check->callback([&] { options.verb = Verb::Check; });

  CLI::App* explain = app.add_subcommand("explain", "print what the plan means: mounts, rules, calls, limits, order");
  add_plan(*explain, options);
  explain->add_flag("--seccomp", options.seccomp,
                    "only the system-call filters: call by call, with argument conditions");
  explain->callback([&] { options.verb = Verb::Explain; });

  CLI::App* trace =
      app.add_subcommand("trace", "run under observation; print what was refused, by which layer, and the remedy");
  add_plan(*trace, options);
  trace->add_option("--format", options.format, "json or text; text only by default on a terminal")
      ->transform(CLI::CheckedTransformer(kFormats));
  trace->add_flag("--suggest", options.suggest,
                  "print the additions to the plan under which the program exits with 0, found by running it");
  trace->callback([&] { options.verb = Verb::Trace; });

  CLI::App* doctor = app.add_subcommand("doctor", "what this host gives runs, and the remedy for what it does not");
  doctor->add_flag("--json", options.json, "as JSON");
  doctor->callback([&] { options.verb = Verb::Doctor; });

  CLI::App* schema = app.add_subcommand("schema", "print every key of a plan: type, unit, default, range");
  schema->add_flag("--json", options.json, "as a JSON Schema");
  schema->add_flag("--markdown", options.markdown, "as docs/reference.md");
  schema->callback([&] { options.verb = Verb::Schema; });

  CLI::App* image = app.add_subcommand("image", "what the images are and what this host has of them");
  image->require_subcommand(1);
  image->add_subcommand("list", "every image, and whether it is installed here")->callback([&] {
    options.verb = Verb::ImageList;
  });
  CLI::App* image_check = image->add_subcommand("check", "run an image's smoke programs");
  image_check->add_option("NAME", options.image, "the image")->required();
  image_check->callback([&] { options.verb = Verb::ImageCheck; });
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  CLI::App app("evalrun: runs one untrusted program in a container of its own and says what happened", "evalrun");
  build(app, options);
  // `evalrun PLAN` and `evalrun --set … PLAN`: the verb is run unless the first word is a verb or asks for help.
  std::vector<std::string> words(argv + 1, argv + argc);
  const bool asks = !words.empty() && (words[0] == "--help" || words[0] == "-h" || words[0] == "--version");
  const bool has_verb = !words.empty() && std::find(kVerbs.begin(), kVerbs.end(), words[0]) != kVerbs.end();
  if (!words.empty() && !asks && !has_verb) words.insert(words.begin(), "run");
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
