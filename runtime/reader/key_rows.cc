#include "runtime/reader/key_rows.h"

#include <algorithm>
#include <charconv>
#include <type_traits>
#include <utility>

#include "runtime/core/base64.h"
#include "runtime/core/text.h"
#include "runtime/plan/jury_limits.h"
#include "runtime/plan/profile.h"
#include "runtime/reader/folder_files.h"
#include "runtime/reader/overrides.h"

namespace evalrun {
namespace {

using namespace std::chrono_literals;

constexpr Bytes kTiB = 1024_GiB;
// A day: longer than any program that is judged, short enough for every clock and timer of the kernel.
constexpr Duration kDay = 24h;
// A mount's index travels in the 16 bits of StepResult::item; a file's or a word's list is bounded by common sense.
constexpr std::size_t kManyMounts = 1024;
constexpr std::size_t kManyFiles = 16384;
constexpr std::size_t kManySteps = 256;
constexpr std::uint64_t kMaxPort = 65535;
// glibc's cpu_set_t has room for 1024 cores (CPU_SET(3)).
constexpr std::uint64_t kMaxCore = 1023;

LastingText kept(std::string text) {
  return LastingText::kept(std::move(text));
}

std::string boolean(bool value) {
  return value ? "true" : "false";
}

std::string octal(std::uint32_t mode) {
  char digits[8];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, mode, 8);
  return std::string(4 - std::min<std::size_t>(4, static_cast<std::size_t>(end - digits)), '0').append(digits, end);
}

// The rows, moved: an initializer_list would copy each.
template <std::size_t N>
std::vector<Key> as_rows(Key (&&rows)[N]) {
  return {std::make_move_iterator(std::begin(rows)), std::make_move_iterator(std::end(rows))};
}

void append(std::vector<Key>& rows, std::vector<Key> more) {
  std::ranges::move(more, std::back_inserter(rows));
}

template <typename T>
bool same(const T& a, const T& b) {
  if constexpr (std::is_enum_v<T>) {
    return a == b;
  } else {
    return a.index() == b.index();  // a variant whose choices carry no value
  }
}

// Rows that store straight into one field of the plan, or of the checker. `field` finds it.
template <typename T, typename Owner = Plan>
using Field = std::type_identity_t<T& (*)(Owner&)>;

template <typename Owner>
Owner& owner_in(Draft& draft) {
  if constexpr (std::is_same_v<Owner, Checker>) {
    return draft.checker;
  } else {
    return draft.plan;
  }
}

// Defaults are read off a new plan or checker, so that the table cannot disagree with it.
template <typename T, typename Owner>
T default_of(T& (*field)(Owner&)) {
  static Owner fresh;
  return field(fresh);
}

template <typename Owner = Plan>
Key flag(LastingText path, Field<bool, Owner> field, LastingText description) {
  return {path, boolean(default_of(field)), description,
          FlagForm{[field](Draft& d, bool v, const Entry&) { field(owner_in<Owner>(d)) = v; }}};
}

template <typename T, typename Owner = Plan>
Key choice(LastingText path, Field<T, Owner> field, std::vector<std::pair<std::string, T>> choices,
           LastingText description) {
  Key key{path, "", description, ChoiceForm{}};
  auto& form = std::get<ChoiceForm>(key.form);
  std::vector<T> values;
  for (auto& [name, value] : choices) {
    if (same(value, default_of(field))) key.default_text = in_quotes(name);
    form.names.push_back(name);
    values.push_back(std::move(value));
  }
  form.store = [field, values = std::move(values)](Draft& d, std::size_t index, const Entry&) {
    field(owner_in<Owner>(d)) = values[index];
  };
  return key;
}

Key need(const std::string& layer, Field<Need> field, const std::string& what) {
  return choice<Need>(kept("require." + layer), field, {{"yes", Need::Yes}, {"if-available", Need::IfAvailable}},
                      kept("Whether " + what + " must be there, or the result may say \"degraded\"."));
}

Key ports(LastingText path, Field<std::vector<std::uint16_t>> field, LastingText description) {
  // Each is a rule of Landlock's, which the child adds.
  constexpr std::size_t kMostPorts = 1024;
  const auto store = [field](Draft& d, const std::vector<std::uint64_t>& v, const Entry&) {
    field(d.plan).clear();
    for (const std::uint64_t port : v) field(d.plan).push_back(static_cast<std::uint16_t>(port));
  };
  return {path, "[]", description, CountsForm{0, kMaxPort, 0, store, kMostPorts}};
}

using PathList = std::vector<std::string>;

Key landlock_paths(LastingText path, Field<PathList> field, const std::string& right) {
  const auto store = [field](Draft& d, const std::vector<std::string>& v, const Entry&) {
    PathList& paths = field(d.plan);
    paths.clear();
    for (const std::string& each : v) paths.push_back(normalised(each));
  };
  return {path, "[]",
          kept("Of the mounts that hold these paths, only the paths keep the right to " + right +
               "; none: nothing is narrowed."),
          TextsForm{text_rule::kSandboxPath, 0, store}};
}

std::vector<std::string> program_words(std::vector<std::string> words, const Entry& entry) {
  if (words.front().empty()) {
    throw PlanError(entry.position, entry.key, "expected a program as the first word, found \"\"");
  }
  return words;
}

std::vector<Key> program_rows() {
  return as_rows({
      {"image", "",
       "What the program finds in its file system: an image on the search path or a path to an image file; without it, "
       "only the mounts.",
       TextForm{text_rule::kImageReference,
                [](Draft& d, std::string v, const Entry&) { d.plan.kind.image = std::move(v); }}},
      {"argv", "",
       "The program and its arguments; \"{source}\" stands for `source`, \"{stem}\" for its last part without the "
       "ending, \"{memory_mib}\" for `limits.memory` in MiB. Without it the image's run line is used.",
       TextsForm{text_rule::kAny, 1,
                 [](Draft& d, std::vector<std::string> v, const Entry& entry) {
                   d.plan.job.argv = program_words(std::move(v), entry);
                 }}},
      {"source", "", "The file that fills \"{source}\" in the image's run line.",
       TextForm{text_rule::kWorkPath,
                [](Draft& d, const std::string& v, const Entry&) { d.plan.job.source = normalised(v); }}},
      {"cwd", in_quotes(Plan{}.kind.cwd), "The folder in which the program starts.",
       TextForm{text_rule::kSandboxPath,
                [](Draft& d, const std::string& v, const Entry&) { d.plan.kind.cwd = normalised(v); }}},
      {"hide", "[]",
       "Files and folders of the sandbox, on binds of the image or the plan, in whose place the program finds an empty "
       "folder or /dev/null. One that is not there is an error.",
       TextsForm{text_rule::kMountPoint, 0,
                 [](Draft& d, const std::vector<std::string>& v, const Entry& entry) {
                   d.plan.kind.hidden.clear();
                   for (const std::string& path : v) d.plan.kind.hidden.push_back({normalised(path), entry.position});
                 }}},
      {"oom_score_adj", "",
       "What is added to the run's score when the host is out of memory, in thousandths of all memory "
       "(proc_pid_oom_score_adj(5)): at 1000 the run dies before any service of the host. Without it, as evalrun's "
       "own.",
       CountForm{0, 1000,
                 [](Draft& d, std::uint64_t v, const Entry&) { d.plan.kind.oom_score_adj = static_cast<int>(v); }}},
      {"workspace.path", in_quotes(Plan{}.kind.workspace),
       "Where the program finds its workspace, /work, under a second name: \"/box\". `cwd` and HOME follow where the "
       "plan "
       "does not say them.",
       TextForm{text_rule::kMountPoint,
                [](Draft& d, const std::string& v, const Entry&) { d.plan.kind.workspace = normalised(v); }}},
      {"hostname", in_quotes(Plan{}.kind.hostname), "The host name that the program sees.",
       TextForm{text_rule::kHostname,
                [](Draft& d, std::string v, const Entry&) { d.plan.kind.hostname = std::move(v); }}},
  });
}

void name_profile(Draft& d, std::size_t index, const SourcePosition& position) {
  d.plan.kind.profiles.push_back({&profiles()[index], position});
}

void narrow(Draft& d, const std::vector<ChoicesForm::Choice>& choices, const Entry& entry) {
  Narrowing& narrowing = d.plan.kind.narrowings.emplace_back();
  narrowing.position = entry.position;
  for (const auto& [index, position] : choices) {
    narrowing.words.push_back({capability_rows()[index].word, position});
  }
}

std::vector<Key> profile_rows() {
  std::vector<std::string> names;
  for (const Profile& profile : profiles()) names.emplace_back(profile.name);
  std::vector<std::string> words;
  for (const CapabilityRow& row : capability_rows()) words.emplace_back(row.name);
  return as_rows({
      {"profile", in_quotes(names.front()),
       "What kind of program it is: which capability words it has and which limits it begins with, both listed below.",
       ChoiceForm{names, [](Draft& d, std::size_t v, const Entry& entry) { name_profile(d, v, entry.position); }}},
      {"profile", "", "Or several, of which the strictest counts, word by word; an image's profile counts too.",
       ChoicesForm{names, 1,
                   [](Draft& d, const std::vector<ChoicesForm::Choice>& v, const Entry&) {
                     for (const auto& [index, position] : v) name_profile(d, index, position);
                   }}},
      {"capabilities", "",
       "Of the profile's words, only these; without the key, all. To list a word that the profile takes is an error.",
       ChoicesForm{words, 0, narrow}},
  });
}

// "stdout" and "stderr" but for the words that only standard error has.
std::vector<Key> output_rows(LastingText path, Field<Output> field, std::vector<std::pair<std::string, Output>> choices,
                             const std::string& stream) {
  return as_rows({
      choice<Output>(path, field, std::move(choices),
                     kept("Where " + stream +
                          " goes; \"capture\" puts it into the result: as text, or as base64 where it is not UTF-8 or, "
                          "beyond 4 KiB, more than a fifth control characters.")),
      {path, "", "Or a file, or a bound of what is kept.", TableForm{.one_of = {"file", "capture"}}},
      {kept(std::string(path) + ".file"), "",
       kept("The file of the host that " + stream + " is written to; created or truncated."),
       TextForm{text_rule::kHostPath,
                [field](Draft& d, const std::string& v, const Entry&) { field(d.plan) = OutputFile{d.absolute(v)}; }}},
      {kept(std::string(path) + ".capture"), "",
       "How many of its first bytes the result holds. More is counted and hashed as before: the limit is "
       "`limits.output`. "
       "Cases are judged by all of it.",
       SizeForm{0_B, kTiB, [field](Draft& d, Bytes v, const Entry&) { field(d.plan) = OutputCapture{v}; }}},
  });
}

std::vector<Key> stream_rows() {
  std::vector<Key> rows = as_rows({
      choice<Input>(
          "stdin", [](Plan& p) -> Input& { return p.job.input; }, {{"null", InputNull{}}, {"inherit", InputInherit{}}},
          "What the program reads on standard input."),
      {"stdin", "", "Or a file, a text or bytes.", TableForm{.one_of = {"file", "text", "base64"}}},
      {"stdin.file", "", "The file of the host that the program reads on standard input.",
       TextForm{text_rule::kHostPath,
                [](Draft& d, const std::string& v, const Entry&) { d.plan.job.input = InputFile{d.absolute(v)}; }}},
      {"stdin.text", "", "The text that the program reads on standard input.",
       // A NUL is data here: standard input is bytes.
       TextForm{text_rule::kBytes,
                [](Draft& d, std::string v, const Entry&) { d.plan.job.input = InputText{std::move(v)}; }}},
      {"stdin.base64", "", "The bytes that the program reads on standard input, in base64.",
       TextForm{text_rule::kBase64, [](Draft& d, const std::string& v,
                                       const Entry&) { d.plan.job.input = InputText{bytes_of_base64(v)}; }}},
  });
  const std::vector<std::pair<std::string, Output>> choices = {
      {"capture", OutputCapture{}}, {"inherit", OutputInherit{}}, {"null", OutputNull{}}};
  auto error_choices = choices;
  error_choices.emplace_back("stdout", OutputToStdout{});
  const auto output = output_rows(
      "stdout", [](Plan& p) -> Output& { return p.kind.output; }, choices, "standard output");
  const auto error_output = output_rows(
      "stderr", [](Plan& p) -> Output& { return p.kind.error_output; }, std::move(error_choices), "standard error");
  rows.insert(rows.end(), output.begin(), output.end());
  rows.insert(rows.end(), error_output.begin(), error_output.end());
  return rows;
}

// "files.*" of the plan and of a case. `list` finds where they go.
std::vector<Key> work_file_rows(const std::string& prefix, std::vector<WorkFile>& (*list)(Draft&),
                                LastingText description) {
  const LastingText path = kept(prefix + "files.*");
  const auto latest = [list](Draft& d) -> WorkFile& { return list(d).back(); };
  return as_rows({
      {path, "", description,
       TableForm{.many = kManyFiles,
                 .one_of = {"from", "text", "base64", "folder"},
                 .begin =
                     [list](Draft& d, const Entry& entry) {
                       d.file_is_folder = false;
                       d.file_mode.reset();
                       list(d).push_back({normalised(entry.name), std::string(), WorkFile{}.mode, entry.position});
                     },
                 .end =
                     [list](Draft& d, const Entry&) {
                       if (!d.file_is_folder) return;
                       std::vector<WorkFile>& files = list(d);
                       const WorkFile folder = std::move(files.back());
                       files.pop_back();
                       std::ranges::move(
                           files_of_folder(folder, d.file_mode, kManyFiles - std::min(kManyFiles, files.size())),
                           std::back_inserter(files));
                     }},
       &text_rule::kWorkPath},
      {kept(std::string(path) + ".folder"), "",
       "The folder of the host whose files are copied, with all below it: regular files alone. An executable file "
       "keeps "
       "that where `mode` says nothing.",
       TextForm{text_rule::kHostPath,
                [latest](Draft& d, const std::string& v, const Entry&) {
                  latest(d).source = d.absolute(v);
                  d.file_is_folder = true;
                }}},
      {kept(std::string(path) + ".from"), "", "The file of the host that it is copied from.",
       TextForm{text_rule::kHostPath,
                [latest](Draft& d, const std::string& v, const Entry&) { latest(d).source = d.absolute(v); }}},
      {kept(std::string(path) + ".text"), "", "Its content.",
       TextForm{text_rule::kBytes,
                [latest](Draft& d, std::string v, const Entry&) { latest(d).source = std::move(v); }}},
      {kept(std::string(path) + ".base64"), "", "Its content in base64.",
       TextForm{text_rule::kBase64,
                [latest](Draft& d, const std::string& v, const Entry&) { latest(d).source = bytes_of_base64(v); }}},
      {kept(std::string(path) + ".mode"), in_quotes(octal(WorkFile{}.mode)), "Its permission bits.",
       TextForm{text_rule::kMode,
                [latest](Draft& d, const std::string& v, const Entry&) {
                  std::from_chars(v.data(), v.data() + v.size(), latest(d).mode, 8);
                  d.file_mode = latest(d).mode;
                }}},
  });
}

void begin_collect_file(Draft& d, const Entry& entry) {
  d.plan.kind.collect.emplace_back();
  d.plan.kind.collect.back().position = entry.position;
}

void store_collect_path(Draft& d, const std::string& v, const Entry&) {
  d.plan.kind.collect.back().path = v == "." ? v : normalised(v);
}

void end_collect_file(Draft& d, const Entry& entry) {
  const CollectFile& file = d.plan.kind.collect.back();
  if (file.as == CollectAs::File && file.path == ".") {
    throw PlanError(entry.position, entry.key + ".path", "expected a file; all of /work takes as = \"tar\"");
  }
}

std::vector<Key> file_rows() {
  std::vector<Key> rows = as_rows({
      {"collect[]", "", "A regular file that is copied out of /work after the run.",
       TextForm{text_rule::kWorkPath,
                [](Draft& d, const std::string& v, const Entry& entry) {
                  begin_collect_file(d, entry);
                  store_collect_path(d, v, entry);
                }}},
      {"collect[]", "", "The same, with its own bound.",
       TableForm{.many = kManyFiles, .required = {"path"}, .begin = begin_collect_file, .end = end_collect_file}},
      {"collect[].path", "",
       "Its path below /work; with as = \"tar\" a file, a folder, a pattern (\"out/*.txt\"), or \".\" for all.",
       TextForm{text_rule::kWorkPattern, store_collect_path}},
      {"collect[].as", in_quotes("file"),
       "\"file\": one regular file, as it is; \"tar\": all files and folders that `path` matches, with all below them, "
       "as one archive PATH.tar (work.tar for \".\"). Links, FIFOs and the like are left out.",
       ChoiceForm{{"file", "tar"},
                  [](Draft& d, std::size_t index, const Entry&) {
                    d.plan.kind.collect.back().as = index == 0 ? CollectAs::File : CollectAs::Tar;
                  }}},
      {"collect[].max", in_quotes(to_string(CollectFile{}.max)),
       "A larger file, or archive as a whole, is reported as an error of this file.",
       SizeForm{1_B, kTiB, [](Draft& d, Bytes v, const Entry&) { d.plan.kind.collect.back().max = v; }}},
      {"collect[].optional", boolean(CollectFile{}.optional),
       "Whether it is no error that the file is missing, or that nothing matches.",
       FlagForm{[](Draft& d, bool v, const Entry&) { d.plan.kind.collect.back().optional = v; }}},
      {"env.*", "", "One variable of the environment; nothing is inherited.",
       TextForm{text_rule::kAny,
                [](Draft& d, std::string v, const Entry& entry) { d.plan.job.env[entry.name] = std::move(v); }},
       &text_rule::kEnvName},
  });
  append(rows, work_file_rows(
                   "", [](Draft& d) -> std::vector<WorkFile>& { return d.plan.job.files; },
                   "A file that is copied to this path below /work before the run."));
  return rows;
}

// Several tables of a plan hold limits. Which limits a row changes, and what they are where it is not written.
struct LimitsTable {
  std::string prefix;
  std::optional<Limits> defaults;  // none: those of [limits]
  void (*change)(Draft&, const Draft::LimitsChange&);
};

LimitsTable plan_limits() {
  return {"limits.", Limits{}, [](Draft& d, const Draft::LimitsChange& change) { change(d.plan.kind.limits); }};
}

LimitsTable compile_limits() {
  return {"compile.limits.", CompileStep::compile_limits(),
          [](Draft& d, const Draft::LimitsChange& change) { change(d.compile->limits); }};
}

LimitsTable image_compile_limits() {
  return {"compile_limits.", CompileStep::compile_limits(),
          [](Draft& d, const Draft::LimitsChange& change) { change(d.image.compile_limits); }};
}

LimitsTable case_limits() {
  return {"case[].limits.", std::nullopt,
          [](Draft& d, const Draft::LimitsChange& change) { d.case_limits.back().push_back(change); }};
}

LimitsTable step_limits() {
  return {"step[].limits.", std::nullopt,
          [](Draft& d, const Draft::LimitsChange& change) { d.step_limits.back().push_back(change); }};
}

// Those of a jury's program, which jury_program.h reads: here they are checked and documented.
LimitsTable jury_limits_in(const std::string& section) {
  return {section + ".limits.", jury_limits(), [](Draft&, const Draft::LimitsChange&) {}};
}

std::string default_of(const LimitsTable& table, std::string (*text)(const Limits&)) {
  return table.defaults ? text(*table.defaults) : "";
}

Key limit(const LimitsTable& table, const char* name, Duration Limits::*field, LastingText description) {
  const std::string value = table.defaults ? in_quotes(to_string(*table.defaults.*field)) : "";
  const auto store = [change = table.change, field](Draft& d, Duration v, const Entry&) {
    change(d, [field, v](Limits& limits) { limits.*field = v; });
  };
  return {kept(table.prefix + name), value, description, TimeForm{1ms, kDay, store}};
}

Key limit(const LimitsTable& table, const char* name, Bytes Limits::*field, Bytes least, LastingText description) {
  const bool is_unlimited = table.defaults && *table.defaults.*field == kUnlimited;
  const std::string value = is_unlimited     ? in_quotes("unlimited")
                            : table.defaults ? in_quotes(to_string(*table.defaults.*field))
                                             : "";
  const auto store = [change = table.change, field](Draft& d, Bytes v, const Entry&) {
    change(d, [field, v](Limits& limits) { limits.*field = v; });
  };
  return {kept(table.prefix + name), value, description, SizeForm{least, kTiB, store}};
}

Key limit(const LimitsTable& table, const char* name, unsigned Limits::*field, unsigned least, unsigned most,
          LastingText description) {
  const std::string value = table.defaults ? std::to_string(*table.defaults.*field) : "";
  const auto store = [change = table.change, field](Draft& d, std::uint64_t v, const Entry&) {
    change(d, [field, v](Limits& limits) { limits.*field = static_cast<unsigned>(v); });
  };
  return {kept(table.prefix + name), value, description, CountForm{least, most, store}};
}

// A limit for each stream takes the place of the one for both; the stream that is not named keeps the bound of both.
void separate(OutputLimit& output) {
  if (output.both) output = {std::nullopt, output.both, output.both};
}

std::vector<Key> output_limit_rows(const LimitsTable& table) {
  const auto change = table.change;
  const LastingText path = kept(table.prefix + "output");
  const auto stream = [&](const std::string& name, std::optional<Bytes> OutputLimit::*field, LastingText description) {
    const auto store = [change, field](Draft& d, Bytes v, const Entry&) {
      change(d, [field, v](Limits& limits) { limits.output.*field = v; });
    };
    return Key{kept(std::string(path) + name), "", description, SizeForm{0_B, kTiB, store}};
  };
  return as_rows({
      {path, default_of(table, [](const Limits& limits) { return in_quotes(to_string(*limits.output.both)); }),
       "Standard output and standard error together.",
       SizeForm{0_B, kTiB,
                [change](Draft& d, Bytes v, const Entry&) {
                  change(d, [v](Limits& limits) { limits.output = {v, std::nullopt, std::nullopt}; });
                }}},
      {path, "", "Or a limit for each of the two.",
       TableForm{
           .of = TableForm::Of::AtLeast,
           .one_of = {"stdout", "stderr"},
           .begin = [change](Draft& d, const Entry&) { change(d, [](Limits& limits) { separate(limits.output); }); }}},
      stream(".stdout", &OutputLimit::standard_output, "Standard output alone."),
      stream(".stderr", &OutputLimit::standard_error, "Standard error alone."),
  });
}

CpusList listed_cores(const std::vector<std::uint64_t>& v, const Entry& entry) {
  CpusList list;
  for (const std::uint64_t core : v) list.cores.push_back(static_cast<unsigned>(core));
  std::ranges::sort(list.cores);
  if (const auto twice = std::ranges::adjacent_find(list.cores); twice != list.cores.end()) {
    throw PlanError(entry.position, entry.key, "core " + std::to_string(*twice) + " is listed twice");
  }
  return list;
}

std::vector<Key> cpus_limit_rows(const LimitsTable& table) {
  const auto set = [change = table.change](Draft& d, Cpus cpus) {
    change(d, [cpus = std::move(cpus)](Limits& limits) { limits.cpus = cpus; });
  };
  const LastingText path = kept(table.prefix + "cpus");
  return as_rows({
      {path, default_of(table, [](const Limits&) { return in_quotes("auto"); }),
       "The cores that the run is pinned to: \"auto\" is one that no other run holds, \"any\" does not pin.",
       ChoiceForm{{"auto", "any"},
                  [set](Draft& d, std::size_t index, const Entry&) {
                    set(d, index == 0 ? Cpus(CpusAuto{}) : Cpus(CpusAny{}));
                  }}},
      {path, "", "So many free cores.",
       CountForm{1, kMaxCore + 1,
                 [set](Draft& d, std::uint64_t v, const Entry&) { set(d, CpusCount{static_cast<unsigned>(v)}); }}},
      {path, "", "Exactly these cores.",
       CountsForm{0, kMaxCore, 1,
                  [set](Draft& d, const std::vector<std::uint64_t>& v, const Entry& entry) {
                    set(d, listed_cores(v, entry));
                  }}},
  });
}

std::vector<Key> limit_rows(const LimitsTable& table) {
  std::vector<Key> rows = as_rows({
      limit(table, "cpu", &Limits::cpu, "CPU time of all processes of the run together."),
      {kept(table.prefix + "cpu_hard"), "",
       "A limit above `cpu`: a run that passes `cpu` is TLE and goes on to its end or to this, so that the time it "
       "takes "
       "is known.",
       TimeForm{1ms, kDay,
                [change = table.change](Draft& d, Duration v, const Entry&) {
                  change(d, [v](Limits& limits) { limits.cpu_hard = v; });
                }}},
      {kept(table.prefix + "cpu_rate"), "",
       "How much CPU time all processes together may use at a time: 0.5 is half a core, 2 are two. Needs a control "
       "group "
       "that bounds it.",
       NumberForm{0.01, kMaxCore + 1,
                  [change = table.change](Draft& d, double v, const Entry&) {
                    change(d, [v](Limits& limits) { limits.cpu_rate = v; });
                  }}},
      limit(table, "wall", &Limits::wall, "Time on a monotonic clock, from the program's start to its end."),
      {kept(table.prefix + "idle"), "", "Time in which no process of the run uses CPU.",
       TimeForm{1ms, kDay,
                [change = table.change](Draft& d, Duration v, const Entry&) {
                  change(d, [v](Limits& limits) { limits.idle = v; });
                }}},
      limit(table, "memory", &Limits::memory, 1_MiB,
            "What the run makes the host hold (see Memory, below); swap is off."),
      {kept(table.prefix + "address_space"), "",
       "What each process may map, used or not: more is refused, and a program that ends badly after that is MLE. For "
       "native programs; Java, Go and Node map far more than they use.",
       SizeForm{1_MiB, kTiB,
                [change = table.change](Draft& d, Bytes v, const Entry&) {
                  change(d, [v](Limits& limits) { limits.address_space = v; });
                }}},
      limit(table, "stack", &Limits::stack, 64_KiB, "The stack of a process."),
      {kept(table.prefix + "stack"), "", "Or no bound of its own: `memory` bounds it.",
       ChoiceForm{{"unlimited"},
                  [change = table.change](Draft& d, std::size_t, const Entry&) {
                    change(d, [](Limits& limits) { limits.stack = kUnlimited; });
                  }}},
      limit(table, "processes", &Limits::processes, 1, 32768, "Processes and threads at one time."),
      limit(table, "open_files", &Limits::open_files, 3, 1048576, "Descriptors that a process may have open."),
      limit(table, "file_size", &Limits::file_size, 0_B, "The largest file that the program may write."),
  });
  append(rows, output_limit_rows(table));
  rows.push_back(
      {kept(table.prefix + "output_action"), default_of(table, [](const Limits&) { return in_quotes("stop"); }),
       "What becomes of a run that writes more than `output`: it is stopped (OLE), or it goes on and the rest "
       "is thrown away.",
       ChoiceForm{{"stop", "truncate"}, [change = table.change](Draft& d, std::size_t index, const Entry&) {
                    const OutputAction action = index == 0 ? OutputAction::Stop : OutputAction::Truncate;
                    change(d, [action](Limits& limits) { limits.output_action = action; });
                  }}});
  rows.push_back(
      limit(table, "workspace", &Limits::workspace, 64_KiB, "What /work, /tmp and /dev/shm hold together, in memory."));
  // /work, /tmp and /dev/shm take some themselves.
  rows.push_back(limit(table, "inodes", &Limits::inodes, 16, 1U << 24,
                       "Files, folders and links in /work, /tmp and /dev/shm together."));
  append(rows, cpus_limit_rows(table));
  return rows;
}

std::vector<Key> plan_limit_rows() {
  return limit_rows(plan_limits());
}

void begin_mount(Draft& d, const Entry& entry) {
  d.mount_is_read_only.reset();
  d.mounts.emplace_back();
  d.mounts.back().position = entry.position;
}

void end_mount(Draft& d, const Entry&) {
  Mount& mount = d.mounts.back();
  if (!std::holds_alternative<Mount::Tmpfs>(mount.what)) return;
  if (d.mount_is_read_only) {
    throw PlanError(d.mount_is_read_only->position, d.mount_is_read_only->key,
                    "expected true or nothing: a tmpfs that cannot be written to would stay empty");
  }
  if (mount.optional) {
    throw PlanError(mount.position, "mount.optional", "expected with bind only: a tmpfs is never missing");
  }
  mount.access = Access::ReadWrite;
}

void store_write(Draft& d, bool v, const Entry& entry) {
  d.mounts.back().access = v ? Access::ReadWrite : Access::ReadOnly;
  if (!v) d.mount_is_read_only = entry;
}

std::vector<Key> mount_rows() {
  return as_rows({
      {"mount[]", "", "A mount beyond those of the image: read-only, without set-user-ID bits, devices and execution.",
       TableForm{.many = kManyMounts,
                 .required = {"at"},
                 .one_of = {"bind", "tmpfs"},
                 .begin = begin_mount,
                 .end = end_mount}},
      {"mount[].bind", "", "The file or folder of the host that is shown.",
       TextForm{text_rule::kHostPath, [](Draft& d, const std::string& v,
                                         const Entry&) { d.mounts.back().what = Mount::Bind{d.absolute(v)}; }}},
      {"mount[].tmpfs", "", "An empty folder in memory of this size.",
       SizeForm{4_KiB, kTiB, [](Draft& d, Bytes v, const Entry&) { d.mounts.back().what = Mount::Tmpfs{v}; }}},
      {"mount[].at", "", "Where it stands in the sandbox.",
       TextForm{text_rule::kMountPoint,
                [](Draft& d, const std::string& v, const Entry&) { d.mounts.back().at = normalised(v); }}},
      {"mount[].write", boolean(Mount{}.access == Access::ReadWrite),
       "Whether a bind may be written to; a tmpfs always may.", FlagForm{store_write}},
      {"mount[].exec", boolean(Mount{}.execution == Execution::Allowed), "Whether programs on it may be executed.",
       FlagForm{[](Draft& d, bool v, const Entry&) {
         d.mounts.back().execution = v ? Execution::Allowed : Execution::Denied;
       }}},
      {"mount[].optional", boolean(Mount{}.optional),
       "Whether a bind is left out where the host has no such source; else that is an error.",
       FlagForm{[](Draft& d, bool v, const Entry&) { d.mounts.back().optional = v; }}},
  });
}

Key calls(LastingText path, std::vector<std::string> Draft::*list, LastingText description) {
  const auto store = [list](Draft& d, std::vector<std::string> v, const Entry&) { d.*list = std::move(v); };
  return {path, "[]", description, TextsForm{text_rule::kCallName, 0, store}};
}

// Of the image, and of the plan in its place.
Key preload_row() {
  return {
      "snapshot.preload", "[]",
      "Modules that the interpreter imports before its snapshot is made, such as \"numpy\"; in place of the image's. "
      "Of Python alone.",
      TextsForm{text_rule::kLine, 0, [](Draft& d, std::vector<std::string> v, const Entry&) {
                  d.plan.kind.snapshot.preload = std::move(v);
                }}};
}

std::vector<Key> layer_rows() {
  return as_rows({
      choice<NetworkMode>(
          "network.mode", [](Plan& p) -> NetworkMode& { return p.kind.network.mode; },
          {{"none", NetworkMode::None}, {"loopback", NetworkMode::Loopback}},
          "\"none\": Unix sockets only; \"loopback\": TCP and UDP too, on the listed ports of the sandbox's own "
          "loopback."),
      ports(
          "network.bind", [](Plan& p) -> std::vector<std::uint16_t>& { return p.kind.network.bind; },
          "TCP and UDP ports that the program may bind, on 127.0.0.0/8, ::1 and the wildcards 0.0.0.0 and ::, which "
          "are "
          "the sandbox's own; 0: whichever the kernel chooses (32768 to 60999). Needs mode = \"loopback\"."),
      ports(
          "network.connect", [](Plan& p) -> std::vector<std::uint16_t>& { return p.kind.network.connect; },
          "TCP and UDP ports that the program may connect to, there; 0: whichever the kernel chooses for a bind to 0 "
          "(32768 to 60999), which Landlock has no rule for. Needs mode = \"loopback\"."),
      landlock_paths(
          "landlock.read", [](Plan& p) -> PathList& { return p.kind.landlock.read; }, "be read"),
      landlock_paths(
          "landlock.write", [](Plan& p) -> PathList& { return p.kind.landlock.write; }, "be written to"),
      landlock_paths(
          "landlock.execute", [](Plan& p) -> PathList& { return p.kind.landlock.execute; }, "be executed"),
      landlock_paths(
          "landlock.delete", [](Plan& p) -> PathList& { return p.kind.landlock.remove; }, "have files deleted"),
      choice<SeccompProfile>(
          "seccomp.profile", [](Plan& p) -> SeccompProfile& { return p.kind.seccomp.profile; },
          {{"strict", SeccompProfile::Strict}, {"compatible", SeccompProfile::Compatible}},
          "Whether a call that only exploits need ends the run or fails with EPERM."),
      calls("seccomp.allow", &Draft::allow, "System calls allowed beyond the whitelist and the image's."),
      calls("seccomp.deny", &Draft::deny,
            "System calls taken out of the whitelist and of what the image allows; they fail with EPERM."),
      {"seccomp.deny", "", "Or with what such a call does.", TableForm{.required = {"calls"}}},
      calls("seccomp.deny.calls", &Draft::deny, "The calls of `seccomp.deny`."),
      choice<DenyAction>(
          "seccomp.deny.action", [](Plan& p) -> DenyAction& { return p.kind.seccomp.deny_action; },
          {{"fail", DenyAction::Fail}, {"violation", DenyAction::Violation}},
          "\"fail\": EPERM; \"violation\": the run ends as for a call that only exploits need (SV). That takes "
          "profile = \"strict\"."),
      choice<ProcView>(
          "proc.view", [](Plan& p) -> ProcView& { return p.kind.proc; },
          {{"none", ProcView::None}, {"pid", ProcView::Pid}, {"full", ProcView::Full}},
          "What /proc shows: nothing, the sandbox's processes, or also /proc/cpuinfo and the like."),
      need(
          "net_ns", [](Plan& p) -> Need& { return p.kind.require.net_ns; }, "a network namespace"),
      need(
          "ipc_ns", [](Plan& p) -> Need& { return p.kind.require.ipc_ns; }, "an IPC namespace"),
      need(
          "uts_ns", [](Plan& p) -> Need& { return p.kind.require.uts_ns; }, "a UTS namespace (the host name)"),
      need(
          "cgroup_ns", [](Plan& p) -> Need& { return p.kind.require.cgroup_ns; }, "a cgroup namespace"),
      need(
          "landlock", [](Plan& p) -> Need& { return p.kind.require.landlock; }, "Landlock's file system rules"),
      need(
          "landlock_net", [](Plan& p) -> Need& { return p.kind.require.landlock_net; }, "Landlock's TCP rules (ABI 4)"),
      need(
          "landlock_scopes", [](Plan& p) -> Need& { return p.kind.require.landlock_scopes; },
          "Landlock's scopes (ABI 6)"),
      need(
          "seccomp", [](Plan& p) -> Need& { return p.kind.require.seccomp; }, "the system-call filter"),
      need(
          "cgroup", [](Plan& p) -> Need& { return p.kind.require.cgroup; }, "a cgroup that holds the limits"),
      flag(
          "determinism.aslr", [](Plan& p) -> bool& { return p.kind.determinism.aslr; },
          "Whether addresses are random from run to run."),
      choice<SnapshotMode>(
          "snapshot.mode", [](Plan& p) -> SnapshotMode& { return p.kind.snapshot.mode; },
          {{"off", SnapshotMode::Off}, {"auto", SnapshotMode::Auto}, {"yes", SnapshotMode::Yes}},
          "Whether the run may begin with an interpreter that was started before. A batch records one beside its jobs; "
          "a single run does so first with \"yes\", and never with \"auto\". Where it cannot, it starts by execve, and "
          "the "
          "result's `start` says why."),
      preload_row(),
      {"snapshot.renew_runs", std::to_string(SnapshotUse{}.renew_runs),
       "After how many runs a snapshot is made anew: until then they have the same addresses and the same seeds.",
       CountForm{1, 1'000'000'000,
                 [](Draft& d, std::uint64_t v, const Entry&) {
                   d.plan.kind.snapshot.renew_runs = static_cast<unsigned>(v);
                 }}},
      {"snapshot.renew_after", in_quotes(to_string(SnapshotUse{}.renew_after)),
       "After what time a snapshot is made anew.",
       TimeForm{std::chrono::seconds(1), std::chrono::hours(24 * 365),
                [](Draft& d, Duration v, const Entry&) { d.plan.kind.snapshot.renew_after = v; }}},
  });
}

std::vector<Key> compile_rows() {
  std::vector<Key> rows = as_rows({
      {"compile", "",
       "A step before the run, in a sandbox of its own: the regular files that it leaves in /work are what the run, or "
       "each case, finds there. Where it fails, the verdict is CE. What `[landlock]`, `seccomp.deny` and `[network]` "
       "say is "
       "for the run alone.",
       TableForm{.begin = [](Draft& d, const Entry&) { d.compile.emplace().limits = d.compile_limits; }}},
      {"compile.argv", "", "The compiler and its arguments, as in `argv`. Without it the image's compile line is used.",
       TextsForm{text_rule::kAny, 1,
                 [](Draft& d, std::vector<std::string> v, const Entry& entry) {
                   d.compile->argv = program_words(std::move(v), entry);
                 }}},
  });
  append(rows, limit_rows(compile_limits()));
  return rows;
}

void begin_case(Draft& d, const Entry& entry) {
  d.case_limits.emplace_back();
  d.cases.emplace_back();
  d.cases.back().name = std::to_string(d.cases.size());
  d.cases.back().position = entry.position;
}

std::vector<Key> case_rows() {
  const auto latest = [](Draft& d) -> Case& { return d.cases.back(); };
  std::vector<Key> rows = as_rows({
      {"case[]", "", "One run of the program, whose standard output is held against what is expected.",
       TableForm{.many = kManyFiles, .begin = begin_case}},
      {"case[].name", "", "Its name in the result; its number, from 1 on, where it has none.",
       TextForm{text_rule::kLine, [latest](Draft& d, std::string v, const Entry&) { latest(d).name = std::move(v); }}},
      {"case[].stdin", in_quotes("null"), "What the program reads on standard input.",
       ChoiceForm{{"null"}, [latest](Draft& d, std::size_t, const Entry&) { latest(d).input = InputNull{}; }}},
      {"case[].stdin", "", "Or a file, a text or bytes.", TableForm{.one_of = {"file", "text", "base64"}}},
      {"case[].stdin.file", "", "The file of the host that the program reads on standard input.",
       TextForm{text_rule::kHostPath, [latest](Draft& d, const std::string& v,
                                               const Entry&) { latest(d).input = InputFile{d.absolute(v)}; }}},
      {"case[].stdin.text", "", "The text that the program reads on standard input.",
       TextForm{text_rule::kBytes,
                [latest](Draft& d, std::string v, const Entry&) { latest(d).input = InputText{std::move(v)}; }}},
      {"case[].stdin.base64", "", "The bytes that the program reads on standard input, in base64.",
       TextForm{text_rule::kBase64, [latest](Draft& d, const std::string& v,
                                             const Entry&) { latest(d).input = InputText{bytes_of_base64(v)}; }}},
      {"case[].expect", "",
       "What the program must write on standard output; it never gets into the program's sandbox. Where a checker or "
       "an interactor of the plan's own judges, it is their answer file, and empty where it is not given; else it must "
       "be.",
       TableForm{.one_of = {"file", "text", "base64"},
                 .begin = [](Draft& d, const Entry&) { d.cases_with_answer.insert(d.cases.size() - 1); }}},
      {"case[].expect.file", "", "The file of the host that holds it.",
       TextForm{text_rule::kHostPath,
                [latest](Draft& d, const std::string& v, const Entry&) { latest(d).expected = d.absolute(v); }}},
      {"case[].expect.text", "", "The text itself.",
       TextForm{text_rule::kBytes,
                [latest](Draft& d, std::string v, const Entry&) { latest(d).expected = std::move(v); }}},
      {"case[].expect.base64", "", "Its bytes in base64.",
       TextForm{text_rule::kBase64,
                [latest](Draft& d, const std::string& v, const Entry&) { latest(d).expected = bytes_of_base64(v); }}},
      {"case[].output_file", "",
       "The regular file below /work that is judged in place of standard output. A case without one takes the plan's "
       "`output_file`.",
       TextForm{text_rule::kWorkPath,
                [latest](Draft& d, const std::string& v, const Entry&) { latest(d).output_file = normalised(v); }}},
      {"case[].secret", "false",
       "Whether the result shows nothing of what the case's run wrote or should have written: no excerpts, no feedback "
       "of the checker.",
       FlagForm{[latest](Draft& d, bool v, const Entry&) {
         latest(d).disclosure = v ? Disclosure::Secret : Disclosure::Shown;
       }}},
      {"case[].points", std::to_string(Case{}.points), "What it is worth when it is accepted.",
       CountForm{0, 1'000'000,
                 [latest](Draft& d, std::uint64_t v, const Entry&) { latest(d).points = static_cast<unsigned>(v); }}},
      {"case[].group", in_quotes(""),
       "The points of a group count only where all its cases are accepted; with [scoring]: the group's rules are those "
       "of the [[scoring.group]] of that name; \"\": this case counts by itself.",
       TextForm{text_rule::kAny, [latest](Draft& d, std::string v, const Entry&) { latest(d).group = std::move(v); }}},
      {"case[].args", "[]", "Arguments of the program after `argv`.",
       TextsForm{text_rule::kAny, 0,
                 [latest](Draft& d, std::vector<std::string> v, const Entry&) { latest(d).args = std::move(v); }}},
      {"case[].checker_args", "[]",
       "Arguments of the checker and of the interactor, after those of their convention and their own `args`.",
       TextsForm{
           text_rule::kAny, 0,
           [latest](Draft& d, std::vector<std::string> v, const Entry&) { latest(d).judging_args = std::move(v); }}},
      {"output_file", "", "The regular file below /work that cases are judged by in place of standard output.",
       TextForm{text_rule::kWorkPath,
                [](Draft& d, const std::string& v, const Entry&) { d.output_file = normalised(v); }}},
  });
  append(rows, work_file_rows(
                   "case[].", [](Draft& d) -> std::vector<WorkFile>& { return d.cases.back().files; },
                   "A file that is copied to this path below /work before this case's run, beside the plan's or in "
                   "place of one of them."));
  append(rows, limit_rows(case_limits()));
  return rows;
}

void begin_step(Draft& d, const Entry& entry) {
  d.step_limits.emplace_back();
  d.steps.emplace_back();
  d.steps.back().name = std::to_string(d.steps.size());
  d.steps.back().position = entry.position;
}

void store_step_input(Draft& d, Input input) {
  d.steps.back().input = std::move(input);
  d.steps_with_input.insert(d.steps.size() - 1);
}

std::vector<Key> step_rows() {
  const auto latest = [](Draft& d) -> PlanStep& { return d.steps.back(); };
  std::vector<Key> rows = as_rows({
      {"step[]", "",
       "One of several runs in one workspace, one after another, each in a sandbox of its own: the regular files that "
       "one leaves in /work are what the next one finds there. The first one that fails ends the run, and its verdict "
       "is the run's.",
       TableForm{.many = kManySteps, .begin = begin_step}},
      {"step[].name", "", "Its name in the result; its number, from 1 on, where it has none.",
       TextForm{text_rule::kLine, [latest](Draft& d, std::string v, const Entry&) { latest(d).name = std::move(v); }}},
      {"step[].argv", "", "The program and its arguments, in place of the plan's.",
       TextsForm{text_rule::kAny, 1,
                 [latest](Draft& d, std::vector<std::string> v, const Entry& entry) {
                   latest(d).argv = program_words(std::move(v), entry);
                   d.positions[entry.key] = entry.position;
                 }}},
      {"step[].stdin", "", "What the program reads on standard input, in place of the plan's `stdin`.",
       ChoiceForm{{"null"}, [](Draft& d, std::size_t, const Entry&) { store_step_input(d, InputNull{}); }}},
      {"step[].stdin", "", "Or a file, a text or bytes.", TableForm{.one_of = {"file", "text", "base64"}}},
      {"step[].stdin.file", "", "The file of the host that the program reads on standard input.",
       TextForm{text_rule::kHostPath,
                [](Draft& d, const std::string& v, const Entry&) { store_step_input(d, InputFile{d.absolute(v)}); }}},
      {"step[].stdin.text", "", "The text that the program reads on standard input.",
       TextForm{text_rule::kBytes,
                [](Draft& d, std::string v, const Entry&) { store_step_input(d, InputText{std::move(v)}); }}},
      {"step[].stdin.base64", "", "The bytes that the program reads on standard input, in base64.",
       TextForm{text_rule::kBase64, [](Draft& d, const std::string& v,
                                       const Entry&) { store_step_input(d, InputText{bytes_of_base64(v)}); }}},
      {"step[].on_failure", in_quotes("stop"),
       "What becomes of the next steps where this one fails: \"stop\": they are not run; \"go-on\": they are, and the "
       "verdict is still that of the first step that failed.",
       ChoiceForm{{"stop", "go-on"},
                  [latest](Draft& d, std::size_t index, const Entry&) {
                    latest(d).on_failure = index == 0 ? OnFailure::Stop : OnFailure::GoOn;
                  }}},
  });
  append(rows, work_file_rows(
                   "step[].", [](Draft& d) -> std::vector<WorkFile>& { return d.steps.back().files; },
                   "A file that is copied to this path below /work before this step, in place of one that is there."));
  append(rows, limit_rows(step_limits()));
  return rows;
}

Key tolerance(LastingText path, std::string default_text, LastingText description,
              std::function<void(Checker&, double)> store) {
  return {path, std::move(default_text), description,
          NumberForm{0, 1, [store = std::move(store)](Draft& d, double v, const Entry&) { store(d.checker, v); }}};
}

std::vector<std::pair<std::string, CheckerKind>> checker_names() {
  std::vector<std::pair<std::string, CheckerKind>> names;
  for (const CheckerRow& row : kCheckers) names.emplace_back(row.name, row.kind);
  return names;
}

// Tolerances of the problem package format may be of any size.
Key kattis_tolerance(LastingText path, LastingText description, std::function<void(KattisRules&, double)> store) {
  return {path, "", description, NumberForm{0, 1e300, [store = std::move(store)](Draft& d, double v, const Entry&) {
                                              store(d.checker.kattis, v);
                                            }}};
}

std::vector<Key> kattis_rows() {
  return as_rows({
      flag<Checker>(
          "checker.case_sensitive", [](Checker& checker) -> bool& { return checker.kattis.case_sensitive; },
          "With \"kattis\": whether capital letters differ from small ones."),
      flag<Checker>(
          "checker.space_change_sensitive",
          [](Checker& checker) -> bool& { return checker.kattis.space_change_sensitive; },
          "With \"kattis\": whether white space must be the same, byte by byte."),
      kattis_tolerance("checker.float_tolerance",
                       "With \"kattis\": how far a number may be off, as such or relative to the expected number; "
                       "without any tolerance numbers are words.",
                       [](KattisRules& rules, double v) { rules.absolute = rules.relative = v; }),
      kattis_tolerance("checker.float_absolute_tolerance",
                       "With \"kattis\", in place of float_tolerance: how far it may be off as such.",
                       [](KattisRules& rules, double v) { rules.absolute = v; }),
      kattis_tolerance("checker.float_relative_tolerance",
                       "With \"kattis\", in place of float_tolerance: how far it may be off relative to the expected "
                       "number.",
                       [](KattisRules& rules, double v) { rules.relative = v; }),
      choice<Compat, Checker>(
          "checker.compat", [](Checker& checker) -> Compat& { return checker.kattis.compat; },
          {{"2025-09", Compat::Spec}, {"kattis", Compat::Kattis}, {"domjudge", Compat::Domjudge}},
          "With \"kattis\": whose rules hold where the format's text, problemtools and DOMjudge differ "
          "(docs/checkers.md)."),
  });
}

std::vector<Key> dmoj_rows() {
  return as_rows({
      {"checker.precision", std::to_string(DmojRules{}.precision), "With \"dmoj/floats\": numbers may be off by 1e-N.",
       CountForm{0, 300,
                 [](Draft& d, std::uint64_t v, const Entry&) { d.checker.dmoj.precision = static_cast<unsigned>(v); }}},
      choice<ErrorMode, Checker>(
          "checker.error_mode", [](Checker& checker) -> ErrorMode& { return checker.dmoj.error_mode; },
          {{"default", ErrorMode::Default}, {"absolute", ErrorMode::Absolute}, {"relative", ErrorMode::Relative}},
          "With \"dmoj/floats\": off as such, relative to the expected number, or either."),
      flag<Checker>(
          "checker.pe_allowed", [](Checker& checker) -> bool& { return checker.dmoj.pe_allowed; },
          "With \"dmoj/identical\": whether the feedback says that only white space differs."),
      flag<Checker>(
          "checker.filter_new_line", [](Checker& checker) -> bool& { return checker.dmoj.filter_new_line; },
          "With \"dmoj/rstripped\": whether empty lines do not count."),
      choice<SplitOn, Checker>(
          "checker.split_on", [](Checker& checker) -> SplitOn& { return checker.dmoj.split_on; },
          {{"lines", SplitOn::Lines}, {"whitespace", SplitOn::WhiteSpace}},
          "With \"dmoj/sorted\": whether lines or words may stand in any order."),
      flag<Checker>(
          "checker.binary_data", [](Checker& checker) -> bool& { return checker.dmoj.binary_data; },
          "With a checker of DMOJ's: whether what is expected is taken byte by byte; else its lines end with \"\\n\", "
          "the "
          "last one too."),
  });
}

// The kind that is no CheckerKind: a program of the plan's own.
constexpr const char* kProgram = "program";

Key checker_kind() {
  const std::vector<std::pair<std::string, CheckerKind>> kinds = checker_names();
  ChoiceForm form;
  std::string default_text;
  for (const auto& [name, kind] : kinds) {
    if (kind == Checker{}.kind) default_text = in_quotes(name);
    form.names.push_back(name);
  }
  form.names.emplace_back(kProgram);
  form.store = [kinds](Draft& d, std::size_t index, const Entry&) {
    d.checker_is_program = index == kinds.size();
    if (!d.checker_is_program) d.checker.kind = kinds[index].second;
  };
  return {"checker.kind", default_text,
          "How output is held against what is expected: byte by byte; but for white space at the ends of lines and of "
          "the text; by the words between white space; the same, with numbers near enough; as a checker of another "
          "judge does it (docs/checkers.md); or by a program of the plan's own, in a sandbox of its own "
          "(docs/grading.md).",
          std::move(form)};
}

// The program of a jury: what a plan has of a program, and how it is called. `keys` finds what is kept of it here.
std::vector<Key> jury_rows(const std::string& section, const std::string& who, std::vector<WorkFile>& (*files)(Draft&),
                           JuryKeys& (*keys)(Draft&)) {
  const auto path = [&](const char* name) { return kept(section + "." + name); };
  std::vector<Key> rows = as_rows({
      {path("image"), "", kept("What the " + who + " finds in its file system, as `image`."),
       TextForm{text_rule::kImageReference, [](Draft&, const std::string&, const Entry&) {}}},
      {path("argv"), "",
       kept("The " + who +
            " and its arguments, as `argv`; those of its convention follow. Without it the image's run "
            "line is used."),
       TextsForm{text_rule::kAny, 1,
                 [](Draft&, std::vector<std::string> v, const Entry& entry) { program_words(std::move(v), entry); }}},
      {path("source"), "",
       kept("The file that fills \"{source}\" in the image's run line, as `source`; it is compiled where the image has "
            "a compile line."),
       TextForm{text_rule::kWorkPath, [](Draft&, const std::string&, const Entry&) {}}},
      {path("convention"), in_quotes("kattis"),
       kept("How the " + who + " is called and how its end is understood (docs/grading.md)."),
       ChoiceForm{{"kattis", "testlib"},
                  [keys](Draft& d, std::size_t index, const Entry&) {
                    keys(d).convention = index == 0 ? problem::Convention::Kattis : problem::Convention::Testlib;
                  }}},
      {path("args"), "[]", "Its arguments after those of the convention.",
       TextsForm{text_rule::kAny, 0,
                 [keys](Draft& d, std::vector<std::string> v, const Entry&) { keys(d).args = std::move(v); }}},
  });
  append(rows, work_file_rows(section + ".", files,
                              kept("A file that is copied to this path below /work of the " + who + "'s sandbox.")));
  append(rows, limit_rows(jury_limits_in(section)));
  return rows;
}

std::vector<Key> interactor_rows() {
  std::vector<Key> rows = jury_rows(
      "interactor", "interactor", [](Draft& d) -> std::vector<WorkFile>& { return d.interactor_keys.files; },
      [](Draft& d) -> JuryKeys& { return d.interactor_keys; });
  // Waiting for the other side uses no CPU.
  std::erase_if(rows, [](const Key& row) { return row.path == "interactor.limits.idle"; });
  for (Key& row : rows) {
    if (row.path != "interactor.limits.wall") continue;
    row.default_text.clear();
    row.description =
        "Time on a monotonic clock; without it, the largest wall limit of the cases, and 10s for what it does after "
        "the "
        "program's end.";
  }
  rows.push_back({"interactor.then_check", "false",
                  "Whether the checker judges what the interactor has written into its output file, where it accepts; "
                  "else the interactor decides.",
                  FlagForm{[](Draft& d, bool v, const Entry&) { d.checks_after_interactor = v; }}});
  rows.push_back(
      {"passes", "1",
       "How often a case's program may run: again, with that as its input, where the checker or interactor "
       "has accepted and written nextpass.in.",
       CountForm{1, 1000, [](Draft& d, std::uint64_t v, const Entry&) { d.passes = static_cast<unsigned>(v); }}});
  return rows;
}

std::vector<Key> tests_rows() {
  return as_rows({
      {"tests", "",
       "Tests of the submission's functions and classes, in place of cases: each runs in a sandbox of the tests' own "
       "and "
       "asks the submission's by a pipe, so that nothing that the submission does makes a test pass (docs/tests.md).",
       TableForm{.begin = [](Draft& d, const Entry&) { d.tests.emplace(); }}},
      {"tests.language", "", "The language of the tests and of the submission.",
       ChoiceForm{{"python"}, [](Draft&, std::size_t, const Entry&) {}}},
      {"tests.file", "", "The file of the host that holds the tests. It never gets into the submission's sandbox.",
       TextForm{text_rule::kHostPath,
                [](Draft& d, const std::string& v, const Entry&) { d.tests->source = d.absolute(v); }}},
      {"tests.text", "", "Or the tests themselves.",
       TextForm{text_rule::kBytes, [](Draft& d, std::string v, const Entry&) { d.tests->source = std::move(v); }}},
      {"tests.entry", "[]",
       "The names of the submission that the tests find there, without an import. What else the tests want they import "
       "from the module `submission`.",
       TextsForm{text_rule::kLine, 0,
                 [](Draft& d, std::vector<std::string> v, const Entry&) { d.tests->tests.entry = std::move(v); }}},
      {"tests.mode", in_quotes("two-sided"),
       "Where the tests run: in a sandbox of their own, or, with \"in-process\", in one process with the submission, "
       "which can then forge the verdict; the result says so.",
       ChoiceForm{{"two-sided", "in-process"},
                  [](Draft& d, std::size_t index, const Entry&) {
                    d.tests->tests.mode = index == 0 ? TestsMode::TwoSided : TestsMode::InProcess;
                  }}},
      {"tests.report", "",
       "The plan's own program, of whatever language, runs the tests and writes a report of them: JUnit's XML, the "
       "Test "
       "Anything Protocol, or what `python3 -m doctest -v` says. It can forge the verdict, and the result says so.",
       ChoiceForm{{"junit", "tap", "doctest"},
                  [](Draft& d, std::size_t index, const Entry&) {
                    d.tests->tests.mode = TestsMode::Reported;
                    d.tests->tests.report = static_cast<ReportFormat>(index);
                  }}},
      {"tests.report_file", "", "The regular file below /work that holds the report. Without it, a stream does.",
       TextForm{text_rule::kWorkPath,
                [](Draft& d, const std::string& v, const Entry&) { d.tests->tests.report_file = normalised(v); }}},
      {"tests.report_stream", in_quotes("stdout"), "The stream that holds the report.",
       ChoiceForm{{"stdout", "stderr"},
                  [](Draft& d, std::size_t index, const Entry&) {
                    d.tests->tests.report_stream = index == 0 ? ReportStream::Output : ReportStream::ErrorOutput;
                  }}},
      {"tests.trust", "[]",
       "Classes of the submission whose own operators (==, <, and those with a plain value on the other side) may "
       "decide "
       "a test. The result names them.",
       TextsForm{text_rule::kLine, 0,
                 [](Draft& d, std::vector<std::string> v, const Entry&) { d.tests->tests.trust = std::move(v); }}},
  });
}

// What the points of a group, or of all, come to.
Key aggregate(LastingText path, LastingText description, problem::ScoreRule& (*rule)(Draft&)) {
  using enum problem::ScoreRule;
  return {path, in_quotes("sum"), description,
          ChoiceForm{{"sum", "min", "all"}, [rule](Draft& d, std::size_t index, const Entry&) {
                       rule(d) = index == 0 ? Sum : index == 1 ? Minimum : AllOrNothing;
                     }}};
}

std::vector<Key> scoring_rows() {
  const auto latest = [](Draft& d) -> ScoringGroup& { return d.scoring.groups.back(); };
  return as_rows({
      aggregate(
          "scoring.aggregate",
          "What all comes to, of the groups and of the cases without one: the sum of their points, the least of them, "
          "or the sum where all are accepted.",
          [](Draft& d) -> problem::ScoreRule& { return d.scoring.aggregate; }),
      {"scoring.group[]", "", "The rules of the cases that name this group.",
       TableForm{.many = kManyFiles,
                 .required = {"name"},
                 .begin =
                     [](Draft& d, const Entry& entry) {
                       d.scoring.groups.emplace_back();
                       d.scoring.groups.back().position = entry.position;
                     }}},
      {"scoring.group[].name", "", "What cases call it.",
       TextForm{text_rule::kLine, [latest](Draft& d, std::string v, const Entry&) { latest(d).name = std::move(v); }}},
      aggregate("scoring.group[].aggregate",
                "What its cases' points come to: their sum, the least of them, or the sum where all are accepted.",
                [](Draft& d) -> problem::ScoreRule& { return d.scoring.groups.back().aggregate; }),
      {"scoring.group[].points", "",
       "What it is worth in all; its cases' points are scaled to that. Without it, what their rule gives where all "
       "earn "
       "theirs.",
       CountForm{0, 1'000'000,
                 [latest](Draft& d, std::uint64_t v, const Entry&) { latest(d).points = static_cast<unsigned>(v); }}},
      {"scoring.group[].requires", "[]", "Groups without whose acceptance its cases are not run.",
       TextsForm{text_rule::kLine, 0,
                 [latest](Draft& d, std::vector<std::string> v, const Entry&) { latest(d).required = std::move(v); }}},
      {"scoring.group[].stop", "false", "Whether the rest of its cases is not run after one that is not accepted.",
       FlagForm{[latest](Draft& d, bool v, const Entry&) { latest(d).stops = v; }}},
  });
}

std::vector<Key> checker_rows() {
  std::vector<Key> rows = as_rows({
      checker_kind(),
      tolerance("checker.tolerance", "1e-6",
                "With \"floats\": how far a number may be off, as such or relative to the expected number.",
                [](Checker& checker, double v) { checker.absolute = checker.relative = v; }),
      tolerance("checker.absolute", "", "With \"floats\", in place of `tolerance`: how far it may be off as such.",
                [](Checker& checker, double v) { checker.absolute = v; }),
      tolerance("checker.relative", "",
                "With \"floats\", in place of `tolerance`: how far it may be off relative to the expected number.",
                [](Checker& checker, double v) { checker.relative = v; }),
  });
  append(rows, kattis_rows());
  append(rows, dmoj_rows());
  append(rows, jury_rows(
                   "checker", "checker", [](Draft& d) -> std::vector<WorkFile>& { return d.checker_keys.files; },
                   [](Draft& d) -> JuryKeys& { return d.checker_keys; }));
  return rows;
}

Key image_text(LastingText path, const TextRule& rule, std::string Image::*member, LastingText description) {
  return {path, "", description,
          TextForm{rule, [member](Draft& d, std::string v, const Entry&) { d.image.*member = std::move(v); }}};
}

Key image_texts(LastingText path, const TextRule& rule, std::vector<std::string> Image::*member,
                LastingText description) {
  return {path, "[]", description, TextsForm{rule, 0, [member](Draft& d, std::vector<std::string> v, const Entry&) {
                                               d.image.*member = std::move(v);
                                             }}};
}

void store_includes(Draft& d, std::vector<std::string> v, const Entry& entry) {
  for (std::string& reference : v) d.includes.push_back({std::move(reference), entry.position});
}

// Those of included images stay.
void store_libraries(Draft& d, const std::vector<std::string>& v, const Entry&) {
  for (const std::string& path : v) d.plan.kind.libraries.push_back(normalised(path));
}

void store_shown(Draft& d, const std::vector<std::string>& v, const Entry& entry) {
  for (const std::string& path : v) d.plan.kind.shown.push_back({normalised(path), entry.position});
}

std::vector<Key> image_own_rows() {
  return as_rows({
      image_text("name", text_rule::kImageName, &Image::name, "The image's name: that of its file without \".toml\"."),
      image_text("description", text_rule::kAny, &Image::description, "One line for `evalrun image list`."),
      image_texts("packages", text_rule::kPackage, &Image::packages, "The Debian packages that the image shows."),
      image_texts("programs", text_rule::kHostAbsolute, &Image::programs,
                  "Programs that must exist for the image to work."),
      image_texts("languages", text_rule::kLanguage, &Image::languages,
                  "The languages that it serves, by the codes of problem packages: \"cpp\", \"python3\"."),
      image_texts("endings", text_rule::kEnding, &Image::endings,
                  "The endings of its sources, such as \".cpp\": what \"{sources}\" takes."),
      image_texts(
          "run", text_rule::kAny, &Image::run,
          "The argv of a plan that has none; \"{source}\" stands for the plan's `source`, \"{stem}\" for its last "
          "part without the ending, \"{memory_mib}\" for `limits.memory` in MiB: a runtime's heap can follow it."),
      image_texts(
          "compile", text_rule::kAny, &Image::compile,
          "The argv of a [compile] that has none; with the same placeholders. \"{sources}\", a word of its own, "
          "stands for the plan's `source` and, after it, all files of [files] that have one of the `endings`, "
          "by name."),
      image_texts("compiled_run", text_rule::kAny, &Image::compiled_run,
                  "The argv of a plan that has none but a [compile]; without it, the run line."),
      {"include", "[]", "Images whose env, limits, mounts, links, proc and seccomp come first; at most 8 deep.",
       TextsForm{text_rule::kImageReference, 0, store_includes}},
      {"libraries", "[]",
       "What programs of the image load before and while they run: without fs.read, all of the image that stays "
       "readable "
       "beside the program and its loader. Paths that this host does not have are passed over.",
       TextsForm{text_rule::kSandboxPath, 0, store_libraries}},
      {"shows", "[]",
       "Files and folders outside the image's mounts that its programs and libraries need, such as \"/etc/php\". Each "
       "is "
       "shown at its own place, read-only and noexec, where the host has it and no mount or link stands there; without "
       "fs.read it stays readable.",
       TextsForm{text_rule::kMountPoint, 0, store_shown}},
      {"snapshot.supported", "false",
       "Whether programs of the image may start from a snapshot: its interpreter makes no threads and holds no files "
       "open "
       "before it looks at its script.",
       FlagForm{[](Draft& d, bool v, const Entry&) { d.plan.kind.snapshot.is_supported = v; }}},
      {"snapshot.hook", in_quotes("none"),
       "What evalrun knows of the interpreter's inside: of \"python\" it imports `preload` and prepares the end of a "
       "run.",
       ChoiceForm{{"none", "python"},
                  [](Draft& d, std::size_t index, const Entry&) {
                    d.plan.kind.snapshot.hook = index == 0 ? InterpreterHook::None : InterpreterHook::Python;
                  }}},
      preload_row(),
      {"abstract", "false", "Whether the image is only there to be included.",
       FlagForm{[](Draft& d, bool v, const Entry&) { d.abstract = v; }}},
      {"link[]", "", "A symbolic link.",
       TableForm{.many = kManyMounts,
                 .required = {"at", "target"},
                 .begin =
                     [](Draft& d, const Entry& entry) {
                       d.links.push_back({"", "", entry.position});
                     }}},
      {"link[].at", "", "Where it stands in the sandbox.",
       TextForm{text_rule::kMountPoint,
                [](Draft& d, const std::string& v, const Entry&) { d.links.back().at = normalised(v); }}},
      {"link[].target", "", "What it points to.",
       TextForm{text_rule::kHostPath,
                [](Draft& d, std::string v, const Entry&) { d.links.back().target = std::move(v); }}},
  });
}

Key smoke_text(LastingText path, const TextRule& rule, std::string SmokeProgram::*member, LastingText description) {
  return {path, "", description, TextForm{rule, [member](Draft& d, std::string v, const Entry&) {
                                            d.image.smoke.back().*member = std::move(v);
                                          }}};
}

Key smoke_texts(LastingText path, const TextRule& rule, std::size_t least,
                std::vector<std::string> SmokeProgram::*member, LastingText description) {
  return {path, "", description, TextsForm{rule, least, [member](Draft& d, std::vector<std::string> v, const Entry&) {
                                             d.image.smoke.back().*member = std::move(v);
                                           }}};
}

void begin_smoke(Draft& d, const Entry& entry) {
  d.image.smoke.emplace_back();
  d.image.smoke.back().position = entry.position;
}

void store_smoke_override(Draft& d, std::string v, const Entry& entry) {
  check_override_key(entry.name, entry.position);
  d.image.smoke.back().set[entry.name] = std::move(v);
}

std::vector<Key> smoke_rows() {
  return as_rows({
      {"smoke[]", "",
       "A small program that shows that the image works; its files stand in a folder called like the image.",
       TableForm{.many = kManyMounts,
                 .required = {"name"},
                 .of = TableForm::Of::AtLeast,
                 .one_of = {"source", "argv"},
                 .begin = begin_smoke}},
      smoke_text("smoke[].name", text_rule::kLine, &SmokeProgram::name, "Its name."),
      smoke_texts("smoke[].argv", text_rule::kAny, 1, &SmokeProgram::argv,
                  "What is run instead of the image's run line."),
      smoke_text("smoke[].source", text_rule::kWorkPath, &SmokeProgram::source,
                 "Its source, which fills \"{source}\"."),
      smoke_texts("smoke[].files", text_rule::kWorkPath, 0, &SmokeProgram::files,
                  "Further files that are placed in /work."),
      smoke_text("smoke[].input", text_rule::kBytes, &SmokeProgram::input, "What it reads on standard input."),
      smoke_text("smoke[].expect", text_rule::kBytes, &SmokeProgram::expect,
                 "What it must write on standard output, exactly."),
      {"smoke[].set.*", "", "A key of the plan that it needs otherwise, as for --set.",
       TextForm{text_rule::kAny, store_smoke_override}, &text_rule::kLine},
  });
}

}  // namespace

