// Files that are named from outside: what is no regular file is refused at once and by name, and holds nothing up; what
// evalrun makes is its user's alone. Each beside what is allowed; in a run, in a batch, in a grading.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <map>
#include <sstream>
#include <thread>

#include "runtime/core/fd.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

extern char** environ;

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

// Whoever waits for a FIFO is ended here, and that is no exit status of evalrun.
Finished run_briefly(Words words, const std::string& input = "") {
  words.insert(words.begin(), {"timeout", "-k", "1", "10"});
  return run_command(words, input);
}

std::map<std::string, nlohmann::json> by_id(const std::string& output) {
  std::map<std::string, nlohmann::json> lines;
  std::istringstream stream(output);
  for (std::string line; std::getline(stream, line);) {
    const auto parsed = nlohmann::json::parse(line);
    lines.emplace(parsed.at("id").is_null() ? "null" : parsed.at("id").get<std::string>(), parsed);
  }
  return lines;
}

std::string verdict_of(const nlohmann::json& line) {
  return line.contains("result") ? line.at("result").value("verdict", "?") : "error";
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

// A folder with one of everything that is no regular file.
class Oddities {
 public:
  Oddities() {
    EXPECT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    std::filesystem::create_directory(path("folder"));
    socket_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path("socket").c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    folder_.write("good.toml", mounted_probe_plan("probe", {"exit", "0"}, "limits.cpus = \"any\"\n"));
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  // Each with what is said of it.
  [[nodiscard]] std::map<std::string, std::string> all() const {
    return {{path("fifo"), "is a FIFO, not a regular file"},
            {path("folder"), "folder"},
            {path("socket"), "No such device or address"},
            {"/dev/zero", "is a character device, not a regular file"}};
  }

 private:
  TemporaryFolder folder_;
  Fd socket_;
};

void expect_refused(const Finished& finished, const std::string& says, const std::string& what) {
  EXPECT_EQ(finished.exit_code, 2) << what << "\n" << finished.output << finished.error_output;
  const bool is_said = finished.error_output.find(says) != std::string::npos ||
                       (says == "folder" && finished.error_output.find("irectory") != std::string::npos);
  EXPECT_TRUE(is_said) << what << ": " << finished.error_output;
}

TEST(outside_files, a_plan_is_a_regular_file_or_a_descriptor_that_the_caller_has_opened) {
  const Oddities odd;
  for (const auto& [path, says] : odd.all()) {
    expect_refused(run_briefly({evalrun().string(), "run", path}), says, "run " + path);
    expect_refused(run_briefly({evalrun().string(), "batch", "--plan", path}), says, "batch --plan " + path);
  }
  const std::string good = read_file(odd.path("good.toml"));
  EXPECT_EQ(run_briefly({evalrun().string(), "run", odd.path("good.toml")}).exit_code, 0);
  EXPECT_EQ(run_briefly({evalrun().string(), "run", "-"}, good).exit_code, 0);
  EXPECT_EQ(run_briefly({evalrun().string(), "run", "/dev/stdin"}, good).exit_code, 0);
  const Finished shell =
      run_briefly({"bash", "-c", "\"$0\" run <(cat \"$1\")", evalrun().string(), odd.path("good.toml")});
  EXPECT_EQ(shell.exit_code, 0) << shell.error_output;
}

TEST(outside_files, an_image_is_a_regular_file) {
  const Oddities odd;
  std::filesystem::create_directory(odd.path("images"));
  ASSERT_EQ(::mkfifo(odd.path("images/odd.toml").c_str(), 0600), 0);
  odd.folder().write("images/even.toml", "unknown = 1\n");
  for (const std::string image : {"odd", "even"}) {
    odd.folder().write("plan.toml", "image = \"" + image + "\"\nargv = [\"/x\"]\n");
    const Finished finished = run_briefly(
        {"env", "EVALRUN_IMAGES=" + odd.path("images"), evalrun().string(), "check", odd.path("plan.toml")});
    // A FIFO is none, so there is no such image.
    EXPECT_EQ(finished.exit_code, 2) << image << finished.error_output;
    EXPECT_EQ(finished.error_output.find("no image \"odd\"") != std::string::npos, image == "odd")
        << finished.error_output;
  }
}

TEST(outside_files, the_files_of_a_run_and_of_a_grading_are_regular_ones) {
  const Oddities odd;
  odd.folder().write("file", "x");
  const auto plans = [&](const std::string& path) {
    const std::string quoted = nlohmann::json(path).dump();
    return std::vector<std::string>{
        "stdin = { file = " + quoted + " }\n", "files.x = { from = " + quoted + " }\n",
        "[[case]]\nname = \"a\"\nstdin = { file = " + quoted + " }\nexpect = { text = \"\" }\n",
        "[[case]]\nname = \"a\"\nstdin = \"null\"\nexpect = { file = " + quoted + " }\n"};
  };
  for (const auto& [path, says] : odd.all()) {
    for (const std::string& more : plans(path)) {
      const std::string plan =
          odd.folder().write("plan.toml", mounted_probe_plan("probe", {"exit", "0"}, more)).string();
      expect_refused(run_briefly({evalrun().string(), "run", plan}), says, more);
    }
  }
  for (const std::string& more : plans(odd.path("file"))) {
    const std::string plan = odd.folder().write("plan.toml", mounted_probe_plan("probe", {"exit", "0"}, more)).string();
    EXPECT_LE(run_briefly({evalrun().string(), "run", plan}).exit_code, 1) << more;
  }
}

TEST(outside_files, what_a_job_names_is_refused_for_that_job_alone) {
  const Oddities odd;
  odd.folder().write("file", "x");
  std::string jobs;
  int count = 0;
  const auto add = [&](const std::string& id, nlohmann::json job) {
    job["id"] = id;
    jobs += job.dump() + "\n";
    ++count;
  };
  std::vector<std::string> bad = {"/dev/stdin", "/dev/fd/0", "-"};
  for (const auto& [path, says] : odd.all()) bad.push_back(path);
  for (const std::string& path : bad) {
    add("good before " + path, {{"argv", {"/opt/probe", "exit", "0"}}, {"stdin", {{"file", odd.path("file")}}}});
    add("plan " + path, {{"plan", path}});
    add("stdin " + path, {{"stdin", {{"file", path == "-" ? odd.path("fifo") : path}}}});
    add("good between " + path, {{"plan", odd.path("good.toml")}});
    add("files " + path, {{"files", {{"x", {{"from", path == "-" ? odd.path("fifo") : path}}}}}});
  }
  const Words command = {evalrun().string(), "batch", "--plan", odd.path("good.toml"), "--jobs", "4"};
  const Finished finished = run_briefly(command, jobs);
  EXPECT_EQ(finished.exit_code, 2) << finished.error_output;
  const auto lines = by_id(finished.output);
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(count));
  for (const auto& [id, line] : lines) {
    EXPECT_EQ(verdict_of(line), id.starts_with("good ") ? "OK" : "error") << line;
  }
}

TEST(outside_files, the_jobs_of_a_batch_are_a_regular_file_or_a_descriptor_that_the_caller_has_opened) {
  const Oddities odd;
  const Words batch = {evalrun().string(), "batch", "--plan", odd.path("good.toml")};
  const std::string job = "{\"id\": \"a\"}\n";
  for (const auto& [path, says] : odd.all()) {
    Words words = batch;
    words.push_back(path);
    expect_refused(run_briefly(words), says, path);
  }
  odd.folder().write("jobs", job);
  for (const std::string& path : {odd.path("jobs"), std::string("-"), std::string("/dev/stdin")}) {
    Words words = batch;
    words.push_back(path);
    const Finished finished = run_briefly(words, job);
    EXPECT_EQ(finished.exit_code, 0) << path << finished.error_output;
    EXPECT_EQ(by_id(finished.output).size(), 1U) << path;
  }
  const Finished shell = run_briefly({"bash", "-c", "\"$0\" batch --plan \"$1\" <(sleep 0.3; cat \"$2\")",
                                      evalrun().string(), odd.path("good.toml"), odd.path("jobs")});
  EXPECT_EQ(shell.exit_code, 0) << shell.error_output;
  EXPECT_EQ(by_id(shell.output).size(), 1U);
}

TEST(outside_files, a_journal_is_a_regular_file_of_its_user) {
  const Oddities odd;
  const auto run = [&](const std::string& journal) {
    return run_briefly({evalrun().string(), "batch", "--plan", odd.path("good.toml"), "--journal", journal},
                       "{\"id\": \"a\"}\n");
  };
  for (const auto& [path, says] : odd.all()) expect_refused(run(path), says, path);
  odd.folder().write("foreign", "");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(odd.path("foreign").c_str(), 20002, 20002), 0);
    expect_refused(run(odd.path("foreign")), "belongs to another user", "foreign");
  }
  for (int again = 0; again < 2; ++again) EXPECT_EQ(run(odd.path("own")).exit_code, 0);
  EXPECT_EQ(mode_of(odd.path("own")), 0600U);
}

