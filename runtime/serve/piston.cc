#include "runtime/serve/piston.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/core/base64.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/serve/bounded_json.h"
#include "runtime/serve/dialect_words.h"

namespace evalrun::serve {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct LanguageAliases {
  LanguageRow row;
  std::array<const char*, 4> aliases;
};

constexpr std::array<LanguageAliases, 22> kLanguages = {{
    {{"python", "python", ""}, {"py", "py3", "python3", nullptr}},
    {{"pypy", "pypy", ""}, {"pypy3", nullptr}},
    {{"c++", "cpp", "", "image"}, {"cpp", "g++", nullptr}},
    {{"c", "c", "", "image"}, {"gcc", nullptr}},
    {{"java", "java", ""}, {nullptr}},
    {{"javascript", "node", ""}, {"node-javascript", "node-js", "js", "node"}},
    {{"bash", "bash", ""}, {"sh", nullptr}},
    {{"go", "go", "", "image"}, {"golang", nullptr}},
    {{"rust", "rust", "", "image"}, {"rs", nullptr}},
    {{"ruby", "ruby", ""}, {"ruby3", "rb", nullptr}},
    {{"php", "php", ""}, {"php8", "html", nullptr}},
    {{"perl", "perl", ""}, {"pl", nullptr}},
    {{"lua", "lua", ""}, {nullptr}},
    {{"pascal", "pascal", "", "image"}, {"freepascal", "pp", "pas", nullptr}},
    {{"haskell", "haskell", "", "image"}, {"hs", nullptr}},
    {{"ocaml", "ocaml", "", "image"}, {"ml", nullptr}},
    {{"fortran", "fortran", "", "image"}, {"f90", nullptr}},
    {{"csharp", "csharp", "", "image"}, {"cs", "c#", "mono", nullptr}},
    {{"kotlin", "kotlin", "", "image"}, {"kt", nullptr}},
    {{"prolog", "prolog", "", "image"}, {"plg", nullptr}},
    {{"lisp", "lisp", ""}, {"cl", "sbcl", "commonlisp", nullptr}},
    {{"ada", "ada", "", "image"}, {"gnat", nullptr}},
}};

constexpr Bytes kKeptOutput = 16_MiB;
constexpr Bytes kMemory = 4_GiB;
constexpr std::string_view kBase = "/api/v2/";

Response with_message(int status, const std::string& message) {
  return {status, json_escaped(json{{"message", json_text(message)}}.dump()), "application/json", {}};
}

struct Version {
  std::array<std::uint64_t, 3> parts{};
  std::size_t count = 0;  // of parts that are given
};

// "3.x" has one part. Nothing where it is no version.
std::optional<Version> version_of(std::string_view text) {
  Version version;
  if (text.starts_with('v')) text.remove_prefix(1);
  while (!text.empty() && version.count < 3) {
    if (text.front() == 'x' || text.front() == 'X' || text.front() == '*') return version;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version.parts[version.count]);
    if (error != std::errc{}) return std::nullopt;
    ++version.count;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return version;
    if (text.front() != '.') return std::nullopt;
    text.remove_prefix(1);
  }
  return text.empty() ? std::optional(version) : std::nullopt;
}

bool begins_alike(const Version& version, const Version& wanted, std::size_t parts) {
  return std::equal(version.parts.begin(), version.parts.begin() + static_cast<std::ptrdiff_t>(parts),
                    wanted.parts.begin());
}

std::string decoded(const std::string& text, const std::string& encoding, std::size_t index) {
  const std::string field = "files[" + std::to_string(index) + "].content";
  if (encoding == "utf8") return text;
  if (encoding == "base64") {
    if (!is_base64(text)) throw BadField(field, field + " is not base64");
    return bytes_of_base64(text);
  }
  if (encoding != "hex")
    throw BadField(field, "files[" + std::to_string(index) + "].encoding must be utf8, base64 or hex");
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size() + 1; i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + std::min(i + 2, text.size()), byte, 16);
    if (error != std::errc{} || end != text.data() + i + 2) throw BadField(field, field + " is not hexadecimal");
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

