#include "runtime/serve/go_judge.h"

#include <sys/utsname.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/serve/bounded_json.h"
#include "runtime/serve/go_judge_task.h"
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
          {"stream", false},         {"procPeak", true},  {"copyOutTruncate", true}, {"pipeProxyZeroCopy", false},
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

// The commands of one request: each is a job, and the answer has all of their results.
class GoJudgeDialect::Group : public std::enable_shared_from_this<Group> {
 public:
  Group(GoJudgeDialect& dialect, std::shared_ptr<Exchange> exchange, GoRequest request)
      : dialect_(dialect),
        exchange_(std::move(exchange)),
        request_(std::move(request)),
        results_(request_.commands.size()),
        left_(request_.commands.size()) {}

  // Throws BadField where a command asks for what there is not; nothing is submitted then.
  void begin() {
    std::vector<std::optional<Task>> tasks(request_.commands.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      try {
        tasks[i] = task_of_command(request_.commands[i], dialect_.template_, dialect_.shop_, dialect_.store_);
      } catch (const GoFileError& failed) {
        results_[i] = failed_result("File Error", failed.what());
        results_[i].file_errors.push_back({failed.name(), failed.type(), failed.what()});
      } catch (const PlanError& failed) {
        results_[i] = failed_result("Internal Error", failed.what());
      }
    }
    const bool is_whole = std::ranges::all_of(tasks, [](const auto& task) { return task.has_value(); });
    if (!request_.pipes.empty() && is_whole) return begin_group(tasks);
    if (!request_.pipes.empty()) {
      // None runs without the others.
      for (std::size_t i = 0; i < tasks.size(); ++i) {
        if (!std::exchange(tasks[i], std::nullopt)) continue;
        results_[i] = failed_result("Internal Error", "another command cannot run");
      }
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (!tasks[i]) continue;
      ids_.push_back(dialect_.shop_.queue.submit(
          std::move(*tasks[i]), [self = shared_from_this(), i](WorkEnd end) { self->settle(i, std::move(end)); }));
    }
    exchange_->tell_gone([self = weak_from_this()] {
      if (const auto group = self.lock()) group->leave();
    });
    const auto without = std::ranges::count_if(tasks, [](const auto& task) { return !task; });
    for (auto i = without; i > 0; --i) count_down();
  }

 private:
  void settle(std::size_t index, WorkEnd end) {
    account_for(dialect_.shop_, *exchange_, end);
    const auto kept = std::make_shared<WorkEnd>(std::move(end));
    const auto self = shared_from_this();
    const Bytes most = dialect_.shop_.ceilings.output;
    const auto* ended = std::get_if<Ended>(kept.get());
    const auto read = [self, kept, index, most] {
      self->results_[index] = result_of_command(self->request_.commands[index], *kept, most);
    };
    if (ended == nullptr || (ended->end.size <= (64U << 10) && !ended->work)) {
      read();
      return store(index);
    }
    dialect_.shop_.background.give(read, [self, index](std::exception_ptr thrown) {
      if (thrown) self->results_[index] = failed_result("Internal Error", "the files cannot be read");
      self->store(index);
    });
  }

  void begin_group(std::vector<std::optional<Task>>& tasks) {
    std::vector<Plan> plans;
    for (std::optional<Task>& task : tasks) plans.push_back(std::move(task->plan));
    std::vector<PipeBetween> pipes;
    for (const GoPipe& pipe : request_.pipes) {
      const std::uint64_t copied = pipe.name.empty() ? 0 : std::min(pipe.max, dialect_.shop_.ceilings.output.count);
      pipes.push_back({pipe.writer.index, pipe.writer.fd, pipe.reader.index, copied});
    }
    const auto self = shared_from_this();
    ids_.push_back(dialect_.shop_.queue.submit_group(std::move(plans), std::move(pipes),
                                                     [self](WorkEnd end) { self->settle_group(std::move(end)); }));
    exchange_->tell_gone([group = weak_from_this()] {
      if (const auto kept = group.lock()) kept->leave();
    });
  }

  void settle_group(WorkEnd end) {
    account_for(dialect_.shop_, *exchange_, end);
    const auto kept = std::make_shared<WorkEnd>(std::move(end));
    const Bytes most = dialect_.shop_.ceilings.output;
    const auto self = shared_from_this();
    dialect_.shop_.background.give(
        [self, kept, most] { self->results_ = results_of_group(self->request_, *kept, most); },
        [self](std::exception_ptr thrown) {
          for (std::size_t i = 0; i < self->results_.size(); ++i) {
            if (thrown) self->results_[i] = failed_result("Internal Error", "the files cannot be read");
            self->store(i);
          }
        });
  }

  void store(std::size_t index) {
    GoResult& result = results_[index];
    for (auto& [name, content] : result.cached) {
      const std::optional<std::string> id = dialect_.store_.add(name, std::move(content));
      if (id) {
        result.ids.emplace_back(name, *id);
      } else {
        result.status = "File Error";
        result.error = "the server's file store is full; delete files, or raise --store-quota";
        result.file_errors.push_back({name, "CopyOutCreateFile", result.error});
      }
    }
    result.cached.clear();
    count_down();
  }

  void count_down() {
    if (--left_ != 0) return;
    exchange_->tell_gone({});
    std::size_t size = 0;
    for (const GoResult& result : results_) {
      for (const auto& [name, content] : result.files) size += content.size();
    }
    answer_with(dialect_.shop_, exchange_, size, [self = shared_from_this()] {
      return Response{200, to_json(self->results_), "application/json", {}};
    });
  }

  void leave() {
    for (const WorkQueue::Id id : ids_) dialect_.shop_.queue.cancel(id);
  }

  GoJudgeDialect& dialect_;
  const std::shared_ptr<Exchange> exchange_;
  const GoRequest request_;
  std::vector<GoResult> results_;
  std::size_t left_;
  std::vector<WorkQueue::Id> ids_;
};

GoJudgeDialect::GoJudgeDialect(Workshop& shop, const StoreLimits& limits)
    : shop_(shop), store_(limits), template_(go_judge_plan(), {}) {}

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
  return request.path == "/run";
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
    std::make_shared<Group>(*this, exchange, std::move(request))->begin();
  } catch (const BadField& failed) {
    exchange->answer(error(400, failed.what()));
  }
}

void GoJudgeDialect::take(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  if (request.path == "/run") return run(exchange);
  if (request.path == "/version") return exchange->answer({200, version_page(), "application/json", {}});
  if (request.path == "/config") return exchange->answer({200, config_page(), "application/json", {}});
  if (request.path == "/ws" || request.path == "/stream") {
    return exchange->answer(failure(Failure::NotOffered, "sessions are not offered here; /run is"));
  }
  if (request.path != kFile) return exchange->answer(use_file(request));
  if (request.method == "POST") return exchange->answer(add_file(*exchange));
  ordered_json names = ordered_json::object();
  for (const auto& [id, file] : store_.files()) names[id] = json_text(file.name);
  exchange->answer({200, json_escaped(names.dump()), "application/json", {}});
}

}  // namespace evalrun::serve
