// Files out of /work as a program has left it, into the server's memory. The folder is hostile ground: links, FIFOs and
// sparse terabytes are refused, not followed.
#pragma once

#include <string>
#include <vector>

#include "runtime/plan/plan.h"

namespace evalrun::serve {

struct WorkContent {
  std::string path;
  std::string bytes;
  enum class State { Read, Missing, NotRegular, TooLarge, Failed } state = State::Read;
  std::string error;  // in words; "" where it was read
};

// `work` is borrowed. Of a file that is larger than its bound nothing is read, unless `cut` says so.
enum class TooLarge { Refuse, Cut };
WorkContent read_from_work(int work, const CollectFile& wanted, TooLarge too_large = TooLarge::Refuse);

}  // namespace evalrun::serve
