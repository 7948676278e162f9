// What the command says on standard error.
#pragma once

#include <string_view>

namespace evalrun::cli {

// "evalrun: message", one line whatever the message holds.
void say(std::string_view message);

// The same of a command that was interrupted: whoever reads standard error may not, so it is left unsaid after a
// second.
void say_at_the_end(std::string_view message);

}  // namespace evalrun::cli
