#include "tests/load/acts.h"

#include <nlohmann/json.hpp>

#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;

// For what never ends by itself, and for what does, however busy the host is.
constexpr Duration kWall = 700ms;
constexpr Duration kCpu = 300ms;
const std::string kStays = "limits.cpu = \"60s\"\nlimits.wall = \"700ms\"\n";
const std::string kEnds = "limits.cpu = \"60s\"\nlimits.wall = \"60s\"\n";
const std::string kFew = "limits.processes = 64\n";
const std::string kSmall = "limits.memory = \"64MiB\"\n";
// For what ends processes by the thousand: what they had is charged until the kernel frees it, and a host that is busy
// comes to that late (60 MiB on a quiet one, more than 256 seen).
const std::string kMuch = "limits.memory = \"2GiB\"\n";

}  // namespace

const std::vector<Act>& acts() {
  // Threats 90 to 95, 100, 103 to 107 and 114.
  static const std::vector<Act> all = {
      {"fork_bomb", {"fork-for-ever"}, kStays + kFew, "TLE", "wall", "", kWall},
      {"thread_bomb", {"threads-for-ever"}, kStays + kFew, "TLE", "wall", "", kWall},
      {"memory_bomb", {"touch-for-ever"}, kEnds + kSmall, "MLE", "memory", "", {}},
      {"memory_bomb_of_many_processes", {"touch-in-children", "16", "8"}, kEnds + kSmall, "MLE", "memory", "", {}},
      {"output_flood", {"flood", "both"}, kEnds + "limits.output = \"1MiB\"\n", "OLE", "output", "", {}},
      {"tmpfs_fill",
       {"fill-for-ever", "/work/f"},
       kStays + "limits.workspace = \"8MiB\"\n",
       "TLE",
       "wall",
       "filled ",
       kWall},
      {"inode_fill",
       {"files-for-ever", "/work"},
       kStays + "limits.inodes = 500\n",
       "TLE",
       "wall",
       "made 499 ENOSPC\n",
       kWall},
      {"lookup_storm", {"look-for-ever", "/work"}, kStays, "TLE", "wall", "", kWall},
      {"zombie_storm", {"zombies-for-ever"}, kStays + kFew + kMuch, "TLE", "wall", "", kWall},
      {"stopped_processes", {"stop-all", "20"}, kStays, "TLE", "wall", "", kWall},
      {"ignored_signals",
       {"ignore-signals-and-burn", "4"},
       "limits.cpu = \"300ms\"\nlimits.wall = \"60s\"\n",
       "TLE",
       "cpu",
       "",
       kCpu},
      {"daemons_that_stay", {"orphans", "2", "3600", "tell", "gone"}, kEnds, "OK", "", "gone\n", {}},
      {"forbidden_call", {"fork-and-violate"}, kEnds, "SV", "", "", {}},
      {"crash", {"abort"}, kEnds, "RE", "", "", {}},
      {"failure", {"tell", "failing", "exit", "3"}, kEnds, "RE", "", "failing\n", {}},
      {"good_program", {"burn", "0.05", "tell", "done"}, kEnds, "OK", "", "done\n", {}},
  };
  return all;
}

std::string plan_of(const Act& act, const std::string& program) {
  std::string argv = nlohmann::json("/work/" + program).dump();
  for (const std::string& word : act.words) argv += ", " + nlohmann::json(word).dump();
  return "argv = [" + argv + "]\nfiles.\"" + program +
         "\" = { from = " + nlohmann::json(probe("hostile").string()).dump() + ", mode = \"0755\" }\n" + act.limits;
}

}  // namespace evalrun::test
