// `evalrun image check` finds each link that leads out of an image, by its programs and by the lists of dpkg. The trees
// and the lists are the test's own.

#include "runtime/cli/image_closure.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/linked_tree.h"

namespace evalrun {
namespace {

using cli::ImageClosure;
using test::LinkedTree;

struct Host : LinkedTree {
  Host() {
    program("shown/bin/plain", "/proc/self/exe");
    file("dpkg/status",
         "Package: first\nDepends: second (>= 1.0), third | fourth\n\nPackage: second\n\n"
         "Package: other\n\n");
    image.name = "img";
    plan.job.argv = {"true"};
    plan.job.env["PATH"] = at("shown/bin");
    plan.kind.mounts = {{.what = Mount::Bind{at("shown")},
                         .at = at("shown"),
                         .access = Access::ReadOnly,
                         .execution = Execution::Allowed,
                         .position = {"img.toml", 7, 1}}};
  }

  [[nodiscard]] ImageClosure walk() const { return cli::walk_image(image, plan, at("dpkg")); }
  [[nodiscard]] std::vector<std::string> mends() const {
    std::vector<std::string> paths;
    for (const cli::LinkOut& link : walk().links) paths.push_back(link.mend.path);
    std::ranges::sort(paths);
    return paths;
  }
  using Paths = std::vector<std::string>;

