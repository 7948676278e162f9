// What a terminal shows of a batch.
#include "runtime/cli/progress_line.h"

#include <gtest/gtest.h>

namespace evalrun::cli {
namespace {

using namespace std::chrono_literals;

TEST(ProgressLine, it_names_only_what_there_is) {
  EXPECT_EQ(progress_text({}, 0, 0s), "0 jobs");
  EXPECT_EQ(progress_text({.done = 300, .live = 4}, 0, 2s), "300 jobs, 150/s, 4 running");
}

TEST(ProgressLine, the_bar_is_the_part_of_the_input_that_was_taken_up_and_never_too_long) {
  EXPECT_EQ(progress_text({.done = 1, .input_bytes = 500}, 1000, 1s), "[##########          ] 50 %  1 jobs, 1/s");
  EXPECT_EQ(progress_text({.done = 1, .input_bytes = 1500}, 1000, 1s), "[####################] 100 %  1 jobs, 1/s");
}

TEST(ProgressLine, what_came_from_the_journal_makes_nothing_faster) {
  const batch::Progress progress{
      .done = 110, .other_verdicts = 7, .malformed = 2, .sandbox_failed = 1, .from_journal = 100};
  EXPECT_EQ(progress_text(progress, 0, 1s),
            "110 jobs, 10/s, 7 with other verdicts, 2 malformed, 1 IE, 100 from the journal");
}

}  // namespace
}  // namespace evalrun::cli
