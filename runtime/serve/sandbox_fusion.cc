#include "runtime/serve/sandbox_fusion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/core/base64.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/reader/text_rule.h"
#include "runtime/serve/bounded_json.h"
#include "runtime/serve/dialect_words.h"
#include "runtime/serve/work_files.h"

namespace evalrun::serve {
namespace {

using nlohmann::json;

// Its languages that Debian has. The rest of its list (cuda, python_gpu, jest, junit, lean, swift, ...) is not offered.
constexpr std::array<LanguageRow, 14> kLanguages = {{
    {"python", "python", "main.py"},
    {"pytest", "python", "test_main.py", "", "python3 -m pytest test_main.py", "/usr/lib/python3/dist-packages/pytest"},
    {"cpp", "cpp", "main.cpp", "g++ -std=c++17 main.cpp -o test -pthread", "/work/test"},
    {"nodejs", "node", "main.js"},
    {"go", "go", "main.go", "image"},
    {"java", "java", "Main.java", "image"},
    {"php", "php", "main.php"},
    {"csharp", "csharp", "main.cs", "image"},
    {"bash", "bash", "main.sh"},
    {"rust", "rust", "main.rs", "image"},
    {"lua", "lua", "main.lua"},
    {"perl", "perl", "main.pl"},
    {"ruby", "ruby", "main.rb"},
    {"ocaml", "ocaml", "main.ml", "image"},
}};

constexpr std::string_view kIgnored = "IGNORE_THIS_FILE";
constexpr Bytes kKeptOutput = 16_MiB;
// Where a request names no limit; as SandboxFusion's own control group.
constexpr Bytes kMemory = 4_GiB;

// FastAPI's form of a field that is wrong.
Response unprocessable(const std::string& field, const std::string& message, const std::string& kind) {
  json place = json::array({"body"});
  if (!field.empty()) place.push_back(json_text(field));
  const json body = {{"detail", json::array({{{"type", kind}, {"loc", place}, {"msg", json_text(message)}}})}};
  return {422, json_escaped(body.dump()), "application/json", {}};
}

Response with_detail(int status, const std::string& message) {
  return {status, json_escaped(json{{"detail", json_text(message)}}.dump()), "application/json", {}};
}

Duration time_of(const Fields& fields, const char* name, const Ceilings& ceilings) {
  const double seconds = fields.number_or(name, 10);
  if (!(seconds > 0) || seconds > std::chrono::duration<double>(ceilings.wall).count()) {
    throw BadField(name, "this server gives more than 0s and at most " + to_string(ceilings.wall));
  }
  return std::max<Duration>(std::chrono::milliseconds(1),
                            std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000))));
}

Bytes memory_of(const Fields& fields, const Ceilings& ceilings) {
  const double megabytes = fields.number_or("memory_limit_MB", -1);
  if (megabytes <= 0) return std::min(kMemory, ceilings.memory);
  if (megabytes > static_cast<double>(ceilings.memory.count >> 20)) {
    throw BadField("memory_limit_MB", "this server gives at most " + to_string(ceilings.memory));
  }
  return Bytes{static_cast<std::uint64_t>(megabytes * (1 << 20))};
}

// A path that a client means below the working folder, which it may name, too.
std::string in_work(const std::string& path) {
  constexpr std::string_view kWork = "/work/";
  return path.starts_with(kWork) ? path.substr(kWork.size()) : path;
}

json stage_of(const supervise::RunResult& run) {
  const EndKind end = kind_of(run.outcome);
  const bool is_late = end == EndKind::TimeLimit;
  const auto text = [](const std::string& bytes) {
    return is_utf8(bytes) ? bytes : "[DecodeError] 'utf-8' codec can't decode the output";
  };
  json code;
  if (const auto exited = exit_code_of(run.outcome))
    code = *exited;
  else if (!is_late && end != EndKind::Lost)
    code = -signal_of(run.outcome);
  return {{"status", words_of(end).sandbox_fusion},
          {"execution_time", std::chrono::duration<double>(run.wall).count()},
          {"return_code", code},
          {"stdout", text(run.output.kept)},
          {"stderr", text(run.error_output.kept)}};
}

bool is_well(const supervise::RunResult& run) {
  return kind_of(run.outcome) == EndKind::Well;
}

// What SandboxFusion has no field for: that a limit ended the program.
std::string message_of(const supervise::RunResult& run, const Limits& limits) {
  const EndKind end = kind_of(run.outcome);
  if (end == EndKind::Well || end == EndKind::Exited || end == EndKind::TimeLimit || end == EndKind::Signaled)
    return "";
  return judge::message_of(run.outcome, limits);
}

