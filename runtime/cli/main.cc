// evalrun: parse the plan, compile it, spawn, supervise, judge, print.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <iostream>

#include "runtime/cli/execute.h"
#include "runtime/cli/explain.h"
#include "runtime/cli/images.h"
#include "runtime/cli/options.h"
#include "runtime/cli/report.h"
#include "runtime/core/error.h"
#include "runtime/judge/verdict.h"
#include "runtime/plan/image.h"
#include "runtime/plan/keys.h"
#include "runtime/plan/parse.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/event_loop.h"

namespace evalrun::cli {
namespace {

Plan read(const Options& options) {
  return parse_plan(read_plan(options.plan), options.set, image_search_path());
}

std::shared_ptr<const sandbox::CompiledPlan> compile(const Options& options) {
  return sandbox::compile(read(options), sandbox::probe_host());
}

bool wants_text(const Options& options) {
  if (options.format) return *options.format == Format::Text;
  return options.output.empty() && ::isatty(STDOUT_FILENO) == 1;
}

void print(const Options& options, const std::string& text) {
  if (options.output.empty()) {
    std::cout << text << std::flush;
    if (!std::cout) throw SystemError("write", "standard output");
    return;
  }
  std::ofstream file(options.output, std::ios::trunc);
  if (!(file << text << std::flush)) throw SystemError("write", options.output);
}

int run(const Options& options) {
  const Duration began = supervise::now();
  const std::shared_ptr<const sandbox::CompiledPlan> plan = compile(options);
  const Duration compiled = supervise::now() - began;
  const std::string folder = options.save_to.empty() ? plan->plan().name + "-files" : options.save_to;
  const supervise::RunResult result = execute(plan, folder);
  const Report report{plan->plan(), result, compiled};
  print(options, wants_text(options) ? to_text(report) : to_json(report));
  return judge::exit_status_of(judge::verdict_of(result.outcome));
}

int check(const Options& options) {
  const std::shared_ptr<const sandbox::CompiledPlan> plan = compile(options);
  std::cout << plan->plan().whole.file << ": well-formed, and this host gives every layer that it requires\n";
  return 0;
}

int schema(const Options& options) {
  std::cout << (options.json ? schema_json() : options.markdown ? schema_markdown() : schema_text());
  return 0;
}

int dispatch(const Options& options) {
  switch (options.verb) {
    case Verb::Run: return run(options);
    case Verb::Check: return check(options);
    case Verb::Explain: std::cout << explain(*compile(options)); return 0;
    case Verb::Schema: return schema(options);
    case Verb::ImageList: list_images(); return 0;
    case Verb::ImageCheck: return check_image(options.image) ? 0 : 1;
  }
  return 2;
}

// The three ends that are not a program's: its author's (2), the host's and our own (3).
int fail(const Options& options, const supervise::SandboxFault& fault, const std::string& message) {
  std::cerr << "evalrun: " << message << "\n";
  if (options.verb != Verb::Run || wants_text(options)) return 3;
  try {
    print(options, fault_to_json(options.plan, fault, message));
  } catch (const SystemError& error) {
    std::cerr << "evalrun: " << error.what() << "\n";  // the result's own place may be what failed
  }
  return 3;
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

int main(int argc, char** argv) {
  hold_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);
  Options options;
  try {
    const std::optional<Options> parsed = parse_options(argc, argv);
    if (!parsed) return 0;
    options = *parsed;
    return dispatch(options);
  } catch (const PlanError& error) {
    std::cerr << "evalrun: " << error.what() << "\n";
    return 2;
  } catch (const UsageError& error) {
    std::cerr << "evalrun: " << error.what() << "\n";
    return 2;
  } catch (const HostError& error) {
    return fail(options, {error.stage(), error.operation(), error.subject(), error.error(), false}, error.what());
  } catch (const SystemError& error) {
    return fail(options, {"supervisor", error.operation(), error.subject(), error.error(), true}, error.what());
  } catch (const std::exception& error) {
    return fail(options, {"supervisor", error.what(), "", 0, false}, error.what());
  }
}

}  // namespace
}  // namespace evalrun::cli

int main(int argc, char** argv) {
  return evalrun::cli::main(argc, argv);
}
