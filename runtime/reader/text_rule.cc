#include "runtime/reader/text_rule.h"

#include <climits>

#include "runtime/core/base64.h"

namespace evalrun {
namespace {

// Linux's own bounds: a path of 4095 bytes, a name of 255 (path_resolution(7)).
constexpr std::size_t kMaxPath = PATH_MAX - 1;
constexpr std::size_t kMaxName = NAME_MAX;
// POSIX's and Linux's bound of a host name (gethostname(2)).
constexpr std::size_t kMaxHostname = HOST_NAME_MAX;

// Alphabets.
#define EVALRUN_LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define EVALRUN_LETTERS EVALRUN_LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
constexpr std::string_view kCallLetters = EVALRUN_LOWER "_";
constexpr std::string_view kPackageFirst = EVALRUN_LOWER;
constexpr std::string_view kPackageLetters = EVALRUN_LOWER "+-.";
constexpr std::string_view kHostLetters = EVALRUN_LETTERS ".-";
constexpr std::string_view kEndingLetters = EVALRUN_LETTERS "_+-";
constexpr std::string_view kImageLetters = EVALRUN_LETTERS "._+-";
#undef EVALRUN_LETTERS
#undef EVALRUN_LOWER

bool consists_of(std::string_view text, std::string_view alphabet) noexcept {
  return text.find_first_not_of(alphabet) == text.npos;
}

bool has_nul(std::string_view text) noexcept {
  return text.find('\0') != text.npos;
}

// Takes the front part off a path: "a/b" gives "a" and leaves "b".
std::string_view next_part(std::string_view& path) noexcept {
  const std::size_t slash = path.find('/');
  const std::string_view part = path.substr(0, slash);
  path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  return part;
}

bool is_path(std::string_view path) noexcept {
  if (path.empty() || path.size() > kMaxPath || has_nul(path)) return false;
  while (!path.empty()) {
    if (next_part(path).size() > kMaxName) return false;
  }
  return true;
}

bool climbs(std::string_view path) noexcept {
  while (!path.empty()) {
    if (next_part(path) == "..") return true;
  }
  return false;
}

// The first part that names something; empty for "/", "." and the like.
std::string_view first_name(std::string_view path) noexcept {
  while (!path.empty()) {
    const std::string_view part = next_part(path);
    if (!part.empty() && part != ".") return part;
  }
  return {};
}

bool is_bytes(std::string_view) noexcept {
  return true;
}
bool is_any(std::string_view text) noexcept {
  return !has_nul(text);
}
bool is_line(std::string_view text) noexcept {
  return !text.empty() && !has_nul(text);
}
bool is_absolute(std::string_view text) noexcept {
  return is_path(text) && text.starts_with('/');
}
bool is_sandbox_path(std::string_view text) noexcept {
  return is_absolute(text) && !climbs(text);
}

bool is_mount_point(std::string_view text) noexcept {
  if (!is_sandbox_path(text)) return false;
  const std::string_view top = first_name(text);
  return !top.empty() && top != "proc" && top != "dev";
}

bool is_work_path(std::string_view text) noexcept {
  // A final "/" or "/." would name a folder.
  return is_path(text) && !text.starts_with('/') && !climbs(text) && !first_name(text).empty() &&
         !text.ends_with('/') && !text.ends_with("/.");
}

bool is_work_pattern(std::string_view text) noexcept {
  return text == "." || is_work_path(text);
}

bool is_env_name(std::string_view text) noexcept {
  return is_line(text) && text.find('=') == text.npos;
}

bool is_hostname(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxHostname && consists_of(text, kHostLetters);
}

bool is_call_name(std::string_view text) noexcept {
  return !text.empty() && consists_of(text, kCallLetters);
}

// Permission bits only: three octal digits, perhaps behind a zero. A set-user-ID bit needs a fourth.
bool is_mode(std::string_view text) noexcept {
  if (text.size() == 4 && text.front() == '0') text.remove_prefix(1);
  return text.size() == 3 && text.find_first_not_of("01234567") == text.npos;
}

bool is_image_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxName && text.front() != '.' && text.front() != '-' &&
         consists_of(text, kImageLetters);
}

bool is_image_reference(std::string_view text) noexcept {
  return is_image_path(text) ? is_path(text) : is_image_name(text);
}

// Debian policy 5.6.1.
bool is_package(std::string_view text) noexcept {
  return text.size() >= 2 && consists_of(text.substr(0, 1), kPackageFirst) && consists_of(text, kPackageLetters);
}

bool is_language(std::string_view text) noexcept {
  return !text.empty() && consists_of(text, kPackageFirst);
}

bool is_ending(std::string_view text) noexcept {
  return text.size() >= 2 && text.front() == '.' && consists_of(text.substr(1), kEndingLetters);
}

}  // namespace