// As another user where this one is root; else a process of this user's that is no batch.
class Locker {
 public:
  enum class Kind { Flock, OpenFile };

  Locker(const std::string& path, Kind kind) : ready_(make_pipe(Blocking::Yes, Blocking::Yes)) {
    pid_ = ::fork();
    if (pid_ != 0) {
      char byte = 0;
      EXPECT_EQ(::read(ready_.read_end.get(), &byte, 1), 1);
      return;
    }
    if (::geteuid() == 0 && (::setgid(20002) != 0 || ::setuid(20002) != 0)) ::_exit(2);
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct flock lock {};
    lock.l_type = F_RDLCK;
    const bool has = kind == Kind::Flock ? ::flock(file, LOCK_EX) == 0 : ::fcntl(file, F_OFD_SETLK, &lock) == 0;
    [[maybe_unused]] const ssize_t told = ::write(ready_.write_end.get(), has ? "y" : "n", 1);
    for (;;) ::pause();
  }
  ~Locker() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Locker(const Locker&) = delete;
  Locker& operator=(const Locker&) = delete;

 private:
  Pipe ready_;
  pid_t pid_ = -1;
};

TEST(outside_files, a_lock_on_a_journal_that_others_can_open_stops_no_batch_and_its_results_stay) {
  for (const Locker::Kind kind : {Locker::Kind::Flock, Locker::Kind::OpenFile}) {
    const Oddities odd;
    std::filesystem::permissions(odd.folder().path(), std::filesystem::perms(0755));
    const Words command = {evalrun().string(), "batch", "--plan", odd.path("good.toml"), "--journal", odd.path("log")};
    const Finished first = run_briefly(command, "{\"id\": \"a\"}\n");
    ASSERT_EQ(first.exit_code, 0) << first.error_output;
    // As an evalrun before this one would have made it.
    ASSERT_EQ(::chmod(odd.path("log").c_str(), 0644), 0);
    const Locker locker(odd.path("log"), kind);
    const Finished second = run_briefly(command, "{\"id\": \"a\"}\n{\"id\": \"b\"}\n");
    EXPECT_EQ(second.exit_code, 0) << second.error_output;
    EXPECT_EQ(by_id(second.output).size(), 2U);
    EXPECT_TRUE(second.output.starts_with(first.output)) << "run again";
    EXPECT_EQ(mode_of(odd.path("log")), 0600U);
  }
}

