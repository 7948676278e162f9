// Fuzzes the readers of packages with libFuzzer. The input is a set of files: a line "#file PATH" or "#link PATH
// TARGET" begins one, and what follows up to the next such line is its text; what is no such line at the beginning is a
// zip as it stands. The files are packed into a zip and read. Whatever they are, read_package() returns a package whose
// every finding is one line, or throws TreeError; what it returns is consistent: indices lie in their lists, and what
// has no errors has cases.
#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/packages/read_package.h"

namespace {

using evalrun::packages::Package;
using evalrun::problem::Problem;

constexpr std::string_view kFile = "#file ";
constexpr std::string_view kLink = "#link ";

void check(bool holds) {
  if (!holds) std::abort();
}

void add(struct archive* zip, std::string_view line, std::string_view text) {
  struct archive_entry* entry = ::archive_entry_new();
  const bool is_link = line.starts_with(kLink);
  const std::string_view rest = line.substr(kFile.size());
  const std::string path(rest.substr(0, is_link ? rest.find(' ') : rest.npos));
  ::archive_entry_set_pathname(entry, path.c_str());
  if (is_link) {
    const std::string target(rest.substr(std::min(path.size() + 1, rest.size())));
    ::archive_entry_set_filetype(entry, AE_IFLNK);
    ::archive_entry_set_symlink(entry, target.c_str());
  } else {
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
  }
  // What libarchive does not write is not in the zip.
  if (::archive_write_header(zip, entry) == ARCHIVE_OK && !is_link && !text.empty()) {
    static_cast<void>(::archive_write_data(zip, text.data(), text.size()));
  }
  ::archive_entry_free(entry);
}

// The zip of the input's files, in `file`.
void pack(int file, std::string_view input) {
  struct archive* zip = ::archive_write_new();
  ::archive_write_set_format_zip(zip);
  ::archive_write_set_options(zip, "compression=store");
  check(::archive_write_open_fd(zip, file) == ARCHIVE_OK);
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    std::size_t next = input.size();
    for (const std::string_view word : {kFile, kLink}) {
      if (input.starts_with(word)) next = 0;
      next = std::min(next,
                      input.find("\n" + std::string(word)) + 1 == 0 ? next : input.find("\n" + std::string(word)) + 1);
    }
    if (line.starts_with(kFile) || line.starts_with(kLink)) add(zip, line, input.substr(0, next));
    input.remove_prefix(next);
  }
  static_cast<void>(::archive_write_close(zip));
  ::archive_write_free(zip);
}

void check_problem(const Problem& problem) {
  check(!problem.cases.empty());
  check(!problem.groups.empty());
  check(!problem.checkers.empty());
  const auto is_program = [&](std::size_t index) { return index < problem.programs.size(); };
  std::vector<int> seen(problem.cases.size());
  for (const auto& group : problem.groups) {
    for (const auto& child : group.children) {
      const bool is_case = child.kind == evalrun::problem::Child::Kind::Case;
      check(child.index < (is_case ? problem.cases.size() : problem.groups.size()));
      if (is_case) ++seen[child.index];
    }
    for (const std::size_t required : group.requires_groups) check(required < problem.groups.size());
    if (group.scoring.grader) check(is_program(*group.scoring.grader));
  }
  for (const int times : seen) check(times == 1);
  for (const auto& one : problem.cases) {
    check(!one.key.empty() && !one.name.empty());
    check(one.checker < problem.checkers.size());
    check(one.input || one.generated);
    if (one.generated) check(is_program(one.generated->generator));
    if (one.answer_by) check(is_program(*one.answer_by));
    for (const std::string* name : {&one.input_name, &one.output_name, &one.submitted_name}) {
      check(name->find('/') == name->npos && *name != "..");
    }
    for (const auto& placed : one.files) check(!placed.name.starts_with('/') && placed.name.find("..") != 0);
  }
  for (const auto& checker : problem.checkers) {
    if (const auto* programs = std::get_if<evalrun::problem::ProgramChecker>(&checker)) {
      for (const std::size_t index : programs->programs) check(is_program(index));
    }
  }
  if (problem.interaction) check(is_program(problem.interaction->interactor));
  for (const auto& program : problem.programs) {
    check(!program.files.empty());
    check(program.build != evalrun::problem::Build::ByLanguage || !program.language.empty());
  }
}

void run_one(std::string_view input) {
  const int file = ::memfd_create("package", 0);
  check(file >= 0);
  if (input.starts_with(kFile) || input.starts_with(kLink)) {
    pack(file, input);
  } else {
    check(::write(file, input.data(), input.size()) == static_cast<ssize_t>(input.size()));
  }
  try {
    evalrun::archive::Bounds bounds;
    bounds.entries = 2000;
    bounds.unratioed = 1 << 20;
    const Package package = evalrun::packages::read_package("/proc/self/fd/" + std::to_string(file), bounds);
    for (const auto& finding : package.findings.list()) {
      check(!finding.message.empty());
      check(evalrun::problem::to_string(finding).find('\n') == std::string::npos);
    }
    static_cast<void>(evalrun::packages::summary(package));
    if (!package.findings.has_errors()) check_problem(package.problem);
  } catch (const evalrun::archive::TreeError& error) {
    check(std::string_view(error.what()).find('\n') == std::string_view::npos);
  }
  ::close(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
