#include "runtime/contest/jury_maker.h"

#include <algorithm>

#include "runtime/contest/dmoj_python.h"
#include "runtime/contest/fifo_script.h"
#include "runtime/contest/package_limits.h"
#include "runtime/contest/python2.h"
#include "runtime/reader/parse.h"

namespace evalrun::contest {
namespace {

using problem::Role;

// Of what a jury program writes, what a result shows.
constexpr Bytes kJuryExcerpt = 16_KiB;

// A manager finds its input as its standard input and as input.txt. What it writes is its outcome.
constexpr const char* kManagerBegins = "cp judge/input input.txt";

// A jury's Python leans on CPython.
std::vector<std::string> jury_images() {
  return {"python", "pypy"};
}

std::vector<std::string> with(std::vector<std::string> overrides, std::string more) {
  overrides.push_back(std::move(more));
  return overrides;
}

// Throws a Refusal.
Task task_of_scripts(const PackageContext& context, const problem::Program& program, const std::string& name) {
  Sources sources;
  sources.files = read_files(context.package.tree, program.files, kMostOfCaseFiles);
  replace_constants(sources.files, context.package.problem.constants);
  const auto runs_python = [&](const WorkFile& file) {
    const auto* text = std::get_if<std::string>(&file.source);
    return (file.path == "run" || file.path == "build") && text != nullptr && text->find("python") != std::string::npos;
  };
  const bool python = std::ranges::any_of(sources.files, runs_python);
  auto choice = image_for(python ? "python3" : "cpp", context.images, jury_images());
  if (auto* refusal = std::get_if<Refusal>(&choice)) throw std::move(*refusal);
  sources.image = std::get<ImageChoice>(choice).image;
  for (WorkFile& file : sources.files) {
    if (file.path == "run" || file.path == "build") file.mode = 0755;
  }
  Task task;
  task.plan = parse_plan({"image = \"" + sources.image + "\"\nargv = [\"./run\"]\n", name, name, "/"},
                         context.options.overrides, context.images.search_path());
  task.plan.job.files = sources.files;
  if (std::ranges::find(sources.files, "build", &WorkFile::path) != sources.files.end()) {
    task.compile.emplace().argv = {"./build"};
  }
  return task;
}

// The module is run by a driver of ours, beside what it may import. Throws a Refusal.
Task task_of_python_module(const PackageContext& context, const problem::Program& program) {
  std::vector<WorkFile> files = read_files(context.package.tree, program.files, kMostOfCaseFiles);
  for (const WorkFile& file : files) {
    if (const auto why = why_not_run(std::get<std::string>(file.source))) {
      throw Refusal{Refusal::Cause::Unreadable, *why};
    }
  }
  for (WorkFile& file : dmoj_python_files()) files.push_back(std::move(file));
  SourceOptions options;
  options.preferred_images = jury_images();
  SourcesOrRefusal sources = sources_from(std::move(files), "python3", kDmojDriver, context.images, options);
  if (auto* refusal = std::get_if<Refusal>(&sources)) throw std::move(*refusal);
  Task task = contest::task_for(std::get<Sources>(sources), context.images,
                                with(context.options.overrides, "limits.memory=512MiB"));
  task.compile.reset();  // it would look at the driver alone
  task.plan.job.argv.push_back(program.entry);
  return task;
}

}  // namespace

std::variant<std::shared_ptr<const JuryProgram>, Refusal> make_jury_program(const PackageContext& context,
                                                                            const problem::Program& program) {
  auto jury = std::make_shared<JuryProgram>();
  jury->name = problem::name_of(program.role) + (" " + program.name);
  jury->convention = program.convention;
  jury->flags = program.flags;
  jury->arguments_format = program.arguments_format;
  SourceOptions options;
  options.preferred_images = jury_images();
  Task task;
  try {
    if (program.build == problem::Build::ByScripts) {
      task = task_of_scripts(context, program, jury->name);
    } else if (program.convention == problem::Convention::DmojPython) {
      task = task_of_python_module(context, program);
    } else {
      SourcesOrRefusal sources = contest::sources_of(context.package.tree, program, context.images, options);
      if (auto* refusal = std::get_if<Refusal>(&sources)) throw std::move(*refusal);
      replace_constants(std::get<Sources>(sources).files, context.package.problem.constants);
      for (WorkFile& file : std::get<Sources>(sources).files) {
        auto* text = std::get_if<std::string>(&file.source);
        if (text != nullptr && file.path.ends_with(".py")) *text = with_print_calls(*text);
      }
      const Limits limits = limits_of(program, context.package.problem.limits);
      task = contest::task_for(std::get<Sources>(sources), context.images,
                               with(context.options.overrides, "limits.memory=" + to_string(limits.memory)));
      if (task.compile && is_c(std::get<Sources>(sources).language)) {
        task.compile->argv.insert(task.compile->argv.end(), program.compile_flags.begin(), program.compile_flags.end());
      }
    }
  } catch (const Refusal& refusal) {
    return Refusal{refusal.cause, jury->name + ": " + refusal.message};
  }
  if (program.role == Role::Manager) {
    const std::vector<std::string> own = std::move(task.plan.job.argv);
    task.plan.job.argv = {"bash",
                          "-c",
                          std::string(kManagerBegins) + kFifoScript,
                          "manager",
                          "judge/input",
                          "judge/feedback/outcome",
                          "judge/feedback/text"};
    task.plan.job.argv.insert(task.plan.job.argv.end(), own.begin(), own.end());
  }
  jury->plan = std::move(task.plan);
  jury->plan.kind.limits = limits_of(program, context.package.problem.limits);
  jury->plan.kind.output = OutputCapture{kJuryExcerpt};
  jury->plan.kind.error_output = OutputCapture{kJuryExcerpt};
  jury->compile = std::move(task.compile);
  give_compiler_room(jury->compile, context.package.problem.limits);
  return std::shared_ptr<const JuryProgram>(std::move(jury));
}

}  // namespace evalrun::contest
