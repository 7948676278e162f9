#include "rootfs/layout.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/sandbox/path_rules.h"

namespace evalrun {
namespace {

using rootfs::Entry;
using rootfs::Layout;
using rootfs::make_layout;

Mount bind_at(const std::string& at, Access access = Access::ReadOnly, Execution execution = Execution::Denied) {
  return {
      .what = Mount::Bind{"/srv"}, .at = at, .access = access, .execution = execution, .position = {"plan.toml", 7, 1}};
}

Plan plan_with(std::vector<Mount> mounts) {
  Plan plan;
  plan.job.argv = {"/x"};
  plan.kind.mounts = std::move(mounts);
  return plan;
}

const Entry* find(const Layout& layout, const std::string& at) {
  const auto found =
      std::find_if(layout.entries.begin(), layout.entries.end(), [&](const Entry& entry) { return entry.at == at; });
  return found == layout.entries.end() ? nullptr : &*found;
}

TEST(layout, parents_come_before_children_whatever_the_plans_order) {
  const Layout layout = make_layout(plan_with({bind_at("/b/c"), bind_at("/b"), bind_at("/a/deep/er")}));
  for (std::size_t i = 0; i < layout.entries.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_FALSE(rootfs::is_within(layout.entries[j].at, layout.entries[i].at))
          << layout.entries[j].at << " stands before its parent " << layout.entries[i].at;
    }
  }
}

TEST(layout, folders_are_made_for_mount_points_and_none_behind_a_mount) {
  const Layout layout = make_layout(plan_with({bind_at("/a/deep"), bind_at("/usr"), bind_at("/usr/lib/x")}));
  EXPECT_NE(find(layout, "/a"), nullptr);
  EXPECT_EQ(find(layout, "/usr/lib"), nullptr);
}

TEST(layout, collisions_are_errors_with_their_place) {
  for (const char* at : {"/work", "/dev/null", "/dev", "/proc", "/proc/self", "/dev/fd"}) {
    EXPECT_THROW(make_layout(plan_with({bind_at(at)})), PlanError) << at;
  }
  EXPECT_THROW(make_layout(plan_with({bind_at("/a"), bind_at("/a")})), PlanError);
  for (const char* at : {"/a", "/work/a", "/tmp", "/etc", "/etc/passwd", "/workbench"}) {
    EXPECT_NO_THROW(make_layout(plan_with({bind_at(at)}))) << at;
  }
}

TEST(layout, a_mount_behind_a_link_is_an_error) {
  Plan plan = plan_with({bind_at("/bin/x")});
  plan.kind.links.push_back({"/bin", "usr/bin", {}});
  EXPECT_THROW(make_layout(plan), PlanError);
}

TEST(layout, a_file_on_a_mount_inside_work_is_an_error) {
  Plan plan = plan_with({bind_at("/work/data")});
  plan.job.files.push_back({.path = "data/x", .source = std::string("text"), .position = {}});
  EXPECT_THROW(make_layout(plan), PlanError);
  plan.job.files[0].path = "other/x";
  EXPECT_NO_THROW(make_layout(plan));
}

TEST(layout, is_within_is_by_whole_names) {
  EXPECT_TRUE(rootfs::is_within("/a/b", "/a"));
  EXPECT_TRUE(rootfs::is_within("/a", "/a"));
  EXPECT_TRUE(rootfs::is_within("/a", "/"));
  EXPECT_FALSE(rootfs::is_within("/ab", "/a"));
  EXPECT_FALSE(rootfs::is_within("/", "/a"));
}

std::uint64_t rights_of(const Plan& plan, const std::string& path) {
  std::uint64_t rights = 0;
  for (const lockdown::PathRule& rule : sandbox::make_path_rules(plan, make_layout(plan))) {
    if (rule.path == path) rights |= rule.rights;
  }
  return rights;
}

TEST(path_rules, say_what_the_mounts_say) {
  const Plan plan = plan_with(
      {bind_at("/ro"), bind_at("/rw", Access::ReadWrite), bind_at("/ex", Access::ReadOnly, Execution::Allowed)});
  EXPECT_EQ(lockdown::describe_rights(rights_of(plan, "/ro")), "read");
  EXPECT_EQ(lockdown::describe_rights(rights_of(plan, "/rw")), "read, write, delete");
  EXPECT_EQ(lockdown::describe_rights(rights_of(plan, "/ex")), "read, execute");
  EXPECT_EQ(lockdown::describe_rights(rights_of(plan, "/work")), "read, write, execute, delete");
  EXPECT_EQ(lockdown::describe_rights(rights_of(plan, "/tmp")), "read, write, delete");
  EXPECT_EQ(lockdown::describe_rights(rights_of(plan, "/proc")), "read");
}

TEST(path_rules, no_rule_ever_grants_devices_or_their_ioctls) {
  const Plan plan = plan_with({bind_at("/rw", Access::ReadWrite, Execution::Allowed)});
  for (const lockdown::PathRule& rule : sandbox::make_path_rules(plan, make_layout(plan))) {
    EXPECT_EQ(rule.rights & (lockdown::kFsMakeChar | lockdown::kFsMakeBlock | lockdown::kFsIoctlDev), 0U) << rule.path;
  }
}

TEST(path_rules, a_listed_path_narrows_its_own_mount_only) {
  Plan plan = plan_with({bind_at("/a"), bind_at("/b")});
  plan.kind.landlock.read = {"/a/public"};
  EXPECT_EQ(rights_of(plan, "/a"), 0U);
  EXPECT_EQ(lockdown::describe_rights(rights_of(plan, "/a/public")), "read");
  EXPECT_EQ(lockdown::describe_rights(rights_of(plan, "/b")), "read");
}

TEST(path_rules, a_list_cannot_widen) {
  Plan plan = plan_with({bind_at("/a")});
  plan.kind.landlock.write = {"/a/x"};
  EXPECT_THROW(rights_of(plan, "/a"), PlanError);
  plan.kind.landlock.write = {};
  plan.kind.landlock.read = {"/nowhere"};
  EXPECT_THROW(rights_of(plan, "/a"), PlanError);
}

}  // namespace
}  // namespace evalrun
