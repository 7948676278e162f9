// floor FILE: the kernel's floor as a command of its own, of the plan that write_floor_plan() put in FILE.
#include <cstdio>
#include <stdexcept>

#include "bench/floor.h"

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw std::runtime_error("usage: floor FILE");
    evalrun::bench::run_floor(evalrun::bench::read_floor_plan(argv[1]), evalrun::bench::Processes::InitAndTarget);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
