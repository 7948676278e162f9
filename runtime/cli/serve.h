// `evalrun serve`: sandboxes over HTTP.
#pragma once

#include "runtime/usage/options.h"

namespace evalrun::cli {

// Until SIGTERM or SIGINT, and what was accepted has been answered. The exit status.
int run_serve(const Options& options);

}  // namespace evalrun::cli
