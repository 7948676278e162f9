#include "runtime/cli/images.h"

#include <unistd.h>

#include <iostream>
#include <optional>
#include <set>

#include "runtime/cli/execute.h"
#include "runtime/cli/image_closure.h"
#include "runtime/core/text.h"
#include "runtime/reader/addition.h"
#include "runtime/reader/image.h"
#include "runtime/reader/parse.h"
#include "runtime/reader/toml_tree.h"
#include "runtime/usage/plan_argument.h"

namespace evalrun::cli {
namespace {

// Programs that the image needs and this host lacks.
std::vector<std::string> missing_programs(const Image& image) {
  std::vector<std::string> missing;
  for (const std::string& program : image.programs) {
    if (::access(program.c_str(), X_OK) != 0) missing.push_back(program);
  }
  return missing;
}

std::string install_line(const Image& image) {
  std::string line = "apt-get install";
  for (const std::string& package : image.packages) line += " " + shell_word(package);
  return line;
}

// The plan a smoke program is: written as a user would write it, and parsed by the same parser.
PlanText smoke_plan(const Image& image, const SmokeProgram& smoke) {
  const std::filesystem::path folder = image.path.parent_path() / image.name;
  std::string text = "image = " + toml_string(image.path.string()) + "\n";
  if (!smoke.argv.empty()) {
    text += "argv = [";
    for (const std::string& word : smoke.argv) text += toml_string(word) + ", ";
    text += "]\n";
  }
  if (!smoke.source.empty()) text += "source = " + toml_string(smoke.source) + "\n";
  text += "stdin = { text = " + toml_string(smoke.input) + " }\n[files]\n";
  std::vector<std::string> files = smoke.files;
  if (!smoke.source.empty()) files.push_back(smoke.source);
  for (const std::string& file : files)
    text += toml_string(file) + " = { from = " + toml_string((folder / file).string()) + " }\n";
  return {text, image.path.filename().string() + " smoke " + smoke.name, smoke.name, folder};
}

bool run_smoke(const Image& image, const SmokeProgram& smoke) {
  std::vector<std::string> overrides;
  for (const auto& [key, value] : smoke.set) overrides.push_back(key + "=" + value);
  Engine engine = make_engine();
  const Result result = execute(engine, engine.compile(source_of(smoke_plan(image, smoke)), overrides), {}).result;
  const bool right = result.verdict() == Verdict::Ok && result.standard_output() == smoke.expect;
  std::cout << (right ? "ok      " : "FAILED  ") << one_line(image.name + " " + smoke.name);
  if (!right) {
    std::cout << ": " << name_of(result.verdict()) << ", " << one_line(result.message()) << "\n--- expected\n"
              << printable(smoke.expect) << "--- standard output\n"
              << printable(result.standard_output()) << "--- standard error\n"
              << printable(result.standard_error());
  }
  std::cout << "\n";
  return right;
}

// The plan of the image that the walk looks at: nothing in it is run.
Plan plan_of(const Image& image) {
  const std::string text = "image = " + toml_string(image.path.string()) + "\nargv = [\"true\"]\n";
  return parse_plan({text, image.path.filename().string(), image.name, image.path.parent_path()}, {},
                    image_search_path());
}

// What the image's file says itself, and what it would have to say besides: one list, since a key is set once.
std::string shows_line(const Image& image, const Plan& plan, const std::vector<LinkOut>& links,
                       const std::vector<std::string>& more = {}) {
  std::vector<std::string> paths;
  for (const Shown& shown : plan.kind.shown) {
    if (std::filesystem::path(shown.position.file) == image.path) paths.push_back(shown.path);
  }
  const std::size_t own = paths.size();
  for (const LinkOut& link : links) {
    if (!link.mend.is_run) paths.push_back(link.mend.path);
  }
  paths.insert(paths.end(), more.begin(), more.end());
  if (paths.size() == own) return "";
  std::string line = "shows = [";
  for (const std::string& path : paths) line += (line.ends_with('[') ? "" : ", ") + toml_string(path);
  return line + "]";
}

bool is_installed(const Image& image, const ImageClosure& closure) {
  if (closure.not_on_host.empty()) return true;
  std::cout << one_line(image.name + ": missing " + join_words(closure.not_on_host) +
                        (image.packages.empty() ? "; packages = [...] in the image names what is to be installed"
                                                : "; run: " + install_line(image)))
            << "\n";
  return false;
}

bool print_closure(const Image& image, const Plan& plan, const ImageClosure& closure) {
  const auto say = [&](const std::string& text) { std::cout << one_line(image.name + ": " + text) << "\n"; };
  for (const std::string& program : closure.not_shown) {
    say(program +
        " is on this host, and no mount of the image shows it; what most images begin with does: "
        "include = [\"base\"]");
  }
  for (const LinkOut& link : closure.links) {
    say(link.look.link + " leads out of the image to " + link.look.wanted);
  }
  if (const std::string line = shows_line(image, plan, closure.links); !line.empty()) {
    say("this line, above the first [table] of " + image.path.string() + ", shows them:");
    std::cout << line << "\n";
  }
  for (const LinkOut& link : closure.links) {
    if (!link.mend.is_run) continue;
    say("these lines, at the end of " + image.path.string() + ", show " + link.mend.path + ":");
    std::cout << to_toml(link.mend) << "\n";
  }
  if (!closure.settings.empty()) {
    say("its packages have settings that it does not show, which the program may miss: " +
        join_words(closure.settings) + "; if it does, this line shows them:");
    std::cout << shows_line(image, plan, closure.links, closure.settings) << "\n";
  }
  for (const std::string& folder : closure.settings_to_run) {
    say("its packages have libraries or programs in " + folder +
        ", which it does not show; if the program misses them, these lines, at the end of " + image.path.string() +
        ", show them:");
    std::cout << to_toml(rootfs::Mend{folder, true}) << "\n";
  }
  const bool closed = closure.links.empty() && closure.not_shown.empty();
  if (closed) say("no link leads out of the image (" + std::to_string(closure.files_seen) + " files looked at)");
  return closed;
}

bool check(const Image& image) {
  const Plan plan = plan_of(image);
  const ImageClosure closure = walk_image(image, plan, "/var/lib/dpkg");
  if (!is_installed(image, closure)) return false;
  bool all = print_closure(image, plan, closure);
  for (const SmokeProgram& smoke : image.smoke) all = run_smoke(image, smoke) && all;
  if (image.smoke.empty()) {
    std::cout << one_line(image.name + ": no smoke program, so nothing was run; [[smoke]] adds one") << "\n";
  }
  return all;
}

// The image that the plan's text names; none where it names none. The rest of the plan may be wrong, or wait for files
// that are not there yet.
std::optional<Image> image_of(const PlanText& plan) {
  TomlNode tree = parse_toml(plan.text, plan.file);
  const TomlMember* member = find_member(std::get<TomlTable>(tree.value), "image");
  const auto* name = member == nullptr ? nullptr : std::get_if<std::string>(&member->node.value);
  if (name == nullptr || *name == "none") return std::nullopt;
  // A path is relative to the plan.
  const bool is_path = name->find('/') != std::string::npos;
  return load_image(is_path ? (plan.folder / *name).string() : *name, image_search_path());
}

}  // namespace

void list_images() {
  for (const Image& image : evalrun::list_images(image_search_path())) {
    const std::vector<std::string> missing = missing_programs(image);
    const std::string state =
        missing.empty() ? "installed" : "missing " + join_words(missing) + " (" + install_line(image) + ")";
    std::cout << one_line(image.name + ": " + image.description + "; " + state) << "\n";
  }
}

bool check_image(const std::string& name) {
  return check(load_image(name, image_search_path()));
}

bool check_installed_images() {
  bool all = true;
  for (const Image& image : evalrun::list_images(image_search_path())) {
    if (missing_programs(image).empty()) all = check(image) && all;
  }
  return all;
}

void print_packages(const Options& options) {
  std::set<std::string> packages;
  const auto add = [&](const Image& image) { packages.insert(image.packages.begin(), image.packages.end()); };
  const auto add_if_missing = [&](const Image& image) {
    if (!missing_programs(image).empty()) add(image);
  };
  if (!options.image.empty()) {
    add(load_image(options.image, image_search_path()));
  } else if (!options.plan.empty()) {
    if (const std::optional<Image> image = image_of(read_plan(options.plan))) add_if_missing(*image);
  } else {
    for (const Image& image : evalrun::list_images(image_search_path())) add_if_missing(image);
  }
  for (const std::string& package : packages) std::cout << one_line(package) << "\n";
}

}  // namespace evalrun::cli
