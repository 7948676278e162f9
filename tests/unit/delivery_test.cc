// What a supervisor passes on to a sandbox's process: its plan in memory that both have, and descriptors. Here the two
// ends are one process: deliver() is the supervisor's, step_plan() the child's.

#include "runtime/sandbox/delivery.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string>
#include <string_view>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/sandbox/messages.h"

namespace evalrun::sandbox {
namespace {

using std::string_literals::operator""s;

// Texts that the supervisor may forget once they are delivered.
class Originals {
 public:
  const char* keep(std::string text) { return texts_.emplace_back(std::move(text)).c_str(); }
  void forget() {
    for (std::string& text : texts_) std::ranges::fill(text, '!');
  }

 private:
  std::deque<std::string> texts_;
};

// The two ends of a control socket, and what is needed to use them.
class DeliveryTest : public testing::Test {
 protected:
  DeliveryTest() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    supervisor_ = Fd(ends[0]);
    child_ = Fd(ends[1]);
    context_.control = child_.get();
  }

  Delivery* deliver_with(const ChildPlan& plan, std::vector<int> task_files = {}, std::vector<unsigned> cores = {}) {
    const int stream = supervisor_.get();
    return deliver(plan,
                   {.streams = {stream, stream, stream},
                    .task_files = task_files,
                    .cores = cores,
                    .drop_groups = false,
                    .plan_is_there = false,
                    .waits_for_job = true},
                   arena_, supervisor_.get());
  }

