#include "runtime/sandbox/missing_library.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "rootfs/view.h"
#include "runtime/core/host_file.h"
#include "runtime/core/small_file.h"
#include "runtime/core/text.h"

namespace evalrun::sandbox {
namespace {

// Of glibc's elf/dl-load.c; in the environment that images set it is not translated.
constexpr std::string_view kSentence = ": cannot open shared object file";
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kMostText = 64 << 10;
// Where libraries lie on Debian, whatever the architecture.
constexpr std::string_view kFolders[] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/lib"};

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && name.find('/') == name.npos && name.find(".so") != name.npos;
}

std::vector<std::string> places_of(const std::string& library, const Plan& plan) {
  std::vector<std::string> places;
  if (const auto more = plan.job.env.find("LD_LIBRARY_PATH"); more != plan.job.env.end()) {
    for (std::string_view rest = more->second; !rest.empty();) {
      places.push_back(std::string(take_until(rest, ':')) + "/" + library);
    }
  }
  for (const std::string_view folder : kFolders) places.push_back(std::string(folder) + "/" + library);
  return places;
}

std::string explain(const rootfs::View& view, const rootfs::Layout& layout, const std::string& path) {
  const rootfs::Look look = view.look(path);
  const std::optional<rootfs::Mend> mend = rootfs::mend_for(layout, look);
  return mend ? describe(look, *mend) : "";
}

// Of a file that the plan places: its first bytes.
std::string beginning_of(const WorkFile& file) {
  constexpr std::size_t kFirstLine = 256;  // BINPRM_BUF_SIZE
  if (const auto* text = std::get_if<std::string>(&file.source)) return text->substr(0, kFirstLine);
  const HostFile source = open_host_file(std::get<std::filesystem::path>(file.source).string(), FileUse::Read);
  char bytes[kFirstLine];
  const ssize_t count = source.descriptor ? ::pread(source.descriptor.get(), bytes, sizeof bytes, 0) : 0;
  return {bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

// "#!/usr/bin/awk -f" is executed as /usr/bin/awk.
std::string interpreter_of(const Plan& plan, const std::string& program) {
  const std::string whole = (std::filesystem::path(plan.kind.cwd) / program).lexically_normal().string();
  const std::string at = rootfs::as_in_work(plan.kind, whole);
  const auto file =
      std::ranges::find_if(plan.job.files, [&](const WorkFile& each) { return "/work/" + each.path == at; });
  const std::string begin = file == plan.job.files.end() ? "" : beginning_of(*file);
  if (!begin.starts_with("#!")) return "";
  const std::size_t from = begin.find_first_not_of(" \t", 2);
  return from == begin.npos ? "" : begin.substr(from, begin.find_first_of(" \t\n", from) - from);
}

}  // namespace

std::vector<std::string> explain_missing_libraries(const Plan& plan, const rootfs::Layout& layout,
                                                   std::string_view standard_error) {
  std::vector<std::string> sentences;
  const rootfs::View view(layout, plan.kind.cwd);
  std::set<std::string, std::less<>> asked;
  std::string_view text = standard_error.substr(0, kMostText);
  for (std::size_t at = text.find(kSentence); at != text.npos; at = text.find(kSentence, at + 1)) {
    std::string_view name = text.substr(0, at);
    name.remove_prefix(std::min(name.find_last_of(" \n:'\"") + 1, name.size()));
    if (!is_plain_name(name) || asked.size() == kMostExplained || !asked.emplace(name).second) continue;
    for (const std::string& place : places_of(std::string(name), plan)) {
      const std::string sentence = explain(view, layout, place);
      if (sentence.empty()) continue;
      sentences.push_back("the library " + one_line(std::string(name)) + ": " + one_line(sentence));
      break;
    }
  }
  return sentences;
}

std::string explain_missing_program(const Plan& plan, const rootfs::Layout& layout, const std::string& program) {
  const rootfs::View view(layout, plan.kind.cwd);
  const std::string interpreter = interpreter_of(plan, program);
  const std::string sentence = explain(view, layout, interpreter.empty() ? program : interpreter);
  return sentence.empty() ? "" : "the program " + one_line(program) + ": " + one_line(sentence);
}

}  // namespace evalrun::sandbox