std::vector<Key> plan_rows() {
  std::vector<Key> rows = program_rows();
  append(rows, profile_rows());
  append(rows, stream_rows());
  append(rows, file_rows());
  append(rows, plan_limit_rows());
  append(rows, mount_rows());
  append(rows, layer_rows());
  append(rows, compile_rows());
  append(rows, case_rows());
  append(rows, step_rows());
  append(rows, checker_rows());
  append(rows, interactor_rows());
  append(rows, tests_rows());
  append(rows, scoring_rows());
  return rows;
}

std::vector<Key> image_rows() {
  std::vector<Key> rows = image_own_rows();
  append(rows, limit_rows(image_compile_limits()));
  // Each plan that names an image pays for this table: only the parts of the plan's are made that hold a shared
  // section.
  for (const auto part : {profile_rows, file_rows, plan_limit_rows, mount_rows, layer_rows}) {
    for (Key& key : part()) {
      if (is_shared_section(key.path.substr(0, key.path.find_first_of(".[")))) rows.push_back(std::move(key));
    }
  }
  append(rows, smoke_rows());
  return rows;
}

bool is_shared_section(std::string_view top) noexcept {
  return top == "env" || top == "limits" || top == "mount" || top == "proc" || top == "seccomp" || top == "profile" ||
         top == "capabilities";
}

}  // namespace evalrun