TEST(outside_files, what_evalrun_makes_is_its_users_alone) {
  const Oddities odd;
  odd.folder().write("plan.toml", mounted_probe_plan("probe", {"fill", "/work/a/left", "5", "say", "x"},
                                                     "collect = [\"a/left\"]\nstdout = { file = \"out\" }\n"
                                                     "files.\"a/x\" = { text = \"\" }\n"));
  const Finished finished =
      run_briefly({"sh", "-c", "umask 0; exec \"$0\" run \"$1\" --output \"$2\" --save-to \"$3\"", evalrun().string(),
                   odd.path("plan.toml"), odd.path("result"), odd.path("saved")});
  EXPECT_EQ(finished.exit_code, 0) << finished.output << finished.error_output << read_file(odd.path("result"));
  for (const char* made : {"result", "out", "saved/a/left"}) EXPECT_EQ(mode_of(odd.path(made)), 0600U) << made;
  EXPECT_EQ(mode_of(odd.path("saved/a")), 0700U);
  // What is there already keeps the mode that its owner gave it.
  odd.folder().write("theirs", "");
  ASSERT_EQ(::chmod(odd.path("theirs").c_str(), 0644), 0);
  EXPECT_EQ(run_briefly({evalrun().string(), "run", odd.path("good.toml"), "--output", odd.path("theirs")}).exit_code,
            0);
  EXPECT_EQ(mode_of(odd.path("theirs")), 0644U);
}

TEST(outside_files, an_id_is_of_one_job_and_a_second_one_is_an_error_line_now_and_after_going_on) {
  const Oddities odd;
  const std::string jobs =
      "{\"id\": \"a\"}\n{\"id\": \"b\"}\n{\"id\": \"a\", \"argv\": [\"/opt/probe\", \"exit\", "
      "\"3\"]}\n{\"id\": \"A\"}\n{\"id\": \"b\", \"source\": \"none.py\"}\n";
  const Words command = {evalrun().string(), "batch",         "--plan",  odd.path("good.toml"),
                         "--journal",        odd.path("log"), "--order", "input"};
  for (int again = 0; again < 2; ++again) {
    const Finished finished = run_briefly(command, jobs);
    EXPECT_EQ(finished.exit_code, 2) << finished.error_output;
    std::string summary;
    std::istringstream lines(finished.output);
    for (std::string line; std::getline(lines, line);) {
      const auto parsed = nlohmann::json::parse(line);
      summary += parsed.at("id").get<std::string>() + " " + verdict_of(parsed) + ", ";
      if (verdict_of(parsed) == "error") {
        EXPECT_NE(line.find("an earlier line has it already"), std::string::npos) << line;
      }
    }
    EXPECT_EQ(summary, "a OK, b OK, a error, A OK, b error, ");
  }
}

