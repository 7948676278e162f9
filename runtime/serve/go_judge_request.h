// What go-judge's /run is asked, as values. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/core/units.h"

namespace evalrun::serve {

// What fills a descriptor or a file.
struct GoContent {
  std::string bytes;
};
struct GoFileId {
  std::string id;
};
// A file of the server's host, below the folder that its operator names for that.
struct GoHostFile {
  std::string path;
};
// A descriptor that is collected as the file `name`.
struct GoCollector {
  std::string name;
  std::uint64_t max = 0;
};
// A descriptor that a pipe fills.
struct GoPiped {};
using GoFile = std::variant<GoContent, GoFileId, GoHostFile, GoCollector, GoPiped>;

struct GoCopyIn {
  std::string path;
  GoFile file;  // GoContent, GoFileId or GoHostFile
};

struct GoCopyOut {
  std::string name;
  bool is_optional = false;
  bool is_cached = false;  // into the store, in place of the answer
};

struct GoCommand {
  std::vector<std::string> args, env;
  std::vector<GoFile> files;  // descriptors 0, 1 and 2 at most
  Duration cpu{}, clock{};
  std::uint64_t memory = 0, stack = 0, processes = 0, copy_out_max = 0;
  bool bounds_address_space = false, bounds_data = false;
  bool cuts_copy_out = false;
  std::vector<GoCopyIn> copy_in;
  std::vector<GoCopyOut> copy_out;
};

struct GoPipeEnd {
  std::size_t index = 0;
  int fd = 0;
};
struct GoPipe {
  GoPipeEnd writer, reader;
  std::string name;  // under which a copy is kept, of the writer's files; "": none
  std::uint64_t max = 0;
};

struct GoRequest {
  std::vector<GoCommand> commands;
  std::vector<GoPipe> pipes;
};

// Throws BadField. What go-judge has and this server does not give (tty, links, a share of the CPU) is refused.
GoRequest read_go_request(std::string_view body);

}  // namespace evalrun::serve
