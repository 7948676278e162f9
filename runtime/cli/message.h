// What the command says on standard error.
#pragma once

#include <string_view>

namespace evalrun::cli {

// "evalrun: message", one line whatever the message holds.
void say(std::string_view message);

}  // namespace evalrun::cli