// In milliseconds; none where it is not given.
std::optional<Duration> time_in(const json& body, const char* name, const Ceilings& ceilings) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return std::nullopt;
  if (!found->is_number()) throw BadField(name, std::string("If specified, ") + name + " must be a number");
  const double value = found->get<double>();
  const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(ceilings.wall).count();
  if (value > static_cast<double>(most)) {
    throw BadField(name, std::string(name) + " cannot exceed the configured limit of " + std::to_string(most));
  }
  if (value < 0) throw BadField(name, std::string(name) + " must be non-negative");
  // Piston hands 0 on, which means no limit there.
  if (value < 1) throw BadField(name, std::string(name) + " must be at least 1: no program runs without a limit here");
  return std::chrono::milliseconds(static_cast<std::int64_t>(value));
}

Bytes memory_in(const json& body, const char* name, const Ceilings& ceilings) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return std::min(kMemory, ceilings.memory);
  if (!found->is_number()) throw BadField(name, std::string("If specified, ") + name + " must be a number");
  const double value = found->get<double>();
  if (value <= 0) return std::min(kMemory, ceilings.memory);
  if (value > static_cast<double>(ceilings.memory.count)) {
    throw BadField(
        name, std::string(name) + " cannot exceed the configured limit of " + std::to_string(ceilings.memory.count));
  }
  return std::max(Bytes{static_cast<std::uint64_t>(value)}, 1_MiB);
}

// As isolate words it, whose messages Piston hands on.
ordered_json message_of(const supervise::RunResult& run) {
  const EndKind end = kind_of(run.outcome);
  switch (end) {
    case EndKind::Well: break;
    case EndKind::Exited:
    case EndKind::NotStarted:
      return "Exited with error status " + std::to_string(exit_code_of(run.outcome).value_or(0));
    case EndKind::Signaled:
    case EndKind::FileSizeLimit:
    case EndKind::Violation: return "Caught fatal signal " + std::to_string(signal_of(run.outcome));
    case EndKind::TimeLimit: {
      const auto& hit = std::get<supervise::LimitHit>(run.outcome);
      return hit.limit == supervise::Limit::Cpu ? "Time limit exceeded" : "Time limit exceeded (wall clock)";
    }
    case EndKind::MemoryLimit: return "Memory limit exceeded";
    case EndKind::OutputLimit: return "stdout length exceeded";
    case EndKind::ErrorOutputLimit: return "stderr length exceeded";
    case EndKind::Lost: return "the sandbox failed";
  }
  // The program went on; the rest was discarded.
  if (run.output.truncated) return "stdout length exceeded";
  if (run.error_output.truncated) return "stderr length exceeded";
  return nullptr;
}

ordered_json stage_of(const supervise::RunResult& run) {
  const EndKind end = kind_of(run.outcome);
  const std::string out = with_replacement_characters(run.output.kept);
  const std::string err = with_replacement_characters(run.error_output.kept);
  const std::optional<int> code = exit_code_of(run.outcome);
  const int signal = signal_of(run.outcome);
  const char* status = words_of(end).piston;
  const auto milliseconds = [](Duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  };
  return {{"stdout", out},
          {"stderr", err},
          {"output", out + err},
          {"code", code ? ordered_json(*code) : ordered_json()},
          {"signal", signal == 0 ? ordered_json() : ordered_json(name_of_signal(signal))},
          {"message", message_of(run)},
          {"status", status == nullptr ? ordered_json() : ordered_json(status)},
          {"cpu_time", milliseconds(run.cpu.total())},
          {"wall_time", milliseconds(run.wall)},
          {"memory", run.memory.peak.count}};
}

Response result_of(WorkEnd& end, const std::string& language, const std::string& version) {
  if (const auto* not_possible = std::get_if<NotPossible>(&end)) return with_message(400, not_possible->message);
  if (const std::optional<Fault> fault = fault_of(end)) {
    Response response = with_message(fault->retryable ? 503 : 500, fault->message);
    if (fault->retryable) response.headers.emplace_back("Retry-After", kRetryAfter);
    return response;
  }
  const auto& ended = std::get<Ended>(end);
  ordered_json body;
  if (const auto* run = std::get_if<supervise::RunResult>(&ended.end.value)) {
    body["run"] = stage_of(*run);
  } else {
    const auto& grade = std::get<judge::Grade>(ended.end.value);
    if (grade.compile) body["compile"] = stage_of(grade.compile->run);
    // A compile step that failed stands for the run, too.
    body["run"] = grade.run ? stage_of(*grade.run) : body["compile"];
  }
  body["language"] = language;
  body["version"] = version;
  return {200, json_escaped(body.dump()), "application/json", {}};
}

