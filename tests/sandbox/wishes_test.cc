// What an untrusted program can get out of `evalrun trace --suggest`: what it wishes for becomes no right by itself.
// Each attack stands beside its allowed twin, the same with the operator's grant.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSecret = "CANARY-7f3a91";

using Words = std::vector<std::string>;

std::string filled(std::string text, const std::string& folder) {
  const std::string word = "FOLDER";
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at)) {
    text.replace(at, word.size(), folder);
  }
  return text;
}

// What shows that a file was read or changed.
struct Traces {
  std::string content;
  timespec accessed, modified, changed;
  explicit Traces(const fs::path& path) : content() {
    struct stat status {};
    ::stat(path.c_str(), &status);
    accessed = status.st_atim;
    modified = status.st_mtim;
    changed = status.st_ctim;
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOATIME));  // its owner may
    char bytes[256];
    const ssize_t count = ::read(file.get(), bytes, sizeof bytes);
    if (count > 0) content.assign(bytes, static_cast<std::size_t>(count));
  }
};

void expect_untouched(const Traces& before, const Traces& after) {
  const auto same = [](const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; };
  EXPECT_EQ(before.content, after.content);
  EXPECT_TRUE(same(before.accessed, after.accessed)) << "it was read";
  EXPECT_TRUE(same(before.modified, after.modified)) << "it was written";
  EXPECT_TRUE(same(before.changed, after.changed)) << "its inode was changed";
}

// A folder of the host with a file that the program may read and write by its mode and owner, if only it gets there;
// and a folder that the plan gives it, in which it says what it saw. Not below /tmp: that is the sandbox's own.
class Wishes {
 public:
  Wishes() {
    std::string name = "/var/tmp/evalrun-wishes-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = name;
    fs::permissions(folder_, fs::perms(0755));
    for (const char* each : {"data", "log"}) {
      fs::create_directory(folder_ / each);
      fs::permissions(folder_ / each, fs::perms(0777));
    }
    write("data/canary", std::string(kSecret) + "\n");
    write("log/seen", "");  // each run of root's has a uid of its own, and all must be able to tell
    // relatime renews an access time that is no later than the change: any read shows.
    const timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ::utimensat(AT_FDCWD, canary().c_str(), long_ago, 0);
  }
  ~Wishes() { fs::remove_all(folder_); }
  Wishes(const Wishes&) = delete;
  Wishes& operator=(const Wishes&) = delete;

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    fs::permissions(folder_ / name, fs::perms(0666));
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string canary() const { return at("data/canary"); }
  [[nodiscard]] std::string seen() const { return read_file(folder_ / "log/seen"); }
  [[nodiscard]] std::string filled(const std::string& text) const { return test::filled(text, folder_.string()); }

  // The search's result as JSON.
  [[nodiscard]] nlohmann::json suggest(const Words& words, const std::string& plan, const Words& grants) const {
    const TemporaryFolder folder;
    Words filled_words;
    for (const std::string& word : words) filled_words.push_back(filled(word));
    const std::string log = "[[mount]]\nbind = \"" + at("log") + "\"\nat = \"/log\"\nwrite = true\n";
    const std::string path = folder.write("plan.toml", probe_plan("wisher", filled_words, filled(plan) + log)).string();
    Words command = {evalrun().string(), "trace", "--suggest", "--format", "json", path};
    for (const std::string& grant : grants) command.push_back(filled(grant));
    const Finished done = run_command(command);
    const nlohmann::json found = nlohmann::json::parse(done.output, nullptr, false);
    EXPECT_TRUE(found.is_object()) << done.output << done.error_output;
    return found.is_object() ? found : nlohmann::json{{"runs", nullptr}, {"not_tried", nlohmann::json::array()}};
  }

 private:
  fs::path folder_;
};

Words options_of(const nlohmann::json& found) {
  Words options;
  for (const nlohmann::json& each : found.at("not_tried")) {
    options.push_back(each.at("option").is_null() ? each.at("needs") : each.at("option"));
  }
  return options;
}

