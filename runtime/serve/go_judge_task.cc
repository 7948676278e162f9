#include "runtime/serve/go_judge_task.h"

#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/judge/verdict.h"
#include "runtime/reader/text_rule.h"
#include "runtime/serve/bounded_json.h"
#include "runtime/serve/dialect_words.h"
#include "runtime/serve/program_plan.h"
#include "runtime/serve/work_files.h"

namespace evalrun::serve {
namespace {

using nlohmann::ordered_json;

constexpr const char* kBody = "request";
constexpr Bytes kCopyOutMax{256ULL << 20};
constexpr unsigned kProcesses = 64;

// Where the program's files are: "/w/a" and "a" are one. "" where a path lies elsewhere or is none.
std::string in_work(std::string_view path) {
  for (const std::string_view front : {"/w/", "/work/"}) {
    if (path.starts_with(front)) path.remove_prefix(front.size());
  }
  return path.starts_with('/') || !text_rule::kWorkPath.accepts(path) ? "" : normalised(path);
}

std::string content_of(const GoFile& file, FileStore& store) {
  if (const auto* content = std::get_if<GoContent>(&file)) return content->bytes;
  const auto* id = std::get_if<GoFileId>(&file);
  if (id == nullptr) return "";
  const FileStore::File* stored = store.find(id->id);
  if (stored == nullptr) throw BadField("fileId", "file not exists with id " + id->id);
  return *stored->content;
}

// The path as it was sent, if it lies below the operator's folder: nothing in it climbs.
std::filesystem::path host_file(const GoHostFile& file, const Workshop& shop) {
  const std::string folder = shop.host_files.empty() ? "" : normalised(shop.host_files.string()) + "/";
  const std::string path = text_rule::kSandboxPath.accepts(file.path) ? normalised(file.path) : "";
  if (folder.empty() || !path.starts_with(folder)) {
    throw BadField("src",
                   "src: " + in_quotes(file.path) + " is not below the folder that this server shows (--src-prefix)");
  }
  return path;
}

const GoCollector* collector_at(const GoCommand& command, std::size_t fd) {
  return fd < command.files.size() ? std::get_if<GoCollector>(&command.files[fd]) : nullptr;
}

// Whether it goes elsewhere, and nothing is kept of it here.
bool is_led_away(const GoCommand& command, std::size_t fd) {
  return fd < command.files.size() &&
         (std::holds_alternative<GoPiped>(command.files[fd]) || std::holds_alternative<GoStream>(command.files[fd]));
}

std::map<std::string, std::string> environment_of(const GoCommand& command) {
  std::map<std::string, std::string> env;
  for (const std::string& row : command.env) {
    const std::size_t equals = row.find('=');
    const std::string name = row.substr(0, equals);
    const std::string value = equals == row.npos ? "" : row.substr(equals + 1);
    if (!text_rule::kEnvName.accepts(name) || !text_rule::kAny.accepts(value)) {
      throw BadField("env", "env: " + in_quotes(name) + " cannot be a variable");
    }
    env[name] = value;
  }
  return env;
}

// Each stream has a limit of its own; what is led away is bounded by the server's.
void set_output(const GoCommand& command, Plan& plan, const Ceilings& ceilings) {
  Kind& kind = plan.kind;
  const auto limit_of = [&](std::size_t fd) {
    const GoCollector* collector = collector_at(command, fd);
    return std::min(Bytes{collector == nullptr ? ceilings.output.count : collector->max}, ceilings.output);
  };
  const auto output_of = [&](std::size_t fd) -> Output {
    if (collector_at(command, fd) != nullptr) return OutputCapture{};
    if (is_led_away(command, fd)) return OutputCapture{0_B};
    return OutputNull{};
  };
  kind.output = output_of(1);
  kind.error_output = output_of(2);
  kind.limits.output = {std::nullopt, limit_of(1), limit_of(2)};
  const GoCollector* out = collector_at(command, 1);
  const GoCollector* err = collector_at(command, 2);
  // One name, one descriptor.
  if (out != nullptr && err != nullptr && out->name == err->name) kind.error_output = OutputToStdout{};
}

TomlNode node(TomlTable table) {
  return {std::move(table), toml_text("").place};
}

TomlTable files_of(const GoCommand& command, FileStore& store) {
  TomlTable files;
  const TomlPlace place = toml_text("").place;
  for (const GoCopyIn& copy : command.copy_in) {
    const std::string path = in_work(copy.path);
    if (path.empty()) throw GoFileError(copy.path, "CopyInCreateFile", "a file lies below /w");
    if (find_member(files, path) != nullptr)
      throw GoFileError(copy.path, "CopyInCreateFile", "the file is there twice");
    TomlTable file;
    file.push_back({"text", place, toml_text(content_of(copy.file, store))});
    file.push_back({"mode", place, toml_text("0777")});
    files.push_back({path, place, node(std::move(file))});
  }
  return files;
}

void set_limits(const GoCommand& command, Limits& limits) {
  using std::chrono::milliseconds;
  limits.cpu = std::max<Duration>(command.cpu, milliseconds(1));
  limits.wall = std::max<Duration>(command.clock, milliseconds(1));
  limits.memory = std::max(Bytes{command.memory}, 1_MiB);
  // Memory of files counts as memory: the workspace need not have a smaller bound.
  limits.workspace = std::clamp(limits.memory, 64_KiB, Bytes{256ULL << 20});
  limits.file_size = limits.workspace;
  limits.stack = command.stack == 0 ? kUnlimited : std::max(Bytes{command.stack}, 64_KiB);
  limits.processes = static_cast<unsigned>(std::clamp<std::uint64_t>(command.processes, 0, 32768));
  if (limits.processes == 0) limits.processes = kProcesses;
  if (command.bounds_address_space) limits.address_space = limits.memory;
}

}  // namespace

PlanText go_judge_plan() {
  return {"image = \"bash\"\nargv = [\"true\"]\n[limits]\nopen_files = 256\n", kBody, "go-judge", "/"};
}

Task task_of_command(const GoCommand& command, const PlanTemplate& plan, Workshop& shop, FileStore& store) {
  const TomlPlace place = toml_text("").place;
  TomlTable keys;
  std::vector<std::string> args = command.args;
  // The program by the path that it has: whether it is the client's own file decides whose fault it is if it is none.
  if (args.front().starts_with("/w/")) args.front().replace(0, 2, "/work");
  keys.push_back({"argv", place, toml_texts(args)});
  keys.push_back({"files", place, node(files_of(command, store))});
  const GoHostFile* input_file = command.files.empty() ? nullptr : std::get_if<GoHostFile>(&command.files.front());
  if (!command.files.empty() && input_file == nullptr) {
    TomlTable input;
    input.push_back({"text", place, toml_text(content_of(command.files.front(), store))});
    keys.push_back({"stdin", place, node(std::move(input))});
  }
  std::vector<PlanChange> changes;
  changes.emplace_back(MergeChange{std::move(keys)});
  Task task = plan.make(std::move(changes), "/", shop.images);
  task.plan.job.env = environment_of(command);
  if (input_file != nullptr) task.plan.job.input = InputFile{host_file(*input_file, shop)};
  for (const GoCopyIn& copy : command.copy_in) {
    const auto* file = std::get_if<GoHostFile>(&copy.file);
    if (file == nullptr) continue;
    const auto place_of = std::ranges::find(task.plan.job.files, in_work(copy.path), &WorkFile::path);
    place_of->source = host_file(*file, shop);
  }
  set_limits(command, task.plan.kind.limits);
  set_output(command, task.plan, shop.ceilings);
  // Programs know their folder by go-judge's name, too.
  task.plan.kind.links.push_back({"/w", "work", {kBody, 0, 0}});
  refuse_excess(task, shop.ceilings);
  for (const GoCopyOut& copy : command.copy_out) {
    const std::string path = in_work(copy.name);
    if (path.empty()) continue;  // told in the result
    const Bytes most = command.copy_out_max == 0 ? kCopyOutMax : Bytes{command.copy_out_max};
    task.plan.kind.collect.push_back(
        {.path = path, .max = std::max(most, 1_B), .optional = true, .position = {kBody, 0, 0}});
  }
  return task;
}

GoResult failed_result(const std::string& status, const std::string& error) {
  GoResult result;
  result.status = status;
  result.error = error;
  return result;
}

namespace {

// What was written to a descriptor, under the collector's name. False where it is not all.
void add_stream(GoResult& result, const GoCommand& command, const supervise::Stream& stream, std::size_t fd) {
  const GoCollector* collector = collector_at(command, fd);
  if (collector == nullptr || !stream.captured) return;
  const bool is_cached = std::ranges::any_of(
      command.copy_out, [&](const GoCopyOut& copy) { return copy.is_cached && copy.name == collector->name; });
  (is_cached ? result.cached : result.files).emplace_back(collector->name, stream.kept);
  if (stream.truncated) result.file_errors.push_back({collector->name, "CollectSizeExceeded", ""});
}

bool is_collector(const GoCommand& command, const std::string& name) {
  for (const std::size_t fd : {1U, 2U}) {
    const GoCollector* collector = collector_at(command, fd);
    if (collector != nullptr && collector->name == name) return true;
  }
  return false;
}

const char* type_of(WorkContent::State state) {
  switch (state) {
    case WorkContent::State::Read: break;
    case WorkContent::State::Missing: return "CopyOutOpen";
    case WorkContent::State::NotRegular: return "CopyOutNotRegularFile";
    case WorkContent::State::TooLarge: return "CopyOutSizeExceeded";
    case WorkContent::State::Failed: return "CopyOutCopyContent";
  }
  return "CopyOutOpen";
}

void copy_out(GoResult& result, const GoCommand& command, int work, Bytes most) {
  std::uint64_t left = most.count;
  for (const GoCopyOut& copy : command.copy_out) {
    if (is_collector(command, copy.name)) continue;
    const std::string path = in_work(copy.name);
    if (path.empty() || work < 0) {
      if (!copy.is_optional) result.file_errors.push_back({copy.name, "CopyOutOpen", "no such file"});
      continue;
    }
    const Bytes bound{std::min(left, command.copy_out_max == 0 ? kCopyOutMax.count : command.copy_out_max)};
    WorkContent content = read_from_work(work, {.path = path, .max = bound, .optional = true, .position = {}},
                                         command.cuts_copy_out ? TooLarge::Cut : TooLarge::Refuse);
    if (content.state == WorkContent::State::Missing && copy.is_optional) continue;
    left -= content.bytes.size();
    const bool is_there =
        content.error.empty() || (command.cuts_copy_out && content.state == WorkContent::State::TooLarge);
    if (!content.error.empty()) result.file_errors.push_back({copy.name, type_of(content.state), content.error});
    if (is_there) (copy.is_cached ? result.cached : result.files).emplace_back(copy.name, std::move(content.bytes));
  }
}

GoResult result_of_run(const GoCommand& command, const supervise::RunResult& run, int work, const Limits& limits,
                       Bytes most, OnCancel on_cancel) {
  const bool was_stopped = on_cancel == OnCancel::Signaled && std::holds_alternative<supervise::Cancelled>(run.outcome);
  const EndKind kind = was_stopped ? EndKind::Signaled : kind_of(run.outcome);
  GoResult result = failed_result(words_of(kind).go_judge, "");
  result.exit_status = was_stopped ? SIGKILL : exit_code_of(run.outcome).value_or(signal_of(run.outcome));
  result.time = static_cast<std::uint64_t>(run.cpu.total().count());
  result.run_time = static_cast<std::uint64_t>(run.wall.count());
  result.memory = run.memory.peak.count;
  result.processes = run.processes.peak;
  if (kind != EndKind::Well && kind != EndKind::Exited && kind != EndKind::Signaled) {
    result.error = judge::message_of(run.outcome, limits);
  }
  add_stream(result, command, run.output, 1);
  add_stream(result, command, run.error_output, 2);
  copy_out(result, command, work, most);
  return result;
}

// A program that did its part, and whose files are not what was asked for.
void judge_files(GoResult& result) {
  if (result.status != words_of(EndKind::Well).go_judge || result.file_errors.empty()) return;
  const bool wrote_too_much = std::ranges::any_of(
      result.file_errors, [](const GoResult::FileError& error) { return error.type == "CollectSizeExceeded"; });
  result.status = wrote_too_much ? "Output Limit Exceeded" : "File Error";
  result.error = result.file_errors.front().name + ": " + result.file_errors.front().message;
}

}  // namespace

GoResult result_of_command(const GoCommand& command, WorkEnd& end, Bytes most, OnCancel on_cancel) {
  if (const auto* not_possible = std::get_if<NotPossible>(&end)) {
    return failed_result("Internal Error", not_possible->message);
  }
  const auto* ended = std::get_if<Ended>(&end);
  const auto* run = ended == nullptr ? nullptr : std::get_if<supervise::RunResult>(&ended->end.value);
  const bool was_stopped =
      run != nullptr && on_cancel == OnCancel::Signaled && std::holds_alternative<supervise::Cancelled>(run->outcome);
  const std::optional<Fault> fault = was_stopped ? std::nullopt : fault_of(end);
  if (fault) return failed_result("Internal Error", fault->message);
  GoResult result = result_of_run(command, *run, ended->work.get(), ended->job->plan().kind.limits, most, on_cancel);
  judge_files(result);
  return result;
}

std::vector<GoResult> results_of_group(const GoRequest& request, WorkEnd& end, Bytes most, OnCancel on_cancel) {
  std::vector<GoResult> results;
  auto* group = std::get_if<GroupEnded>(&end);
  if (group == nullptr) {
    for (const GoCommand& command : request.commands)
      results.push_back(result_of_command(command, end, most, on_cancel));
    return results;
  }
  for (std::size_t i = 0; i < request.commands.size(); ++i) {
    results.push_back(result_of_run(request.commands[i], group->end.runs[i], group->end.works[i].get(),
                                    group->limits[i], most, on_cancel));
  }
  for (std::size_t i = 0; i < request.pipes.size(); ++i) {
    const GoPipe& pipe = request.pipes[i];
    if (pipe.name.empty()) continue;
    GoResult& result = results[pipe.writer.index];
    const bool is_cached =
        std::ranges::any_of(request.commands[pipe.writer.index].copy_out,
                            [&](const GoCopyOut& copy) { return copy.is_cached && copy.name == pipe.name; });
    (is_cached ? result.cached : result.files).emplace_back(pipe.name, std::move(group->end.copies[i]));
    // What the pipe is called is no file of the program's.
    std::erase_if(result.file_errors, [&](const GoResult::FileError& error) { return error.name == pipe.name; });
  }
  for (GoResult& result : results) judge_files(result);
  return results;
}

namespace {

ordered_json rows_of(const std::vector<GoResult>& results) {
  ordered_json rows = ordered_json::array();
  for (const GoResult& result : results) {
    ordered_json row = {{"status", result.status}, {"exitStatus", result.exit_status}};
    if (!result.error.empty()) row["error"] = json_text(result.error);
    row["time"] = result.time;
    row["memory"] = result.memory;
    if (result.processes != 0) row["procPeak"] = result.processes;
    row["runTime"] = result.run_time;
    for (const auto& [name, content] : result.files) {
      row["files"][json_text(name)] = with_replacement_characters(content);
    }
    for (const auto& [name, id] : result.ids) row["fileIds"][json_text(name)] = id;
    for (const GoResult::FileError& error : result.file_errors) {
      ordered_json entry = {{"name", json_text(error.name)}, {"type", error.type}};
      if (!error.message.empty()) entry["message"] = json_text(error.message);
      row["fileError"].push_back(std::move(entry));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string to_json(const std::vector<GoResult>& results) {
  return json_escaped(rows_of(results).dump());
}

std::string response_text(const std::string& id, const std::vector<GoResult>& results) {
  return json_escaped(ordered_json{{"requestId", json_text(id)}, {"results", rows_of(results)}}.dump()) + "\n";
}

std::string error_text(const std::string& id, const std::string& why) {
  const ordered_json answer = {{"requestId", json_text(id)}, {"results", nullptr}, {"error", json_text(why)}};
  return json_escaped(answer.dump()) + "\n";
}

}  // namespace evalrun::serve
