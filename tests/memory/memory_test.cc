// One verdict and one figure for a program's memory: whether its files are in the page cache, whatever counts it,
// whoever runs it. EVALRUN_REPEAT=N runs each row N times, cold and warm in turn.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
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
// Where looks hold the limit, so much a fast program passes it by between two, on a machine that is busy besides: with
// a group whose limit was raised, and without a group.
constexpr double kOvershootRaised = 8, kOvershootSampled = 128;

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
  double mebibytes = 0, reached = 0;
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
  if (program.prepare) program.prepare(folder.path());
  for (const auto& [name, text] : images_for_programs()) folder.write(name, text);
  const std::string limit =
      "limits.memory = \"" + std::to_string(program.limit_mib) + "MiB\"\nlimits.workspace = \"96MiB\"\n";
  std::string toml = filled(program.plan, "{images}", folder.path());
  toml = filled(toml, "{folder}", folder.path());
  if (toml.find("{go}") != std::string::npos) toml = filled(toml, "{go}", folder_of_go_programs());
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
    if (const auto* reached = std::get_if<Bytes>(&hit->reach.reached)) {
      seen.reached = static_cast<double>(reached->count) / kMebibyte;
    }
  }
  seen.mebibytes = static_cast<double>(result.memory.peak.count) / kMebibyte;
  seen.message = judge::message_of(result.outcome, plan->plan().kind.limits);
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
    double furthest = 0;
    for (unsigned i = 0; i < repeats(); ++i) {
      for (const bool is_cold : {true, false}) {
        if (is_cold) std::for_each(program.reads.begin(), program.reads.end(), evict);
        if (is_cold && program.name.starts_with("go_")) evict(folder_of_go_programs());
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
        EXPECT_LE(seen.mebibytes, limit) << what;
        EXPECT_GE(seen.reached, seen.mebibytes) << what;
        EXPECT_LE(seen.reached, limit + (back_end.holds ? kOvershootRaised : kOvershootSampled)) << what;
        furthest = std::max(furthest, seen.reached);
      }
    }
    std::printf("%-28s %-5s uid %5u  %8.2f to %8.2f MiB", program.name.c_str(), back_end.name.c_str(), ::getuid(),
                here.least, here.most);
    if (program.kind == Kind::Leaks) std::printf(", stopped at %8.2f or before", furthest);
    std::printf("\n");
    held.add(here.least);
    held.add(here.most);
  }
  std::printf("%-28s cold runs that read from a disk: %llu\n", program.name.c_str(),
              static_cast<unsigned long long>(cold_runs_from_disk));
  EXPECT_LE(held.most - held.least, kWithin);
}

// --- heaps of runtimes ---

struct HeapRow {
  std::string name, needs;
  unsigned limit_mib;
  std::string plan;
};

// What doubles does not fit in a heap of the limit's size long before that is in use.
const std::vector<HeapRow>& full_heaps() {
  static const std::vector<HeapRow> all = {
      {"java", "/usr/bin/java", 128,
       "image = \"java\"\nsource = \"Main.java\"\nfiles.\"Main.java\" = { text = 'public class Main { public static "
       "void "
       "main(String[] a) { StringBuilder b = new StringBuilder(\"x\"); for (;;) b.append(b); } }' }\n"},
      {"node", "/usr/bin/node", 128,
       "image = \"node\"\nsource = \"a.js\"\nfiles.\"a.js\" = { text = 'const m = new Map(); for (let i = 0;; ++i) "
       "m.set(i, i)' }\n"},
  };
  return all;
}

TEST(memory, a_runtime_whose_heap_is_full_has_met_the_limit_whoever_counts_it) {
  for (const HeapRow& row : full_heaps()) {
    if (!fs::exists(row.needs)) EVALRUN_SKIP(row.needs);
    const std::string time = "limits.cpu = \"20s\"\nlimits.wall = \"60s\"\n";
    const Program full{.name = row.name,
                       .needs = {},
                       .reads = {},
                       .kind = Kind::Leaks,
                       .limit_mib = row.limit_mib,
                       .plan = row.plan + time};
    for (const BackEnd& back_end : back_ends()) {
      const Seen seen = run(full, back_end);
      EXPECT_EQ(seen.verdict, "MLE memory") << back_end.name << " " << row.name << ": " << seen.message;
      EXPECT_NE(seen.message.find("heap was full"), std::string::npos) << seen.message;
      EXPECT_LT(seen.mebibytes, row.limit_mib) << "nobody says that it held what it was refused";
    }
  }
}