  Image image;
  Plan plan;
};

TEST(image_closure, a_program_that_is_shown_needs_nothing_and_one_behind_a_link_needs_its_folder) {
  Host host;
  host.image.run = {"plain", "{source}"};
  EXPECT_TRUE(host.mends().empty());
  host.link("choice/tool", host.at("shown/bin/plain"));
  host.link("shown/bin/tool", host.at("choice/tool"));
  host.image.run = {"tool", "{source}"};
  EXPECT_EQ(host.mends(), Host::Paths{host.at("choice")});
  EXPECT_FALSE(host.walk().links[0].mend.is_run) << "the program itself is shown, and may be run there";
  host.plan.kind.shown = {{host.at("choice"), {}}};
  EXPECT_TRUE(host.mends().empty());
}

TEST(image_closure, the_compiler_and_the_listed_programs_are_looked_at_too) {
  Host host;
  host.program("far/cc", "/proc/self/exe");
  host.link("shown/bin/cc", host.at("far/cc"));
  host.file("shown/data", "");
  for (const char* key : {"compile", "compiled_run", "programs"}) {
    host.image = {};
    host.image.name = "img";
    if (key == std::string("compile")) host.image.compile = {"cc", "{source}"};
    if (key == std::string("compiled_run")) host.image.compiled_run = {"cc"};
    if (key == std::string("programs")) host.image.programs = {host.at("shown/bin/cc")};
    ASSERT_EQ(host.mends(), Host::Paths{host.at("far")}) << key;
    EXPECT_TRUE(host.walk().links[0].mend.is_run) << key;
  }
}

TEST(image_closure, an_interpreter_of_a_script_is_followed) {
  Host host;
  host.program("far/interpreter", "/proc/self/exe");
  host.link("shown/bin/interpreter", host.at("far/interpreter"));
  host.file("shown/bin/script", "#!" + host.at("shown/bin/interpreter") + " -f\n");
  std::filesystem::permissions(host.at("shown/bin/script"), std::filesystem::perms(0755));
  host.image.run = {"script"};
  EXPECT_EQ(host.mends(), Host::Paths{host.at("far")});
}

TEST(image_closure, links_of_the_packages_and_of_those_they_depend_on_are_followed_and_no_others) {
  Host host;
  for (const char* name : {"first", "second", "other"}) {
    host.file(std::string("etc-") + name + "/settings");
    host.link(std::string("shown/") + name, host.at(std::string("etc-") + name + "/settings"));
    host.file(std::string("dpkg/info/") + name + ".list", host.at(std::string("shown/") + name) + "\n");
  }
  host.image.run = {"plain"};
  EXPECT_TRUE(host.mends().empty()) << "no package is the image's";
  host.image.packages = {"first"};
  EXPECT_EQ(host.mends(), (Host::Paths{host.at("etc-first"), host.at("etc-second")}));
  host.image.packages = {"second"};
  EXPECT_EQ(host.mends(), Host::Paths{host.at("etc-second")});
}

TEST(image_closure, the_package_that_a_program_comes_from_counts_though_the_image_names_none) {
  Host host;
  host.file("etc-first/settings");
  host.link("shown/settings", host.at("etc-first/settings"));
  host.file("dpkg/info/first:amd64.list", host.at("shown/bin/plain") + "\n" + host.at("shown/settings") + "\n");
  host.image.run = {"plain"};
  EXPECT_EQ(host.mends(), Host::Paths{host.at("etc-first")});
}

TEST(image_closure, a_link_that_a_mended_link_uncovers_is_found_in_the_same_check) {
  Host host;
  host.program("far/tool", "/proc/self/exe");
  host.link("choice/tool", host.at("far/tool"));
  host.link("shown/bin/tool", host.at("choice/tool"));
  host.image.run = {"tool"};
  EXPECT_EQ(host.mends(), (Host::Paths{host.at("choice"), host.at("far")}));
}

TEST(image_closure, what_dangles_on_the_host_as_well_is_not_the_images_fault) {
  Host host;
  host.link("shown/nowhere", "/no/such/file");
  host.file("dpkg/info/first.list", host.at("shown/nowhere") + "\n");
  host.image.packages = {"first"};
  EXPECT_TRUE(host.mends().empty());
}

TEST(image_closure, settings_of_a_package_that_are_not_shown_are_told_and_those_of_the_base_system_are_not) {
  // Every Debian has these files; which package has them, the test's lists say.
  Host host;
  host.file("dpkg/status", "Package: first\nPriority: optional\n\nPackage: second\nPriority: required\n\n");
  host.file("dpkg/info/first.list",
            "/etc/alternatives/README\n/etc/default/useradd\n/etc/no-such-folder/file\n"
            "/var/lib/dpkg\n/var/lib/dpkg/status\n/var/lib/no-such-folder/file\n/var/cache/debconf/config.dat\n");
  host.file("dpkg/info/second.list", "/etc/alternatives/README\n");
  host.image.packages = {"first"};
  EXPECT_EQ(host.walk().settings, (Host::Paths{"/etc/alternatives", "/var/lib/dpkg"}));
  host.image.packages = {"second"};
  EXPECT_TRUE(host.walk().settings.empty());
  host.image.packages = {"first"};
  host.plan.kind.shown = {{"/etc/alternatives", {}}};
  EXPECT_EQ(host.walk().settings, Host::Paths{"/var/lib/dpkg"});
  host.plan.kind.shown.push_back({"/var/lib/dpkg", {}});
  EXPECT_TRUE(host.walk().settings.empty());
}

TEST(image_closure, a_folder_of_a_package_with_programs_in_it_is_to_be_run) {
  // dpkg's own scripts: any Debian has them.
  Host host;
  host.image.packages = {"first"};
  host.file("dpkg/status", "Package: first\nPriority: optional\n\n");
  host.file("dpkg/info/first.list",
            "/var/lib/dpkg/status\n/var/lib/dpkg/info/dpkg.postinst\n/etc/alternatives/README\n");
  EXPECT_EQ(host.walk().settings_to_run, Host::Paths{"/var/lib/dpkg"});
  EXPECT_EQ(host.walk().settings, Host::Paths{"/etc/alternatives"});
}

TEST(image_closure, a_program_that_is_not_installed_or_not_shown_is_said_to_be_so) {
  Host host;
  host.image.run = {"missing"};
  EXPECT_EQ(host.walk().not_on_host, Host::Paths{"missing"});
  host.program("unseen/bin/tool", "/proc/self/exe");
  host.plan.job.env["PATH"] += ":" + host.at("unseen/bin");
  host.image.run = {"tool"};
  EXPECT_EQ(host.walk().not_shown, Host::Paths{host.at("unseen/bin/tool")});
  EXPECT_TRUE(host.walk().not_on_host.empty());
}

}  // namespace
}  // namespace evalrun