// piston-client of npm says that its JSON is text. A page of a browser could, too; it is refused by its Origin.
bool is_json(const Request& request) {
  const std::string_view type = request.header("content-type").value_or("");
  return type.starts_with("application/json") || type.starts_with("text/plain");
}

}  // namespace

bool is_in_range(const std::string& version, const std::string& range) {
  std::string_view text = range;
  const std::size_t first = text.find_first_not_of(" =");
  if (first == text.npos) return true;
  text.remove_prefix(first);
  const std::string_view sign = text.substr(0, std::min(text.find_first_not_of("^~<>="), text.size()));
  const std::optional<Version> have = version_of(version);
  const std::optional<Version> wanted = version_of(text.substr(sign.size()));
  if (!have || !wanted) return false;
  if (sign == ">=") return have->parts >= wanted->parts;
  if (sign == ">") return have->parts > wanted->parts;
  if (sign == "<=") return have->parts <= wanted->parts;
  if (sign == "<") return have->parts < wanted->parts;
  if (sign == "^") return have->parts >= wanted->parts && begins_alike(*have, *wanted, wanted->count == 0 ? 0 : 1);
  if (sign == "~")
    return have->parts >= wanted->parts && begins_alike(*have, *wanted, std::min<std::size_t>(wanted->count, 2));
  return begins_alike(*have, *wanted, wanted->count);
}

PistonDialect::PistonDialect(Workshop& shop) : shop_(shop), languages_(shop) {
  for (const LanguageAliases& each : kLanguages) {
    if (!languages_.has(each.row)) continue;
    std::vector<std::string> aliases;
    for (const char* alias : each.aliases) {
      if (alias == nullptr) break;
      aliases.emplace_back(alias);
    }
    runtimes_.push_back({&each.row, version_of_image(load_image(each.row.image, shop.image_path)), std::move(aliases)});
  }
}

Route PistonDialect::route(const Request& request) const {
  const std::string& path = request.path;
  const std::string& method = request.method;
  if (!path.starts_with(kBase)) return Route::NotMine;
  const std::string_view name = std::string_view(path).substr(kBase.size());
  if (name == "execute") return method == "POST" ? Route::Mine : Route::WrongMethod;
  if (name == "runtimes") return method == "GET" ? Route::Mine : Route::WrongMethod;
  if (name == "packages")
    return method == "GET" || method == "POST" || method == "DELETE" ? Route::Mine : Route::WrongMethod;
  if (name == "connect") return Route::Mine;
  return Route::NotMine;
}

bool PistonDialect::needs_room(const Request& request) const {
  return request.path.ends_with("/execute");
}

Response PistonDialect::failure(Failure why, const std::string& message) const {
  const int status = why == Failure::Busy ? 429 : status_of(why);
  return with_retry(why, with_message(status, why == Failure::NotFound ? "Not Found" : message));
}

const PistonDialect::Runtime* PistonDialect::find(const std::string& language, const std::string& version) const {
  for (const Runtime& runtime : runtimes_) {
    const bool is_it =
        runtime.row->name == language || std::ranges::find(runtime.aliases, language) != runtime.aliases.end();
    if (is_it && is_in_range(runtime.version, version)) return &runtime;
  }
  return nullptr;
}

std::string PistonDialect::runtimes_page() const {
  ordered_json rows = ordered_json::array();
  for (const Runtime& runtime : runtimes_) {
    rows.push_back({{"language", runtime.row->name}, {"version", runtime.version}, {"aliases", runtime.aliases}});
  }
  return rows.dump();
}

std::string PistonDialect::packages_page() const {
  ordered_json rows = ordered_json::array();
  for (const Runtime& runtime : runtimes_) {
    rows.push_back({{"language", runtime.row->name}, {"language_version", runtime.version}, {"installed", true}});
  }
  return rows.dump();
}

