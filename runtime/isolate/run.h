// --run: one program in a box.
#pragma once

#include "runtime/isolate/box.h"
#include "runtime/isolate/command_line.h"
#include "runtime/isolate/config.h"
#include "runtime/isolate/meta.h"

namespace evalrun::isolate {

// The image of the run, as TOML: what it shows of the host. It is an image because folders that a plan names must hold
// no FIFOs, and FIFOs in those of --dir are how programs of a contest talk to each other. What else a folder must not
// hold is looked for here (vetting.h). Makes the temporary folders.
std::string image_of(const CommandLine& line, const Box& box);
// The plan of the run with the image in that file.
std::string plan_of(const CommandLine& line, const Config& config, const std::filesystem::path& image);

// Runs it and waits for it. The box has been entered and is the program's. Throws Fatal.
RunEnd run_in_box(const CommandLine& line, const Config& config, const Box& box);

}  // namespace evalrun::isolate
