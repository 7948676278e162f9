#include "runtime/cli/sandbox_count.h"

#include <algorithm>
#include <string>

#include "runtime/cli/message.h"
#include "runtime/judge/capacity.h"

namespace evalrun::cli {

unsigned sandboxes_at_a_time(unsigned asked, unsigned own) {
  const unsigned wanted = asked != 0 ? asked : judge::usable_cores();
  judge::raise_descriptor_limit();
  const unsigned room = judge::most_sandboxes(0);
  const unsigned most = room > own ? room - own : 1;
  if (wanted > most) {
    say("the limit on open files has room for " + std::to_string(most) + " sandboxes at a time, not " +
        std::to_string(wanted));
  }
  return std::min(wanted, most);
}

}  // namespace evalrun::cli
