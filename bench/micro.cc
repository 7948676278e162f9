// What the parts of a run cost that are no system calls: reading a plan, compiling it, building the filters, writing
// the result. `./dev bench-micro`, with Google Benchmark's own options.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "lockdown/seccomp.h"
#include "runtime/reader/image.h"
#include "runtime/reader/parse.h"
#include "runtime/report/report.h"
#include "runtime/sandbox/compile.h"

namespace evalrun {
namespace {

// A plan with an image, limits and files, as a judge has it.
const PlanText& plan_text() {
  static const PlanText text{R"(
image = "bash"
source = "main.sh"
stdin = { text = "1 2 3\n" }
[files]
"main.sh" = { text = "read a b c; echo $((a + b + c))\n" }
[limits]
cpu = "2s"
wall = "10s"
memory = "256MiB"
)",
                             "plan.toml", "plan", "/"};
  return text;
}

Plan parsed() {
  return parse_plan(plan_text(), {}, {EVALRUN_IMAGES});
}

void parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parsed());
}
BENCHMARK(parse);

void probe_host(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(host::probe_host());
}
BENCHMARK(probe_host);

void compile(benchmark::State& state) {
  const host::HostFacts host = host::probe_host();
  const Plan plan = parsed();
  for (auto _ : state) benchmark::DoNotOptimize(sandbox::compile(plan, host));
}
BENCHMARK(compile);

void build_whitelist(benchmark::State& state) {
  const Plan plan = parsed();
  for (auto _ : state) benchmark::DoNotOptimize(lockdown::build_whitelist(plan));
}
BENCHMARK(build_whitelist);

void build_seal_and_init_filter(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(lockdown::build_seal());
    benchmark::DoNotOptimize(lockdown::build_init_filter());
  }
}
BENCHMARK(build_seal_and_init_filter);

// With so many bytes of captured output.
void write_result(benchmark::State& state) {
  const Plan plan = parsed();
  supervise::RunResult result;
  result.outcome = supervise::Exited{0};
  result.output.captured = true;
  result.output.kept.assign(static_cast<std::size_t>(state.range(0)), 'x');
  result.output.bytes = result.output.kept.size();
  result.layers = host::decide_layers(plan, host::probe_host());
  for (auto _ : state) benchmark::DoNotOptimize(report::to_json(report::Report{plan, result, Duration{}}));
}
BENCHMARK(write_result)->Arg(0)->Arg(4 << 10)->Arg(1 << 20);

}  // namespace
}  // namespace evalrun

BENCHMARK_MAIN();
