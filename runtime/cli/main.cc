// evalrun: parse the plan, compile it, spawn, supervise, judge, print.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "runtime/cli/batch.h"
#include "runtime/cli/doctor.h"
#include "runtime/cli/exec.h"
#include "runtime/cli/execute.h"
#include "runtime/cli/explain.h"
#include "runtime/cli/fleet.h"
#include "runtime/cli/images.h"
#include "runtime/cli/judge.h"
#include "runtime/cli/message.h"
#include "runtime/cli/report_files.h"
#include "runtime/cli/result_file.h"
#include "runtime/cli/serve.h"
#include "runtime/cli/suggestion_report.h"
#include "runtime/cli/trace_report.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/doctor/doctor.h"
#include "runtime/doctor/seccomp_profile.h"
#include "runtime/groups/cgroup.h"
#include "runtime/judge/grading.h"
#include "runtime/judge/one_case.h"
#include "runtime/judge/verdict.h"
#include "runtime/library/evalrun.hh"
#include "runtime/reader/image.h"
#include "runtime/reader/keys.h"
#include "runtime/reader/parse.h"
#include "runtime/reader/template.h"
#include "runtime/report/report.h"
#include "runtime/report/result_board.h"
#include "runtime/sandbox/compile.h"
#include "runtime/usage/command_table.h"
#include "runtime/usage/exec_plan.h"
#include "runtime/usage/options.h"
#include "runtime/usage/plan_argument.h"

