#include "runtime/cli/command_table.h"

#include <algorithm>
#include <charconv>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/core/units.h"

namespace evalrun::cli {
namespace {

using Apply = void (*)(Options&, const FlagRow&, const std::string&);

[[noreturn]] void refuse(const FlagRow& row, const std::string& value, const std::string& expected) {
  throw UsageError(std::string(row.name) + " cannot be \"" + printable(value) + "\"; use " + expected);
}

// --- values ----------------------------------------------------------------------------------------------------------

void check_choice(const FlagRow& row, const std::string& value) {
  const std::vector<std::string> words = words_of(row.values);
  if (std::ranges::find(words, value) == words.end()) refuse(row, value, alternatives(words));
}

unsigned whole_number(const FlagRow& row, const std::string& value, unsigned most) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || number < 1 || number > most) {
    refuse(row, value, "a whole number from 1 to " + std::to_string(most));
  }
  return number;
}

template <std::string Options::*member>
void store(Options& options, const FlagRow& row, const std::string& value) {
  if (value.empty()) refuse(row, value, row.operand);
  options.*member = value;
}

template <std::vector<std::string> Options::*member>
void append(Options& options, const FlagRow&, const std::string& value) {
  (options.*member).push_back(value);
}

template <bool Options::*member>
void turn_on(Options& options, const FlagRow&, const std::string&) {
  options.*member = true;
}

void set_format(Options& options, const FlagRow& row, const std::string& value) {
  check_choice(row, value);
  options.format = value == "json" ? Format::Json : value == "text" ? Format::Text : Format::Markdown;
}

template <Format format>
void use_format(Options& options, const FlagRow&, const std::string&) {
  options.format = format;
}

void set_order(Options& options, const FlagRow& row, const std::string& value) {
  check_choice(row, value);
  options.order = value == "input" ? batch::Order::Input : batch::Order::Completion;
}

void set_jobs(Options& options, const FlagRow& row, const std::string& value) {
  options.jobs = whole_number(row, value, 1024);
}

void stop_at_failure(Options& options, const FlagRow&, const std::string&) {
  options.after_failure = AfterFailure::Stop;
}

// "--cpu" sets limits.cpu.
void set_limit(Options& options, const FlagRow& row, const std::string& value) {
  const std::string name = std::string_view(row.name) == "--output-limit" ? "output" : row.name + 2;
  options.limits.push_back("limits." + name + "=" + value);
}

void set_time(Options& options, const FlagRow& row, const std::string& value) {
  if (!parse_duration(value)) refuse(row, value, "a time with a unit, such as 2s or 500ms");
  set_limit(options, row, value);
}

void set_size(Options& options, const FlagRow& row, const std::string& value) {
  if (!parse_bytes(value)) refuse(row, value, "a size with a unit, such as 256MiB or 64KiB");
  set_limit(options, row, value);
}

void set_processes(Options& options, const FlagRow& row, const std::string& value) {
  constexpr unsigned kMost = 32768;
  static_cast<void>(whole_number(row, value, kMost));
  set_limit(options, row, value);
}

// Asked for before anything is parsed; the rows are there for the help.
void nothing(Options&, const FlagRow&, const std::string&) {}

// --- verbs -----------------------------------------------------------------------------------------------------------

constexpr ArgumentRow kPlan = {"PLAN", "The plan, a TOML file. \"-\" reads it from standard input.", Count::One,
                               Completes::Files,
                               [](Options& options, const std::string& value) { options.plan = value; }};
constexpr ArgumentRow kJobs = {
    "JOBS", "The file of jobs, one JSON object a line. Without it, or with \"-\", they come from standard input.",
    Count::Optional, Completes::Files, [](Options& options, const std::string& value) { options.jobs_file = value; }};
constexpr ArgumentRow kImage = {"NAME", "The name of an image, or the path of an image file.", Count::One,
                                Completes::Images,
                                [](Options& options, const std::string& value) { options.image = value; }};
constexpr ArgumentRow kVerb = {"VERB", "A verb of evalrun. Without it, the help of the whole command is printed.",
                               Count::Any, Completes::Verbs,
                               [](Options& options, const std::string& value) { options.help_of.push_back(value); }};

