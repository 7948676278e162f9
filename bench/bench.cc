// bench: measures, and writes what it measured as one JSON object. bench/report.py makes the table, the chart and
// docs/performance.md of it; ./dev bench starts both.
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <thread>

#include "bench/inside.h"
#include "bench/latency.h"
#include "bench/live.h"
#include "bench/supervisor.h"
#include "bench/throughput.h"
#include "bench/weight.h"
#include "runtime/core/error.h"
#include "runtime/core/small_file.h"

namespace evalrun::bench {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string build, json;
  unsigned rounds = 200;
  double seconds = 2;
  unsigned live = 100;
  bool latency_only = false;
  unsigned weight = 1;
  std::vector<std::string> only;
};

std::string line_of(const std::string& file, const std::string& key) {
  std::istringstream lines(read_small_file(file));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const std::size_t value = line.find_first_not_of(" \t", line.find(':') + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

ordered_json describe_host() {
  utsname name{};
  ::uname(&name);
  char date[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  return {{"date", date},
          {"kernel", name.release},
          {"cores", std::thread::hardware_concurrency()},
          {"processor", line_of("/proc/cpuinfo", "model name")},
          {"memory", line_of("/proc/meminfo", "MemTotal")},
          {"root", ::geteuid() == 0}};
}

std::optional<std::uint32_t> index_of(const std::vector<Entry>& entries, const std::string& id) {
  const auto found = std::ranges::find(entries, id, &Entry::id);
  if (found == entries.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - entries.begin());
}

std::vector<Entry> wanted(std::vector<Entry> entries, const std::vector<std::string>& only) {
  if (only.empty()) return entries;
  for (const std::string& id : only) {
    if (!index_of(entries, id)) throw std::runtime_error("no contender \"" + id + "\"");
  }
  std::erase_if(entries, [&](const Entry& entry) { return std::ranges::find(only, entry.id) == only.end(); });
  return entries;
}

ordered_json measure(const Options& options) {
  const EndSignals ends;
  const Weight weight(options.weight);
  const ScratchFolder scratch;
  const Setting setting = make_setting(options.build, scratch.path());
  const std::vector<Entry> entries = wanted(all_contenders(setting), options.only);
  Progress progress;
  ordered_json report = {
      {"version", 1}, {"host", describe_host()}, {"rounds", options.rounds}, {"weight", options.weight}};
  Crew crew(setting, entries, ends);
  report["contenders"] = try_all(crew, entries);
  report["other_cores"] = measure_latency(crew, report["contenders"], options.rounds, progress);
  if (options.latency_only) return report;
  if (options.seconds > 0) {
    measure_throughput(setting, entries, ends, report["contenders"], options.seconds, progress);
  }
  if (const auto cold = index_of(entries, "cold"); cold && options.rounds > 1) {
    report["supervisor"] = measure_supervisor_size(setting, entries, ends, *cold, options.rounds / 2, progress);
    progress.say("inside and outside", 0, 1);
    report["inside"] = measure_inside(setting, ends, std::min(15U, options.rounds));
    progress.say("live sandboxes", 0, 1);
    if (options.live > 0) report["live"] = measure_live(setting, ends, options.live);
  }
  return report;
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("measures evalrun beside the bare program, the kernel's floor and other sandboxes");
  app.add_option("--build", options.build, "the build folder")->required()->check(CLI::ExistingDirectory);
  app.add_option("--json", options.json, "where the figures go; standard output by default");
  app.add_option("--rounds", options.rounds, "runs of each contender one by one")->check(CLI::Range(1, 100'000));
  app.add_option("--seconds", options.seconds, "for each contender's runs on all cores; 0: not measured")
      ->check(CLI::Range(0.0, 600.0));
  app.add_option("--live", options.live, "sandboxes that sleep at once; 0: not measured")->check(CLI::Range(0, 20'000));
  app.add_flag("--latency-only", options.latency_only, "nothing but the runs one by one");
  app.add_option("--weight", options.weight,
                 "so many times a neighbour's share of the processor (root, cpu controller v1)")
      ->check(CLI::Range(1, 100));
  app.add_option("--only", options.only, "these contenders alone, by their ids")->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  try {
    options.build = std::filesystem::absolute(options.build);
    const std::string text = measure(options).dump() + "\n";
    if (options.json.empty()) {
      std::cout << text;
      return 0;
    }
    std::ofstream file(options.json);
    file << text;
    file.close();
    if (!file) throw SystemError("write", options.json);
    return 0;
  } catch (const Interrupted&) {
    return 130;
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << "\n";
    return 1;
  }
}

}  // namespace
}  // namespace evalrun::bench

int main(int argc, char** argv) {
  return evalrun::bench::main(argc, argv);
}