namespace evalrun::cli {
namespace {

Task read(const Options& options) {
  return parse_task(read_plan(options.plan), options.set, image_search_path());
}

bool wants_text(const Options& options) {
  if (options.format) return *options.format == Format::Text;
  return options.output.empty() && ::isatty(STDOUT_FILENO) == 1;
}

// The same result as the one that is printed.
void write_reports(const Options& options, const PlanText& text, ReportFiles& reports, const Result& result) {
  const Task task = parse_task(text, options.set, image_search_path());
  report::Board board = report::board_of(task);
  report::add_result(board, {.name = report::submission_of(task), .language = task.plan.kind.image},
                     nlohmann::json::parse(result.json()));
  reports.write(board);
}

int run(const Options& options, ResultFile& output) {
  ReportFiles reports(options);
  Engine engine = make_engine();
  const PlanText text = read_plan(options.plan);
  const CompiledPlan plan = engine.compile(source_of(text), options.set);
  const Result result = execute(engine, plan,
                                {.save_to = options.save_to.empty() ? plan.name() + "-files" : options.save_to,
                                 .jobs = options.jobs,
                                 .after_failure = options.after_failure})
                            .result;
  output.write(wants_text(options) ? result.text() : result.json());
  try {
    if (reports.are_wanted()) write_reports(options, text, reports, result);
  } catch (const SystemError& error) {
    say(error.what());  // the result itself has been written, and stays the only one
    return 3;
  }
  return result.exit_status();
}

// What is wrong with the text by itself.
int check_template(const Options& options) {
  const PlanText text = read_plan(options.plan);
  static_cast<void>(PlanTemplate(text, options.set));
  std::cout << one_line(text.file) << ": well-formed by itself; a job completes it\n";
  return 0;
}

int check(const Options& options) {
  if (options.is_template) return check_template(options);
  const Task task = read(options);
  judge::check_runs(task, host::probe_host());
  groups::require_cgroup(task.plan, groups::Groups());
  std::cout << one_line(task.plan.origin.whole.file)
            << ": well-formed, and this host gives every layer that it requires\n";
  return 0;
}

// One sandbox after another, under its name where the plan has more than one.
int explain_plan(const Options& options) {
  const Task task = read(options);
  const host::HostFacts host = groups::counted_by(groups::Groups(), host::probe_host());
  std::string text;
  for (const judge::PlannedRun& run : judge::runs_of(task)) {
    const auto compiled = sandbox::compile(run.plan, host);
    if (task.is_graded()) text += "== " + one_line(run.name) + "\n\n";
    text += (options.seccomp ? explain_seccomp : explain)(*compiled) + "\n";
  }
  if (!task.cases.empty() && !options.seccomp) {
    const bool compares = !task.judged_by && (!task.interaction || task.interaction->judged_afterwards);
    if (compares) text += "== checker\n\n" + explain_checker(task.checker) + "\n";
    if (!task.jury.empty()) text += "== judging\n\n" + explain_jury(task) + "\n";
  }
  text.pop_back();
  std::cout << text;
  return 0;
}

// The one run of the plan that is looked at.
judge::PlannedRun run_to_trace(judge::OneCase& runs, const Task& task, const Options& options) {
  if (!task.is_graded() && options.case_name.empty()) return {"run", task.plan};
  return runs.find(task, options.case_name);
}

int suggest(const Options& options) {
  const trace::Grants grants(options.grants, options.write_grants);
  const PlanText text = read_plan(options.plan);
  const auto images = image_search_path();
  const host::HostFacts host = host::probe_host();
  judge::OneCase runs(host);
  const auto plan_with = [&](const std::vector<PlanAddition>& additions) {
    judge::PlannedRun run = run_to_trace(runs, parse_task(text, options.set, images, additions), options);
    if (run.step == judge::Step::Compile) {
      throw UsageError("the compile step fails; trace without --suggest names what it was refused");
    }
    return std::move(run.plan);
  };
  const Plan plan = plan_with({});
  if (std::holds_alternative<InputInherit>(plan.job.input)) {
    throw UsageError("--suggest runs the program many times, and its standard input can be read only once");
  }
  const trace::Suggestion found = trace::suggest(plan_with, grants);
  std::cout << (wants_text(options) ? suggestion_to_text : suggestion_to_json)(text, found);
  return found.runs ? 0 : judge::exit_status_of(judge::verdict_of(found.outcome));
}

int trace_plan(const Options& options) {
  if (options.suggest) return suggest(options);
  if (!options.grants.empty() || !options.write_grants.empty()) {
    throw UsageError("--grant and --grant-write are for trace --suggest");
  }
  const host::HostFacts host = host::probe_host();
  judge::OneCase runs(host);
  const judge::PlannedRun run = run_to_trace(runs, read(options), options);
  const auto compiled = sandbox::compile(run.plan, host, {.carried = {}, .observed = true});
  const trace::Trace found = trace::trace(compiled);
  std::cout << (wants_text(options) ? trace_to_text : trace_to_json)(run, found);
  return judge::exit_status_of(judge::verdict_of(found.result.outcome));
}

int examine(const Options& options) {
  if (options.seccomp_profile) {
    std::cout << doctor::seccomp_profile();
    return 0;
  }
  const std::vector<doctor::Check> checks = doctor::examine_host();
  std::cout << (options.format == Format::Json ? to_json(checks) : to_text(checks));
  return exit_status_of(doctor::worst_of(checks));
}

int schema(const Options& options) {
  switch (options.format.value_or(Format::Text)) {
    case Format::Json: std::cout << schema_json(); return 0;
    case Format::Text: std::cout << schema_text(); return 0;
    case Format::Markdown: std::cout << schema_markdown(); return 0;
    case Format::Csv: break;
  }
  return 0;
}

int dispatch(const Options& options, ResultFile& output) {
  switch (options.verb) {
    case Verb::Run: return run(options, output);
    case Verb::Exec: return run_exec(options);
    case Verb::Check: return check(options);
    case Verb::Explain: return explain_plan(options);
    case Verb::Trace: return trace_plan(options);
    case Verb::Doctor: return examine(options);
    case Verb::Schema: return schema(options);
    case Verb::ImageList: list_images(); return 0;
    case Verb::Batch: return run_batch(options);
    case Verb::ImageCheck:
      return (options.image.empty() ? check_installed_images() : check_image(options.image)) ? 0 : 1;
    case Verb::ImagePackages: print_packages(options); return 0;
    case Verb::Judge: return judge_task(options, output);
    case Verb::Serve: return run_serve(options);
    case Verb::Worker: return run_worker(options);
    case Verb::Submit: return submit_jobs(options);
    case Verb::FleetStatus: return fleet_status(options);
    case Verb::FleetDead: return list_dead(options);
    case Verb::FleetRetry: return retry_dead(options);
    case Verb::FleetDrain: return drain_workers(options);
    case Verb::FleetCancel: return cancel_jobs(options);
    case Verb::Calibrate: return calibrate_host(options);
    case Verb::Help: return 0;  // parse_options() has printed it
  }
  return 2;
}

// The ends that are not a program's: its author's, and the host's or our own.
int refuse(const Options& options, const std::string& message) {
  say(message);
  return options.verb == Verb::Exec ? kExecRefused : 2;
}

// The operator never saw the plan that `exec` made: its lines say nothing to him. argv is his own, so that all that can
// be wrong with it is that there is no such program.
int refuse_exec(const Options& options, const SourcePosition& position, const std::string& key,
                const std::string& message) {
  const bool not_found = key == "argv";
  std::string prefix = position.file == kExecPlan ? to_string(position) + ": " : "";
  if (not_found) prefix += key + ": ";
  const int status = refuse(options, message.starts_with(prefix) ? message.substr(prefix.size()) : message);
  return not_found ? kExecNotFound : status;
}

int refuse_plan(const Options& options, const SourcePosition& position, const std::string& key,
                const std::string& message) {
  if (options.verb == Verb::Exec) return refuse_exec(options, position, key, message);
  const std::string better = why_no_plan(options, position);
  return refuse(options, better.empty() ? message : better);
}

int fail(const Options& options, ResultFile& output, const supervise::SandboxFault& fault, const std::string& message) {
  say(message);
  if (options.verb == Verb::Exec) return kExecSandboxFailed;
  if (options.verb != Verb::Run || wants_text(options)) return 3;
  try {
    const std::string name = options.plan == "-" ? "stdin" : std::filesystem::path(options.plan).stem().string();
    output.write(report::fault_to_json(name, fault, message));
  } catch (const SystemError& error) {
    say(error.what());  // the result's own place may be what failed
  }
  return 3;
}

supervise::SandboxFault fault_of(const ErrorDetails& details) {
  return {details.stage, details.operation, details.subject, details.error, details.retryable};
}

// Descriptors 0, 1 and 2 must be taken, or the next one opened would be the program's standard stream.
void hold_standard_descriptors() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
    if (fd > STDERR_FILENO) {
      const Fd surplus(fd);
      return;
    }
  }
}

