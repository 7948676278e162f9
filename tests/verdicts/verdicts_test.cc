// The table of verdicts, on every back end that this host offers this user. EVALRUN_REPEAT=N runs each row N times.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "runtime/core/error.h"
#include "runtime/judge/verdict.h"
#include "runtime/reader/image.h"
#include "runtime/reader/parse.h"
#include "runtime/report/figures.h"
#include "runtime/sandbox/compile.h"
#include "runtime/snapshot/chooser.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/verdicts/row.h"

namespace evalrun::test {
namespace {

using groups::GroupTree;
using groups::GroupVersions;

// --- back ends ---

struct BackEnd {
  std::string name;
  std::vector<GroupTree> trees;
};

bool gives(const BackEnd& back_end, bool GroupTree::*what) {
  return std::any_of(back_end.trees.begin(), back_end.trees.end(), [&](const GroupTree& tree) { return tree.*what; });
}

bool has_both_versions(const std::vector<GroupTree>& trees) {
  const auto is_v2 = [](const GroupTree& tree) { return tree.kind == GroupTree::Kind::V2; };
  return std::any_of(trees.begin(), trees.end(), is_v2) && !std::all_of(trees.begin(), trees.end(), is_v2);
}

// What this user may use here: none always, and each mix of trees once.
std::vector<BackEnd> find_back_ends() {
  std::vector<BackEnd> found = {{"none", {}}};
  const std::vector<GroupTree> both = groups::find_group_trees();
  if (has_both_versions(both)) found.push_back({"hybrid", both});
  for (const auto& [name, versions] : {std::pair{"v1", GroupVersions::V1}, {"v2", GroupVersions::V2}}) {
    const std::vector<GroupTree> trees = groups::find_group_trees(versions);
    if (!trees.empty()) found.push_back({name, trees});
  }
  return found;
}

const std::vector<BackEnd>& back_ends() {
  static const std::vector<BackEnd> found = find_back_ends();
  return found;
}

std::string described(const BackEnd& back_end) {
  std::string counted;
  for (const auto& [what, name] :
       {std::pair{&GroupTree::memory, "memory"}, {&GroupTree::cpu, "cpu"}, {&GroupTree::pids, "processes"}}) {
    if (gives(back_end, what)) counted += (counted.empty() ? "" : ", ") + std::string(name);
  }
  return back_end.name + " (" + (counted.empty() ? "all is looked at" : counted) + ")";
}

bool is_for(const Row& row, const BackEnd& back_end) {
  const bool memory = gives(back_end, &GroupTree::memory);
  const bool all = memory && gives(back_end, &GroupTree::cpu) && gives(back_end, &GroupTree::pids);
  switch (row.where) {
    case Where::Anywhere: return true;
    case Where::MemoryGroup: return memory;
    case Where::AllGroups: return all;
    case Where::NotAllGroups: return !all;
  }
  return false;
}

// --- one run of a row ---

std::string filled(std::string text, const std::string& mark, const std::string& value) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size())) {
    text.replace(at, mark.size(), value);
  }
  return text;
}

enum class Begin { ByExecve, WithSnapshot };

// Where the plan can begin with one; its folder goes when this process ends.
snapshot::Choice snapshot_for(Plan& plan, Begin begin) {
  static snapshot::Store store;
  if (begin == Begin::ByExecve) return {};
  plan.kind.snapshot.mode = SnapshotMode::Yes;
  return snapshot::choose(store, plan, host::probe_host());
}

supervise::Outcome run_in(const TemporaryFolder& folder, const Row& row, groups::Groups& groups, Begin begin) {
  for (const auto& [name, text] : row.files) folder.write(name, text);
  const std::string toml = filled(filled(row.plan, "{folder}", folder.path()), "{probes}", probe("x").parent_path());
  const PlanText text{toml, "plan.toml", "plan", folder.path()};
  Plan parsed = parse_plan(text, accepted_lacks(), {source_dir() / "images"});
  snapshot::Choice choice = snapshot_for(parsed, begin);
  const auto plan =
      sandbox::compile(std::move(parsed), host::probe_host(), {.carried = {}, .snapshot = std::move(choice.snapshot)});
  if (row.meanwhile.after_compile) row.meanwhile.after_compile(folder.path());
  try {
    loop::EventLoop loop;
    supervise::Run run(loop, groups, plan);
    if (row.meanwhile.after_spawn) row.meanwhile.after_spawn(run);
    while (!run.finished()) loop.run_once();
    return run.take_result(nullptr).outcome;
  } catch (const HostError& error) {
    return supervise::fault_of(error);
  }
}

// "" where the verdict and the outcome are the right ones, else both, and what is right.
std::string wrong_in(const Row& row, groups::Groups& groups, Begin begin) {
  const TemporaryFolder folder;
  const supervise::Outcome outcome = run_in(folder, row, groups, begin);
  nlohmann::json shown = report::to_json(outcome);
  // Measured, not judged.
  for (const char* quantity : {"allowed_us", "reached_us", "allowed_bytes", "reached_bytes", "files_bytes"})
    shown.erase(quantity);
  const std::string got = std::string(judge::name_of(judge::verdict_of(outcome))) + " " + shown.dump();
  const std::string right = row.verdict + " " + filled(row.outcome.dump(), "{folder}", folder.path());
  return got == right ? "" : got + ", and right is " + right;
}

