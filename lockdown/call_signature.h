// A call as people write it: "ptrace(request=PTRACE_ATTACH, pid=7, addr=0x0, data=0x0)". Results tell a violation so;
// it decides nothing. It knows the parameters of the calls that the strict profile treats as violations, and shows all
// six registers of any other.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace evalrun::lockdown {

using CallArguments = std::array<std::uint64_t, 6>;

// The text that starts at an address of the calling process, cut at a length of the reader's choosing; none where it
// cannot be read. What it returns is the program's: control characters are escaped here.
using ReadText = std::function<std::optional<std::string>(std::uint64_t address)>;

std::string decode_call(const std::string& call, const CallArguments& arguments, const ReadText& read_text);

// Whether the call's parameters are known by name.
bool has_signature(const std::string& call);

}  // namespace evalrun::lockdown
