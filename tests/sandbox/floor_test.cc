// The floor of ./dev bench is a floor only if it builds what a run of evalrun builds: the same program, run by both,
// tells where it is and what it may.
#include "bench/floor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <set>
#include <sstream>

#include "bench/setting.h"
#include "runtime/supervise/run.h"
#include "tests/support/paths.h"

namespace evalrun::bench {
namespace {

// What `measured tell` says, with what differs from run to run taken off.
struct Told {
  std::set<std::string> mounts;  // where, with which options, of which type
  std::map<std::string, std::string> values;
};

std::string without_numbers_of_one_mount(const std::string& line) {
  std::istringstream words(line);
  std::string id, parent, device, root, at, options, word, type;
  words >> id >> parent >> device >> root >> at >> options;
  while (words >> word && word != "-") {
  }
  words >> type;
  return at + " " + options + " " + type;
}

Told read_told(const std::string& text) {
  const std::set<std::string> wanted = {
      "cwd",     "host",    "Uid:",    "Gid:",    "Groups:", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:",
      "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:", "NSpid:"};
  Told told;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, second;
    words >> first >> second;
    if (line.find(" - ") != std::string::npos) told.mounts.insert(without_numbers_of_one_mount(line));
    if (first == "namespace") told.values[second.substr(0, second.find(':'))] = second;
    if (line.rfind("Max ", 0) == 0) told.values[line.substr(0, 26)] = line.substr(26);
    if (wanted.contains(first)) told.values[first] = line;
  }
  return told;
}

std::string output_of_floor(const FloorPlan& plan) {
  const Fd output(::memfd_create("output", MFD_CLOEXEC));
  const Fd before(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10));
  ::dup2(output.get(), STDOUT_FILENO);
  try {
    run_floor(plan, Processes::InitAndTarget);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  ::dup2(before.get(), STDOUT_FILENO);
  std::string text(1 << 16, '\0');
  const ssize_t size = ::pread(output.get(), text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

std::string output_of_run(const std::shared_ptr<const sandbox::CompiledPlan>& plan) {
  loop::EventLoop loop;
  groups::Groups groups;
  supervise::Run run(loop, groups, plan);
  while (!run.finished()) loop.run_once();
  return run.take_result(nullptr).output.kept;
}

class FloorTest : public testing::Test {
 protected:
  FloorTest()
      : setting_(make_setting(test::build_dir(), scratch_.path())),
        plan_(compile_with(setting_, R"(["/program/measured", "tell"])")) {
    ::signal(SIGPIPE, SIG_IGN);
  }
  ScratchFolder scratch_;
  Setting setting_;
  std::shared_ptr<const sandbox::CompiledPlan> plan_;
};

TEST_F(FloorTest, leaves_a_program_with_what_a_run_of_evalrun_leaves_it_with) {
  const Told floor = read_told(output_of_floor(floor_of(*plan_)));
  Told run = read_told(output_of_run(plan_));
  // The floor is the least that isolates; what evalrun's /proc tells besides costs evalrun alone.
  std::erase_if(run.mounts, [](const std::string& mount) { return mount.starts_with("/proc/"); });
  EXPECT_EQ(floor.mounts, run.mounts);
  EXPECT_GE(run.mounts.size(), 15U);
  for (const auto& [name, value] : run.values) {
    const std::string own = "/proc/self/ns/" + name;
    char here[100] = {};
    if (::readlink(own.c_str(), here, sizeof here - 1) > 0) {
      EXPECT_NE(floor.values.at(name), here) << "the floor shares a namespace with the host";
      EXPECT_NE(value, here);
    } else {
      EXPECT_EQ(floor.values.at(name), value);
    }
  }
  EXPECT_EQ(floor.values.size(), run.values.size());
}

TEST_F(FloorTest, is_the_same_from_its_file) {
  const std::string file = (scratch_.path() / "floor").string();
  const FloorPlan plan = floor_of(*plan_);
  write_floor_plan(plan, file);
  EXPECT_EQ(read_told(output_of_floor(read_floor_plan(file))).mounts, read_told(output_of_floor(plan)).mounts);
}

TEST_F(FloorTest, says_which_step_failed) {
  FloorPlan plan = floor_of(*plan_);
  EXPECT_NO_THROW(run_floor(setting_.floor, Processes::One));
  plan.argv = {"/program/nothing"};
  try {
    run_floor(plan, Processes::InitAndTarget);
    FAIL() << "it ran a program that does not exist";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "floor: execve: No such file or directory");
  }
}

}  // namespace
}  // namespace evalrun::bench