  Originals originals_;
  Arena arena_;
  Fd supervisor_, child_;
  ChildContext context_{};
};

std::vector<std::string> words_of(const char* const* words) {
  std::vector<std::string> all;
  for (; *words != nullptr; ++words) all.emplace_back(*words);
  return all;
}

Fd file_with(const std::string& content) {
  Fd file(::memfd_create("file", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
  return file;
}

std::string content_of(int file) {
  std::string content(100, '\0');
  const ssize_t size = ::pread(file, content.data(), content.size(), 0);
  content.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return content;
}

TEST_F(DeliveryTest, every_text_of_the_root_arrives_unchanged) {
  const auto keep = [&](std::string text) { return originals_.keep(std::move(text)); };
  std::vector<rootfs::TreeStep> trees{{keep("/usr/lib"), 7, 8, 9, 10}, {keep("/srv/two words"), 1, 2, 3, 4}};
  std::vector<rootfs::NodeStep> nodes{
      {rootfs::NodeStep::Kind::File, rootfs::NodeStep::Place::Root, keep("etc/blob"), keep("a\0b"s), 3, 0644},
      {rootfs::NodeStep::Kind::Symlink, rootfs::NodeStep::Place::Both, keep("lib"), keep("usr/lib"), 7, 0},
      {rootfs::NodeStep::Kind::Directory, rootfs::NodeStep::Place::Workspace, keep("work"), keep(""), 0, 0755}};
  std::vector<const char*> files{keep("proc/stat"), keep("proc/uptime")};
  std::vector<rootfs::MountStep> mounts{
      {rootfs::MountStep::Kind::Tmpfs, keep("tmp"), -1, 5, keep("4096"), keep("17"), false, {}, true},
      {rootfs::MountStep::Kind::Tree, keep("usr"), 1, 6, nullptr, nullptr, true, files, false}};
  ChildPlan plan{};
  plan.root = {.trees = trees,
               .nodes = nodes,
               .mounts = mounts,
               .copies = {},
               .root_size = keep("1000"),
               .root_inodes = keep("100"),
               .workspace_size = keep("2000"),
               .workspace_inodes = keep("200"),
               .cwd = keep("/work/here")};
  const char* const none[] = {nullptr};
  plan.programs = plan.argv = plan.envp = none;
  deliver_with(plan);
  originals_.forget();
  trees = {{}, {}};
  nodes = {{}, {}, {}};
  mounts = {{}, {}};
  files = {nullptr, nullptr};

  ASSERT_FALSE(step_plan(context_).failed());
  const rootfs::RootSteps& root = context_.plan->root;
  ASSERT_EQ(root.trees.size(), 2U);
  EXPECT_STREQ(root.trees[0].source, "/usr/lib");
  EXPECT_STREQ(root.trees[1].source, "/srv/two words");
  EXPECT_EQ(root.trees[0].inode, 7U);
  EXPECT_EQ(root.trees[1].set_attributes, 4U);
  ASSERT_EQ(context_.delivery->tree_fds.size(), 2U);
  ASSERT_EQ(root.nodes.size(), 3U);
  EXPECT_STREQ(root.nodes[0].path, "etc/blob");
  EXPECT_EQ(std::string(root.nodes[0].content, root.nodes[0].size), "a\0b"s);
  EXPECT_STREQ(root.nodes[1].content, "usr/lib");
  EXPECT_STREQ(root.nodes[2].path, "work");
  EXPECT_EQ(root.nodes[2].place, rootfs::NodeStep::Place::Workspace);
  ASSERT_EQ(root.mounts.size(), 2U);
  EXPECT_STREQ(root.mounts[0].path, "tmp");
  EXPECT_STREQ(root.mounts[0].size, "4096");
  EXPECT_STREQ(root.mounts[0].inodes, "17");
  EXPECT_TRUE(root.mounts[0].sealed);
  EXPECT_TRUE(root.mounts[0].files.empty());
  ASSERT_EQ(root.mounts[1].files.size(), 2U);
  EXPECT_STREQ(root.mounts[1].files[0], "proc/stat");
  EXPECT_STREQ(root.mounts[1].files[1], "proc/uptime");
  EXPECT_EQ(root.mounts[1].size, nullptr) << "a null text stays null";
  EXPECT_EQ(root.mounts[1].tree, 1);
  EXPECT_STREQ(root.root_size, "1000");
  EXPECT_STREQ(root.root_inodes, "100");
  EXPECT_STREQ(root.workspace_size, "2000");
  EXPECT_STREQ(root.workspace_inodes, "200");
  EXPECT_STREQ(root.cwd, "/work/here");
}

TEST_F(DeliveryTest, the_lockdown_and_the_programs_words_arrive_unchanged) {
  const auto keep = [&](std::string text) { return originals_.keep(std::move(text)); };
  std::vector<lockdown::LandlockPath> paths{{keep("/usr"), 3}, {keep("/work/\xC3\xA9"), 12}};
  std::vector<lockdown::LandlockPath> init_paths{{keep("/proc"), 1}};
  std::vector<sock_filter> whitelist{{1, 2, 3, 4}, {5, 6, 7, 8}}, seal{{9, 10, 11, 12}}, init_filter{{13, 14, 15, 16}};
  std::vector<lockdown::Rlimit> rlimits{{RLIMIT_CORE, 0, 0}, {RLIMIT_NOFILE, 64, 128}};
  std::vector<const char*> programs{keep("/bin/a"), keep("/usr/bin/a"), nullptr};
  std::vector<const char*> argv{keep("a"), keep(""), keep(std::string(5000, 'x')), keep("last\n"), nullptr};
  std::vector<const char*> environment{keep("A=\xFF"), nullptr};
  ChildPlan plan{};
  plan.hostname = keep("sandbox");
  plan.hostname_size = 7;
  plan.landlock.paths = paths;
  plan.init_landlock.paths = init_paths;
  plan.whitelist = whitelist;
  plan.seal = seal;
  plan.init_filter = init_filter;
  plan.rlimits = rlimits;
  plan.programs = programs.data();
  plan.argv = argv.data();
  plan.envp = environment.data();
  deliver_with(plan, {}, {0, 65});
  originals_.forget();
  paths = {{}, {}};
  init_paths = {{}};
  whitelist = {{}, {}};
  seal = init_filter = {{}};
  rlimits = {{}, {}};
  programs = argv = environment = {nullptr};

  ASSERT_FALSE(step_plan(context_).failed());
  const ChildPlan& arrived = *context_.plan;
  EXPECT_STREQ(arrived.hostname, "sandbox");
  ASSERT_EQ(arrived.landlock.paths.size(), 2U);
  EXPECT_STREQ(arrived.landlock.paths[0].path, "/usr");
  EXPECT_STREQ(arrived.landlock.paths[1].path, "/work/\xC3\xA9");
  EXPECT_EQ(arrived.landlock.paths[1].rights, 12U);
  ASSERT_EQ(arrived.init_landlock.paths.size(), 1U);
  EXPECT_STREQ(arrived.init_landlock.paths[0].path, "/proc");
  ASSERT_EQ(arrived.whitelist.size(), 2U);
  EXPECT_EQ(arrived.whitelist[1].k, 8U);
  ASSERT_EQ(arrived.seal.size(), 1U);
  EXPECT_EQ(arrived.seal[0].code, 9);
  ASSERT_EQ(arrived.init_filter.size(), 1U);
  EXPECT_EQ(arrived.init_filter[0].jf, 15);
  ASSERT_EQ(arrived.rlimits.size(), 2U);
  EXPECT_EQ(arrived.rlimits[1].hard, 128U);
  EXPECT_EQ(words_of(arrived.programs), (std::vector<std::string>{"/bin/a", "/usr/bin/a"}));
  EXPECT_EQ(words_of(arrived.argv), (std::vector<std::string>{"a", "", std::string(5000, 'x'), "last\n"}));
  EXPECT_EQ(words_of(arrived.envp), (std::vector<std::string>{"A=\xFF"}));
  EXPECT_EQ(words_of(context_.delivery->job.argv), words_of(arrived.argv)) << "the job is the plan's own at first";
  ASSERT_EQ(context_.delivery->affinity.size(), 2U);
  EXPECT_EQ(context_.delivery->affinity[0], 1UL);
  EXPECT_EQ(context_.delivery->affinity[1], 2UL);
}

// More descriptors than one message may hold (SCM_MAX_FD).
TEST_F(DeliveryTest, three_hundred_files_arrive_each_at_its_own_path) {
  constexpr std::size_t kFiles = 300;
  static_assert(kFiles > kDescriptorsPerMessage);
  std::vector<Fd> files;
  std::vector<rootfs::CopyStep> copies;
  for (std::size_t i = 0; i < kFiles; ++i) {
    const std::string name = std::to_string(i);
    // Texts between the files, so that the numbers of the two differ.
    if (i % 3 == 0) {
      copies.push_back({originals_.keep("work/text " + name), -1, originals_.keep("text " + name), name.size() + 5, 0});
    }
    files.push_back(file_with("file " + name));
    copies.push_back({originals_.keep("work/file " + name), files.back().get(), nullptr, name.size() + 5, 0});
  }
  const Fd tasks = file_with("tasks");
  ChildPlan plan{};
  plan.root.copies = copies;
  const char* const none[] = {nullptr};
  plan.programs = plan.argv = plan.envp = none;
  deliver_with(plan, {tasks.get()});
  files.clear();
  originals_.forget();

  ASSERT_FALSE(step_plan(context_).failed());
  const Delivery& delivery = *context_.delivery;
  ASSERT_EQ(delivery.descriptors.size(), kStreams + 1 + kFiles);
  ASSERT_EQ(delivery.task_files, 1U);
  EXPECT_EQ(content_of(delivery.descriptors[kStreams]), "tasks");
  ASSERT_EQ(context_.plan->root.copies.size(), copies.size());
  for (const rootfs::CopyStep& copy : context_.plan->root.copies) {
    const std::string content = copy.source < 0 ? std::string(copy.text, copy.size) : content_of(copy.source);
    EXPECT_EQ("work/" + content, copy.path);
  }
  for (const int descriptor : delivery.descriptors) {
    EXPECT_EQ(::fcntl(descriptor, F_GETFD), FD_CLOEXEC) << descriptor;
    ::close(descriptor);
  }
}

TEST_F(DeliveryTest, a_supervisor_that_is_gone_is_told_from_one_that_is_slow) {
  supervisor_.reset();
  const StepResult result = step_plan(context_);
  EXPECT_EQ(result.operation, Operation::ParentGone);
  EXPECT_EQ(result.error, EPIPE);
}

TEST_F(DeliveryTest, a_child_that_is_gone_is_no_error_here) {
  child_.reset();
  ChildPlan plan{};
  const char* const none[] = {nullptr};
  plan.programs = plan.argv = plan.envp = none;
  EXPECT_NO_THROW(deliver_with(plan));
}

TEST_F(DeliveryTest, a_job_replaces_the_plans_words_and_brings_its_files_and_their_folders) {
  ChildPlan plan{};
  const char* const words[] = {"of the plan", nullptr};
  plan.programs = plan.argv = plan.envp = words;
  Delivery* delivery = deliver_with(plan);
  ASSERT_FALSE(step_plan(context_).failed());
  EXPECT_EQ(context_.delivery->job_is_there, 0U);
  {
    const std::vector<std::string> programs{"/bin/b"}, argv{"b", "two words"}, environment{"B=1", "C="};
    const std::string content = "a\0b"s;
    const std::vector<JobParts::File> files{
        {"main.c", "int main;", 0444}, {"deep/er/one", content, 0644}, {"deep/two", "", 0755}};
    put_job({programs, argv, environment, files, false}, arena_, *delivery);
    let_go(*delivery);
  }
  EXPECT_EQ(context_.delivery->job_is_there, 1U);
  const DeliveredJob& job = context_.delivery->job;
  EXPECT_EQ(words_of(job.programs), (std::vector<std::string>{"/bin/b"}));
  EXPECT_EQ(words_of(job.argv), (std::vector<std::string>{"b", "two words"}));
  EXPECT_EQ(words_of(job.envp), (std::vector<std::string>{"B=1", "C="}));
  ASSERT_EQ(job.folders.size(), 2U) << "each folder once, the outer one first";
  EXPECT_STREQ(job.folders[0].path, "work/deep");
  EXPECT_STREQ(job.folders[1].path, "work/deep/er");
  ASSERT_EQ(job.files.size(), 3U);
  EXPECT_STREQ(job.files[0].path, "work/main.c");
  EXPECT_EQ(job.files[0].mode, 0444U);
  EXPECT_STREQ(job.files[1].path, "work/deep/er/one");
  EXPECT_EQ(std::string(job.files[1].text, job.files[1].size), "a\0b"s);
  EXPECT_EQ(job.files[2].size, 0U);
  EXPECT_EQ(words_of(context_.plan->argv), (std::vector<std::string>{"of the plan"}));
}

TEST_F(DeliveryTest, a_plan_that_fills_the_arena_is_refused_and_a_shorter_one_is_not) {
  constexpr std::size_t kTooLong = std::size_t{64} << 20;
  ChildPlan plan{};
  const char* const none[] = {nullptr};
  plan.programs = plan.envp = none;
  const std::string longest(kTooLong, 'x');
  const char* argv[] = {longest.c_str(), nullptr};
  plan.argv = argv;
  try {
    deliver_with(plan);
    FAIL() << "it found room for a text as long as the arena";
  } catch (const HostError& error) {
    EXPECT_EQ(error.error(), E2BIG);
    EXPECT_NE(std::string(error.what()).find("more than 64 MiB"), std::string::npos) << error.what();
  }
  arena_.go_back_to(0);
  argv[0] = longest.c_str() + kTooLong / 2;
  deliver_with(plan);
  ASSERT_FALSE(step_plan(context_).failed());
  EXPECT_EQ(std::string_view(context_.plan->argv[0]).size(), kTooLong / 2);
}

TEST(Arena, is_full_at_its_last_byte_and_what_did_not_fit_takes_nothing) {
  Arena arena;
  const std::string quarter(std::size_t{16} << 20, 'x');
  for (int i = 0; i < 3; ++i) arena.put_bytes(quarter.data(), quarter.size());
  const std::size_t before = arena.used();
  EXPECT_THROW(arena.put_text(quarter.c_str()), HostError) << "its last zero has no room";
  EXPECT_EQ(arena.used(), before);
  const char* last = arena.put_bytes(quarter.data(), quarter.size());
  EXPECT_EQ(std::string_view(last, quarter.size()), quarter);
  EXPECT_THROW(arena.put_bytes("x", 1), HostError);
  arena.go_back_to(before);
  EXPECT_STREQ(arena.put_text("there is room again"), "there is room again");
}

TEST(Arena, items_are_aligned_behind_texts_of_any_length) {
  Arena arena;
  for (std::size_t size = 0; size < 10; ++size) {
    arena.put_text(std::string(size, 'x').c_str());
    const long* item = arena.put_one(static_cast<long>(size));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(item) % alignof(long), 0U);
    EXPECT_EQ(*item, static_cast<long>(size));
  }
  EXPECT_EQ(arena.put_text(nullptr), nullptr);
  EXPECT_TRUE(arena.put(std::span<const long>()).empty());
}

// The exit status of a process that reads the byte there: 0 where it is `expected`, SIGSEGV where nothing is.
int read_by_child(const char* place, char expected) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGSEGV, SIG_DFL);  // a sanitizer would make words of it
    ::_exit(*static_cast<const volatile char*>(place) == expected ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(Arena, is_shared_with_the_child_that_is_there_and_with_none_that_comes_later) {
  Arena arena;
  const char* place = arena.put_text("x");
  EXPECT_EQ(read_by_child(place, 'x'), 0);
  arena.keep_from_further_children();
  const int status = read_by_child(place, 'x');
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) << status;
  EXPECT_STREQ(place, "x");
}

}  // namespace
}  // namespace evalrun::sandbox