constexpr VerbRow kVerbs[] = {
    {Verb::Run,
     "run",
     "Run a plan and print one result.",
     "[OPTIONS] PLAN",
     "Runs the plan's program in a sandbox of its own and prints one result: what happened, what it cost, and which "
     "layers held. If the plan has cases, every case is run and graded. The word \"run\" may be left out.",
     kPlan,
     {"evalrun run plan.toml --set limits.cpu=5s --output result.json", "Run a plan with more CPU time."}},
    {Verb::Exec,
     "exec",
     "Run one command in a sandbox now, without a plan.",
     "[OPTIONS] -- CMD [ARG...]",
     "Runs one untrusted command. It reads evalrun's own standard input and writes to evalrun's own standard output "
     "and "
     "standard error, through pipes. evalrun exits with the status of the command. It may read more of its standard "
     "input "
     "than the command does; --stdin /dev/null prevents that.\n\n"
     "Without -i, evalrun takes the image whose run line, compile line or list of programs names CMD. It is an error "
     "if no image does or if more than one does.\n\n"
     "The command sees no file of the current folder, except those that the command line names. --file places a file "
     "in "
     "/work. One file is also placed without --file: the program itself. That is CMD if it contains a slash; if CMD is "
     "a plain name, it is the first word after CMD that does not begin with \"-\". The word must be a relative path of "
     "a regular file in the current folder or below it, with no symbolic link and no \"..\" on the way. No later word "
     "is ever read as a file name, so a word from a stranger cannot bring in a file. --print-plan shows what is "
     "placed.",
     std::nullopt,
     {"evalrun exec --cpu 1s -- python3 main.py", "Run main.py of the current folder."}},
    {Verb::Batch,
     "batch",
     "Run many jobs and print one result a line.",
     "[OPTIONS] [JOBS]",
     "Reads jobs, one JSON object a line, and prints one line of JSON for each. Many jobs run at a time. With "
     "--journal, "
     "the same command can be given again after a crash and resumes where it stopped.",
     kJobs,
     {"evalrun batch --plan plan.toml --journal run.journal jobs.jsonl", "Run jobs, and be able to resume."}},
    {Verb::Check,
     "check",
     "Check a plan without running it.",
     "[OPTIONS] PLAN",
     "Checks that the plan is well-formed and that this host gives every layer that the plan requires. Nothing is run.",
     kPlan,
     {"evalrun check plan.toml", "Check a plan."}},
    {Verb::Explain,
     "explain",
     "Print what a plan means.",
     "[OPTIONS] PLAN",
     "Prints the capability words, mounts, Landlock rules, system calls and limits of the plan, and the steps of the "
     "lockdown in their order. Nothing is run.",
     kPlan,
     {"evalrun explain --seccomp plan.toml", "Print only the system-call filters."}},
    {Verb::Trace,
     "trace",
     "Run a program and name each refused call.",
     "[OPTIONS] PLAN",
     "Runs the program under observation, with every layer in force but slower. Prints each call that was refused: "
     "which "
     "layer refused it, its path and error, and the line of the plan that would allow it.",
     kPlan,
     {"evalrun trace --suggest plan.toml", "Find what the plan must allow."}},
    {Verb::Doctor,
     "doctor",
     "Test what this host gives to runs.",
     "[OPTIONS]",
     "Tries what a run does, in child processes that then end. Prints what this host gives, what it does not, and a "
     "remedy for each lack.",
     std::nullopt,
     {"evalrun doctor", "Test this host."}},
    {Verb::Schema,
     "schema",
     "Print every key of a plan.",
     "[OPTIONS]",
     "Prints every key of a plan with its type, unit, default and range, and the table of profiles and capability "
     "words.",
     std::nullopt,
     {"evalrun schema --format json", "Print a JSON Schema of plans."}},
    {Verb::ImageList,
     "image list",
     "List the images.",
     "",
     "Prints every image and whether its programs are installed on this host. If they are not, it prints what is "
     "missing "
     "and the packages to install.",
     std::nullopt,
     {"evalrun image list", "List the images."}},
    {Verb::ImageCheck,
     "image check",
     "Test an image with its own programs.",
     "NAME",
     "Runs the smoke programs of an image, each in a sandbox, and compares their output with what is expected.",
     kImage,
     {"evalrun image check python", "Test the Python image."}},
    {Verb::Help,
     "help",
     "Print the help of evalrun or of a verb.",
     "[VERB]",
     "Prints the same as \"evalrun --help\" or \"evalrun VERB --help\".",
     kVerb,
     {"evalrun help exec", "Print the help of exec."}},
};