int guarded(const Options& options, ResultFile& output) {
  try {
    return dispatch(options, output);
  } catch (const UsageError& error) {
    return refuse(options, error.what());
  } catch (const Error& error) {
    const ErrorDetails& details = error.details();
    if (error.kind() != ErrorKind::Plan) return fail(options, output, fault_of(details), error.what());
    return refuse_plan(options, {details.file, details.line, details.column}, details.key, error.what());
  } catch (const PlanError& error) {
    return refuse_plan(options, error.position(), error.key(), error.what());
  } catch (const HostError& error) {
    return fail(options, output, supervise::fault_of(error), error.what());
  } catch (const SystemError& error) {
    return fail(options, output, supervise::fault_of(error), error.what());
  } catch (const std::exception& error) {
    return fail(options, output, {"supervisor", error.what(), "", 0, false}, error.what());
  }
}

int main(int argc, char** argv) {
  hold_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a caller's limit on files is an error of ours to report, not our end
  try {
    const std::variant<Options, Answered> line = parse_options(argc, argv);
    if (const auto* answered = std::get_if<Answered>(&line)) return answered->exit_status;
    const auto& options = std::get<Options>(line);
    ResultFile output(options.output);
    return guarded(options, output);
  } catch (const UsageError& error) {
    say(error.what());
    return status_of_usage_error(argc, argv);
  } catch (const std::exception& error) {
    say(error.what());
    return 3;
  }
}

}  // namespace
}  // namespace evalrun::cli

int main(int argc, char** argv) {
  const int status = evalrun::cli::main(argc, argv);
  std::cout.flush();
  std::cerr.flush();
  // What is left is memory: taking the tables of keys apart would cost a part of every run.
  ::_exit(status);
}
