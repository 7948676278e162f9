// How many sandboxes a command has at a time.
#pragma once

namespace evalrun::cli {

// As many as were asked for (0: one for each core), and no more than the descriptors that this process may open have
// room for; what there is no room for is said on standard error. `own`: those that the command needs beside them.
// Raises the soft limit first.
unsigned sandboxes_at_a_time(unsigned asked, unsigned own = 0);

}  // namespace evalrun::cli
