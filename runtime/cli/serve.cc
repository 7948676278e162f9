#include "runtime/cli/serve.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "runtime/cli/end_signals.h"
#include "runtime/cli/sandbox_count.h"
#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/small_file.h"
#include "runtime/core/text.h"
#include "runtime/reader/image.h"
#include "runtime/serve/dialects.h"
#include "runtime/serve/http_server.h"
#include "runtime/serve/service.h"
#include "runtime/warm/fork_server.h"

namespace evalrun::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kShortestToken = 16;

std::string read_token(const std::string& path) {
  if (path.empty()) return "";
  const Fd file = open_to_read(path);
  std::string text(4096, '\0');
  const ssize_t count = ::read(file.get(), text.data(), text.size());
  if (count < 0) throw SystemError("read", path);
  text.resize(static_cast<std::size_t>(count));
  text = text.substr(0, text.find_first_of("\r\n"));
  if (text.size() < kShortestToken || text.find_first_of(" \t") != text.npos) {
    throw UsageError("--token-file " + in_quotes(path) + ": its first line must be a token of at least " +
                     std::to_string(kShortestToken) + " characters without spaces");
  }
  return text;
}

std::vector<serve::Listener> open_listeners(const Options& options, const std::string& token) {
  std::vector<serve::Listener> listeners = serve::listeners_of_service_manager();
  if (listeners.empty()) {
    if (token.empty() && !serve::is_local_address(options.serve.listen)) {
      throw UsageError("--listen " + in_quotes(options.serve.listen) +
                       " is reached from other hosts, which may then run programs here: give --token-file too");
    }
    listeners.push_back(serve::listen_at(options.serve.listen));
  }
  for (const serve::Listener& listener : listeners) {
    if (listener.is_local || !token.empty()) continue;
    throw UsageError(listener.name +
                     " is reached from other hosts, which may then run programs here: give --token-file");
  }
  return listeners;
}

// A turn that nothing asks for: one more run is prepared where there is nothing better to do.
class Preparing {
 public:
  Preparing(loop::EventLoop& loop, pool::CellPool& pool) : loop_(loop), pool_(pool) {
    loop_.watch(wake_.get(), loop::Interest::Read, loop_.caller(), [this] { wake_.acknowledge(); });
  }
  ~Preparing() { loop_.forget(wake_.get()); }
  Preparing(const Preparing&) = delete;
  Preparing& operator=(const Preparing&) = delete;

  void advance() {
    if (pool_.prepare()) wake_.set({});
  }

 private:
  loop::EventLoop& loop_;
  pool::CellPool& pool_;
  loop::Timer wake_;
};

}  // namespace

int run_serve(const Options& options) {
  const std::string token = read_token(options.serve.token_file);
  std::vector<serve::Listener> listeners = open_listeners(options, token);
  const serve::ServeOptions& bounds = options.serve;
  const unsigned jobs = sandboxes_at_a_time(options.jobs);

  const EndSignals signals;
  loop::EventLoop loop;
  groups::Groups groups;
  const host::HostFacts host = groups::counted_by(groups, host::probe_host());
  warm::ForkServer fork_server;
  pool::CellPool pool(loop, groups, host, jobs, &fork_server);
  judge::Jury jury(pool, host);
  ImageCache images(image_search_path());
  serve::Metrics metrics;
  serve::RequestLog log(STDERR_FILENO, metrics);
  serve::WorkQueue queue({loop, host, pool, judge::AfterFailure::GoOn, &jury}, {jobs, bounds.queue});
  loop::Background background(loop);
  serve::Workshop shop{
      loop, queue, background, metrics, images, bounds.ceilings, image_search_path(), bounds.plans, bounds.src_prefix};
  serve::Health health(loop, "/proc/self/exe");
  const bool is_tcp = std::ranges::any_of(listeners, &serve::Listener::is_tcp);
  serve::Service service(shop, {token, is_tcp}, health, log);
  serve::add_dialects(service, shop, bounds);
  for (const serve::Listener& listener : listeners) log.event("listening", "on", listener.name);
  serve::HttpServer server(loop, std::move(listeners), bounds.http, service);
  service.set_server(&server);
  serve::notify_service_manager("READY=1");

  int ended_by = 0;
  loop.watch(signals.get(), loop::Interest::Read, loop.caller(), [&] {
    const int signal = signals.take();
    if (signal == 0) return;
    if (ended_by == 0) {
      ended_by = signal;
      log.event("draining");
      serve::notify_service_manager("STOPPING=1");
      service.drain();
      server.stop_listening();
    } else {
      queue.interrupt(signal);  // asked twice
      jury.interrupt(signal);
    }
  });
  Preparing preparing(loop, pool);
  for (;;) {
    queue.advance();
    jury.advance();
    if (ended_by != 0 && queue.is_idle() && background.is_idle() && server.open_exchanges() == 0) break;
    // All that can be started has been.
    if (ended_by == 0) preparing.advance();
    loop.run_once();
  }
  loop.forget(signals.get());
  log.event("ended");
  return 0;
}

}  // namespace evalrun::cli
