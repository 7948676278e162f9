// Whether a run may begin with an interpreter that was started before: [snapshot] of a plan and of its image.
#pragma once

#include <string>
#include <vector>

#include "runtime/core/units.h"

namespace evalrun {

enum class SnapshotMode {
  Off,   // by execve
  Auto,  // from a snapshot that is there
  Yes    // one is recorded if there is none
};

// What is known of an interpreter's inside (snapshot/python_hook.h).
enum class InterpreterHook { None, Python };

// A program of evalrun's own that is loaded before the snapshot is made: a side of an examination. The last word of
// argv is then its starter.
enum class LoadedAhead { Nothing, Candidate, Examiner, InProcess };

struct SnapshotUse {
  friend bool operator==(const SnapshotUse&, const SnapshotUse&) = default;
  SnapshotMode mode = SnapshotMode::Auto;
  bool is_supported = false;                     // by the image
  InterpreterHook hook = InterpreterHook::None;  // the image's
  std::vector<std::string> preload;              // modules that are imported before it is made
  LoadedAhead loaded_ahead = LoadedAhead::Nothing;
  // It is made anew after so many runs, and after so long.
  unsigned renew_runs = 10'000;
  Duration renew_after = std::chrono::minutes(10);
};

}  // namespace evalrun
