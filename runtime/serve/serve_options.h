// What the command line says of the server.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/core/units.h"

namespace evalrun::serve {

struct HttpLimits {
  Bytes max_body = 64_MiB;
  unsigned max_connections = 512;
  Duration idle = std::chrono::seconds(60);
  Duration request_time = std::chrono::seconds(120);
  Duration answer_time = std::chrono::minutes(10);
};

// The most that a run may be given.
struct Ceilings {
  Duration wall = std::chrono::minutes(10);
  Bytes memory = 4_GiB;   // of limits.memory and of limits.workspace, each
  Bytes output = 64_MiB;  // that is kept of a run's streams, and of its files together
};

// Of the files that go-judge's clients leave with the server.
struct StoreLimits {
  Bytes quota = 1_GiB;
  Duration age = std::chrono::hours(1);
};

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";
  std::string token_file;         // empty: none
  std::string plans;              // the operator's folder; empty: none
  std::string src_prefix;         // a folder whose files go-judge's clients may name; empty: none
  std::vector<std::string> apis;  // empty: all
  unsigned queue = 256;
  HttpLimits http;
  Ceilings ceilings;
  StoreLimits store;
};

}  // namespace evalrun::serve
