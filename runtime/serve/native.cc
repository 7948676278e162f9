#include "runtime/serve/native.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/jobs/json_tree.h"
#include "runtime/reader/image.h"
#include "runtime/report/report.h"
#include "runtime/serve/work_files.h"

namespace evalrun::serve {
namespace {

using nlohmann::json;

constexpr const char* kBody = "request";
constexpr std::size_t kManyTexts = 32;
constexpr std::size_t kLongestKeptText = 256 << 10;

struct Path {
  std::string_view path, method;
};
constexpr Path kPaths[] = {{"/v1/run", "POST"}, {"/v1/grade", "POST"}, {"/v1/batch", "POST"}, {"/v1/images", "GET"}};

// A member that is a text; "" where there is none.
std::string take_text(TomlTable& table, std::string_view name) {
  const std::optional<TomlNode> node = take_member(table, name);
  if (!node) return "";
  if (const auto* text = std::get_if<std::string>(&node->value)) return *text;
  throw PlanError(node->place.position(), name, "expected a text, found " + std::string(type_name(*node)));
}

bool is_plain_name(std::string_view name) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return !name.empty() && name.size() <= 128 && name.front() != '.' && name.find_first_not_of(kPlain) == name.npos;
}

std::optional<jobs::JobId> take_id(TomlTable& table) {
  const std::optional<TomlNode> node = take_member(table, "id");
  if (!node) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&node->value)) return jobs::JobId(*text);
  if (const auto* number = std::get_if<std::int64_t>(&node->value)) return jobs::JobId(*number);
  throw PlanError(node->place.position(), "id",
                  "expected a string or an integer, found " + std::string(type_name(*node)));
}

// The content of what was collected, beside what the result says of it.
std::string contents_of(const Ended& ended) {
  json contents = json::object();
  for (const CollectFile& file : ended.job->plan().kind.collect) {
    const WorkContent content = read_from_work(ended.work.get(), file);
    if (content.state == WorkContent::State::Missing && file.optional) continue;
    json& row = contents[json_text(file.path)];
    if (!content.error.empty()) {
      row["error"] = json_text(content.error);
    } else if (is_shown_as_text(content.bytes)) {
      row["text"] = content.bytes;
    } else {
      row["base64"] = base64(content.bytes);
    }
  }
  return json_escaped(contents.dump());
}

// The object of `evalrun run`.
std::string result_of(WorkEnd& end) {
  if (const auto* lost = std::get_if<Lost>(&end)) {
    return report::fault_to_json("", lost->fault, lost->message, report::Layout::OneLine);
  }
  auto& ended = std::get<Ended>(end);
  std::string text = ended.job->describe(ended.end);
  if (!ended.work) return text;
  while (!text.empty() && text.back() != '}') text.pop_back();
  text.pop_back();
  return text + ",\"contents\":" + contents_of(ended) + "}";
}

Response error(int status, const char* kind, const std::string& message) {
  const json body = {{"error", {{"kind", kind}, {"message", json_text(message)}}}};
  return {status, json_escaped(body.dump()) + "\n", "application/json", {}};
}

json describe(const Image& image) {
  std::vector<std::string> missing;
  for (const std::string& program : image.programs) {
    if (::access(program.c_str(), X_OK) != 0) missing.push_back(program);
  }
  return {{"name", image.name},
          {"description", image.description},
          {"languages", image.languages},
          {"packages", image.packages},
          {"installed", missing.empty()},
          {"missing", missing},
          {"compiles", !image.compile.empty()}};
}

Response list_of_images(const Workshop& shop) {
  json rows = json::array();
  for (const Image& image : list_images(shop.image_path)) rows.push_back(describe(image));
  return {200, json_escaped(json{{"images", rows}}.dump()) + "\n", "application/json", {}};
}

}  // namespace

Response native_result(WorkEnd& end) {
  if (const auto* not_possible = std::get_if<NotPossible>(&end)) return error(400, "plan", not_possible->message);
  Response response{200, result_of(end) + "\n", "application/json", {}};
  if (const std::optional<Fault> fault = fault_of(end)) {
    response.status = fault->retryable ? 503 : 500;
    if (fault->retryable) response.headers.emplace_back("Retry-After", kRetryAfter);
  }
  return response;
}

std::string native_line(const std::optional<jobs::JobId>& id, std::uint64_t line, WorkEnd& end) {
  if (const auto* not_possible = std::get_if<NotPossible>(&end)) {
    return jobs::error_line(id, line, not_possible->message);
  }
  return jobs::result_line(id.value_or(jobs::JobId(static_cast<std::int64_t>(line))), line, result_of(end));
}

Route NativeDialect::route(const Request& request) const {
  const auto found = std::ranges::find(kPaths, std::string_view(request.path), &Path::path);
  if (found == std::end(kPaths)) return Route::NotMine;
  return found->method == request.method ? Route::Mine : Route::WrongMethod;
}

bool NativeDialect::needs_room(const Request& request) const {
  return request.method == "POST";
}

