// What the search of `evalrun trace --suggest` may try on an untrusted program.
//
// The program chooses what it is refused, so each addition is its wish. The search may try an addition only if it gives
// the program nothing of the host: no byte and no name of a file that the plan does not show, no write outside the
// sandbox, no way to another process, no dangerous system call, no unbounded resource. Anything else needs a grant of
// the operator's (--grant, --grant-write), who is told which.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/host/host.h"
#include "runtime/plan/plan.h"
#include "runtime/reader/addition.h"

namespace evalrun::trace {

// What the operator lets the search give to the program.
class Grants {
 public:
  // `readable`: absolute paths, or names of system calls. `writable`: absolute paths, which can then be read too.
  // Throws UsageError for a word that is neither, for a path that is not there, and for "/".
  Grants(const std::vector<std::string>& readable, const std::vector<std::string>& writable);
  Grants() = default;

  // `path` is absolute and normalised. It may lead through links, but only to what was granted.
  [[nodiscard]] bool let_read(const std::string& path) const;
  [[nodiscard]] bool let_write(const std::string& path) const;
  [[nodiscard]] bool let_call(const std::string& name) const;

 private:
  struct Path {
    std::string named;
    std::string real;
  };
  static Path path_of(const std::string& text);
  static bool holds(const std::vector<Path>& granted, const std::string& path);

  std::vector<Path> readable_;
  std::vector<Path> writable_;
  std::vector<std::string> calls_;
};

// Why the search may not try an addition.
struct Withheld {
  std::string needs;   // "the host's /srv/data"
  std::string option;  // "--grant /srv/data"; empty if no option gives it
};

// `before` is the plan without additions, `after` the plan with this one and all that are tried already.
std::optional<Withheld> why_withheld(const PlanAddition& addition, const Plan& before, const Plan& after,
                                     const host::HostFacts& host, const Grants& grants);

// The search raises no limit to more than so many times the plan's.
inline constexpr unsigned kMostRaised = 16;

}  // namespace evalrun::trace