struct Attack {
  const char* name;
  Words words;
  std::string plan;
  Words grant;  // under which the same program gets what it wishes for, and which the suggestion names
};

const std::vector<Attack>& attacks() {
  static const std::string data = "[[mount]]\nbind = \"FOLDER/data\"\nat = \"/data\"\n";
  static const std::vector<Attack> all = {
      {"reads_a_file", {"read", "FOLDER/data/canary"}, "", {"--grant", "FOLDER/data/canary"}},
      {"asks_whether_a_file_is_there", {"stat", "FOLDER/data/canary"}, "", {"--grant", "FOLDER/data/canary"}},
      {"lists_a_folder", {"list", "FOLDER/data"}, "", {"--grant", "FOLDER/data"}},
      {"changes_a_file_of_a_read_only_mount",
       {"append", "/data/canary", "pwned"},
       data,
       {"--grant-write", "FOLDER/data"}},
      {"reads_all_of_proc", {"read", "/proc/version"}, "", {"--grant", "/proc"}},
      {"makes_a_call_that_wrote_into_read_only_files_once", {"tee"}, "", {"--grant", "tee"}},
  };
  return all;
}

class WishesAttack : public testing::TestWithParam<Attack> {};

TEST_P(WishesAttack, gets_nothing_of_the_host) {
  const Attack& attack = GetParam();
  const Wishes wishes;
  const Traces before(wishes.canary());
  const nlohmann::json found = wishes.suggest(attack.words, attack.plan, {});
  expect_untouched(before, Traces(wishes.canary()));
  EXPECT_EQ(wishes.seen().find(kSecret), std::string::npos) << wishes.seen();
  EXPECT_EQ(wishes.seen().find(" OK"), std::string::npos) << wishes.seen();
  EXPECT_EQ(found.at("runs"), false) << found.dump(2);
  EXPECT_EQ(found.at("additions").size(), 0U) << found.dump(2);
  EXPECT_EQ(options_of(found), Words{wishes.filled(attack.grant[0] + " " + attack.grant[1])}) << found.dump(2);
}

TEST_P(WishesAttack, gets_it_where_the_operator_grants_it) {
  const Attack& attack = GetParam();
  const Wishes wishes;
  const nlohmann::json found = wishes.suggest(attack.words, attack.plan, attack.grant);
  EXPECT_EQ(found.at("runs"), true) << found.dump(2);
  EXPECT_EQ(found.at("additions").size(), 1U) << found.dump(2);
  EXPECT_EQ(found.at("not_tried").size(), 0U) << found.dump(2);
  EXPECT_NE(wishes.seen().find(" OK"), std::string::npos) << wishes.seen();
}

INSTANTIATE_TEST_SUITE_P(wishes, WishesAttack, testing::ValuesIn(attacks()),
                         [](const auto& test) { return test.param.name; });

// The program cannot tell a file that the host has from one that it has not.
TEST(wishes, a_name_of_the_host_looks_like_no_name) {
  const Wishes wishes;
  static_cast<void>(wishes.suggest({"stat", "FOLDER/data/canary"}, "", {}));
  const std::string of_present = wishes.seen();
  const Wishes others;
  static_cast<void>(others.suggest({"stat", "FOLDER/data/absent"}, "", {}));
  EXPECT_EQ(of_present, "stat ENOENT\n");
  EXPECT_EQ(others.seen(), of_present);
}

