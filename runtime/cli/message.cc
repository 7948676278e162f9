#include "runtime/cli/message.h"

#include <iostream>

#include "runtime/core/text.h"

namespace evalrun::cli {

void say(std::string_view message) {
  std::cerr << "evalrun: " << one_line(message) << "\n";
}

}  // namespace evalrun::cli
