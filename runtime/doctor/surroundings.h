// What stands around this process and may refuse it something: a container and its manager, a security module's
// profile, a system-call filter. And what each manager calls the switch that lets evalrun have it.
#pragma once

#include <string>
#include <string_view>

namespace evalrun::doctor {

enum class Manager { None, Docker, Podman, Kubernetes, Nspawn, Lxc, Systemd, Other };

struct Surroundings {
  Manager manager = Manager::None;
  std::string profile;                  // of the security module: "docker-default (enforce)"; "" for none
  bool filtered = false;                // a seccomp filter is on this process already
  bool restricted_by_apparmor = false;  // Ubuntu: kernel.apparmor_restrict_unprivileged_userns
};

// `root`: where /proc, /run and /.dockerenv are; elsewhere in tests. `environment` is asked as getenv(3) is.
Surroundings look_around(const std::string& root = "", const char* (*environment)(const char*) = nullptr);

std::string_view name_of(Manager manager);

// What a container's manager may withhold.
enum class Withheld { Calls, Mounts, ProcMount, Sight, Groups, RealTime };

// The switch that gives it: "docker run --security-opt systempaths=unconfined"; "" where none is known.
std::string switch_for(const Surroundings& around, Withheld what);

// What to do where a call was refused with `error`, by what can be seen to stand around.
std::string remedy_for_refused_call(const Surroundings& around, Withheld what, int error);

}  // namespace evalrun::doctor