Response NativeDialect::failure(Failure why, const std::string& message) const {
  switch (why) {
    case Failure::Unauthorized: return error(401, "unauthorized", message);
    case Failure::Forbidden: return error(403, "forbidden", message);
    case Failure::NotFound: return error(404, "not_found", message);
    case Failure::WrongMethod: return error(405, "method", message);
    case Failure::WrongType: return error(415, "type", message);
    case Failure::TooLarge: return error(413, "too_large", message);
    case Failure::Malformed: return error(400, "malformed", message);
    case Failure::NotOffered: return error(400, "not_offered", message);
    case Failure::Busy:
    case Failure::Lost: {
      Response response = error(503, why == Failure::Busy ? "busy" : "lost", message);
      response.headers.emplace_back("Retry-After", kRetryAfter);
      return response;
    }
    case Failure::Internal: return error(500, "internal", message);
  }
  return error(500, "internal", message);
}

const PlanTemplate& NativeDialect::template_of_text(const std::string& text) {
  if (const auto found = texts_.find(text); found != texts_.end()) return *found->second;
  refuse_host_access(parse_toml(text, kBody));
  auto made = std::make_unique<const PlanTemplate>(PlanText{text, kBody, "request", "/"}, std::vector<std::string>{});
  if (texts_.size() >= kManyTexts || text.size() > kLongestKeptText) texts_.clear();
  return *(texts_[text] = std::move(made));
}

const PlanTemplate& NativeDialect::template_of_name(const std::string& name, const SourcePosition& position) {
  if (shop_.plans.empty()) throw PlanError(position, "plan", "this server has no plans of its own (--plans)");
  if (!is_plain_name(name)) throw PlanError(position, "plan", "expected the name of one of the server's plans");
  const std::string path = (shop_.plans / (name + ".toml")).string();
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw PlanError(position, "plan", "the server has no plan of that name");
  Known& known = plans_[name];
  if (!known.plan || known.inode != status.st_ino || known.changed_s != status.st_ctim.tv_sec ||
      known.changed_ns != status.st_ctim.tv_nsec) {
    known.plan = std::make_unique<const PlanTemplate>(read_plan_file(path), std::vector<std::string>{});
    known.inode = status.st_ino;
    known.changed_s = status.st_ctim.tv_sec;
    known.changed_ns = status.st_ctim.tv_nsec;
  }
  return *known.plan;
}

NativeJob NativeDialect::job_of_toml(const std::string& text, const std::string& plan) {
  if (!plan.empty()) throw PlanError({kBody, 0, 0}, "plan", "a plan as TOML completes no other one; send JSON");
  NativeJob job{std::nullopt, template_of_text(text).make({}, "/", shop_.images)};
  refuse_excess(job.task, shop_.ceilings);
  return job;
}

NativeJob NativeDialect::job_of_json(std::string_view text, const SourcePosition& position, const std::string& plan,
                                     std::optional<jobs::JobId>& id) {
  jobs::JsonTree tree = jobs::parse_json(text, position);
  if (!tree.error.empty()) throw PlanError(position, "", tree.error);
  auto* keys = std::get_if<TomlTable>(&tree.root.value);
  if (keys == nullptr) {
    throw PlanError(position, "", "expected a JSON object, found " + std::string(type_name(tree.root)));
  }
  id = take_id(*keys);
  std::string name = take_text(*keys, "plan");
  const std::string toml = take_text(*keys, "toml");
  std::optional<TomlNode> set = take_member(*keys, "set");
  if (!name.empty() && !toml.empty()) throw PlanError(position, "toml", "a job has either `plan` or `toml`");
  if (name.empty() && toml.empty()) name = plan;
  const PlanTemplate& base = name.empty() ? template_of_text(toml) : template_of_name(name, position);
  refuse_host_access(tree.root);
  std::vector<PlanChange> changes;
  if (!keys->empty()) changes.emplace_back(MergeChange{std::move(*keys)});
  if (set) {
    auto* members = std::get_if<TomlTable>(&set->value);
    if (members == nullptr) throw PlanError(position, "set", "expected a table of a plan's keys");
    for (TomlMember& member : *members) {
      SetChange change{std::move(member.name), std::move(member.node)};
      refuse_host_access(change);
      changes.emplace_back(std::move(change));
    }
  }
  NativeJob job{id, base.make(std::move(changes), "/", shop_.images)};
  refuse_excess(job.task, shop_.ceilings);
  return job;
}

void NativeDialect::take(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  if (request.path == "/v1/images") return exchange->answer(list_of_images(shop_));
  const auto named = std::ranges::find(request.query, std::string("plan"), &Headers::value_type::first);
  const std::string plan = named == request.query.end() ? "" : named->second;
  if (request.path == "/v1/batch") return run_native_batch(shop_, *this, exchange, plan);
  const bool is_toml = request.header("content-type").value_or("").find("toml") != std::string_view::npos;
  const std::string body = exchange->take_body();
  std::optional<jobs::JobId> id;
  NativeJob job;
  try {
    job = is_toml ? job_of_toml(body, plan) : job_of_json(body, {kBody, 1, 1}, plan, id);
  } catch (const PlanError& error) {
    return exchange->answer(failure(Failure::Malformed, error.what()));
  }
  if (job.task.is_graded() != (request.path == "/v1/grade")) {
    return exchange->answer(
        failure(Failure::Malformed, job.task.is_graded() ? "the plan is graded: send it to /v1/grade"
                                                         : "the plan has no cases, steps or compile step: send it to "
                                                           "/v1/run"));
  }
  run_for(shop_, exchange, std::move(job.task), native_result);
}

}  // namespace evalrun::serve
