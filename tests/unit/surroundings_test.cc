// Whose container the doctor takes its surroundings for, by the marks of each manager, and what it advises there.
#include "runtime/doctor/surroundings.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "tests/support/command.h"

namespace evalrun::doctor {
namespace {

constexpr char kHostsMount[] = "31 30 0:5 /var/lib/docker/containers/1/hosts /etc/hosts rw - ext4 /dev/vda rw\n";
constexpr char kPodmanMount[] = "31 30 0:5 /run/containers/1/.containerenv /run/.containerenv rw - tmpfs tmpfs rw\n";

const char* nothing(const char*) {
  return nullptr;
}
const char* says_podman(const char* name) {
  return std::strcmp(name, "container") == 0 ? "podman" : nullptr;
}
const char* says_kubernetes(const char* name) {
  return std::strcmp(name, "KUBERNETES_SERVICE_HOST") == 0 ? "10.0.0.1" : nullptr;
}
const char* says_unit(const char* name) {
  return std::strcmp(name, "INVOCATION_ID") == 0 ? "0123456789abcdef0123456789abcdef" : nullptr;
}

struct Root {
  test::TemporaryFolder folder;
  Manager manager(const char* (*environment)(const char*) = nothing) {
    return look_around(folder.path().string(), environment).manager;
  }
};

TEST(surroundings, a_mark_that_an_image_brought_along_is_not_its_managers) {
  Root docker;
  docker.folder.write(".dockerenv", "");
  docker.folder.write("run/.containerenv", "");
  docker.folder.write("proc/self/mountinfo", kHostsMount);
  EXPECT_EQ(docker.manager(), Manager::Docker);
  Root podman;
  podman.folder.write(".dockerenv", "");
  podman.folder.write("run/.containerenv", "");
  podman.folder.write("proc/self/mountinfo", kPodmanMount);
  EXPECT_EQ(podman.manager(), Manager::Podman);
  Root host;
  host.folder.write(".dockerenv", "");
  host.folder.write("run/.containerenv", "");
  host.folder.write("proc/self/mountinfo", "31 30 0:5 / /tmp rw - tmpfs tmpfs rw\n");
  EXPECT_EQ(host.manager(), Manager::None);
  EXPECT_EQ(host.manager(says_podman), Manager::Podman);
  EXPECT_EQ(docker.manager(says_kubernetes), Manager::Kubernetes);
}

TEST(surroundings, a_unit_of_systemd_is_named_outside_of_containers_alone) {
  Root host;
  EXPECT_EQ(host.manager(says_unit), Manager::Systemd);
  EXPECT_EQ(host.manager(), Manager::None);
  Root podman;
  podman.folder.write("proc/self/mountinfo", kPodmanMount);
  EXPECT_EQ(podman.manager(says_unit), Manager::Podman);
}

TEST(surroundings, no_remedy_switches_the_filter_off_where_the_profile_is_enough) {
  for (const Manager manager : {Manager::Docker, Manager::Podman, Manager::Kubernetes}) {
    Surroundings around;
    around.manager = manager;
    const std::string remedy = remedy_for_refused_call(around, Withheld::Calls, EPERM);
    EXPECT_EQ(remedy.find("nconfined"), std::string::npos) << remedy;
    EXPECT_NE(remedy.find("evalrun doctor --seccomp-profile"), std::string::npos) << remedy;
  }
  Surroundings nspawn;
  nspawn.manager = Manager::Nspawn;
  // Debian 12's systemd knows no @sandbox, and goes on without.
  EXPECT_EQ(switch_for(nspawn, Withheld::Calls).find("@sandbox"), std::string::npos);
  Surroundings ubuntu;
  ubuntu.restricted_by_apparmor = true;
  EXPECT_NE(remedy_for_refused_call(ubuntu, Withheld::Mounts, EACCES).find("containers/apparmor"), std::string::npos);
}

}  // namespace
}  // namespace evalrun::doctor
