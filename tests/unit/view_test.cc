// Where a path leads inside a sandbox that is not there yet, and what would show what it leads to. The trees are the
// test's own.

#include "rootfs/view.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "runtime/sandbox/missing_library.h"
#include "runtime/sandbox/program_files.h"
#include "tests/support/linked_tree.h"

namespace evalrun {
namespace {

using rootfs::Look;
using rootfs::View;
using test::LinkedTree;

// shown/ is bound at its own place, and may be run; hidden/ and choice/ are not shown.
struct Tree : LinkedTree {
  Tree() {
    file("shown/plain");
    file("shown/folder/inner");
    file("hidden/data");
    program("hidden/tool", "/proc/self/exe");
    file("hidden/private");
    ::chmod(at("hidden/private").c_str(), 0600);
    link("shown/near", "plain");
    link("shown/chain", "near");
    link("shown/up", "../shown/plain");
    link("shown/whole", at("shown/folder"));
    link("shown/out", at("hidden/data"));
    link("shown/chain_out", "out");
    link("shown/tool", at("hidden/tool"));
    link("shown/private", at("hidden/private"));
    link("shown/nowhere", "/no/such/file");
    link("shown/loop", "loop");
    link("shown/choice", at("choice/plain"));
    link("choice/plain", at("shown/plain"));
    link("shown/writable", "/work/anything");
    link("shown/folder_out", at("hidden"));
    plan.job.argv = {"/x"};
    plan.kind.cwd = "/work";
    plan.kind.mounts = {{.what = Mount::Bind{at("shown")},
                         .at = at("shown"),
                         .access = Access::ReadOnly,
                         .execution = Execution::Allowed,
                         .position = {"plan.toml", 7, 1}}};
    layout = rootfs::make_layout(plan);
  }

  [[nodiscard]] Look look(const std::string& name) const { return View(layout, "/work").look(at("shown/" + name)); }

