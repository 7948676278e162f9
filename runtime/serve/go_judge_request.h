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
// One that is joined to the client: standard input is read from it, the outputs are written to it.
struct GoStream {};
using GoFile = std::variant<GoContent, GoFileId, GoHostFile, GoCollector, GoPiped, GoStream>;

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
  bool has_streams = false;
};

// Whether the client is there while the programs run.
enum class GoStreams { Refused, Offered };

// Throws BadField. What go-judge has and this server does not give (tty, links, a share of the CPU) is refused.
GoRequest read_go_request(std::string_view body, GoStreams streams = GoStreams::Refused);

// What comes over a WebSocket: a request with an id, or the id of one that is no longer wanted.
struct GoMessage {
  std::string id, cancelled;
  std::optional<GoRequest> request;
  std::string error;  // why there is no request
};
// Throws BadField where it is no JSON object, or its ids are no texts.
GoMessage read_go_message(std::string_view text);

}  // namespace evalrun::serve
