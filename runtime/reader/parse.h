// From TOML to Task. Every error is a PlanError with file, line, column, key and what was expected.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/reader/addition.h"

namespace evalrun {

struct PlanText {
  std::string text;
  std::string file;              // as named to the user: "plan.toml", "<stdin>"
  std::string name;              // see Origin::name
  std::filesystem::path folder;  // absolute
};

// Reads a plan file, which must be a regular one. Throws PlanError where it cannot be read or is larger than 16 MiB.
PlanText read_plan_file(const std::string& file);

// The same for a command line: "-", /dev/stdin and /dev/fd/N are descriptors that the caller has opened, whatever they
// are, with the working directory as their folder. May wait for their writer.
PlanText read_plan(const std::string& path_or_dash);

// `overrides` are "key=value" pairs of --set, applied after the text; overrides.h says how a value is read. What an
// override writes stands in the file "--set", without a line. Images are looked up on `images`. `additions` come last.
Task parse_task(const PlanText& text, const std::vector<std::string>& overrides,
                const std::vector<std::filesystem::path>& images, const std::vector<PlanAddition>& additions = {});

// The same for who runs one program: a text with [compile] or [[case]] is refused, too.
Plan parse_plan(const PlanText& text, const std::vector<std::string>& overrides,
                const std::vector<std::filesystem::path>& images, const std::vector<PlanAddition>& additions = {});

}  // namespace evalrun
