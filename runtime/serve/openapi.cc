#include "runtime/serve/openapi.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "runtime/core/text.h"
#include "runtime/reader/keys.h"

namespace evalrun::serve {
namespace {

using nlohmann::ordered_json;

struct PathRow {
  const char *api, *path, *method, *summary;
  const char* takes;  // the schema of the body; "": none; "file": a form with a file; "lines": jobs, one a line
  const char* gives;  // the schema of the answer; "": any JSON
};

constexpr std::array<PathRow, 19> kPaths = {{
    {"", "/healthz", "get", "Whether runs are possible here: 200, else 503.", "", "Health"},
    {"", "/metrics", "get", "For Prometheus.", "", "text"},
    {"", "/openapi.json", "get", "This document.", "", ""},
    {"native", "/v1/run", "post", "Run one job.", "Job", "Result"},
    {"native", "/v1/grade", "post", "Grade one job: its plan has cases or a compile step.", "Job", "Result"},
    {"native", "/v1/batch", "post", "Run many jobs; results come as jobs end.", "lines", "lines"},
    {"native", "/v1/images", "get", "The images, and which are installed.", "", ""},
    {"sandbox-fusion", "/run_code", "post", "SandboxFusion: run a program in a language.", "RunCode", ""},
    {"sandbox-fusion", "/v1/ping", "get", "SandboxFusion: whether the server is there.", "", ""},
    {"piston", "/api/v2/execute", "post", "Piston: run a program in a language.", "Execute", ""},
    {"piston", "/api/v2/runtimes", "get", "Piston: the languages that are installed.", "", ""},
    {"piston", "/api/v2/packages", "get", "Piston: the same as packages.", "", ""},
    {"go-judge", "/run", "post", "go-judge: run commands.", "Commands", ""},
    {"go-judge", "/file", "get", "go-judge: the stored files.", "", ""},
    {"go-judge", "/file", "post", "go-judge: store a file.", "file", ""},
    {"go-judge", "/file/{id}", "get", "go-judge: the bytes of a stored file.", "", "bytes"},
    {"go-judge", "/file/{id}", "delete", "go-judge: remove a stored file.", "", ""},
    {"go-judge", "/version", "get", "go-judge: what the server has.", "", ""},
    {"go-judge", "/config", "get", "go-judge: how the server is set up.", "", ""},
}};

ordered_json reference(const std::string& name) {
  return {{"$ref", "#/components/schemas/" + name}};
}

ordered_json body_of(const std::string& takes) {
  ordered_json content;
  if (takes == "file") {
    const ordered_json file = {{"type", "string"}, {"format", "binary"}};
    content["multipart/form-data"]["schema"] = {{"type", "object"}, {"properties", {{"file", file}}}};
  } else if (takes == "lines") {
    content["application/jsonl"]["schema"] = {{"type", "string"}, {"description", "One Job a line."}};
  } else {
    content["application/json"]["schema"] = reference(takes);
    if (takes == "Job") content["application/toml"]["schema"] = {{"type", "string"}, {"description", "A plan."}};
  }
  return {{"required", true}, {"content", content}};
}

ordered_json answers_of(const PathRow& row) {
  const std::string gives = row.gives;
  const char* type = gives == "lines"   ? "application/jsonl"
                     : gives == "text"  ? "text/plain"
                     : gives == "bytes" ? "application/octet-stream"
                                        : "application/json";
  const bool has_schema = gives == "Result" || gives == "Health";
  ordered_json answers;
  answers["200"] = {{"description", "The answer."},
                    {"content", {{type, {{"schema", has_schema ? reference(gives) : ordered_json::object()}}}}}};
  const std::string api = row.api;
  if (api.empty() || *row.takes == '\0') return answers;
  const char* malformed = api == "sandbox-fusion" ? "422" : "400";
  const char* busy = api == "sandbox-fusion" ? "504" : api == "piston" ? "429" : "503";
  answers[malformed] = {{"description", "The request is wrong; nothing was run."}};
  answers[busy] = {
      {"description", "Nothing was accepted, or the sandbox failed; try again after Retry-After seconds."}};
  return answers;
}

// What other systems' clients send, as far as it is looked at.
ordered_json foreign_schemas() {
  const ordered_json text = {{"type", "string"}}, number = {{"type", "number"}}, object = {{"type", "object"}};
  const ordered_json texts = {{"type", "array"}, {"items", text}};
  const ordered_json objects = {{"type", "array"}, {"items", object}};
  ordered_json schemas;
  schemas["RunCode"] = {{"type", "object"},
                        {"required", {"code", "language"}},
                        {"properties",
                         {{"code", text},
                          {"language", text},
                          {"stdin", text},
                          {"compile_timeout", number},
                          {"run_timeout", number},
                          {"memory_limit_MB", number},
                          {"files", object},
                          {"fetch_files", texts}}}};
  schemas["Execute"] = {{"type", "object"},
                        {"required", {"language", "version", "files"}},
                        {"properties",
                         {{"language", text},
                          {"version", text},
                          {"files", objects},
                          {"stdin", text},
                          {"args", texts},
                          {"compile_timeout", number},
                          {"run_timeout", number},
                          {"compile_cpu_time", number},
                          {"run_cpu_time", number},
                          {"compile_memory_limit", number},
                          {"run_memory_limit", number}}}};
  schemas["Commands"] = {
      {"type", "object"}, {"required", {"cmd"}}, {"properties", {{"cmd", objects}, {"pipeMapping", objects}}}};
  schemas["Result"] = {{"type", "object"},
                       {"required", {"version", "verdict", "message"}},
                       {"properties", {{"verdict", text}, {"message", text}, {"contents", object}}}};
  schemas["Health"] = {{"type", "object"}, {"required", {"state"}}, {"properties", {{"state", text}}}};
  return schemas;
}

// The schema of a plan, with the keys that only a job has.
ordered_json job_schema() {
  ordered_json schema = ordered_json::parse(schema_json());
  for (const char* key : {"$schema", "$id"}) schema.erase(key);
  schema["title"] = "A job: the keys of a plan, and these.";
  ordered_json& properties = schema["properties"];
  properties["id"] = {{"description", "What the job is called: a text or an integer."}};
  properties["plan"] = {{"type", "string"}, {"description", "One of the server's own plans, which the job changes."}};
  properties["toml"] = {{"type", "string"}, {"description", "A plan's text, which the other keys change."}};
  properties["set"] = {{"type", "object"}, {"description", "Keys as for --set, which go last."}};
  schema.erase("required");
  return schema;
}

}  // namespace

std::string openapi_document(const std::vector<std::string>& apis) {
  ordered_json document = {{"openapi", "3.1.0"}, {"info", {{"title", "evalrun serve"}, {"version", EVALRUN_VERSION}}}};
  for (const PathRow& row : kPaths) {
    const std::string api = row.api;
    if (!api.empty() && std::ranges::find(apis, api) == apis.end()) continue;
    ordered_json operation = {{"summary", row.summary}, {"tags", {api.empty() ? "server" : api}}};
    if (std::string_view(row.path).find('{') != std::string_view::npos) {
      operation["parameters"] =
          ordered_json::array({{{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}}});
    }
    if (*row.takes != '\0') operation["requestBody"] = body_of(row.takes);
    operation["responses"] = answers_of(row);
    document["paths"][row.path][row.method] = std::move(operation);
  }
  document["components"]["schemas"] = foreign_schemas();
  document["components"]["schemas"]["Job"] = job_schema();
  document["components"]["securitySchemes"]["token"] = {{"type", "http"}, {"scheme", "bearer"}};
  return json_escaped(document.dump()) + "\n";
}

}  // namespace evalrun::serve
