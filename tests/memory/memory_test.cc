// One verdict and one figure for a program's memory: whether its files are in the page cache, whatever counts it,
// whoever runs it. EVALRUN_REPEAT=N runs each row N times, cold and warm in turn.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "runtime/judge/verdict.h"
#include "runtime/reader/parse.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/run.h"
#include "tests/memory/programs.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;
using groups::GroupTree;
using groups::GroupVersions;

constexpr double kMebibyte = 1 << 20;
// How far figures of one program may be apart.
constexpr double kWithin = 2;
// Without a group a look ends the run: so much a fast program passes its limit by meanwhile, on a busy machine more.
constexpr double kOvershoot = 64;

// --- what counts ---

struct BackEnd {
  std::string name;
  std::vector<GroupTree> trees;
  bool holds = false;  // the kernel holds memory
};

bool give_memory(const std::vector<GroupTree>& trees) {
  return std::any_of(trees.begin(), trees.end(), [](const GroupTree& tree) { return tree.memory; });
}

const std::vector<BackEnd>& back_ends() {
  static const std::vector<BackEnd> all = [] {
    std::vector<BackEnd> found = {{"none", {}, false}};
    for (const auto& [name, versions] : {std::pair{"v1", GroupVersions::V1}, {"v2", GroupVersions::V2}}) {
      std::vector<GroupTree> trees = groups::find_group_trees(versions);
      if (give_memory(trees)) found.push_back({name, std::move(trees), true});
    }
    return found;
  }();
  return all;
}

// --- the page cache ---

void evict_file(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file) ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
}

// A program, with the libraries that it is linked with; or all of a folder. What others have mapped stays.
void evict(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    for (const auto& entry : fs::recursive_directory_iterator(path, ignored)) {
      if (entry.is_regular_file(ignored)) evict_file(entry.path());
    }
    return;
  }
  evict_file(fs::canonical(path, ignored));
  std::istringstream words(run_command({"ldd", path}).output);
  for (std::string word; words >> word;) {
    if (word.starts_with('/')) evict_file(word);
  }
}

// --- one run ---

struct Seen {
  std::string verdict;  // with the limit: "MLE memory"
  double mebibytes = 0;
  std::string message;
  std::uint64_t faults_from_disk = 0;
};

std::string filled(std::string text, const std::string& mark, const std::string& value) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size())) {
    text.replace(at, mark.size(), value);
  }
  return text;
}

Seen run(const Program& program, const BackEnd& back_end) {
  const TemporaryFolder folder;
  for (const auto& [name, text] : images_for_programs()) folder.write(name, text);
  const std::string limit =
      "limits.memory = \"" + std::to_string(program.limit_mib) + "MiB\"\nlimits.workspace = \"96MiB\"\n";
  std::string toml = filled(program.plan, "{images}", folder.path());
  toml = limit + filled(toml, "{probes}", probe("x").parent_path());
  const PlanText text{toml, "plan.toml", "plan", folder.path()};
  loop::EventLoop loop;
  groups::Groups groups(back_end.trees);
  const host::HostFacts host = groups::counted_by(groups, host::probe_host());
  const auto plan = sandbox::compile(parse_plan(text, accepted_lacks(), {source_dir() / "images"}), host);
  supervise::Run run(loop, groups, plan);
  while (!run.finished()) loop.run_once();
  const supervise::RunResult result = run.take_result(nullptr);
  Seen seen;
  seen.verdict = judge::name_of(judge::verdict_of(result.outcome));
  if (const auto* hit = std::get_if<supervise::LimitHit>(&result.outcome)) {
    seen.verdict += " " + std::string(supervise::name_of(hit->limit));
  }
  seen.mebibytes = static_cast<double>(result.memory.peak.count) / kMebibyte;
  seen.message = judge::message_of(result.outcome, plan->plan().limits);
  seen.faults_from_disk = result.major_faults;
  return seen;
}

// --- the table ---

unsigned repeats() {
  const char* text = std::getenv("EVALRUN_REPEAT");
  return text == nullptr ? 1 : std::max(1U, static_cast<unsigned>(std::strtoul(text, nullptr, 10)));
}

struct Extremes {
  double least = 1e9, most = 0;
  void add(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
};

class Memory : public testing::TestWithParam<Program> {};

TEST_P(Memory, has_one_verdict_and_one_figure_cold_and_warm_on_every_back_end) {
  const Program& program = GetParam();
  for (const std::string& file : program.needs) {
    if (!fs::exists(file)) EVALRUN_SKIP(file);
  }
  const double limit = program.limit_mib;
  Extremes held;
  std::uint64_t cold_runs_from_disk = 0;
  for (const BackEnd& back_end : back_ends()) {
    Extremes here;
    for (unsigned i = 0; i < repeats(); ++i) {
      for (const bool is_cold : {true, false}) {
        if (is_cold) std::for_each(program.reads.begin(), program.reads.end(), evict);
        const Seen seen = run(program, back_end);
        const std::string what = back_end.name + (is_cold ? " cold" : " warm") + ", time " + std::to_string(i + 1) +
                                 ": " + seen.message + ", " + std::to_string(seen.mebibytes) + " MiB";
        if (is_cold && seen.faults_from_disk > 0) ++cold_runs_from_disk;
        here.add(seen.mebibytes);
        if (program.kind == Kind::Fits) {
          EXPECT_EQ(seen.verdict, "OK") << what;
          EXPECT_LE(seen.mebibytes, limit) << what;
          continue;
        }
        EXPECT_EQ(seen.verdict, "MLE memory") << what;
        EXPECT_GE(seen.mebibytes, limit - kWithin) << what;
        EXPECT_LE(seen.mebibytes, limit + (back_end.holds ? kWithin : kOvershoot)) << what;
      }
    }
    std::printf("%-28s %-5s uid %5u  %8.2f to %8.2f MiB\n", program.name.c_str(), back_end.name.c_str(), ::getuid(),
                here.least, here.most);
    held.add(here.least);
    held.add(here.most);
  }
  std::printf("%-28s cold runs that read from a disk: %llu\n", program.name.c_str(),
              static_cast<unsigned long long>(cold_runs_from_disk));
  if (program.kind == Kind::Fits) {
    EXPECT_LE(held.most - held.least, kWithin);
  }
}

INSTANTIATE_TEST_SUITE_P(memory, Memory, testing::ValuesIn(programs()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace evalrun::test
