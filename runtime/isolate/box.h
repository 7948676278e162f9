// The life of a box: a folder of the host between --init and --cleanup, in which programs run one after the other.
//
// Theory of operation. box_root/ID/box is the caller's between runs. During a run it belongs to the box's own uid,
// which the program has outside of its sandbox; where the caller is not root, that is the caller's uid and nothing
// changes hands. What a program leaves that is neither a file nor a folder is removed when the box is given back, so
// that the caller meets no link that leads elsewhere. A lock makes sure that one process at a time works on a box.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>

#include "runtime/core/fd.h"
#include "runtime/isolate/config.h"

namespace evalrun::isolate {

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

enum class Groups { Without, With };
enum class WhenBusy { Fail, Wait };
enum class SpecialFiles { Remove, Keep };

class Box {
 public:
  // `caller`: whose boxes are made. Throws Fatal where the id is out of range.
  Box(const Config& config, unsigned id, Owner caller, Groups groups, WhenBusy when_busy);

  // Each throws Fatal.
  void init(std::pair<unsigned, unsigned> quota);
  // False: there was none.
  bool cleanup();
  // Locks it for a run.
  void enter();

  // The folder that the rules' relative paths are relative to.
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  // Who the program is outside of its sandbox.
  [[nodiscard]] Owner inside_owner() const noexcept { return program_; }
  // Folders of --dir=...:tmp, made where they are missing.
  void make_temporary(const std::string& relative) const;

  // Keeps the image of the next run, beside the box, and says where. Throws Fatal.
  [[nodiscard]] std::filesystem::path write_image(const std::string& text) const;

  void give_to_program(SpecialFiles special) const;
  void give_back(SpecialFiles special) const;

 private:
  struct Record {
    bool is_there = false, is_initialized = false, with_groups = false;
    uid_t owner = 0;
  };

  bool lock(bool makes_it);
  [[nodiscard]] Record read_record() const;
  void write_record(bool is_initialized) const;

  std::filesystem::path folder_, lock_file_;
  Owner caller_, program_;
  bool with_groups_, waits_, is_root_;
  Fd lock_;
};

}  // namespace evalrun::isolate
