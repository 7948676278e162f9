// Copies of trees and plans in which each allocation fails in turn. This process has an operator new of its own.

#include <gtest/gtest.h>

#include <new>
#include <string>

#include "runtime/reader/template.h"
#include "runtime/reader/toml_tree.h"
#include "tests/support/operator_new.h"

namespace {

int allocations_left = -1;  // until one fails; negative: none does

}  // namespace

bool evalrun::test::next_allocation_fails() noexcept {
  const bool fails = allocations_left == 0;
  if (allocations_left >= 0) --allocations_left;
  return fails;
}

namespace evalrun {
namespace {

// How many allocations `act` makes; each has failed once, and was a std::bad_alloc.
template <typename Act>
int failing_allocations(const Act& act) {
  for (int nth = 0;; ++nth) {
    allocations_left = nth;
    try {
      act();
      allocations_left = -1;
      return nth;
    } catch (const std::bad_alloc&) {
      allocations_left = -1;
    }
  }
}

// Of every type that a value can have; the texts are too long to be stored without an allocation.
const std::string kEveryType = R"(
text = "a text that is longer than a std::string holds itself"
number = 1
real = 1.5
flag = true
day = 2024-01-01
list = [["a text that is longer than a std::string holds itself"], 2]
table.inner = "a text that is longer than a std::string holds itself"
)";

TEST(copied_plans, a_copy_of_a_tree_survives_that_any_allocation_fails) {
  const TomlNode tree = parse_toml(kEveryType, "plan.toml");
  EXPECT_EQ(failing_allocations([&] { const TomlNode copy = tree; }), 7);
}

TEST(copied_plans, an_assigned_tree_survives_that_any_allocation_fails) {
  const TomlNode tree = parse_toml(kEveryType, "plan.toml");
  const TomlNode text = {std::string("text"), tree.place};
  EXPECT_EQ(failing_allocations([&] {
              TomlNode copy = text;
              copy = tree;
              copy = text;
            }),
            7);
}

TEST(copied_plans, a_plan_of_a_template_survives_that_any_allocation_fails) {
  const PlanTemplate plan({"argv = [\"a\", \"b\"]\nlimits.cpu = \"1s\"\n", "plan.toml", "plan", "/plans"}, {});
  ImageCache images({});
  EXPECT_GE(failing_allocations([&] { EXPECT_EQ(plan.make({}, "/plans", images).plan.job.argv.size(), 2U); }), 8);
}

// A copy that has failed leaves nothing that is destroyed twice.
TEST(copied_plans, a_plan_without_its_job_survives_that_any_allocation_fails) {
  const std::string text = "a text that is longer than a std::string holds itself";
  Plan plan;
  plan.job.argv = {text, text};
  plan.kind.image = text;
  plan.origin.name = text;
  plan.origin.sha256 = text;
  EXPECT_GE(failing_allocations([&] { EXPECT_EQ(without_job(plan).job.argv.size(), 2U); }), 6);
}

}  // namespace
}  // namespace evalrun
