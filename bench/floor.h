// The kernel's floor: what the kernel alone asks for a sandbox with the layers of an evalrun run, made with raw system
// calls and nothing beside them. What evalrun takes over this is evalrun's own.
//
// Steps, in order; the numbers of mounts, rules, limits and the filters are those of the compiled plan:
//   parent   clone with user, mount, pid, network, ipc and uts namespaces (CLONE_VM: no page tables are copied);
//            the id map; a futex
//   init     setsid; mounts made private; each bind cloned and set read-only recursively; cgroup namespace; identity,
//            groups, death signal; session keyring; host and domain name; no nested user namespaces; the tmpfs root;
//            its folders, files and links; the binds, workspaces and /proc put in place; root read-only; pivot_root,
//            the old root detached; loopback up
//            the target cloned; then its own Landlock domain, capabilities, filter; the wait for the target
//   target   setsid; Landlock with every rule; the whitelist; rlimits; capabilities, NO_NEW_PRIVS; close_range; the
//            seal; execve
// Not among them: any check or reading back, control groups, pipes and streams, cores, a listener for the filter,
// measuring, a result, and waiting for each other where it is for safety alone (the target does not wait for init's
// lockdown). With Processes::One there is no init: pid 1 is the program, as no run of evalrun can be.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace evalrun::bench {

struct FloorPlan {
  struct Bind {
    std::string source;
    std::uint64_t attributes;
  };
  struct Node {
    enum class Kind { Folder, File, Link };
    Kind kind;
    std::string path;     // without the leading slash, as every path on the root
    std::string content;  // of a file; a link's target
    unsigned mode;
  };
  struct Mount {
    enum class Kind { Bind, Workspace, Proc };
    Kind kind;
    std::string path;
    std::uint64_t attributes;  // of a workspace
  };
  struct Rule {
    std::string path;
    std::uint64_t rights;
  };
  struct Limit {
    int resource;
    std::uint64_t soft, hard;
  };

  std::vector<Bind> binds;  // in the order of the mounts of that kind
  std::vector<Node> nodes;
  std::vector<Mount> mounts;
  std::string root_size, root_inodes, folder, hostname;
  std::uint64_t landlock[3] = {};  // handled_access_fs, handled_access_net, scoped
  std::uint64_t landlock_size = 0;
  std::vector<Rule> rules;
  std::vector<Limit> limits;
  std::vector<sock_filter> whitelist, seal, init_filter;
  int last_capability = 0;
  uid_t outside_uid = 0;
  gid_t outside_gid = 0;
  bool own_ids = true;  // the caller's own: its map takes no capability
  std::vector<std::string> argv;
};

// A compiled plan's data in a file, for the floor as a command of its own. Both throw std::runtime_error.
void write_floor_plan(const FloorPlan& plan, const std::string& path);
FloorPlan read_floor_plan(const std::string& path);

enum class Processes { InitAndTarget, One };

// From clone to reaped. The program has this process's descriptors 0, 1 and 2. Throws std::runtime_error where a step
// fails or the program ends with anything but 0. Not for two threads at once.
void run_floor(const FloorPlan& plan, Processes processes);

}  // namespace evalrun::bench
