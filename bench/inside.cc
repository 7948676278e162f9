#include "bench/inside.h"

#include <stdio.h>

#include "bench/own_process.h"
#include "runtime/core/error.h"
#include "runtime/supervise/run.h"
#include "runtime/warm/fork_server.h"

namespace evalrun::bench {
namespace {

using nlohmann::ordered_json;

constexpr int kPatience = 120;  // seconds

std::string output_outside(const Setting& setting) {
  const std::string command = "exec '" + setting.program("measured") + "' measure";
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw SystemError("popen", command);
  char text[100] = {};
  const bool told = ::fgets(text, sizeof text, pipe) != nullptr;
  if (::pclose(pipe) != 0 || !told) throw std::runtime_error(command + " failed");
  return text;
}

class Sandboxed {
 public:
  explicit Sandboxed(const Setting& setting) : plan_(compile_with(setting, R"(["/program/measured", "measure"])")) {}

  std::string output() {
    supervise::Run run(loop_, groups_, plan_, {}, {.cloner = &fork_server_});
    while (!run.finished()) loop_.run_once();
    return run.take_result(nullptr).output.kept;
  }

 private:
  loop::EventLoop loop_;
  groups::Groups groups_;
  warm::ForkServer fork_server_;
  std::shared_ptr<const sandbox::CompiledPlan> plan_;
};

void add(ordered_json& figures, const std::string& output) {
  long long spin = 0;
  double call = 0;
  if (std::sscanf(output.c_str(), "%lld %lf", &spin, &call) != 2) throw std::runtime_error("no figures: " + output);
  figures["spin_us"].push_back(spin / 1000);
  figures["call_ns"].push_back(call);
}

}  // namespace

ordered_json measure_inside(const Setting& setting, const EndSignals& ends, unsigned rounds) {
  return in_own_process(ends, kPatience, [&] {
    Sandboxed sandboxed(setting);
    ordered_json figures;
    for (unsigned round = 0; round < rounds; ++round) {
      add(figures["outside"], output_outside(setting));
      add(figures["inside"], sandboxed.output());
    }
    return figures;
  });
}

}  // namespace evalrun::bench
