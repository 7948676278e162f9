#include "tests/packages/support.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <ctime>

namespace evalrun::test {

Files with(Files base, const Files& more) {
  for (const auto& [path, text] : more) base[path] = text;
  return base;
}

Files without(Files base, const std::string& path) {
  base.erase(path);
  return base;
}

void write_files(const TemporaryFolder& folder, const Files& files) {
  for (const auto& [path, text] : files) folder.write(path, text);
}

void write_zip(const std::filesystem::path& path, const std::vector<ZipEntry>& entries) {
  struct ::archive* zip = ::archive_write_new();
  ASSERT_EQ(::archive_write_set_format_zip(zip), ARCHIVE_OK);
  ASSERT_EQ(::archive_write_open_filename(zip, path.c_str()), ARCHIVE_OK);
  for (const ZipEntry& one : entries) {
    struct ::archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, one.path.c_str());
    ::archive_entry_set_mtime(entry, 1'000'000'000, 0);
    if (one.link.empty()) {
      ::archive_entry_set_filetype(entry, one.path.ends_with('/') ? AE_IFDIR : AE_IFREG);
      ::archive_entry_set_perm(entry, 0644);
      ::archive_entry_set_size(entry, static_cast<la_int64_t>(one.text.size()));
    } else {
      ::archive_entry_set_filetype(entry, AE_IFLNK);
      ::archive_entry_set_symlink(entry, one.link.c_str());
      ::archive_entry_set_size(entry, 0);
    }
    ASSERT_EQ(::archive_write_header(zip, entry), ARCHIVE_OK) << ::archive_error_string(zip);
    if (one.link.empty()) {
      ASSERT_EQ(::archive_write_data(zip, one.text.data(), one.text.size()), static_cast<la_ssize_t>(one.text.size()));
    }
    ::archive_entry_free(entry);
  }
  ASSERT_EQ(::archive_write_close(zip), ARCHIVE_OK);
  ::archive_write_free(zip);
}

packages::Package read_files(const Files& files) {
  const TemporaryFolder folder;
  write_files(folder, files);
  return packages::read_package(folder.path().string());
}

namespace {
std::vector<std::string> texts_of(const packages::Package& package, problem::Severity severity) {
  std::vector<std::string> texts;
  for (const problem::Finding& finding : package.findings.list()) {
    if (finding.severity == severity) texts.push_back(problem::to_string(finding));
  }
  return texts;
}
}  // namespace

std::vector<std::string> errors_of(const packages::Package& package) {
  return texts_of(package, problem::Severity::Error);
}

std::vector<std::string> notes_of(const packages::Package& package) {
  return texts_of(package, problem::Severity::Note);
}

void expect_errors(const Files& right, const std::vector<BrokenRow>& rows) {
  EXPECT_EQ(errors_of(read_files(right)), std::vector<std::string>{});
  for (const BrokenRow& row : rows) {
    Files files = with(right, row.changes);
    for (const std::string& path : row.removed) files.erase(path);
    EXPECT_EQ(errors_of(read_files(files)), row.errors) << row.what;
  }
}

Files kattis_legacy() {
  return {
      {"problem.yaml",
       "name: Sum\ntype: scoring\nvalidation: custom score\nvalidator_flags: a b\nlimits:\n  memory: 512\n"},
      {"data/testdata.yaml", "on_reject: continue\nrange: 0 100\ngrader_flags: ignore_sample\n"},
      {"data/sample/1.in", "1 2\n"},
      {"data/sample/1.ans", "3\n"},
      {"data/sample/testdata.yaml", "grader_flags: first_error\naccept_score: 0\nrange: 0 0\n"},
      {"data/secret/testdata.yaml", "grader_flags: first_error accept_if_any_accepted\n"},
      {"data/secret/g1/testdata.yaml",
       "on_reject: break\naccept_score: 40\nrange: 0 40\ngrader_flags: min\noutput_validator_flags: x\n"},
      {"data/secret/g1/1.in", "1 2\n"},
      {"data/secret/g1/1.ans", "3\n"},
      {"data/secret/g1/2.in", "5 6\n"},
      {"data/secret/g1/2.ans", "11\n"},
      {"data/secret/g2/testdata.yaml",
       "on_reject: break\naccept_score: 60\nrange: 0 60\ngrader_flags: min\noutput_validator_flags: x\n"},
      {"data/secret/g2/1.in", "1 2\n"},
      {"data/secret/g2/1.ans", "3\n"},
      {"output_validators/check/check.cc", "int main() {}\n"},
      {"output_validators/check/validate.h", "\n"},
      {"input_validators/v.py", "import sys\n"},
      {"include/cpp/grader.cpp", "int main() {}\n"},
      {"submissions/accepted/a.cpp", "int main() {}\n"},
      {"submissions/wrong_answer/b.py", "print(1)\n"},
      {"submissions/partially_accepted/c.py", "# @EXPECTED_SCORE@: 40\n# @EXPECTED_GRADES@ AC WA\n"},
      {"submissions/mixed/d.java", "// @EXPECTED_RESULTS@: WRONG-ANSWER, RUN-ERROR\n"},
  };
}

Files kattis_2025() {
  return {
      {"problem.yaml",
       "problem_format_version: 2025-09\nname:\n  sv: Summa\n  en: Sum\nuuid: 0\ntype: scoring\nlimits:\n  time_limit: "
       "3\n"},
      {"data/sample/1.in", "1 2\n"},
      {"data/sample/1.ans", "3\n"},
      {"data/secret/g1/test_group.yaml", "max_score: 40\nargs: [--fast]\n"},
      {"data/secret/g1/1.in", "1 2\n"},
      {"data/secret/g1/1.ans", "3\n"},
      {"data/secret/g2/test_group.yaml",
       "max_score: 60\nscore_aggregation: sum\nrequire_pass: [sample, secret/g1]\noutput_validator_args: "
       "[float_tolerance, 1e-6]\n"},
      {"data/secret/g2/1.in", "5 6\n"},
      {"data/secret/g2/1.ans", "11\n"},
      {"data/secret/g2/2.in", "5 7\n"},
      {"data/secret/g2/2.ans", "12\n"},
      {"data/secret/g2/2.yaml", "args: [one, two]\noutput_validator_args: [case_sensitive]\n"},
      {"data/invalid_input/1.in", "x\n"},
      {"submissions/accepted/a.py", "print(1)\n"},
      {"submissions/brute_force/b.py", "print(1)\n"},
      {"submissions/submissions.yaml", "brute_force/*:\n  score: [0, 40]\n  secret/g1:\n    permitted: [AC]\n"},
  };
}

}  // namespace evalrun::test
