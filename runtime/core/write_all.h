// write(2) until nothing is left: it may take less than it is given, and a signal may interrupt it.
#pragma once

#include <string_view>

namespace evalrun {

// `subject` is for the error's text: the file's name. Throws SystemError.
void write_all(int fd, std::string_view bytes, std::string_view subject);

// The same by write_quietly(), for a library's use. Returns 0 or errno.
int write_all_quietly(int fd, std::string_view bytes) noexcept;

}  // namespace evalrun
