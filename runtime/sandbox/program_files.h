// Which files a program needs to start, found as the kernel will find them: the program itself by its name, the
// interpreter that its first line or its ELF header names, and the image's libraries. Where a plan takes fs.read or
// exec away, Landlock's rules are made for these.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rootfs/layout.h"
#include "rootfs/pin.h"
#include "rootfs/view.h"
#include "runtime/plan/plan.h"
#include "runtime/sandbox/path_rules.h"

namespace evalrun::sandbox {

// `candidates`: what execve is tried on. Looks at the host's files behind the layout's binds; what is not there, or
// cannot be read by the caller, is passed over: execve or the loader then says so.
ProgramFiles find_program_files(const Plan& plan, const rootfs::Layout& layout,
                                const std::vector<std::string>& candidates,
                                const std::vector<rootfs::CarriedFile>& carried);

// Where the way of the candidates ends if none of them can be there when the program starts: of one that a link leads
// out of the sandbox to what the host has, if there is such a one. None where one is there or may yet be written: into
// the workspace, a tmpfs or a writable bind. Some two system calls for each part of the path of the first candidate.
std::optional<rootfs::Look> find_missing(const Plan& plan, const rootfs::Layout& layout,
                                         const std::vector<std::string>& candidates);

}  // namespace evalrun::sandbox
