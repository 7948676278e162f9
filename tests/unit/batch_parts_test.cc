// The pure parts of a batch's flow: lines, order, what is done.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "runtime/batch/done_lines.h"
#include "runtime/batch/line_buffer.h"
#include "runtime/batch/ordering.h"

namespace evalrun::batch {
namespace {

std::string all_lines(LineBuffer& buffer) {
  std::string text;
  while (const auto line = buffer.take()) text += (line->too_long ? "<long>" : line->text) + "|";
  return text;
}

TEST(LineBuffer, lines_are_the_same_however_the_bytes_come) {
  const std::string text = "a\n\nbcd\nrest";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    LineBuffer buffer(100);
    std::string lines;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      buffer.add(text.substr(at, piece));
      lines += all_lines(buffer);
    }
    EXPECT_EQ(lines, "a||bcd|") << piece;
    EXPECT_EQ(buffer.take_rest()->text, "rest") << piece;
    EXPECT_FALSE(buffer.take_rest()) << piece;
  }
}

TEST(LineBuffer, a_line_that_is_too_long_is_one_line_and_is_not_held) {
  LineBuffer buffer(4);
  buffer.add("1234\n12345\nok\n");
  EXPECT_EQ(all_lines(buffer), "1234|<long>|ok|");
  for (int i = 0; i < 1000; ++i) {
    buffer.add("xxxxxxxx");
    EXPECT_FALSE(buffer.take());
    EXPECT_EQ(buffer.held(), 0U);
  }
  buffer.add("x\nok\nxxxxxx");
  EXPECT_EQ(all_lines(buffer), "<long>|ok|");
  const auto rest = buffer.take_rest();
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->too_long);
}

TEST(Ordering, by_completion_results_go_out_as_they_come) {
  Ordering ordering(Order::Completion);
  for (const std::uint64_t line : {1, 2, 5}) ordering.begin(line);
  ordering.finish(5, "five");
  ordering.finish(1, "one");
  EXPECT_EQ(ordering.take(), "five");
  EXPECT_EQ(ordering.take(), "one");
  EXPECT_FALSE(ordering.take());
  EXPECT_EQ(ordering.span(), 1U);
  EXPECT_EQ(ordering.held_bytes(), 0U);
}

TEST(Ordering, by_input_a_result_waits_for_those_of_the_lines_before_it) {
  Ordering ordering(Order::Input);
  for (const std::uint64_t line : {1, 2, 5}) ordering.begin(line);
  ordering.finish(5, "five");
  ordering.finish(2, "two");
  EXPECT_FALSE(ordering.take());
  EXPECT_EQ(ordering.span(), 3U);
  EXPECT_EQ(ordering.held_bytes(), 7U);
  ordering.finish(1, "one");
  EXPECT_EQ(ordering.take(), "one");
  EXPECT_EQ(ordering.take(), "two");
  EXPECT_EQ(ordering.take(), "five");
  EXPECT_EQ(ordering.span(), 0U);
  EXPECT_EQ(ordering.held_bytes(), 0U);
}

TEST(DoneLines, lines_are_known_in_whatever_order_they_came) {
  std::vector<std::uint64_t> lines;
  for (std::uint64_t line = 1; line <= 200; ++line) {
    if (line % 17 != 0) lines.push_back(line);
  }
  std::shuffle(lines.begin(), lines.end(), std::mt19937(5));
  DoneLines done;
  for (const std::uint64_t line : lines) EXPECT_TRUE(done.add(line, line * 1000));
  EXPECT_FALSE(done.add(18, 0));
  EXPECT_EQ(done.count(), lines.size());
  for (std::uint64_t line = 0; line <= 201; ++line) {
    EXPECT_EQ(done.contains(line), line != 0 && line != 201 && line % 17 != 0) << line;
  }
  for (std::uint64_t line = 1; line <= 200; ++line) {
    EXPECT_EQ(done.all_confirmed(), false);
    EXPECT_EQ(done.confirm(line, line * 1000), line % 17 != 0) << line;
  }
  EXPECT_TRUE(done.all_confirmed());
}

TEST(DoneLines, another_input_shows_at_the_end_of_the_range_that_differs) {
  const auto refused_at = [](std::vector<std::uint64_t> jobs) {
    DoneLines done;
    for (std::uint64_t line = 1; line <= 3; ++line) done.add(line, line * 100);
    for (std::uint64_t line = 5; line <= 6; ++line) done.add(line, line * 100);
    for (std::uint64_t line = 1; line <= 6; ++line) {
      if (line != 4 && !done.confirm(line, jobs.at(line - 1))) return line;
    }
    return std::uint64_t{0};
  };
  EXPECT_EQ(refused_at({100, 200, 300, 400, 500, 600}), 0U);
  EXPECT_EQ(refused_at({100, 200, 300, 7, 500, 600}), 0U);
  EXPECT_EQ(refused_at({100, 201, 300, 400, 500, 600}), 3U);
  EXPECT_EQ(refused_at({200, 100, 300, 400, 500, 600}), 3U);
  EXPECT_EQ(refused_at({100, 200, 300, 400, 501, 600}), 6U);
}

}  // namespace
}  // namespace evalrun::batch
