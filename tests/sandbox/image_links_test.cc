// An image whose links lead out of what it shows: each way in which a user meets that names the link and what mends it,
// and with that line in the image all is well. The trees are the test's own.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/support/command.h"
#include "tests/support/linked_tree.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

// An image img.toml in a tree: shown/ is its only mount, at its own place.
struct ImageTree : LinkedTree {
  ImageTree() {
    program("shown/bin/real", probe("probe"));
    program("far/tool", probe("probe"));
    file("settings/data", "the settings\n");
    link("choice/tool", at("shown/bin/real"));
    link("shown/bin/chosen", at("choice/tool"));
    link("shown/bin/far", at("far/tool"));
    link("shown/data", at("settings/data"));
    write_image("");
  }

  // `first`: lines above the first table; `last`: at the end.
  void write_image(const std::string& first, const std::string& last = "") const {
    file("img.toml", "name = \"img\"\n" + first + "\n[env]\nPATH = \"" + at("shown/bin") + "\"\n[[mount]]\nbind = \"" +
                         at("shown") + "\"\nat = \"" + at("shown") + "\"\nexec = true\n" + last);
  }

  [[nodiscard]] std::string plan(const std::string& argv) const {
    return "image = \"" + at("img.toml") + "\"\nargv = " + argv + "\n";
  }
  [[nodiscard]] Finished check() const { return run_command({evalrun().string(), "image", "check", at("img.toml")}); }
  [[nodiscard]] std::string shows(const std::string& name) const { return "shows = [\"" + at(name) + "\"]"; }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The lines of TOML that a check printed.
std::string toml_of(const std::string& output) {
  std::istringstream lines(output);
  std::string toml;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("img: ") && !line.starts_with("ok ") && !line.starts_with("FAILED ")) toml += line + "\n";
  }
  return toml;
}

TEST(image_links, a_program_behind_a_link_that_leads_out_is_named_before_it_runs) {
  const ImageTree tree;
  for (const std::string& name : {std::string("chosen"), tree.at("shown/bin/chosen")}) {
    const PlanRun run = run_plan(tree.plan("[\"" + name + "\", \"say\", \"here\"]"));
    EXPECT_EQ(run.command.exit_code, 2) << name;
    EXPECT_TRUE(has(run.command.error_output, tree.at("shown/bin/chosen") + " leads to " + tree.at("choice/tool")))
        << run.command.error_output;
    EXPECT_TRUE(has(run.command.error_output, tree.shows("choice"))) << run.command.error_output;
  }
  tree.write_image(tree.shows("choice"));
  EXPECT_EQ(run_plan(tree.plan("[\"chosen\", \"say\", \"here\"]")).output(), "here\n");
}

TEST(image_links, a_check_prints_the_line_that_mends_the_image_and_then_finds_nothing) {
  const ImageTree tree;
  tree.write_image("run = [\"chosen\", \"{source}\"]");
  const Finished before = tree.check();
  EXPECT_EQ(before.exit_code, 1);
  EXPECT_TRUE(has(before.output, "img: " + tree.at("shown/bin/chosen") + " leads out of the image to " +
                                     tree.at("choice/tool") + "\n"))
      << before.output;
  EXPECT_EQ(toml_of(before.output), tree.shows("choice") + "\n");
  EXPECT_TRUE(has(before.output, "img: no smoke program, so nothing was run")) << before.output;
  tree.write_image("run = [\"chosen\", \"{source}\"]\n" + toml_of(before.output));
  const Finished after = tree.check();
  EXPECT_EQ(after.exit_code, 0) << after.output << after.error_output;
  EXPECT_TRUE(has(after.output, "img: no link leads out of the image")) << after.output;
}

TEST(image_links, a_program_outside_gets_a_mount_that_lets_it_run) {
  const ImageTree tree;
  const std::string run_line = "run = [\"far\", \"{source}\"]";
  tree.write_image(run_line);
  const Finished before = tree.check();
  EXPECT_EQ(before.exit_code, 1);
  const std::string mount =
      "[[mount]]\nbind = \"" + tree.at("far") + "\"\nat = \"" + tree.at("far") + "\"\nexec = true\n";
  EXPECT_EQ(toml_of(before.output), mount);
  tree.write_image(run_line, toml_of(before.output));
  EXPECT_EQ(tree.check().exit_code, 0) << tree.check().output;
  EXPECT_EQ(run_plan(tree.plan("[\"far\", \"say\", \"here\"]")).output(), "here\n");
  tree.write_image(run_line + "\n" + tree.shows("far"));
  EXPECT_NE(run_plan(tree.plan("[\"far\", \"say\", \"here\"]")).verdict(), "OK") << "what is only shown is not run";
}

TEST(image_links, the_printed_line_holds_what_the_image_shows_already) {
  const ImageTree tree;
  tree.write_image("run = [\"chosen\"]\n" + tree.shows("settings"));
  EXPECT_EQ(toml_of(tree.check().output), "shows = [\"" + tree.at("settings") + "\", \"" + tree.at("choice") + "\"]\n");
}

