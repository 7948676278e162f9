// What all contenders share: where things are, and the plan, compiled once.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "bench/floor.h"
#include "runtime/sandbox/compile.h"

namespace evalrun::bench {

// A folder of the benchmark's own; gone, with all that is in it, when this is.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

struct Setting {
  std::filesystem::path evalrun;  // the command
  std::filesystem::path folder;   // build/bench: programs, data, true.toml
  std::filesystem::path scratch;
  std::shared_ptr<const sandbox::CompiledPlan> plan;  // of true.toml
  FloorPlan floor;

  [[nodiscard]] std::string program(const std::string& name) const { return (folder / "program" / name).string(); }
};

// Throws what parse_plan and compile throw. `build` is the build folder.
Setting make_setting(const std::filesystem::path& build, const std::filesystem::path& scratch);

// The floor under a run of this plan.
FloorPlan floor_of(const sandbox::CompiledPlan& plan);

// true.toml with other words to run.
std::shared_ptr<const sandbox::CompiledPlan> compile_with(const Setting& setting, const std::string& argv_toml);

}  // namespace evalrun::bench