TEST(wishes, what_is_granted_for_reading_stays_as_it_is) {
  const Wishes wishes;
  const nlohmann::json found = wishes.suggest(
      {"read", "FOLDER/data/canary", "then", "append", "FOLDER/data/canary", "pwned"}, "", {"--grant", "FOLDER/data"});
  EXPECT_EQ(read_file(wishes.canary()), std::string(kSecret) + "\n");
  EXPECT_EQ(found.at("runs"), false);
  EXPECT_EQ(options_of(found), Words{"--grant-write " + wishes.canary()});
  // The twin.
  const nlohmann::json more =
      wishes.suggest({"read", "FOLDER/data/canary", "then", "append", "FOLDER/data/canary", "pwned"}, "",
                     {"--grant-write", "FOLDER/data"});
  EXPECT_EQ(more.at("runs"), true) << more.dump(2);
  EXPECT_TRUE(read_file(wishes.canary()).ends_with("pwned"));
}

TEST(wishes, a_link_out_of_what_was_granted_leads_nowhere) {
  const Wishes wishes;
  const Words words = {"symlink", "FOLDER/data/canary", "/log/link", "then", "read", "FOLDER/log/link"};
  const Traces before(wishes.canary());
  const nlohmann::json found = wishes.suggest(words, "", {"--grant", "FOLDER/log"});
  expect_untouched(before, Traces(wishes.canary()));
  EXPECT_EQ(found.at("runs"), false) << found.dump(2);
  EXPECT_EQ(wishes.seen().find(kSecret), std::string::npos) << wishes.seen();
  // The twin: both ends are granted.
  const nlohmann::json both = wishes.suggest(words, "", {"--grant", "FOLDER/log", "--grant", "FOLDER/data"});
  EXPECT_EQ(both.at("runs"), true) << both.dump(2);
  EXPECT_NE(wishes.seen().find(kSecret), std::string::npos) << wishes.seen();
}

TEST(wishes, many_files_of_a_folder_are_no_grant_of_the_folder) {
  const Wishes wishes;
  Words words;
  for (int file = 1; file < 7; ++file) {
    wishes.write("data/" + std::to_string(file), "x\n");
    if (file > 1) words.emplace_back("then");
    words.insert(words.end(), {"read", "FOLDER/data/" + std::to_string(file)});
  }
  Words grants;
  for (int file = 1; file < 6; ++file) grants.insert(grants.end(), {"--grant", "FOLDER/data/" + std::to_string(file)});
  const nlohmann::json found = wishes.suggest(words, "", grants);
  EXPECT_EQ(found.at("runs"), false);
  EXPECT_EQ(found.at("additions").size(), 5U) << found.dump(2);
  EXPECT_EQ(options_of(found), Words{"--grant " + wishes.at("data/6")}) << found.dump(2);
  // The twin.
  const nlohmann::json folder = wishes.suggest(words, "", {"--grant", "FOLDER/data"});
  EXPECT_EQ(folder.at("runs"), true) << folder.dump(2);
  ASSERT_EQ(folder.at("additions").size(), 1U) << folder.dump(2);
  EXPECT_EQ(folder["additions"][0]["lines"][0]["value"], "\"" + wishes.at("data") + "\"");
}

// [landlock] takes files of a writable mount away; a rule for their folder would give all of it back.
TEST(wishes, landlock_is_not_widened_over_files_of_the_host) {
  const Wishes wishes;
  fs::create_directory(wishes.at("data/open"));
  const std::string plan =
      "landlock.write = [\"/data/open\", \"/log\", \"/work\"]\n[[mount]]\nbind = \"FOLDER/data\"\nat = "
      "\"/data\"\nwrite = true\n";
  const Traces before(wishes.canary());
  const nlohmann::json found = wishes.suggest({"append", "/data/canary", "pwned"}, plan, {});
  expect_untouched(before, Traces(wishes.canary()));
  EXPECT_EQ(found.at("runs"), false) << found.dump(2);
  ASSERT_EQ(found.at("not_tried").size(), 1U) << found.dump(2);
  EXPECT_EQ(found["not_tried"][0]["needs"], "files of the host that the plan's [landlock] takes away, in /data");
  // The twin: what lies in /work is the run's own.
  const nlohmann::json own = wishes.suggest(
      {"append", "/work/b/f", "x"},
      "landlock.write = [\"/log\", \"/work/a\"]\nfiles.\"a/keep\".text = \"\"\nfiles.\"b/f\" = { text = \"\", mode = "
      "\"0666\" }\n",
      {});
  EXPECT_EQ(own.at("runs"), true) << own.dump(2);
}

