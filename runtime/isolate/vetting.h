// What a folder must not hold if a program is to see it: sockets, which it could connect to even where the folder is
// read-only, and devices. FIFOs may be there: programs of a contest talk through them.
#pragma once

#include <filesystem>
#include <string>

namespace evalrun::isolate {

enum class Vetted { Whole, InPart };

// Looks at so many names at most. Throws Fatal, which names the folder by `outside` and `inside`.
inline constexpr unsigned kMostNames = 65'536;
Vetted vet_folder(const std::filesystem::path& folder, const std::string& outside, const std::string& inside);

}  // namespace evalrun::isolate