namespace text_rule {

constinit const TextRule kBytes = {"text", "", is_bytes};
constinit const TextRule kBase64 = {"base64 with its padding", "^[A-Za-z0-9+/=\\r\\n]*$", is_base64};
constinit const TextRule kAny = {"text without a NUL byte", "", is_any};
constinit const TextRule kLine = {"text that is not empty and without a NUL byte", "^[\\s\\S]", is_line};
constinit const TextRule kHostPath = {"a path of the host", "^[\\s\\S]", is_path};
constinit const TextRule kHostAbsolute = {"an absolute path of the host", "^/", is_absolute};
constinit const TextRule kSandboxPath = {"an absolute path in the sandbox without \"..\"", "^/", is_sandbox_path};
constinit const TextRule kMountPoint = {
    "an absolute path in the sandbox without \"..\", other than \"/\" and not in /proc or /dev", "^/", is_mount_point};
constinit const TextRule kWorkPath = {"a file's path relative to /work without \"..\"", "^[^/]", is_work_path};
constinit const TextRule kWorkPattern = {
    "a path relative to /work without \"..\", perhaps with \"*\" and \"?\" in its names, or \".\"", "^[^/]",
    is_work_pattern};
constinit const TextRule kEnvName = {"a name that is not empty and without \"=\" and NUL", "^[^=]+$", is_env_name};
constinit const TextRule kHostname = {"1 to 64 letters, digits, \".\" and \"-\"", "^[A-Za-z0-9.-]{1,64}$", is_hostname};
constinit const TextRule kCallName = {"the name of a system call, such as \"memfd_create\"", "^[a-z0-9_]+$",
                                      is_call_name};
constinit const TextRule kMode = {"permission bits in octal, \"0000\" to \"0777\"", "^0?[0-7]{3}$", is_mode};
constinit const TextRule kImageName = {"an image's name, such as \"python\"", "^[A-Za-z0-9_+][A-Za-z0-9._+-]*$",
                                       is_image_name};
constinit const TextRule kImageReference = {
    "an image's name, such as \"python\", or a path to an image file, such as \"./my.toml\"", "^[\\s\\S]",
    is_image_reference};
constinit const TextRule kPackage = {"the name of a Debian package", "^[a-z0-9][a-z0-9+.-]+$", is_package};
constinit const TextRule kLanguage = {"the code of a language, such as \"cpp\"", "^[a-z0-9]+$", is_language};
constinit const TextRule kEnding = {"the ending of a file's name, such as \".cpp\"", "^\\.[A-Za-z0-9+_-]+$", is_ending};

}  // namespace text_rule

bool is_image_path(std::string_view reference) noexcept {
  return reference.find('/') != reference.npos || reference.ends_with(".toml");
}

std::string normalised(std::string_view path) {
  std::string result(path.starts_with('/') ? "/" : "");
  while (!path.empty()) {
    const std::string_view part = next_part(path);
    if (part.empty() || part == ".") continue;
    if (!result.empty() && result.back() != '/') result.push_back('/');
    result.append(part);
  }
  return result;
}

}  // namespace evalrun
