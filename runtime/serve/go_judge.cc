#include "runtime/serve/go_judge.h"

#include <sys/utsname.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/serve/bounded_json.h"
#include "runtime/serve/go_judge_sessions.h"
#include "runtime/serve/multipart.h"

namespace evalrun::serve {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kFile = "/file";
constexpr std::size_t kLongestName = 255;

// Its errors are bare JSON strings.
Response error(int status, const std::string& message) {
  return {status, json_escaped(ordered_json(json_text(message)).dump()), "application/json", {}};
}

// Clients ask which of these a server has before they lean on them.
ordered_json features() {
  return {{"copyOutOptional", true}, {"pipeProxy", true}, {"symlink", false},        {"addressSpaceLimit", true},
          {"stream", true},          {"procPeak", true},  {"copyOutTruncate", true}, {"pipeProxyZeroCopy", false},
          {"fixSymlinkEscape", true}};
}

std::string version_page() {
  utsname system{};
  ::uname(&system);
  ordered_json page = {{"buildVersion", "v1.11.0"},
                       {"goVersion", "evalrun " EVALRUN_VERSION},
                       {"platform", system.machine},
                       {"os", "linux"}};
  page.update(features());
  return page.dump();
}

std::string config_page() {
  ordered_json page = features();
  page["fileStorePath"] = "memory";
  page["runnerConfig"] = {{"cgroupType", 2}, {"cgroupControllers", {"cpu", "memory", "pids"}},
                          {"workDir", "/w"}, {"hostName", "sandbox"},
                          {"uid", 1000},     {"gid", 1000}};
  return page.dump();
}

// A file's name in a header: nothing in it can end the header or the quotation.
std::string header_name(const std::string& name) {
  std::string plain;
  for (const char c : name) {
    const bool is_plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    plain += is_plain ? c : '_';
  }
  return plain;
}

}  // namespace

GoJudgeDialect::GoJudgeDialect(Workshop& shop, const StoreLimits& limits, Bytes most_of_message)
    : shop_(shop),
      store_(limits),
      template_(go_judge_plan(), {}),
      context_{shop_, store_, template_},
      most_of_message_(most_of_message) {}

Route GoJudgeDialect::route(const Request& request) const {
  const std::string_view path = request.path;
  const std::string& method = request.method;
  const auto only = [&](bool is_right) { return is_right ? Route::Mine : Route::WrongMethod; };
  if (path == "/run") return only(method == "POST");
  if (path == "/version" || path == "/config") return only(method == "GET");
  if (path == kFile) return only(method == "GET" || method == "POST");
  if (path.starts_with("/file/")) return only(method == "GET" || method == "DELETE");
  return path == "/ws" || path == "/stream" ? Route::Mine : Route::NotMine;
}

bool GoJudgeDialect::needs_room(const Request& request) const {
  return request.path == "/run" || request.path == "/stream";
}

Response GoJudgeDialect::failure(Failure why, const std::string& message) const {
  return with_retry(why, error(status_of(why), message));
}

Response GoJudgeDialect::add_file(Exchange& exchange) {
  const std::string body = exchange.take_body();
  const std::optional<FormFile> file = form_file(exchange.request().header("content-type").value_or(""), body, "file");
  if (!file) return error(400, "the form has no file called \"file\"");
  const std::optional<std::string> id = store_.add(file->name.substr(0, kLongestName), std::string(file->content));
  if (!id) return error(507, "the server's file store is full; delete files, or raise --store-quota");
  return {200, ordered_json(*id).dump(), "application/json", {}};
}

Response GoJudgeDialect::use_file(const Request& request) {
  const std::string id = request.path.substr(std::min(request.path.size(), kFile.size() + 1));
  if (request.method == "DELETE") {
    return store_.remove(id) ? Response{200, "", "", {}} : error(404, "file not found");
  }
  const FileStore::File* file = store_.find(id);
  if (file == nullptr) return error(404, "file not found");
  return {200,
          *file->content,
          "application/octet-stream",
          {{"Content-Disposition", "attachment; filename=\"" + header_name(file->name) + "\""}}};
}

void GoJudgeDialect::run(const std::shared_ptr<Exchange>& exchange) {
  try {
    GoRequest request = read_go_request(exchange->take_body());
    if (!shop_.queue.has_room(request.commands.size())) {
      return exchange->answer(failure(Failure::Busy, "worker queue is full"));
    }
    const auto done = [&shop = shop_, exchange](std::optional<std::vector<GoResult>> results) {
      exchange->tell_gone({});
      const auto kept = std::make_shared<std::vector<GoResult>>(std::move(results).value_or(std::vector<GoResult>{}));
      answer_with(shop, exchange, size_of(*kept), [kept] {
        return Response{200, to_json(*kept), "application/json", {}};
      });
    };
    const auto group = std::make_shared<GoGroup>(context_, exchange, std::move(request), done);
    exchange->tell_gone([group = std::weak_ptr<GoGroup>(group)] {
      if (const auto kept = group.lock()) kept->abandon();
    });
    group->begin();
  } catch (const BadField& failed) {
    exchange->answer(error(400, failed.what()));
  }
}

void GoJudgeDialect::open_session(const std::shared_ptr<Exchange>& exchange) {
  if (std::optional<Response> refusal = socket_refusal(exchange->request())) {
    return exchange->answer(std::move(*refusal));
  }
  const std::size_t most = most_of_message_.count;
  if (exchange->request().path == "/ws") return begin_go_socket(context_, exchange, most);
  begin_go_stream(context_, exchange, most);
}

void GoJudgeDialect::take(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  if (request.path == "/run") return run(exchange);
  if (request.path == "/version") return exchange->answer({200, version_page(), "application/json", {}});
  if (request.path == "/config") return exchange->answer({200, config_page(), "application/json", {}});
  if (request.path == "/ws" || request.path == "/stream") return open_session(exchange);
  if (request.path != kFile) return exchange->answer(use_file(request));
  if (request.method == "POST") return exchange->answer(add_file(*exchange));
  ordered_json names = ordered_json::object();
  for (const auto& [id, file] : store_.files()) names[id] = json_text(file.name);
  exchange->answer({200, json_escaped(names.dump()), "application/json", {}});
}

}  // namespace evalrun::serve