// --- flags -----------------------------------------------------------------------------------------------------------

constexpr VerbSet kTakePlans = {Verb::Run, Verb::Check, Verb::Explain, Verb::Trace};
constexpr VerbSet kAll = {Verb::Run,    Verb::Exec,   Verb::Batch,     Verb::Check,      Verb::Explain, Verb::Trace,
                          Verb::Doctor, Verb::Schema, Verb::ImageList, Verb::ImageCheck, Verb::Help};

constexpr FlagRow kFlags[] = {
    {"--image",
     "-i",
     "IMAGE",
     "",
     "Use this image: a name, the path of an image file, or \"none\" for no image.",
     "found from CMD",
     {Verb::Exec},
     Completes::Images,
     false,
     store<&Options::image>},
    {"--file",
     "",
     "NAME=PATH",
     "",
     "Place the file PATH of this host in /work under NAME. A plain PATH is placed under its last part. May be "
     "repeated.",
     "",
     {Verb::Exec},
     Completes::Files,
     true,
     append<&Options::files>},
    {"--stdin",
     "",
     "FILE",
     "",
     "Read standard input from this file.",
     "evalrun's own standard input",
     {Verb::Exec},
     Completes::Files,
     false,
     store<&Options::stdin_file>},
    {"--stdout",
     "",
     "FILE",
     "",
     "Write standard output to this file. An existing file is overwritten.",
     "evalrun's own standard output",
     {Verb::Exec},
     Completes::Files,
     false,
     store<&Options::stdout_file>},
    {"--stderr",
     "",
     "FILE",
     "",
     "Write standard error to this file. An existing file is overwritten.",
     "evalrun's own standard error",
     {Verb::Exec},
     Completes::Files,
     false,
     store<&Options::stderr_file>},
    {"--cpu",
     "",
     "TIME",
     "",
     "Limit the CPU time of all processes together, as in 2s or 500ms.",
     "2s",
     {Verb::Exec},
     Completes::Nothing,
     false,
     set_time},
    {"--wall", "", "TIME", "", "Limit the elapsed time.", "10s", {Verb::Exec}, Completes::Nothing, false, set_time},
    {"--memory",
     "",
     "SIZE",
     "",
     "Limit the resident memory, as in 256MiB.",
     "256MiB",
     {Verb::Exec},
     Completes::Nothing,
     false,
     set_size},
    {"--processes",
     "",
     "NUMBER",
     "",
     "Limit the processes and threads at one time.",
     "32",
     {Verb::Exec},
     Completes::Nothing,
     false,
     set_processes},
    {"--output-limit",
     "",
     "SIZE",
     "",
     "Limit standard output and standard error together.",
     "16MiB",
     {Verb::Exec},
     Completes::Nothing,
     false,
     set_size},
    {"--result",
     "",
     "FILE|FD",
     "",
     "Write the whole result as JSON to this file, or to the open descriptor of this number.",
     "no result is written",
     {Verb::Exec},
     Completes::Files,
     false,
     store<&Options::result>},
    {"--print-plan",
     "",
     "",
     "",
     "Print a plan that does the same, and run nothing.",
     "",
     {Verb::Exec},
     Completes::Nothing,
     false,
     turn_on<&Options::print_plan>},
    {"--plan",
     "",
     "PLAN",
     "",
     "Use this plan as the base that jobs change.",
     "each job names its own",
     {Verb::Batch},
     Completes::Files,
     false,
     store<&Options::plan>},
    {"--set", "", "KEY=VALUE", "", "Override one key of the plan, as in --set limits.cpu=5s. May be repeated.", "",
     kTakePlans, Completes::Nothing, true, append<&Options::set>},
    {"--set",
     "",
     "KEY=VALUE",
     "",
     "Set one key of the plan, as in --set limits.stack=8MiB. May be repeated.",
     "",
     {Verb::Exec},
     Completes::Nothing,
     true,
     append<&Options::set>},
    {"--set",
     "",
     "KEY=VALUE",
     "",
     "Override one key in every plan, as in --set limits.cpu=5s. May be repeated.",
     "",
     {Verb::Batch},
     Completes::Nothing,
     true,
     append<&Options::set>},
    {"--format",
     "",
     "FORMAT",
     "json text",
     "Print the result as json or as text.",
     "text on a terminal, else json",
     {Verb::Run, Verb::Trace},
     Completes::Values,
     false,
     set_format},
    {"--format",
     "",
     "FORMAT",
     "text json",
     "Print the checks as text or as json.",
     "text",
     {Verb::Doctor},
     Completes::Values,
     false,
     set_format},
    {"--format",
     "",
     "FORMAT",
     "text json markdown",
     "Print text, a JSON Schema, or the Markdown of the reference page.",
     "text",
     {Verb::Schema},
     Completes::Values,
     false,
     set_format},
    {"--json",
     "",
     "",
     "",
     "The same as --format json.",
     "",
     {Verb::Doctor, Verb::Schema},
     Completes::Nothing,
     false,
     use_format<Format::Json>},
    {"--markdown",
     "",
     "",
     "",
     "The same as --format markdown.",
     "",
     {Verb::Schema},
     Completes::Nothing,
     false,
     use_format<Format::Markdown>},
    {"--output",
     "",
     "FILE",
     "",
     "Write the result to this file. A new file appears when the result is complete. An existing file is overwritten.",
     "standard output",
     {Verb::Run},
     Completes::Files,
     false,
     store<&Options::output>},
    {"--save-to",
     "",
     "FOLDER",
     "",
     "Save the files that the plan collects in this folder.",
     "NAME-files, after the plan's name",
     {Verb::Run},
     Completes::Folders,
     false,
     store<&Options::save_to>},
    {"--save-to",
     "",
     "FOLDER",
     "",
     "Save the files that plans collect in this folder, in one folder for each job. It is named after the job's id, or "
     "line-N if the id is no plain file name.",
     "batch-files",
     {Verb::Batch},
     Completes::Folders,
     false,
     store<&Options::save_to>},
    {"--jobs",
     "",
     "NUMBER",
     "",
     "Run this many cases at a time, from 1 to 1024.",
     "one for each core that cases can be pinned to",
     {Verb::Run},
     Completes::Nothing,
     false,
     set_jobs},
    {"--jobs",
     "",
     "NUMBER",
     "",
     "Run this many sandboxes at a time, from 1 to 1024. The cases of one job run one after another.",
     "one for each core",
     {Verb::Batch},
     Completes::Nothing,
     false,
     set_jobs},
    {"--stop-at-first-failure",
     "",
     "",
     "",
     "Stop a grading after the first case that fails.",
     "",
     {Verb::Run, Verb::Batch},
     Completes::Nothing,
     false,
     stop_at_failure},
    {"--order",
     "",
     "ORDER",
     "completion input",
     "Print results as jobs end, or in the order of the input.",
     "completion",
     {Verb::Batch},
     Completes::Values,
     false,
     set_order},
    {"--journal",
     "",
     "FILE",
     "",
     "Keep the results in this file too. If it has results already, resume after them.",
     "",
     {Verb::Batch},
     Completes::Files,
     false,
     store<&Options::journal>},
    {"--seccomp",
     "",
     "",
     "",
     "Print only the system-call filters: each call, the conditions on its arguments, and what happens.",
     "",
     {Verb::Explain},
     Completes::Nothing,
     false,
     turn_on<&Options::seccomp>},
    {"--suggest",
     "",
     "",
     "",
     "Run the program many times and print the additions to the plan that it needs to exit with 0. The search gives the "
     "program nothing of the host. It lists what it did not try, with the option that grants it. What an untrusted "
     "program asks for is no advice.",
     "",
     {Verb::Trace},
     Completes::Nothing,
     false,
     turn_on<&Options::suggest>},
    {"--grant",
     "",
     "PATH|CALL",
     "",
     "Let --suggest show the program this file or folder of the host, read-only, or give it this system call. /proc "
     "grants the full view of it.",
     "",
     {Verb::Trace},
     Completes::Files,
     true,
     append<&Options::grants>},
    {"--grant-write",
     "",
     "PATH",
     "",
     "Let --suggest give the program this file or folder of the host, to read and to change.",
     "",
     {Verb::Trace},
     Completes::Files,
     true,
     append<&Options::write_grants>},
    {"--help", "-h", "", "", "Print this help.", "", kAll, Completes::Nothing, false, nothing},
};

