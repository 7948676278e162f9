// Whether an image shows all that its programs and libraries lead to: `evalrun image check` looks before it runs.
//
// Theory of operation. The walk begins with the programs that the image names. It follows the links, interpreters,
// loaders and libraries of each, and, where the host has dpkg, all files of the packages that these come from and of
// those they depend on. Each path is resolved as the sandbox would resolve it (rootfs/view.h). A link that can be seen
// there and leads to what cannot, though this host has it, is named with what would show it.
//
// What it does not find: a file that a program opens by a name of its own, with no link on the way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rootfs/view.h"
#include "runtime/plan/plan.h"
#include "runtime/reader/image.h"

namespace evalrun::cli {

struct LinkOut {
  rootfs::Look look;
  rootfs::Mend mend;
};

struct ImageClosure {
  std::vector<std::string> not_on_host;  // programs of the image that this host does not have
  std::vector<std::string> not_shown;    // and that it has, and the image does not show
  std::vector<LinkOut> links;            // one for each place that is to be shown
  // Folders of its packages in /etc and /var/lib that it does not show and may need, and those that hold libraries or
  // programs, which must also be allowed to run.
  std::vector<std::string> settings, settings_to_run;
  std::size_t files_seen = 0;
};

// `plan` is a plan of the image, `dpkg` the folder of dpkg's lists: /var/lib/dpkg, or a test's.
ImageClosure walk_image(const Image& image, Plan plan, const std::string& dpkg);

}  // namespace evalrun::cli