Fd listening(sockaddr* address, socklen_t size) {
  Fd server(::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::bind(server.get(), address, size) != 0 || ::listen(server.get(), 8) != 0) server.reset();
  return server;
}

bool was_connected(const Fd& server) {
  const Fd client(::accept(server.get(), nullptr, nullptr));
  return static_cast<bool>(client);
}

TEST(wishes, a_server_of_the_hosts_loopback_hears_nothing) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Fd server = listening(reinterpret_cast<sockaddr*>(&address), sizeof address);
  ASSERT_TRUE(server);
  socklen_t size = sizeof address;
  ::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const Wishes wishes;
  const nlohmann::json found = wishes.suggest({"connect-tcp", port}, "", {});
  EXPECT_FALSE(was_connected(server));
  EXPECT_EQ(found.at("runs"), false) << found.dump(2);
  EXPECT_TRUE(wishes.seen().ends_with("connect ECONNREFUSED\n")) << wishes.seen();
  // The twin: a server of the run's own.
  const nlohmann::json own = wishes.suggest({"listen-tcp", port, "then", "connect-tcp", port}, "", {});
  EXPECT_EQ(own.at("runs"), true) << own.dump(2);
  EXPECT_FALSE(was_connected(server));
}

TEST(wishes, a_granted_folder_with_a_socket_is_not_bound) {
  const Wishes wishes;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = wishes.at("data/socket");
  std::copy(path.begin(), path.end(), address.sun_path);
  const Fd server = listening(reinterpret_cast<sockaddr*>(&address), sizeof address);
  ASSERT_TRUE(server);
  fs::permissions(path, fs::perms(0777));
  const Words words = {"list", "FOLDER/data", "then", "connect-unix", "FOLDER/data/socket"};
  const nlohmann::json found = wishes.suggest(words, "", {"--grant", "FOLDER/data"});
  EXPECT_FALSE(was_connected(server));
  EXPECT_EQ(found.at("runs"), false) << found.dump(2);
  // The socket itself neither.
  const nlohmann::json itself = wishes.suggest({"read", "FOLDER/data/socket"}, "", {"--grant", "FOLDER/data/socket"});
  EXPECT_FALSE(was_connected(server));
  EXPECT_NE(itself.at("left").dump().find("it is a socket, a FIFO or a device"), std::string::npos) << itself.dump(2);
  // The twin: the same folder without it.
  fs::remove(path);
  EXPECT_EQ(wishes.suggest({"list", "FOLDER/data"}, "", {"--grant", "FOLDER/data"}).at("runs"), true);
}

TEST(wishes, a_fifo_and_a_device_are_nobodys_to_grant) {
  const Wishes wishes;
  ASSERT_EQ(::mkfifo(wishes.at("data/fifo").c_str(), 0666), 0);
  for (const std::string path : {"FOLDER/data/fifo", "/dev/tty"}) {
    const nlohmann::json found = wishes.suggest({"read", path}, "", {});
    EXPECT_EQ(found.at("runs"), false) << found.dump(2);
    EXPECT_EQ(found.at("not_tried").size(), 0U) << found.dump(2);
    EXPECT_NE(found.at("left").dump().find("it is a socket, a FIFO or a device"), std::string::npos) << found.dump(2);
  }
  EXPECT_EQ(wishes.suggest({"read", "/dev/null"}, "", {}).at("runs"), true);
}

