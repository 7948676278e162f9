#include "runtime/cli/execute.h"

#include <poll.h>

#include <array>

#include "runtime/cli/end_signals.h"
#include "runtime/core/error.h"
#include "runtime/judge/capacity.h"
#include "runtime/reader/image.h"

namespace evalrun::cli {

Engine make_engine() {
  return Engine({.images = image_search_path(),
                 .haste = Haste::NearLimits,
                 .first_session = FirstSession::PreparedWhileCompiling,
                 .prepared = judge::usable_cores()});  // of a graded plan's cases
}

PlanSource source_of(PlanText text) {
  return {std::move(text.text), std::move(text.name), std::move(text.file), std::move(text.folder)};
}

Execution execute(Engine& engine, const CompiledPlan& plan, SpawnOptions options) {
  options.output_events = OutputEvents::None;
  options.host_streams = HostStreams::Shared;
  if (plan.is_graded()) judge::raise_descriptor_limit();
  const EndSignals signals;
  Session session = engine.spawn(plan, options);
  std::array<pollfd, 2> watched = {pollfd{engine.descriptor(), POLLIN, 0}, pollfd{signals.get(), POLLIN, 0}};
  int ended_by = 0;
  while (!session.finished()) {
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw SystemError("poll", "");
    }
    if (const int signal = watched[1].revents != 0 ? signals.take() : 0) {
      session.interrupt(signal);
      ended_by = signal;
    }
    engine.dispatch(std::chrono::milliseconds(0));
    while (engine.next_event()) {
    }
  }
  return {session.result(), ended_by};
}

}  // namespace evalrun::cli