TEST(outside_files, the_folder_of_a_line_is_no_other_jobs) {
  const Oddities odd;
  odd.folder().write("plan.toml", mounted_probe_plan("probe", {}, "collect = [\"left\"]\n"));
  std::string jobs;
  // The first would be called as the second is, whose id is no plain name.
  for (const std::string id : {"line-2", "../x", "plain"}) {
    jobs += nlohmann::json({{"id", id}, {"argv", {"/opt/probe", "fill", "/work/left", "5"}}}).dump() + "\n";
  }
  const Finished finished =
      run_briefly({evalrun().string(), "batch", "--plan", odd.path("plan.toml"), "--save-to", odd.path("saved")}, jobs);
  EXPECT_EQ(finished.exit_code, 0) << finished.output;
  for (const char* name : {"line-1", "line-2", "plain"}) {
    EXPECT_TRUE(std::filesystem::exists(odd.path("saved") + "/" + name + "/left")) << name;
  }
}

// ---- Signals --------------------------------------------------------------------------------------------------------

// A command with a pipe that nobody serves on each side.
class Stuck {
 public:
  explicit Stuck(const Words& words)
      : in_(make_pipe(Blocking::Yes, Blocking::No)),
        out_(make_pipe(Blocking::Yes, Blocking::No)),
        error_(make_pipe(Blocking::Yes, Blocking::No)) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in_.read_end.get(), 0);
    ::posix_spawn_file_actions_adddup2(&actions, out_.write_end.get(), 1);
    ::posix_spawn_file_actions_adddup2(&actions, error_.write_end.get(), 2);
    // The pipe's own flags are shared; blocking is what a command finds as a rule.
    for (const Pipe* pipe : {&out_, &error_}) {
      const int flags = ::fcntl(pipe->write_end.get(), F_GETFL);
      fill(pipe->write_end.get());
      ::fcntl(pipe->write_end.get(), F_SETFL, flags & ~O_NONBLOCK);
    }
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    EXPECT_EQ(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~Stuck() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
  }
  Stuck(const Stuck&) = delete;
  Stuck& operator=(const Stuck&) = delete;

  void write(const std::string& text) {
    EXPECT_EQ(::write(in_.write_end.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close_input() { in_.write_end.reset(); }

  // One SIGTERM, and a second where the first does not end it: both are what people do. False: it went on.
  bool ends_by_sigterm() {
    // The second one ends it wherever it is stuck.
    for (const std::chrono::milliseconds patience : {1s, 10s}) {
      ::kill(pid_, SIGTERM);
      for (auto waited = 0ms; waited < patience; waited += 10ms) {
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
          pid_ = -1;
          return true;
        }
        std::this_thread::sleep_for(10ms);
      }
    }
    return false;
  }

 private:
  static void fill(int fd) {
    const std::string zeros(4096, '\0');
    while (::write(fd, zeros.data(), zeros.size()) > 0) {
    }
    while (::write(fd, zeros.data(), 1) > 0) {
    }
  }

  Pipe in_, out_, error_;
  pid_t pid_ = -1;
};

TEST(outside_files, sigterm_ends_evalrun_wherever_it_waits) {
  const Oddities odd;
  const std::string good = odd.path("good.toml");
  odd.folder().write("slow.toml", mounted_probe_plan("probe", {"sleep", "30"}, "limits.wall = \"60s\"\n"));
  odd.folder().write("inherits.toml",
                     mounted_probe_plan("probe", {"echo"}, "stdin = \"inherit\"\nstdout = \"inherit\"\n"));
  struct Where {
    const char* name;
    Words words;
    std::string input;
    bool ends = false;  // the input
  };
  const std::string program = evalrun().string();
  const std::vector<Where> all = {
      {"reading a plan", {program, "run", "-"}, "argv = "},
      {"reading the jobs", {program, "batch", "--plan", good}, ""},
      {"in the middle of a line", {program, "batch", "--plan", good}, "{\"id\""},
      {"writing results of a batch", {program, "batch", "--plan", good}, "{\"id\": \"a\"}\n", true},
      {"writing the result of a run", {program, "run", good}, "", true},
      {"running", {program, "run", odd.path("slow.toml")}, "", true},
      {"running a batch", {program, "batch", "--plan", odd.path("slow.toml")}, "{\"id\": \"a\"}\n", true},
      {"passing on what a program writes", {program, "run", odd.path("inherits.toml")}, "some text\n"},
      {"saying what is wrong", {program, "run", odd.path("fifo")}, "", true},
      {"saying that there is not so much room", {program, "batch", "--plan", good, "--jobs", "1024"}, ""},
  };
  for (const Where& where : all) {
    Stuck command(where.words);
    command.write(where.input);
    if (where.ends) command.close_input();
    std::this_thread::sleep_for(700ms);
    EXPECT_TRUE(command.ends_by_sigterm()) << where.name;
  }
}

}  // namespace
}  // namespace evalrun::test
