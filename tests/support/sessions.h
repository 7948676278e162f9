// Sessions of libevalrun, and what was heard of them.
#pragma once

#include <map>
#include <string>

#include "runtime/library/evalrun.hh"

namespace evalrun::test {

struct Heard {
  std::string order;  // one letter for each change: s(tarted) o(ut) e(rr) r(oom) c(ompleted)
  std::string output, error_output;
};

// By session.
using Hearing = std::map<std::uint64_t, Heard>;

CompiledPlan compile_text(Engine& engine, const std::string& toml);

// Takes what there is to be heard.
void take_events(Engine& engine, Hearing& hearing);

// One turn, which waits.
void turn(Engine& engine, Hearing& hearing);

// Until the session has finished.
Result wait_for(Engine& engine, const Session& session, Hearing& hearing);

Result run_to_end(Engine& engine, const std::string& toml, const SpawnOptions& options = {});

}  // namespace evalrun::test
