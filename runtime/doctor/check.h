// Check: one thing that runs need of this host, what was found, and the remedy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evalrun::doctor {

enum class State {
  Good,
  Degraded,  // plans can run, with less: without a layer, or with less exact figures
  Broken,    // nothing can run
};

constexpr std::string_view name_of(State state) {
  switch (state) {
    case State::Good: return "good";
    case State::Degraded: return "degraded";
    case State::Broken: return "broken";
  }
  return "?";
}

struct Check {
  std::string name;  // of a layer as a result names it ("landlock_net"), or of what was tried
  State state = State::Good;
  std::string finding = {};
  std::string remedy = {};               // what to do on the host; "" where all is well
  std::vector<std::string> accept = {};  // what plans write to run all the same: "require.landlock_net=if-available"
};

}  // namespace evalrun::doctor
