#include "runtime/serve/go_judge_request.h"

#include <algorithm>
#include <limits>

#include "runtime/serve/bounded_json.h"

namespace evalrun::serve {
namespace {

using nlohmann::json;

constexpr std::size_t kMostCommands = 16, kMostFiles = 3, kMostPipes = 32, kMostCopies = 4096;

// Nanoseconds, as far as they fit.
Duration nanoseconds(std::uint64_t count) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return Duration(static_cast<std::int64_t>(std::min(count, kMost)));
}

GoFile read_file(const json& value, const std::string& place) {
  if (value.is_null()) return GoPiped{};
  if (!value.is_object()) throw BadField(place, place + ": invalid file");
  const Fields fields(value, place + ".");
  // The first that is there counts, as there.
  if (fields.find("src") != nullptr) return GoHostFile{fields.text("src")};
  if (fields.find("content") != nullptr) return GoContent{fields.text("content")};
  if (fields.find("fileId") != nullptr) return GoFileId{fields.text("fileId")};
  if (fields.find("name") != nullptr && fields.find("max") != nullptr) {
    return GoCollector{fields.text("name"), fields.count_or("max", 0)};
  }
  if (fields.flag("streamIn") || fields.flag("streamOut")) return GoStream{};
  throw BadField(place, place + ": invalid file kind");
}

std::vector<GoCopyIn> read_copy_in(const Fields& fields) {
  std::vector<GoCopyIn> copies;
  const json* object = fields.object("copyIn");
  if (object == nullptr) return copies;
  if (object->size() > kMostCopies) throw BadField("copyIn", "copyIn: too many files");
  for (const auto& [path, value] : object->items()) {
    const std::string place = "copyIn." + path;
    if (value.is_object() && value.contains("symlink") && !value["symlink"].is_null()) {
      throw BadField(place, place + ": symbolic links are not offered; copy the file");
    }
    GoFile file = read_file(value, place);
    if (std::holds_alternative<GoCollector>(file) || std::holds_alternative<GoPiped>(file) ||
        std::holds_alternative<GoStream>(file)) {
      throw BadField(place, place + ": invalid file kind");
    }
    copies.push_back({path, std::move(file)});
  }
  return copies;
}

void read_copy_out(const Fields& fields, const char* name, std::vector<GoCopyOut>& copies) {
  for (std::string file : fields.texts(name)) {
    const bool is_optional = file.ends_with('?');
    if (is_optional) file.pop_back();
    if (copies.size() >= kMostCopies) throw BadField(name, std::string(name) + ": too many files");
    copies.push_back({std::move(file), is_optional, std::string_view(name) == "copyOutCached"});
  }
}

GoCommand read_command(const json& value, std::size_t index) {
  const std::string place = "cmd[" + std::to_string(index) + "]";
  if (!value.is_object()) throw BadField(place, place + ": not an object");
  const Fields fields(value, place + ".");
  GoCommand command;
  command.args = fields.texts("args");
  if (command.args.empty()) throw BadField(place, place + ": args is empty");
  command.env = fields.texts("env");
  if (const json* files = fields.array("files")) {
    if (files->size() > kMostFiles) throw BadField(place, place + ": descriptors above 2 are not offered");
    for (std::size_t i = 0; i < files->size(); ++i) {
      const std::string of_file = place + ".files[" + std::to_string(i) + "]";
      command.files.push_back(read_file((*files)[i], of_file));
      if (std::holds_alternative<GoStream>(command.files.back()) && (i == 0) != Fields((*files)[i]).flag("streamIn")) {
        throw BadField(of_file, of_file + ": streamIn is of descriptor 0, streamOut of 1 and 2");
      }
    }
  }
  command.cpu = nanoseconds(fields.count_or("cpuLimit", 0));
  const std::uint64_t real = fields.count_or("realCpuLimit", 0);
  command.clock = nanoseconds(real != 0 ? real : fields.count_or("clockLimit", 0));
  if (command.clock == Duration{}) command.clock = command.cpu;
  command.memory = fields.count_or("memoryLimit", 0);
  command.stack = fields.count_or("stackLimit", 0);
  command.processes = fields.count_or("procLimit", 0);
  command.copy_out_max = fields.count_or("copyOutMax", 0);
  command.cuts_copy_out = fields.flag("copyOutTruncate");
  command.bounds_address_space = fields.flag("addressSpaceLimit");
  command.bounds_data = fields.flag("dataSegmentLimit") || fields.flag("strictMemoryLimit");
  if (fields.flag("tty")) throw BadField(place, place + ": tty is not offered");
  if (fields.count_or("cpuRateLimit", 0) != 0) throw BadField(place, place + ": cpuRateLimit is not offered");
  if (!fields.text_or("cpuSetLimit", "").empty()) throw BadField(place, place + ": cpuSetLimit is not offered");
  command.copy_in = read_copy_in(fields);
  read_copy_out(fields, "copyOut", command.copy_out);
  read_copy_out(fields, "copyOutCached", command.copy_out);
  return command;
}

GoPipeEnd read_end(const json& pipe, const char* name, const std::vector<GoCommand>& commands) {
  const Fields fields(pipe);
  const json* end = fields.object(name);
  if (end == nullptr) throw BadField("pipeMapping", std::string("pipeMapping: ") + name + " is missing");
  const Fields of_end(*end);
  const std::uint64_t index = of_end.count_or("index", 0), fd = of_end.count_or("fd", 0);
  if (index >= commands.size()) throw BadField("pipeMapping", "pipeMapping: index out of range");
  if (fd > 2) throw BadField("pipeMapping", "pipeMapping: descriptors above 2 are not offered");
  return {static_cast<std::size_t>(index), static_cast<int>(fd)};
}

GoPipe read_pipe(const json& value, const std::vector<GoCommand>& commands) {
  if (!value.is_object()) throw BadField("pipeMapping", "pipeMapping: not an object");
  GoPipe pipe{read_end(value, "in", commands), read_end(value, "out", commands), "", 0};
  if (pipe.writer.fd == 0 || pipe.reader.fd != 0) {
    throw BadField("pipeMapping", "pipeMapping: a pipe leads from descriptor 1 or 2 to descriptor 0 here");
  }
  const Fields fields(value);
  if (fields.flag("proxy")) {
    pipe.name = fields.text_or("name", "");
    pipe.max = fields.count_or("max", 0);
  }
  return pipe;
}

// Each descriptor has one source, and null stands only where a pipe is.
void check_pipes(const GoRequest& request) {
  const auto uses = [&](std::size_t index, int fd) {
    return std::ranges::count_if(request.pipes, [&](const GoPipe& pipe) {
      return (pipe.writer.index == index && pipe.writer.fd == fd) ||
             (pipe.reader.index == index && pipe.reader.fd == fd);
    });
  };
  for (std::size_t index = 0; index < request.commands.size(); ++index) {
    const std::vector<GoFile>& files = request.commands[index].files;
    for (int fd = 0; fd < 3; ++fd) {
      const bool is_null = static_cast<std::size_t>(fd) < files.size() &&
                           std::holds_alternative<GoPiped>(files[static_cast<std::size_t>(fd)]);
      const auto pipes = uses(index, fd);
      if (pipes > 1) throw BadField("pipeMapping", "pipeMapping: a descriptor has two pipes");
      if (is_null && pipes == 0) throw BadField("files", "null file without a pipe");
      if (!is_null && pipes == 1 && static_cast<std::size_t>(fd) < files.size()) {
        throw BadField("pipeMapping", "pipeMapping: the descriptor has a file already");
      }
    }
  }
}

GoRequest request_of(const json& parsed) {
  const Fields fields(parsed);
  GoRequest request;
  const json* commands = fields.array("cmd");
  if (commands == nullptr || commands->empty()) throw BadField("cmd", "no cmd provided");
  if (commands->size() > kMostCommands) throw BadField("cmd", "too many commands");
  for (std::size_t i = 0; i < commands->size(); ++i) request.commands.push_back(read_command((*commands)[i], i));
  if (const json* pipes = fields.array("pipeMapping")) {
    if (pipes->size() > kMostPipes) throw BadField("pipeMapping", "too many pipes");
    for (const json& pipe : *pipes) request.pipes.push_back(read_pipe(pipe, request.commands));
  }
  check_pipes(request);
  request.has_streams = std::ranges::any_of(request.commands, [](const GoCommand& command) {
    return std::ranges::any_of(command.files,
                               [](const GoFile& file) { return std::holds_alternative<GoStream>(file); });
  });
  return request;
}

}  // namespace

GoRequest read_go_request(std::string_view body, GoStreams streams) {
  GoRequest request = request_of(parse_object(body));
  if (request.has_streams && streams == GoStreams::Refused) {
    throw BadField("files", "streams are offered on /stream alone");
  }
  return request;
}

GoMessage read_go_message(std::string_view text) {
  const json parsed = parse_object(text);
  const Fields fields(parsed);
  GoMessage message{.id = fields.text_or("requestId", ""),
                    .cancelled = fields.text_or("cancelRequestId", ""),
                    .request = {},
                    .error = {}};
  if (!message.cancelled.empty()) return message;
  try {
    message.request = request_of(parsed);
  } catch (const BadField& failed) {
    message.error = failed.what();
  }
  return message;
}

}  // namespace evalrun::serve