TEST(image_links, an_image_file_is_tried_with_its_smoke_programs_before_it_is_installed) {
  const ImageTree tree;
  tree.file("img/hello.txt", "Hello\n");
  const std::string smoke =
      "[[smoke]]\nname = \"hello\"\nargv = [\"real\", \"cat\", \"hello.txt\"]\nsource = \"hello.txt\"\nexpect = ";
  tree.write_image("run = [\"real\"]", smoke + "\"Hello\\n\"\n");
  const Finished good = tree.check();
  EXPECT_EQ(good.exit_code, 0) << good.output << good.error_output;
  EXPECT_TRUE(has(good.output, "ok      img hello\n")) << good.output;
  tree.write_image("run = [\"real\"]", smoke + "\"Other\\n\"\n");
  const Finished bad = tree.check();
  EXPECT_EQ(bad.exit_code, 1) << bad.output;
  EXPECT_TRUE(has(bad.output, "FAILED  img hello")) << bad.output;
}

TEST(image_links, a_file_behind_a_link_that_leads_out_is_named_by_trace_and_its_twin_is_not) {
  const ImageTree tree;
  tree.file("plan.toml", tree.plan("[\"real\", \"cat\", \"" + tree.at("shown/data") + "\"]"));
  const Finished refused = run_command({evalrun().string(), "trace", "--format", "text", tree.at("plan.toml")});
  EXPECT_TRUE(has(refused.output, "[[mount]] bind = \"" + tree.at("settings") + "\"")) << refused.output;
  EXPECT_FALSE(has(refused.output, "bind = \"" + tree.at("shown/data") + "\"")) << "the link itself is shown";
  tree.write_image(tree.shows("settings"));
  const Finished allowed = run_command({evalrun().string(), "trace", "--format", "text", tree.at("plan.toml")});
  EXPECT_FALSE(has(allowed.output, "bind = ")) << allowed.output;
  EXPECT_EQ(allowed.exit_code, 0) << allowed.output;
}

TEST(image_links, what_the_host_has_not_either_is_no_refusal) {
  const ImageTree tree;
  tree.link("shown/nowhere", "/no/such/file");
  tree.file("plan.toml", tree.plan("[\"real\", \"read\", \"" + tree.at("shown/nowhere") + "\", \"read\", \"" +
                                   tree.at("shown/missing") + "\"]"));
  const Finished trace = run_command({evalrun().string(), "trace", "--format", "text", tree.at("plan.toml")});
  EXPECT_FALSE(has(trace.output, "bind = ")) << trace.output;
}

TEST(image_links, the_search_for_additions_asks_for_what_the_link_leads_to_and_finds_it) {
  const ImageTree tree;
  // It exits with 0 only where the file can be executed, so that the search has something to find.
  tree.write_image("");
  tree.file("plan.toml", tree.plan("[\"real\", \"execute\", \"" + tree.at("shown/bin/far") + "\", \"exit\", \"3\"]"));
  const Finished asked =
      run_command({evalrun().string(), "trace", "--suggest", "--format", "text", tree.at("plan.toml")});
  EXPECT_TRUE(has(asked.output, "--grant " + tree.at("far"))) << asked.output << asked.error_output;
  const Finished found = run_command(
      {evalrun().string(), "trace", "--suggest", "--grant", tree.at("far"), "--format", "text", tree.at("plan.toml")});
  EXPECT_EQ(found.exit_code, 0) << found.output << found.error_output;
  EXPECT_TRUE(has(found.output, "bind = \"" + tree.at("far") + "\"")) << found.output;
  std::ofstream(tree.at("plan.toml"), std::ios::app) << found.output;
  EXPECT_EQ(run_command({evalrun().string(), tree.at("plan.toml")}).exit_code, 0) << found.output;
}

TEST(image_links, a_pure_program_reads_what_its_image_shows_and_nothing_else_of_it) {
  const ImageTree tree;
  const std::string plan = "profile = \"pure\"\n" + tree.plan("[\"real\", \"cat\", \"" + tree.at("settings/data") +
                                                              "\", \"read\", \"" + tree.at("shown/data") + "\"]");
  EXPECT_FALSE(has(run_plan(plan).output(), "the settings\n"));
  tree.write_image(tree.shows("settings"));
  const PlanRun run = run_plan(plan);
  EXPECT_TRUE(has(run.output(), "the settings\nread " + tree.at("shown/data") + " OK")) << run.output();
  tree.file("shown/other");
  const PlanRun other =
      run_plan("profile = \"pure\"\n" + tree.plan("[\"real\", \"read\", \"" + tree.at("shown/other") + "\"]"));
  EXPECT_FALSE(has(other.output(), " OK")) << other.output();
}

TEST(image_links, a_library_that_the_loader_misses_behind_such_a_link_is_named_in_the_result) {
  const ImageTree tree;
  tree.link("shown/lib/libfar.so.1", tree.at("settings/data"));
  const std::string sentence = "libfar.so.1: cannot open shared object file: No such file or directory";
  const std::string plan = tree.plan("[\"real\", \"complain\", \"" + sentence + "\", \"exit\", \"127\"]") +
                           "[env]\nLD_LIBRARY_PATH = \"" + tree.at("shown/lib") + "\"\n";
  const PlanRun out = run_plan(plan);
  EXPECT_EQ(out.verdict(), "RE");
  EXPECT_TRUE(has(out.result.dump(), "the library libfar.so.1: " + tree.at("shown/lib/libfar.so.1") + " leads to " +
                                         tree.at("settings/data")))
      << out.result.dump(1);
  tree.write_image(tree.shows("settings"));
  const PlanRun shown = run_plan(plan);
  EXPECT_FALSE(has(shown.result.dump(), "leads to")) << "the link leads to what is shown";
}

}  // namespace
}  // namespace evalrun::test
