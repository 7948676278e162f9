// The journal: what is in it comes back, what is torn does not, and nothing else is touched.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/batch/journal.h"
#include "runtime/core/error.h"
#include "tests/support/command.h"

namespace evalrun::batch {
namespace {

std::string path_in(const test::TemporaryFolder& folder) {
  return (folder.path() / "journal").string();
}

JournalRecord record(std::uint64_t line) {
  return {line, line * 1000, jobs::Status::OtherVerdict, "{\"id\":\"j" + std::to_string(line) + "\"}"};
}

void append(const std::string& path, const std::vector<std::uint64_t>& lines) {
  Journal journal(path, "plan");
  for (const std::uint64_t line : lines) journal.append(record(line));
  journal.sync();
  EXPECT_FALSE(journal.is_dirty());
}

std::string lines_of(Journal& journal) {
  std::string lines;
  while (const auto one = journal.next()) lines += std::to_string(one->line) + " ";
  return lines;
}

void expect_usage_error(const std::string& path, const std::string& says) {
  try {
    const Journal journal(path, "plan");
    ADD_FAILURE() << "opened; expected: " << says;
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
  }
}

TEST(JournalRecord, a_record_comes_back_whole) {
  const JournalRecord one{17, 0xfedcba9876543210, jobs::Status::SandboxFailed, R"({"id": "a b", "x": "é"})"};
  std::string text = to_text(one);
  ASSERT_EQ(text.back(), '\n');
  text.pop_back();
  const auto back = parse_record(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->line, one.line);
  EXPECT_EQ(back->job, one.job);
  EXPECT_EQ(back->status, one.status);
  EXPECT_EQ(back->result, one.result);
}

TEST(JournalRecord, no_part_and_no_change_of_a_record_is_one) {
  std::string text = to_text(record(17));
  text.pop_back();
  ASSERT_TRUE(parse_record(text));
  for (std::size_t cut = 0; cut < text.size(); ++cut) EXPECT_FALSE(parse_record(text.substr(0, cut))) << cut;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(parse_record(changed)) << at;
  }
  EXPECT_FALSE(parse_record(text + "x"));
}

TEST(Journal, what_was_appended_is_there_in_the_order_of_the_file) {
  const test::TemporaryFolder folder;
  append(path_in(folder), {2, 1, 5});
  append(path_in(folder), {3});
  Journal journal(path_in(folder), "plan");
  EXPECT_EQ(journal.warning(), "");
  EXPECT_EQ(journal.done().count(), 4U);
  EXPECT_TRUE(journal.done().contains(3));
  EXPECT_FALSE(journal.done().contains(4));
  const auto first = journal.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->result, record(2).result);
  EXPECT_EQ(first->status, jobs::Status::OtherVerdict);
  EXPECT_EQ(lines_of(journal), "1 5 3 ");
}

TEST(Journal, records_are_found_by_their_lines_whatever_order_they_have) {
  const test::TemporaryFolder folder;
  append(path_in(folder), {4, 2, 3, 1});
  Journal journal(path_in(folder), "plan");
  for (std::uint64_t line = 1; line <= 4; ++line) EXPECT_EQ(journal.find(line).result, record(line).result) << line;
}

TEST(Journal, what_is_appended_while_it_is_read_is_not_read_again) {
  const test::TemporaryFolder folder;
  append(path_in(folder), {1, 2});
  {
    Journal journal(path_in(folder), "plan");
    ASSERT_TRUE(journal.next());
    journal.append(record(3));
    EXPECT_EQ(lines_of(journal), "2 ");
  }
  Journal journal(path_in(folder), "plan");
  EXPECT_EQ(lines_of(journal), "1 2 3 ");
}

TEST(Journal, cut_at_any_byte_it_holds_every_whole_record_before_the_cut_and_can_be_gone_on_with) {
  const test::TemporaryFolder folder;
  append(path_in(folder), {1, 2, 3});
  const std::string whole = test::read_file(path_in(folder));
  const std::size_t header = journal_header("plan").size();
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    folder.write("journal", whole.substr(0, cut));
    const auto ends = std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut), '\n');
    const auto records = static_cast<std::uint64_t>(cut < header ? 0 : ends - 1);
    {
      Journal journal(path_in(folder), "plan");
      ASSERT_EQ(journal.done().count(), records) << cut;
      EXPECT_EQ(journal.warning(), "") << cut;
      journal.append(record(9));
    }
    Journal again(path_in(folder), "plan");
    ASSERT_EQ(again.done().count(), records + 1) << cut;
    EXPECT_TRUE(again.done().contains(9)) << cut;
  }
}

TEST(Journal, from_a_damaged_record_on_it_is_cut_and_says_so) {
  const test::TemporaryFolder folder;
  append(path_in(folder), {1, 2, 3});
  std::string text = test::read_file(path_in(folder));
  const std::size_t second = journal_header("plan").size() + to_text(record(1)).size();
  text[second + 30] = '\0';
  folder.write("journal", text);
  {
    Journal journal(path_in(folder), "plan");
    EXPECT_EQ(journal.done().count(), 1U);
    EXPECT_NE(journal.warning().find("damaged at byte " + std::to_string(second)), std::string::npos)
        << journal.warning();
  }
  EXPECT_EQ(test::read_file(path_in(folder)), text.substr(0, second));
}

TEST(Journal, a_file_that_is_no_journal_or_another_plans_is_left_as_it_is) {
  const test::TemporaryFolder folder;
  folder.write("journal", "precious\n");
  expect_usage_error(path_in(folder), "not a journal of evalrun batch");
  EXPECT_EQ(test::read_file(path_in(folder)), "precious\n");
  const std::string other = journal_header("another") + to_text(record(1));
  folder.write("journal", other);
  expect_usage_error(path_in(folder), "a batch with another plan");
  EXPECT_EQ(test::read_file(path_in(folder)), other);
  expect_usage_error(folder.path().string(), "Is a directory");
  expect_usage_error("/dev/null", "not a regular file");
  expect_usage_error((folder.path() / "no/such").string(), "No such file");
}

TEST(Journal, only_one_process_can_use_it_at_a_time_and_its_end_frees_it) {
  const test::TemporaryFolder folder;
  Pipe ready = make_pipe(Blocking::Yes, Blocking::Yes);
  Pipe release = make_pipe(Blocking::Yes, Blocking::Yes);
  const pid_t other = ::fork();
  char byte = 0;
  if (other == 0) {
    release.write_end.reset();
    const Journal journal(path_in(folder), "plan");
    if (::write(ready.write_end.get(), "x", 1) != 1) ::_exit(2);
    ::_exit(::read(release.read_end.get(), &byte, 1) == 0 ? 0 : 3);
  }
  release.read_end.reset();
  ASSERT_EQ(::read(ready.read_end.get(), &byte, 1), 1);
  expect_usage_error(path_in(folder), "another batch is using it");
  release.write_end.reset();
  int status = -1;
  ::waitpid(other, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_NO_THROW(Journal(path_in(folder), "plan"));
}

}  // namespace
}  // namespace evalrun::batch
