// The configuration file of isolate: where boxes live, and whose they are.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace evalrun::isolate {

struct Config {
  std::filesystem::path box_root, lock_root;
  std::string cg_root;
  unsigned first_id = 0;  // uid and gid of box 0 outside; of no meaning for a caller who is not root
  unsigned num_boxes = 0;
  bool restricted_init = false;
  std::map<unsigned, std::vector<unsigned>> cpus;  // of a box
  std::vector<std::string> accept_missing;         // layers that may be missing: "landlock_net"
};

// The file that $EVALRUN_ISOLATE_CONFIG names; else /usr/local/etc/isolate or /etc/isolate. Where none of these is
// there, isolate's own folders, and uids that nobody else has; for a caller who is not root, folders of his own. Throws
// Fatal.
Config read_config(bool is_root);

}  // namespace evalrun::isolate