  Plan plan;
  rootfs::Layout layout;
};

TEST(view, what_is_there_is_found_through_every_kind_of_link) {
  const Tree tree;
  const std::pair<const char*, const char*> rows[] = {
      {"plain", "shown/plain"},          {"near", "shown/plain"},
      {"chain", "shown/plain"},          {"up", "shown/plain"},
      {"whole", "shown/folder"},         {"whole/inner", "shown/folder/inner"},
      {"folder/../plain", "shown/plain"}};
  for (const auto& [name, path] : rows) {
    const Look look = tree.look(name);
    EXPECT_TRUE(look.is_there()) << name;
    EXPECT_FALSE(look.leads_out()) << name;
    EXPECT_EQ(look.path, tree.at(path)) << name;
  }
  EXPECT_EQ(tree.look("writable").path, "/work/anything") << "it may yet be written";
}

struct Out {
  const char* name;
  const char* link;    // the last one on the way
  const char* wanted;  // what it leads to
  const char* mend;    // what would show it; "": nothing
  bool is_run = false;
};

TEST(view, a_link_that_leads_out_is_named_with_what_would_show_its_target) {
  const Tree tree;
  const Out rows[] = {{"out", "shown/out", "hidden/data", "hidden"},
                      {"chain_out", "shown/out", "hidden/data", "hidden"},
                      {"tool", "shown/tool", "hidden/tool", "hidden", true},
                      {"choice", "shown/choice", "choice/plain", "choice"},
                      {"folder_out/data", "shown/folder_out", "hidden/data", "hidden"},
                      {"private", "shown/private", "hidden/private", ""}};
  for (const Out& row : rows) {
    const Look look = tree.look(row.name);
    EXPECT_TRUE(look.leads_out()) << row.name;
    EXPECT_FALSE(look.is_there()) << row.name;
    EXPECT_EQ(look.link, tree.at(row.link)) << row.name;
    EXPECT_EQ(look.wanted, tree.at(row.wanted)) << row.name;
    const std::optional<rootfs::Mend> mend = rootfs::mend_for(tree.layout, look);
    ASSERT_EQ(mend.has_value(), *row.mend != '\0') << row.name;
    if (!mend) continue;
    EXPECT_EQ(mend->path, tree.at(row.mend)) << row.name;
    EXPECT_EQ(mend->is_run, row.is_run) << row.name;
  }
}

TEST(view, no_more_of_the_host_is_to_be_shown_than_one_packages_folder) {
  const Plan plan = [] {
    Plan bare;
    bare.job.argv = {"/x"};
    return bare;
  }();
  const rootfs::Layout layout = rootfs::make_layout(plan);
  // /bin/sh and the loader's cache stand in every Debian.
  const std::pair<const char*, const char*> rows[] = {{"/usr/bin/env", "/usr/bin/env"},
                                                      {"/etc/default/useradd", "/etc/default/useradd"},
                                                      {"/etc/ssl/openssl.cnf", "/etc/ssl/openssl.cnf"},
                                                      {"/etc/alternatives/awk", "/etc/alternatives"},
                                                      {"/var/lib/dpkg/status", "/var/lib/dpkg"}};
  for (const auto& [wanted, shown] : rows) {
    const std::string top = std::string(wanted).substr(0, 4);
    const Look look{.path = "", .link = "/link", .target = wanted, .missing = top, .wanted = wanted};
    const std::optional<rootfs::Mend> mend = rootfs::mend_for(layout, look);
    ASSERT_TRUE(mend.has_value()) << wanted;
    EXPECT_EQ(mend->path, shown);
  }
}

TEST(view, what_the_host_has_not_either_is_mended_by_nothing) {
  const Tree tree;
  for (const char* name : {"nowhere", "loop", "missing"}) {
    const Look look = tree.look(name);
    EXPECT_FALSE(look.is_there()) << name;
    EXPECT_FALSE(rootfs::mend_for(tree.layout, look).has_value()) << name;
  }
  EXPECT_FALSE(tree.look("missing").leads_out()) << "no link was followed";
}

TEST(view, what_is_shown_is_there_and_its_twin_that_is_not_shown_is_missing) {
  Tree tree;
  tree.plan.kind.shown = {{tree.at("hidden"), {}}};
  const rootfs::Layout layout = rootfs::make_layout(tree.plan);
  const View view(layout, "/work");
  EXPECT_EQ(view.look(tree.at("shown/out")).path, tree.at("hidden/data"));
  EXPECT_TRUE(view.look(tree.at("shown/choice")).leads_out());
  EXPECT_EQ(rootfs::make_layout(tree.plan, {}, {tree.at("hidden")}).entries.size(), tree.layout.entries.size())
      << "what the host does not have is left out";
}

TEST(view, what_is_shown_gives_way_to_a_mount_or_link_that_holds_its_place) {
  Tree tree;
  const auto shown = [&](const std::string& name) {
    tree.plan.kind.shown = {{tree.at(name), {}}};
    const rootfs::Layout layout = rootfs::make_layout(tree.plan);
    return std::ranges::any_of(layout.entries, [&](const rootfs::Entry& entry) {
      const auto* bind = std::get_if<rootfs::Bind>(&entry.what);
      return entry.at == tree.at(name) && bind != nullptr && bind->optional;
    });
  };
  EXPECT_TRUE(shown("hidden"));
  EXPECT_FALSE(shown("shown")) << "a mount stands there";
  EXPECT_FALSE(shown("shown/folder")) << "a mount holds it";
  tree.plan.kind.links = {{tree.at("hidden"), "elsewhere", {}}};
  EXPECT_FALSE(shown("hidden")) << "a link stands there";
}

TEST(view, a_link_that_the_program_may_have_made_is_not_followed) {
  Tree tree;
  tree.plan.kind.mounts.front().access = Access::ReadWrite;
  const rootfs::Layout layout = rootfs::make_layout(tree.plan);
  const Look look = View(layout, "/work").look(tree.at("shown/out"));
  EXPECT_TRUE(look.is_there());
  EXPECT_EQ(look.link, "");
}

TEST(view, a_program_is_missing_only_where_no_candidate_can_be_there) {
  const Tree tree;
  const auto missing = [&](std::vector<std::string> names) {
    for (std::string& name : names) name = tree.at("shown/" + name);
    return sandbox::find_missing(tree.plan, tree.layout, names);
  };
  EXPECT_FALSE(missing({"plain"}));
  EXPECT_FALSE(missing({"missing", "near"}));
  EXPECT_FALSE(missing({"tool", "writable"}));
  ASSERT_TRUE(missing({"missing", "tool"}));
  EXPECT_EQ(missing({"missing", "tool"})->link, tree.at("shown/tool")) << "the one that a link leads out is told";
  EXPECT_FALSE(missing({"missing"})->leads_out());
}

TEST(missing_library, the_loaders_sentence_is_explained_where_a_link_leads_out_and_only_there) {
  Tree tree;
  tree.link("shown/libout.so.1", tree.at("hidden/data"));
  tree.link("shown/libnear.so.1", "plain");
  tree.plan.job.env["LD_LIBRARY_PATH"] = tree.at("shown");
  const auto explained = [&](const std::string& text) {
    return sandbox::explain_missing_libraries(tree.plan, tree.layout, text);
  };
  const std::string end = ": cannot open shared object file: No such file or directory\n";
  for (const std::string begin : {"ImportError: libout.so.1", "x: error while loading shared libraries: libout.so.1",
                                  "dlopen 'libout.so.1", "libout.so.1"}) {
    const std::vector<std::string> sentences = explained(begin + end);
    ASSERT_EQ(sentences.size(), 1U) << begin;
    EXPECT_TRUE(sentences[0].starts_with("the library libout.so.1: " + tree.at("shown/libout.so.1") + " leads to " +
                                         tree.at("hidden/data")))
        << sentences[0];
    EXPECT_NE(sentences[0].find("shows = ["), std::string::npos) << sentences[0];
  }
  for (const std::string begin : {"libnear.so.1", "libmissing.so.1", "../shown/libout.so.1", "libout", ""}) {
    EXPECT_TRUE(explained(begin + end).empty()) << begin;
  }
  EXPECT_TRUE(explained("libout.so.1").empty());
  EXPECT_EQ(explained("libout.so.1" + end + "libout.so.1" + end).size(), 1U) << "each once";
}

TEST(missing_library, a_scripts_interpreter_behind_a_link_that_leads_out_is_named) {
  Tree tree;
  const auto script = [&](const std::string& interpreter) {
    tree.plan.job.files = {{"main", "#! " + interpreter + " -f\n", 0755, {}}};
    return sandbox::explain_missing_program(tree.plan, tree.layout, "/work/main");
  };
  EXPECT_TRUE(script(tree.at("shown/tool")).starts_with("the program /work/main: " + tree.at("shown/tool")));
  EXPECT_EQ(script(tree.at("shown/near")), "");
}

}  // namespace
}  // namespace evalrun