// --- thrashing ---

// 32 MiB on a disk, which nobody has in the page cache.
void write_data(const fs::path& folder) {
  const fs::path path = folder / "data";
  std::ofstream(path) << std::string(32 << 20, 'x');
  // Root's programs run as somebody else.
  ::chmod(folder.c_str(), 0755);
  ::chmod(path.c_str(), 0644);
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ::fsync(file.get());
  evict_file(path);
}

// Holds 59 of 64 MiB and reads a file of 32 so many times.
Program reader(int times) {
  const std::string text =
      "import mmap\nk = [bytearray(b'x' * (1 << 20)) for i in range(54)]\n"
      "f = open('/box/data')\nm = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)\n"
      "for time in range(" +
      std::to_string(times) + "):\n  for at in range(0, len(m), 4096): m[at]\n";
  return {.name = "reader",
          .needs = {"/usr/bin/python3"},
          .reads = {},
          .kind = Kind::Fits,
          .limit_mib = 64,
          .plan = "image = \"python\"\nsource = \"a.py\"\nfiles.\"a.py\" = { text = " + nlohmann::json(text).dump() +
                  " }\nlimits.cpu = \"1s\"\nlimits.wall = \"8s\"\n[[mount]]\nbind = \"{folder}\"\nat = \"/box\"\n",
          .prepare = write_data};
}

bool is_on_a_disk(const fs::path& folder) {
  struct statfs held {};
  return ::statfs(folder.c_str(), &held) == 0 && held.f_type != TMPFS_MAGIC && held.f_type != RAMFS_MAGIC;
}

// A memory group that allows what runs below it no more than that together.
class TightGroup {
 public:
  TightGroup(const BackEnd& back_end, const std::string& bytes) : trees_(back_end.trees) {
    for (GroupTree& tree : trees_) {
      if (!tree.memory) continue;
      folder_ = tree.folder + "/tight-" + std::to_string(::getpid());
      fs::create_directory(folder_);
      const bool is_v2 = tree.kind == GroupTree::Kind::V2;
      if (is_v2) std::ofstream(folder_ + "/cgroup.subtree_control") << "+memory +pids";
      std::ofstream(folder_ + (is_v2 ? "/memory.max" : "/memory.limit_in_bytes")) << bytes;
      tree.folder = folder_;
    }
  }
  ~TightGroup() { ::rmdir(folder_.c_str()); }
  TightGroup(const TightGroup&) = delete;
  TightGroup& operator=(const TightGroup&) = delete;

  [[nodiscard]] BackEnd as_back_end(const std::string& name) const { return {name, trees_, true}; }

 private:
  std::vector<GroupTree> trees_;
  std::string folder_;
};

TEST(memory, a_run_that_is_kept_from_the_pages_of_its_files_is_mle_and_says_so) {
  if (!fs::exists("/usr/bin/python3")) EVALRUN_SKIP("/usr/bin/python3");
  if (!is_on_a_disk(TemporaryFolder().path())) EVALRUN_SKIP("a folder for temporary files on a disk");
  bool any = false;
  for (const BackEnd& back_end : back_ends()) {
    if (!back_end.holds) continue;
    any = true;
    const Seen fits = run(reader(4), back_end);
    EXPECT_EQ(fits.verdict, "OK") << "the limit follows its file: " << fits.message;
    EXPECT_NEAR(fits.mebibytes, 59, kWithin) << back_end.name;
    const TightGroup tight(back_end, std::to_string(72 << 20));
    // The kernel may also kill in the tight group, which is met like any other memory limit.
    bool says_so = false;
    for (int i = 0; i < 8 && !says_so; ++i) {
      const Seen thrashes = run(reader(1000), tight.as_back_end(back_end.name));
      EXPECT_EQ(thrashes.verdict, "MLE memory") << thrashes.message;
      says_so = thrashes.message.find("read them over and over") != std::string::npos;
    }
    EXPECT_TRUE(says_so) << back_end.name;
    // The same with room for its file lacks time alone.
    const Seen slow = run(reader(1000000), back_end);
    EXPECT_EQ(slow.verdict, "TLE cpu") << slow.message;
  }
  if (!any) EVALRUN_SKIP("a memory group that this user may make");
}

INSTANTIATE_TEST_SUITE_P(memory, Memory, testing::ValuesIn(programs()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace evalrun::test