// --- exit statuses ---------------------------------------------------------------------------------------------------

constexpr VerbSet kOnePlan = {Verb::Run, Verb::Trace};
constexpr StatusRow kStatuses[] = {
    {"0", "The program ended well: it exited with 0, or every case was accepted.", kOnePlan},
    {"1", "The program failed, hit a limit, or did what the plan does not allow. The result says which.", kOnePlan},
    {"2", "The plan or the command line is wrong. Nothing was run.", kOnePlan},
    {"3", "The sandbox could not be built, or it failed. This says nothing about the program.", kOnePlan},
    {"0", "The plan is well-formed, and this host gives what it requires.", {Verb::Check, Verb::Explain}},
    {"2", "The plan or the command line is wrong.", {Verb::Check, Verb::Explain}},
    {"3", "This host cannot give what the plan requires.", {Verb::Check, Verb::Explain}},
    {"0", "Every job ended well.", {Verb::Batch}},
    {"1", "A program of some job failed, hit a limit, or did what its plan does not allow.", {Verb::Batch}},
    {"2", "A line of the input or a plan is wrong, or the command line is.", {Verb::Batch}},
    {"3", "A sandbox failed, or the batch was interrupted.", {Verb::Batch}},
    {"0", "This host gives everything.", {Verb::Doctor}},
    {"1", "Plans run, with less than everything. The checks say what is missing.", {Verb::Doctor}},
    {"2", "Nothing can run here.", {Verb::Doctor}},
    {"0", "Every smoke program printed what is expected.", {Verb::ImageCheck}},
    {"1", "A smoke program failed, or the image is not installed.", {Verb::ImageCheck}},
    {"2", "There is no such image.", {Verb::ImageCheck}},
    {"0-255",
     "The command's own status, if it exited by itself. Only --result tells it from those below.",
     {Verb::Exec}},
    {"128+n",
     "Signal n killed the command, or evalrun got signal n (SIGINT, SIGTERM or SIGHUP) and ended the command.",
     {Verb::Exec}},
    {"120", "The command line is wrong. Nothing was run.", {Verb::Exec}},
    {"121", "The command was stopped for a system call that only exploits need.", {Verb::Exec}},
    {"122", "The command was stopped at the limit of its output or of a file's size.", {Verb::Exec}},
    {"123", "The command was stopped at the limit of its memory.", {Verb::Exec}},
    {"124", "The command was stopped at the limit of its CPU time, elapsed time or idle time.", {Verb::Exec}},
    {"125",
     "The sandbox failed, or some output could not be written. This says nothing about the command.",
     {Verb::Exec}},
    {"126", "The program was found and cannot be executed.", {Verb::Exec}},
    {"127", "The program was not found.", {Verb::Exec}},
};

}  // namespace

std::span<const VerbRow> verb_rows() {
  return kVerbs;
}

std::span<const FlagRow> flag_rows() {
  return kFlags;
}

std::span<const StatusRow> status_rows() {
  return kStatuses;
}

const VerbRow& row_of(Verb verb) {
  return *std::ranges::find(kVerbs, verb, &VerbRow::verb);
}

const FlagRow* find_flag(Verb verb, std::string_view name) {
  const auto* found = std::ranges::find_if(kFlags, [&](const FlagRow& row) {
    return row.verbs.has(verb) && !name.empty() && (name == row.name || name == row.short_name);
  });
  return found == std::end(kFlags) ? nullptr : found;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string alternatives(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace evalrun::cli
