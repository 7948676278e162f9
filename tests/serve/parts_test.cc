// The pure parts of the dialects, one by one.
#include <gtest/gtest.h>
#include <signal.h>

#include "runtime/core/error.h"
#include "runtime/serve/bounded_json.h"
#include "runtime/serve/dialect_words.h"
#include "runtime/serve/file_store.h"
#include "runtime/serve/listener.h"
#include "runtime/serve/metrics.h"
#include "runtime/serve/multipart.h"
#include "runtime/serve/piston.h"

namespace evalrun::serve {
namespace {

using supervise::Limit;
using supervise::LimitHit;
using supervise::Outcome;

struct WordRow {
  const char* name;
  Outcome outcome;
  const char *sandbox_fusion, *piston, *go_judge;
  int exit_code, signal;  // -1: none
};

TEST(DialectWords, each_end_has_its_word_in_each_dialect) {
  const LimitHit output{Limit::Output, {}, "stdout"}, error_output{Limit::Output, {}, "stderr"};
  const std::vector<WordRow> rows = {
      {"well", supervise::Exited{0}, "Finished", nullptr, "Accepted", 0, 0},
      {"exited", supervise::Exited{3}, "Finished", "RE", "Nonzero Exit Status", 3, 0},
      {"signaled", supervise::Signaled{11}, "Finished", "SG", "Signalled", -1, 11},
      {"CPU", LimitHit{Limit::Cpu, {}}, "TimeLimitExceeded", "TO", "Time Limit Exceeded", -1, SIGKILL},
      {"wall", LimitHit{Limit::Wall, {}}, "TimeLimitExceeded", "TO", "Time Limit Exceeded", -1, SIGKILL},
      {"idle", LimitHit{Limit::Idle, {}}, "TimeLimitExceeded", "TO", "Time Limit Exceeded", -1, SIGKILL},
      {"memory", LimitHit{Limit::Memory, {}}, "Finished", "SG", "Memory Limit Exceeded", -1, SIGKILL},
      {"address space", LimitHit{Limit::AddressSpace, {}}, "Finished", "SG", "Memory Limit Exceeded", -1, SIGKILL},
      {"output", output, "Finished", "OL", "Output Limit Exceeded", -1, SIGKILL},
      {"error output", error_output, "Finished", "EL", "Output Limit Exceeded", -1, SIGKILL},
      {"file size", LimitHit{Limit::FileSize, {}}, "Finished", "SG", "Output Limit Exceeded", -1, SIGXFSZ},
      {"violation", supervise::Violation{"bpf"}, "Finished", "SG", "Dangerous Syscall", -1, SIGSYS},
      {"not found", supervise::NotStarted{"execve", "a", ENOENT}, "Finished", "RE", "Internal Error", 127, 0},
      {"not executable", supervise::NotStarted{"execve", "a", EACCES}, "Finished", "RE", "Internal Error", 126, 0},
      {"lost", supervise::SandboxFault{}, "Error", "XX", "Internal Error", -1, 0},
      {"cancelled", supervise::Cancelled{SIGTERM}, "Error", "XX", "Internal Error", -1, 0},
  };
  for (const WordRow& row : rows) {
    const EndWords& words = words_of(kind_of(row.outcome));
    EXPECT_STREQ(words.sandbox_fusion, row.sandbox_fusion) << row.name;
    EXPECT_STREQ(words.piston, row.piston) << row.name;
    EXPECT_STREQ(words.go_judge, row.go_judge) << row.name;
    EXPECT_EQ(exit_code_of(row.outcome).value_or(-1), row.exit_code) << row.name;
    EXPECT_EQ(signal_of(row.outcome), row.signal) << row.name;
  }
}

TEST(PistonVersions, a_range_holds_its_versions_and_no_others) {
  EXPECT_TRUE(is_in_range("3.11.2", "*"));
  EXPECT_TRUE(is_in_range("3.11.2", ""));
  EXPECT_TRUE(is_in_range("3.11.2", "3"));
  EXPECT_TRUE(is_in_range("3.11.2", "3.x"));
  EXPECT_TRUE(is_in_range("3.11.2", "3.11"));
  EXPECT_TRUE(is_in_range("3.11.2", "3.11.2"));
  EXPECT_TRUE(is_in_range("3.11.2", "^3.10"));
  EXPECT_TRUE(is_in_range("3.11.2", "~3.11"));
  EXPECT_TRUE(is_in_range("3.11.2", ">=3"));
  EXPECT_TRUE(is_in_range("3.11.2", "<4"));
  EXPECT_FALSE(is_in_range("3.11.2", "2"));
  EXPECT_FALSE(is_in_range("3.11.2", "3.1"));
  EXPECT_FALSE(is_in_range("3.11.2", "3.11.3"));
  EXPECT_FALSE(is_in_range("3.11.2", "^3.12"));
  EXPECT_FALSE(is_in_range("3.11.2", "~3.10"));
  EXPECT_FALSE(is_in_range("3.11.2", ">3.11.2"));
  EXPECT_FALSE(is_in_range("3.11.2", "three"));
  EXPECT_FALSE(is_in_range("3.11.2", "99999999999999999999999"));
}

TEST(BoundedJson, an_object_within_bounds_is_read_and_nothing_else) {
  EXPECT_EQ(parse_object("{\"a\": 1}")["a"], 1);
  const std::string deep = std::string(31, '[') + std::string(31, ']');
  EXPECT_NO_THROW(static_cast<void>(parse_object("{\"a\":" + deep + "}")));
  EXPECT_THROW(static_cast<void>(parse_object("{\"a\":[" + deep + "]}")), BadField);
  // Brackets in a text are no depth.
  EXPECT_NO_THROW(static_cast<void>(parse_object("{\"a\":\"" + std::string(1000, '[') + "\\\"[\"}")));
  for (const char* wrong : {"", "[]", "7", "{", "{\"a\":1e999}", "{\"a\":\"\xff\"}", "{} x", "nul"}) {
    EXPECT_THROW(static_cast<void>(parse_object(wrong)), BadField) << wrong;
  }
}

TEST(BoundedJson, bytes_that_are_no_text_become_replacement_characters) {
  EXPECT_EQ(with_replacement_characters("żx"), "żx");
  EXPECT_EQ(with_replacement_characters("a\xff\xc5"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(with_replacement_characters("\xc5\xbc\xc5"), "ż\xEF\xBF\xBD");
  EXPECT_EQ(with_replacement_characters(std::string("\0", 1)), std::string("\0", 1));
}

TEST(Multipart, the_part_of_that_name_is_found) {
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b\r\nContent-Disposition: "
      "form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\ntext\r\n--b--\r\n";
  const auto file = form_file("multipart/form-data; boundary=b", body, "file");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->name, "a.txt");
  EXPECT_EQ(file->content, "text");
  EXPECT_TRUE(form_file("multipart/form-data; boundary=\"b\"", body, "file"));
  EXPECT_FALSE(form_file("multipart/form-data; boundary=c", body, "file"));
  EXPECT_FALSE(form_file("multipart/form-data", body, "file"));
  EXPECT_FALSE(form_file("multipart/form-data; boundary=b", body, "other"));
  // Whatever is cut off ends the search.
  for (std::size_t size = 0; size + 12 < body.size(); ++size) {
    EXPECT_FALSE(form_file("multipart/form-data; boundary=b", std::string_view(body).substr(0, size), "file")) << size;
  }
}

TEST(FileStoreParts, the_quota_counts_every_file_and_what_is_removed_is_free_again) {
  FileStore store({.quota = 1000_B, .age = std::chrono::hours(1)});
  const auto a = store.add("a", std::string(300, 'x'));
  ASSERT_TRUE(a);
  EXPECT_FALSE(store.add("b", std::string(300, 'x')));
  EXPECT_EQ(*store.find(*a)->content, std::string(300, 'x'));
  EXPECT_EQ(store.find("b"), nullptr);
  EXPECT_TRUE(store.remove(*a));
  EXPECT_FALSE(store.remove(*a));
  EXPECT_EQ(store.bytes(), 0U);
  EXPECT_TRUE(store.add("b", std::string(300, 'x')));
}

TEST(Addresses, what_is_reached_from_here_alone_is_known) {
  for (const char* local : {"127.0.0.1:80", "127.9.9.9:80", "localhost:80", "[::1]:80", "unix:/tmp/a"}) {
    EXPECT_TRUE(is_local_address(local)) << local;
  }
  for (const char* open : {"0.0.0.0:80", "192.168.0.1:80", "[::]:80", "[fe80::1]:80"}) {
    EXPECT_FALSE(is_local_address(open)) << open;
  }
  for (const char* wrong :
       {"", "80", ":80", "host:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "unix:", "[::1:80"}) {
    EXPECT_THROW(static_cast<void>(is_local_address(wrong)), UsageError) << wrong;
  }
}

TEST(MetricsPage, buckets_add_up_and_the_last_one_has_all) {
  Metrics metrics;
  metrics.add(Stage::Run, std::chrono::milliseconds(3));
  metrics.add(Stage::Run, std::chrono::milliseconds(300));
  metrics.add(Stage::Run, std::chrono::minutes(5));
  const std::string page = metrics.text({});
  EXPECT_NE(page.find("evalrun_stage_seconds_bucket{stage=\"run\",le=\"0.0025\"} 0\n"), page.npos) << page;
  EXPECT_NE(page.find("evalrun_stage_seconds_bucket{stage=\"run\",le=\"0.005\"} 1\n"), page.npos);
  EXPECT_NE(page.find("evalrun_stage_seconds_bucket{stage=\"run\",le=\"0.5\"} 2\n"), page.npos);
  EXPECT_NE(page.find("evalrun_stage_seconds_bucket{stage=\"run\",le=\"+Inf\"} 3\n"), page.npos);
  EXPECT_NE(page.find("evalrun_stage_seconds_count{stage=\"run\"} 3\n"), page.npos);
}

}  // namespace
}  // namespace evalrun::serve
