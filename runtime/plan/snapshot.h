// Whether a run may begin with an interpreter that was started before: [snapshot] of a plan and of its image.
#pragma once

namespace evalrun {

enum class SnapshotMode {
  Off,   // by execve
  Auto,  // from a snapshot that is there
  Yes    // one is recorded if there is none
};

struct SnapshotUse {
  friend bool operator==(const SnapshotUse&, const SnapshotUse&) = default;
  SnapshotMode mode = SnapshotMode::Off;
  bool is_supported = false;  // by the image
};

}  // namespace evalrun