// --- counting ---

unsigned repeats() {
  const char* text = std::getenv("EVALRUN_REPEAT");
  return text == nullptr ? 1 : std::max(1U, static_cast<unsigned>(std::strtoul(text, nullptr, 10)));
}

struct Count {
  unsigned long rows = 0, runs = 0, wrong = 0;
};
Count& count() {
  static Count all;
  return all;
}

// The back ends at the start, the sum at the end: what `./dev test-verdicts` prints.
class Summary : public testing::Environment {
 public:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    std::cout << "verdicts: back ends offered here:";
    for (const BackEnd& back_end : back_ends()) std::cout << " " << described(back_end);
    std::cout << std::endl;
  }
  void TearDown() override {
    std::cout << "verdicts: as uid " << ::getuid() << ": " << count().rows << " rows on " << back_ends().size()
              << " back ends (" << rows().size() << " rows, and " << image_rows().size() << " of images), " << repeats()
              << " times: " << count().runs << " runs, " << count().wrong << " wrong" << std::endl;
  }
};
const auto* const kSummary = testing::AddGlobalTestEnvironment(new Summary);

void check(const Row& row, const BackEnd& back_end, Begin begin = Begin::ByExecve) {
  groups::Groups groups(back_end.trees);
  ++count().rows;
  for (unsigned i = 1; i <= repeats(); ++i) {
    ++count().runs;
    const std::string wrong = wrong_in(row, groups, begin);
    if (wrong.empty()) continue;
    ++count().wrong;
    ADD_FAILURE() << row.name << " on " << back_end.name << ", time " << i << ": " << wrong;
  }
}

// --- the table ---

struct Param {
  const BackEnd* back_end;
  const Row* row;
};

std::string name_of(const testing::TestParamInfo<Param>& info) {
  return info.param.back_end->name + "_" + info.param.row->name;
}

std::vector<Param> all_params() {
  std::vector<Param> params;
  for (const BackEnd& back_end : back_ends()) {
    for (const Row& row : rows()) {
      if (is_for(row, back_end)) params.push_back({&back_end, &row});
    }
  }
  return params;
}

class Verdicts : public testing::TestWithParam<Param> {};

TEST_P(Verdicts, is_the_one_that_is_right) {
  check(*GetParam().row, *GetParam().back_end);
}

INSTANTIATE_TEST_SUITE_P(verdicts, Verdicts, testing::ValuesIn(all_params()), name_of);

// Programs of an image: a skip names the image that this host lacks.
struct ImageParam {
  const BackEnd* back_end;
  const ImageRow* row;
};

std::string name_of_image_row(const testing::TestParamInfo<ImageParam>& info) {
  return info.param.back_end->name + "_" + info.param.row->image + "_" + info.param.row->row.name;
}

std::vector<ImageParam> all_image_params() {
  std::vector<ImageParam> params;
  for (const BackEnd& back_end : back_ends()) {
    for (const ImageRow& row : image_rows()) params.push_back({&back_end, &row});
  }
  return params;
}

bool is_installed(const std::string& image) {
  const std::vector<std::string> programs = load_image(image, {source_dir() / "images"}).programs;
  return std::all_of(programs.begin(), programs.end(),
                     [](const auto& program) { return std::filesystem::exists(program); });
}

class ImageVerdicts : public testing::TestWithParam<ImageParam> {};

TEST_P(ImageVerdicts, is_the_one_that_is_right) {
  const ImageRow& row = *GetParam().row;
  if (!is_installed(row.image)) EVALRUN_SKIP("the programs of image " + row.image);
  check(row.row, *GetParam().back_end);
}

TEST_P(ImageVerdicts, is_the_same_from_a_snapshot) {
  const ImageRow& row = *GetParam().row;
  if (!is_installed(row.image)) EVALRUN_SKIP("the programs of image " + row.image);
  check(row.row, *GetParam().back_end, Begin::WithSnapshot);
}

INSTANTIATE_TEST_SUITE_P(verdicts, ImageVerdicts, testing::ValuesIn(all_image_params()), name_of_image_row);

// The set-up is a copy of the supervisor, and the kernel's figure for the largest process begins with it.
TEST(verdicts, a_supervisor_larger_than_the_limit_makes_no_program_mle) {
  const std::vector<char> ballast(128 << 20, 1);
  const auto small =
      std::find_if(rows().begin(), rows().end(), [](const Row& row) { return row.name == "memory_below"; });
  const auto large =
      std::find_if(rows().begin(), rows().end(), [](const Row& row) { return row.name == "memory_far_above"; });
  for (const BackEnd& back_end : back_ends()) {
    check(*small, back_end);
    check(*large, back_end);
  }
  EXPECT_EQ(ballast.back(), 1);
}

}  // namespace
}  // namespace evalrun::test