Response result_of(WorkEnd& end) {
  if (const auto* not_possible = std::get_if<NotPossible>(&end)) {
    return unprocessable("", not_possible->message, "value_error");
  }
  if (const std::optional<Fault> fault = fault_of(end)) {
    // 504 is what its clients take for "try again"; what will not pass is its own SandboxError.
    if (fault->retryable) {
      Response response = with_detail(504, fault->message);
      response.headers.emplace_back("Retry-After", kRetryAfter);
      return response;
    }
    const json body = {{"status", "SandboxError"}, {"message", json_text(fault->message)}, {"compile_result", nullptr},
                       {"run_result", nullptr},    {"executor_pod_name", nullptr},         {"files", json::object()}};
    return {200, json_escaped(body.dump()), "application/json", {}};
  }
  const auto& ended = std::get<Ended>(end);
  json body = {{"status", "Success"},          {"message", ""},
               {"compile_result", nullptr},    {"run_result", nullptr},
               {"executor_pod_name", nullptr}, {"files", json::object()}};
  const auto add = [&](const char* key, const supervise::RunResult& run) {
    body[key] = stage_of(run);
    if (!is_well(run)) body["status"] = "Failed";
    if (const std::string message = message_of(run, ended.job->plan().kind.limits); !message.empty())
      body["message"] = json_text(message);
  };
  if (const auto* run = std::get_if<supervise::RunResult>(&ended.end.value)) {
    add("run_result", *run);
  } else {
    const auto& grade = std::get<judge::Grade>(ended.end.value);
    if (grade.compile) add("compile_result", grade.compile->run);
    if (grade.run) add("run_result", *grade.run);
  }
  if (ended.work) {
    for (const CollectFile& file : ended.job->plan().kind.collect) {
      const WorkContent content = read_from_work(ended.work.get(), file);
      if (content.error.empty()) body["files"][json_text(content.path)] = base64(content.bytes);
    }
  }
  return {200, json_escaped(body.dump()), "application/json", {}};
}

}  // namespace

Route SandboxFusionDialect::route(const Request& request) const {
  const std::string_view path = request.path;
  if (path == "/run_code") return request.method == "POST" ? Route::Mine : Route::WrongMethod;
  if (path == "/v1/ping") return request.method == "GET" ? Route::Mine : Route::WrongMethod;
  const bool is_others =
      path == "/run_jupyter" || path == "/submit" || path == "/get_prompts" || path == "/list_datasets";
  return is_others ? Route::Mine : Route::NotMine;
}

bool SandboxFusionDialect::needs_room(const Request& request) const {
  return request.path == "/run_code";
}

Response SandboxFusionDialect::failure(Failure why, const std::string& message) const {
  if (why == Failure::Malformed) return unprocessable("", message, "value_error");
  // Its clients ask again at this one.
  const bool is_for_later = why == Failure::Busy || why == Failure::Lost;
  return with_retry(why, with_detail(is_for_later ? 504 : status_of(why), message));
}

Task SandboxFusionDialect::task_of(const std::string& body) {
  const json parsed = parse_object(body);
  const Fields fields(parsed);
  Program program;
  std::string code = fields.text("code");
  const std::string language = fields.text("language");
  const auto row = std::ranges::find_if(kLanguages, [&](const LanguageRow& each) { return each.name == language; });
  if (row == kLanguages.end() || !languages_.has(*row)) {
    std::string known;
    for (const LanguageRow& each : kLanguages) {
      if (languages_.has(each)) known += (known.empty() ? "'" : ", '") + std::string(each.name) + "'";
    }
    throw BadField("language", "Input should be " + known, "enum");
  }
  program.compile = {time_of(fields, "compile_timeout", shop_.ceilings), memory_of(fields, shop_.ceilings)};
  program.run = {time_of(fields, "run_timeout", shop_.ceilings), memory_of(fields, shop_.ceilings)};
  program.input = fields.text_or("stdin", "");
  program.files.emplace_back(row->source, std::move(code));
  if (const json* files = fields.object("files")) {
    for (const auto& [path, content] : files->items()) {
      if (content.is_null() || path.find(kIgnored) != path.npos) continue;
      if (!content.is_string() || !is_base64(content.get_ref<const std::string&>())) {
        throw BadField("files." + path, "Input should be base64", "value_error");
      }
      program.files.emplace_back(in_work(path), bytes_of_base64(content.get_ref<const std::string&>()));
    }
  }
  for (const std::string& path : fields.texts("fetch_files")) {
    const std::string name = in_work(path);
    // One that cannot be there is missing.
    if (text_rule::kWorkPath.accepts(name) && std::ranges::find(program.collect, name) == program.collect.end()) {
      program.collect.push_back(name);
    }
  }
  program.kept_output = std::min(kKeptOutput, shop_.ceilings.output);
  return languages_.task_of(*row, std::move(program));
}

void SandboxFusionDialect::take(const std::shared_ptr<Exchange>& exchange) {
  const std::string& path = exchange->request().path;
  if (path == "/v1/ping") return exchange->answer({200, "\"pong\"", "application/json", {}});
  if (path != "/run_code") {
    return exchange->answer(failure(Failure::NotOffered, path + " is not offered here; /run_code is"));
  }
  Task task;
  try {
    task = task_of(exchange->take_body());
  } catch (const BadField& error) {
    return exchange->answer(unprocessable(error.field(), error.what(), error.kind()));
  } catch (const PlanError& error) {
    return exchange->answer(unprocessable(error.key(), error.what(), "value_error"));
  }
  run_for(shop_, exchange, std::move(task), result_of);
}

}  // namespace evalrun::serve
