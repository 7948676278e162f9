#include "rootfs/machine_files.h"

namespace evalrun::rootfs {
namespace {

unsigned cores_of(const Cpus& cpus, unsigned of_host) {
  if (std::holds_alternative<CpusAuto>(cpus)) return 1;
  if (const auto* count = std::get_if<CpusCount>(&cpus)) return count->count;
  if (const auto* list = std::get_if<CpusList>(&cpus)) return static_cast<unsigned>(list->cores.size());
  return of_host;
}

// What programs look for: how many processors there are, a name, a frequency, the size of a cache (PyPy).
std::string cpuinfo(unsigned cores) {
  std::string text;
  for (unsigned core = 0; core < cores; ++core) {
    text += "processor\t: " + std::to_string(core) + "\nvendor_id\t: evalrun\nmodel name\t: a core of the sandbox\n" +
            "cpu MHz\t\t: 1000.000\ncache size\t: 1024 KB\nphysical id\t: 0\nsiblings\t: " + std::to_string(cores) +
            "\ncore id\t\t: " + std::to_string(core) + "\ncpu cores\t: " + std::to_string(cores) + "\n\n";
  }
  return text;
}

std::string meminfo(Bytes memory) {
  const std::string all = std::to_string(memory.count / 1024);
  const auto line = [](std::string_view name, const std::string& kibibytes) {
    std::string text = std::string(name) + ":";
    text.resize(16, ' ');
    return text + std::string(kibibytes.size() < 8 ? 8 - kibibytes.size() : 0, ' ') + kibibytes + " kB\n";
  };
  std::string text = line("MemTotal", all) + line("MemFree", all) + line("MemAvailable", all);
  for (const char* name : {"Buffers", "Cached", "SwapCached", "Active", "Inactive", "SwapTotal", "SwapFree", "Shmem",
                           "Slab", "SReclaimable", "SUnreclaim"}) {
    text += line(name, "0");
  }
  return text;
}

std::string stat(unsigned cores, std::uint64_t booted_s) {
  constexpr std::string_view kIdle = " 0 0 0 0 0 0 0 0 0 0\n";
  std::string text = "cpu " + std::string(kIdle);
  for (unsigned core = 0; core < cores; ++core) text += "cpu" + std::to_string(core) + std::string(kIdle);
  return text + "intr 0\nctxt 0\nbtime " + std::to_string(booted_s) +
         "\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n";
}

}  // namespace

std::array<MachineFile, kMachineFiles> machine_files(const Limits& limits, const MachineFacts& facts) {
  const unsigned cores = cores_of(limits.cpus, facts.cores);
  const std::string seconds = std::to_string(facts.uptime_s);
  return {{{"cpuinfo", cpuinfo(cores)},
           {"loadavg", "0.00 0.00 0.00 1/1 1\n"},
           {"meminfo", meminfo(limits.memory)},
           {"stat", stat(cores, facts.booted_s)},
           {"uptime", seconds + ".00 " + seconds + ".00\n"}}};
}

}  // namespace evalrun::rootfs
