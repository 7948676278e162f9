// What the command says on standard error.
#pragma once

#include <string>
#include <string_view>

namespace evalrun::cli {

// "evalrun: message", one line whatever the message holds.
void say(std::string_view message);

// The last words of a command: "interrupted by SIGTERM", and `more` after it. Whoever reads standard error may not, so
// they are left unsaid after a second.
void say_interrupted(int signal, const std::string& more = "");

}  // namespace evalrun::cli
