// What a text in a plan may be, apart from its type: one rule per kind of text, with the words for messages and for the
// schema. No rule touches the host.
#pragma once

#include <string>
#include <string_view>

namespace evalrun {

struct TextRule {
  std::string_view expected;  // completes "expected …"
  std::string_view pattern;   // an ECMA regular expression that holds of all accepted texts, perhaps of more
  bool (*accepts)(std::string_view text) noexcept;
};

namespace text_rule {
extern const TextRule kBytes;  // anything
extern const TextRule kBase64;
extern const TextRule kAny;           // a C string: no NUL
extern const TextRule kLine;          // the same, not empty
extern const TextRule kHostPath;      // a path of the host, absolute or not
extern const TextRule kHostAbsolute;  // an absolute path of the host
extern const TextRule kSandboxPath;   // an absolute path in the sandbox
extern const TextRule kMountPoint;    // the same, where something may be mounted or linked
extern const TextRule kWorkPath;      // a file below /work
extern const TextRule kWorkPattern;   // the same, or a pattern of names, or "." for all
extern const TextRule kEnvName;
extern const TextRule kHostname;
extern const TextRule kCallName;
extern const TextRule kMode;
extern const TextRule kImageName;
extern const TextRule kImageReference;  // a name, or a path to an image file
extern const TextRule kPackage;
extern const TextRule kLanguage;  // the code of a language in problem packages
extern const TextRule kEnding;    // of file names
}  // namespace text_rule

// Whether an image is named by its path: it contains '/' or ends in ".toml".
bool is_image_path(std::string_view reference) noexcept;

// A path that one of the rules has accepted, without ".", empty parts and a final slash. Never resolves "..": there is
// none.
std::string normalised(std::string_view path);

}  // namespace evalrun