// A limit is doubled while the program meets it: not for ever.
TEST(wishes, limits_are_raised_sixteenfold_at_most) {
  const Wishes wishes;
  const std::string plan = "limits.processes = 4\n";
  const nlohmann::json bomb = wishes.suggest({"fork", "200"}, plan, {});
  EXPECT_EQ(bomb.at("runs"), false) << bomb.dump(2);
  ASSERT_EQ(bomb.at("not_tried").size(), 1U) << bomb.dump(2);
  EXPECT_EQ(bomb["not_tried"][0]["needs"], "a limit of more than 16 times the plan's");
  EXPECT_TRUE(bomb["not_tried"][0]["option"].is_null());
  const nlohmann::json modest = wishes.suggest({"fork", "40"}, plan, {});
  EXPECT_EQ(modest.at("runs"), true) << modest.dump(2);
}

TEST(wishes, a_call_that_only_exploits_need_is_in_no_suggestion) {
  const Wishes wishes;
  const nlohmann::json found = wishes.suggest({"ptrace"}, "", {"--grant", "ptrace"});
  EXPECT_EQ(found.at("runs"), false) << found.dump(2);
  EXPECT_EQ(found.dump().find("seccomp.allow"), std::string::npos) << found.dump(2);
  EXPECT_EQ(wishes.suggest({"memfd"}, "", {}).at("runs"), true);
}

// As text, what was not proved is no line of a plan, and the option can be pasted into a shell whatever the path holds.
TEST(wishes, what_was_not_tried_is_a_comment_and_its_option_is_safe_to_paste) {
  const Wishes wishes;
  const std::string name = "x'$(touch pwned)`touch pwned`\n[[mount]]";
  wishes.write("data/" + name, "x\n");
  const TemporaryFolder folder;
  const std::string path =
      folder.write("plan.toml", probe_plan("wisher", {"read", wishes.at("data/" + name)})).string();
  const Finished done = run_command({evalrun().string(), "trace", "--suggest", "--format", "text", path});
  std::istringstream lines(done.output);
  std::string option;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.empty() || line.starts_with("# ")) << line;
    const std::string before = "; run again with ";
    if (const auto at = line.find(before); at != line.npos) option = line.substr(at + before.size());
  }
  ASSERT_FALSE(option.empty()) << done.output;
  const Finished pasted =
      run_command({"bash", "-c", "cd \"$1\"; eval \"printf '%s|' $2\"", "bash", wishes.at("log"), option});
  EXPECT_EQ(pasted.output, "--grant|" + wishes.at("data/" + name) + "|");
  EXPECT_FALSE(fs::exists(wishes.at("log/pwned")));
  // The twin: what was proved is a plan's text.
  const Finished granted =
      run_command({evalrun().string(), "trace", "--suggest", "--format", "text", "--grant", wishes.at("data"), path});
  EXPECT_NE(granted.output.find("\n[[mount]]\nbind = \""), std::string::npos) << granted.output;
  const std::string plan = read_file(path) + granted.output;
  EXPECT_EQ(run_plan(plan).verdict(), "OK") << granted.output;
}

TEST(wishes, a_grant_names_what_is_there_and_not_everything) {
  const TemporaryFolder folder;
  const std::string path = folder.write("plan.toml", probe_plan("wisher", {"memfd"})).string();
  const auto exit_code = [&](const Words& more) {
    Words command = {evalrun().string(), "trace", "--format", "json", path};
    command.insert(command.end(), more.begin(), more.end());
    return run_command(command).exit_code;
  };
  EXPECT_EQ(exit_code({"--suggest", "--grant", "/"}), 2);
  EXPECT_EQ(exit_code({"--suggest", "--grant", "//var/.."}), 2);
  EXPECT_EQ(exit_code({"--suggest", "--grant", "/nowhere"}), 2);
  EXPECT_EQ(exit_code({"--suggest", "--grant", "data"}), 2);
  EXPECT_EQ(exit_code({"--suggest", "--grant-write", "tee"}), 2);
  EXPECT_EQ(exit_code({"--grant", "/var"}), 2) << "without --suggest";
  EXPECT_EQ(exit_code({"--suggest", "--grant", "/var", "--grant", "tee"}), 0);
}

}  // namespace
}  // namespace evalrun::test
