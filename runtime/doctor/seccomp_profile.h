// The system-call profile for a container that evalrun runs in, as Docker, Podman and Kubernetes read it (OCI runtime
// specification, linux.seccomp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evalrun::doctor {

// What evalrun and its programs call, and what else an ordinary program in that container may want; sorted.
std::vector<std::string_view> calls_of_container();

std::string seccomp_profile();

}  // namespace evalrun::doctor
