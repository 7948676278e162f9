#include "runtime/fleet/worker.h"

#include <unistd.h>

#include <array>
#include <optional>
#include <random>

#include "runtime/cli/end_signals.h"
#include "runtime/cli/fleet.h"
#include "runtime/cli/message.h"
#include "runtime/cli/queue_of.h"
#include "runtime/cli/sandbox_count.h"
#include "runtime/core/units.h"
#include "runtime/judge/program.h"
#include "runtime/reader/image.h"
#include "runtime/warm/fork_server.h"

namespace evalrun::cli {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "host";
  return name.data();
}

// No other process has it, also where pids repeat: in containers every worker may be 1.
std::string worker_name(const std::string& host) {
  std::random_device random;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name = host + "/" + std::to_string(::getpid()) + "-";
  for (int i = 0; i < 8; ++i) name += kDigits[random() % kDigits.size()];
  return name;
}

}  // namespace

int run_worker(const Options& options) {
  const std::string host = options.host.empty() ? host_name() : options.host;
  // One more: the canary's.
  const unsigned jobs_at_a_time = sandboxes_at_a_time(options.jobs, 1);
  // From here on these signals are only news: nothing that can wait for somebody else is done outside the loop.
  const EndSignals signals;
  loop::EventLoop loop;
  groups::Groups groups;
  const host::HostFacts facts = groups::counted_by(groups, host::probe_host());
  warm::ForkServer fork_server;
  pool::CellPool pool(loop, groups, facts, jobs_at_a_time, &fork_server);
  judge::Jury jury(pool, facts);
  std::optional<fleet::FileCache> files;
  if (!options.shared_files.empty()) {
    files.emplace(fleet::SharedPlace::named(options.shared_files),
                  options.cache.empty() ? "worker-files" : options.cache,
                  parse_bytes(options.cache_size).value_or(4_GiB));
  }
  const std::unique_ptr<fleet::Queue> queue = queue_of(options, loop);
  fleet::WorkerOptions worker_options{
      .who = {worker_name(host), host, options.cpu_class, EVALRUN_VERSION, jobs_at_a_time},
      .save_to = options.save_to,
      .images = image_search_path(),
      .host_paths = options.unsafe_host_paths ? fleet::HostPaths::Allowed : fleet::HostPaths::Refused,
      .files = files ? &*files : nullptr,
      .late = options.confirm_tle ? fleet::Late::Confirmed : fleet::Late::Final,
      .say = [](const std::string& message) { say(message); }};
  if (!options.lease.empty()) worker_options.lease = parse_duration(options.lease).value_or(worker_options.lease);
  fleet::Worker worker({loop, facts, pool, judge::AfterFailure::GoOn, &jury}, std::move(worker_options), *queue);

  int signals_seen = 0;
  loop.watch(signals.get(), loop::Interest::Read, loop.caller(), [&] {
    const int signal = signals.take();
    if (signal == 0) return;
    if (signals_seen++ == 0) return worker.drain();
    worker.release(signal);
    jury.interrupt(signal);
  });
  for (worker.advance(); !worker.finished(); worker.advance()) {
    loop.run_once();
    jury.advance();
  }
  loop.forget(signals.get());
  const fleet::WorkerCounts& counts = worker.counts();
  say(std::to_string(counts.completed) + " jobs done, " + std::to_string(counts.faults) + " failures of sandboxes, " +
      std::to_string(counts.dropped) + " late results dropped");
  return worker.is_sick() ? 3 : 0;
}

}  // namespace evalrun::cli