Task PistonDialect::task_of(const json& body, const Runtime& runtime) {
  const LanguageRow& row = *runtime.row;
  Program program;
  const std::string ending = languages_.ending_of(row);
  bool has_main = false;
  std::size_t index = 0;
  for (const json& file : body["files"]) {
    const std::string place = "files[" + std::to_string(index) + "]";
    if (!file.is_object() || !file.contains("content") || !file["content"].is_string()) {
      throw BadField(place, place + ".content is required as a string");
    }
    const Fields fields(file, place + ".");
    const std::string encoding = fields.text_or("encoding", "utf8");
    std::string name = fields.text_or("name", "file" + std::to_string(index) + ".code");
    std::string content = decoded(file["content"].get_ref<const std::string&>(), encoding, index);
    const bool is_main = !has_main && encoding == "utf8";
    // Compilers go by the ending, and Piston's run scripts add it.
    if (is_main && !ending.empty() && !name.ends_with(ending)) name += ending;
    has_main = has_main || is_main;
    const auto where = is_main ? program.files.begin() : program.files.end();
    program.files.emplace(where, std::move(name), std::move(content));
    ++index;
  }
  if (!has_main) throw BadField("files", "files must include at least one utf8 encoded file");
  const Fields fields(body);
  program.input = fields.text_or("stdin", "");
  if (!program.input.empty() && !program.input.ends_with('\n')) program.input += '\n';
  program.args = fields.texts("args");
  using std::chrono::milliseconds;
  program.compile = {time_in(body, "compile_timeout", shop_.ceilings).value_or(milliseconds(10000)),
                     memory_in(body, "compile_memory_limit", shop_.ceilings)};
  program.run = {time_in(body, "run_timeout", shop_.ceilings).value_or(milliseconds(3000)),
                 memory_in(body, "run_memory_limit", shop_.ceilings)};
  program.cpu = time_in(body, "run_cpu_time", shop_.ceilings);
  program.compile_cpu = time_in(body, "compile_cpu_time", shop_.ceilings);
  program.kept_output = std::min(kKeptOutput, shop_.ceilings.output);
  return languages_.task_of(row, std::move(program));
}

void PistonDialect::execute(const std::shared_ptr<Exchange>& exchange) {
  try {
    const json body = parse_object(exchange->take_body());
    const Fields fields(body);
    for (const char* name : {"language", "version"}) {
      const json* value = fields.find(name);
      if (value == nullptr || !value->is_string() || value->get_ref<const std::string&>().empty()) {
        throw BadField(name, std::string(name) + " is required as a string");
      }
    }
    const json* files = fields.find("files");
    if (files == nullptr || !files->is_array()) throw BadField("files", "files is required as an array");
    const std::string language = fields.text("language"), version = fields.text("version");
    const Runtime* runtime = find(language, version);
    if (runtime == nullptr) throw BadField("language", language + "-" + version + " runtime is unknown");
    Task task = task_of(body, *runtime);
    run_for(shop_, exchange, std::move(task),
            [runtime](WorkEnd& end) { return result_of(end, runtime->row->name, runtime->version); });
  } catch (const BadField& error) {
    exchange->answer(with_message(400, error.what()));
  } catch (const PlanError& error) {
    exchange->answer(with_message(400, error.what()));
  }
}

void PistonDialect::take(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  const std::string_view name = std::string_view(request.path).substr(kBase.size());
  if (name == "connect") {
    return exchange->answer(failure(Failure::NotOffered, "interactive sessions are not offered here; /execute is"));
  }
  if (request.method == "GET") {
    return exchange->answer({200, name == "runtimes" ? runtimes_page() : packages_page(), "application/json", {}});
  }
  if (!is_json(request)) return exchange->answer(with_message(415, "requests must be of type application/json"));
  if (name == "packages") {
    return exchange->answer(failure(Failure::NotOffered,
                                    "packages are those of the server's Debian: install them there with apt-get "
                                    "(evalrun image packages names them)"));
  }
  execute(exchange);
}

}  // namespace evalrun::serve
