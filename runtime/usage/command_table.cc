#include "runtime/usage/command_table.h"

#include <algorithm>
#include <charconv>

#include "runtime/core/alternatives.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/core/units.h"
#include "runtime/usage/exec_plan.h"

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

void place_file(Options& options, const FlagRow&, const std::string& value) {
  options.set.push_back(file_override(value));
}

void set_format(Options& options, const FlagRow& row, const std::string& value) {
  check_choice(row, value);
  options.format = value == "json"   ? Format::Json
                   : value == "text" ? Format::Text
                   : value == "csv"  ? Format::Csv
                                     : Format::Markdown;
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

void store_time(Options& options, const FlagRow& row, const std::string& value) {
  if (!parse_duration(value)) refuse(row, value, "a time with a unit, such as 2s or 500ms");
  options.time_limit = value;
}

void store_size(Options& options, const FlagRow& row, const std::string& value) {
  if (!parse_bytes(value)) refuse(row, value, "a size with a unit, such as 256MiB or 64KiB");
  options.memory_limit = value;
}

void store_cache_size(Options& options, const FlagRow& row, const std::string& value) {
  if (!parse_bytes(value)) refuse(row, value, "a size with a unit, such as 4GiB or 512MiB");
  options.cache_size = value;
}

void set_rules(Options& options, const FlagRow& row, const std::string& value) {
  check_choice(row, value);
  options.rules = judge::rules_named(value).value_or(judge::Rules::Kattis);
}

void set_compat(Options& options, const FlagRow& row, const std::string& value) {
  check_choice(row, value);
  options.compat = value == "kattis" ? Compat::Kattis : value == "domjudge" ? Compat::Domjudge : Compat::Spec;
}

void set_folders(Options& options, const FlagRow& row, const std::string& value) {
  check_choice(row, value);
  options.folders = value == "classes" ? Folders::Classes : Folders::Submissions;
}

void set_lease(Options& options, const FlagRow& row, const std::string& value) {
  using namespace std::chrono_literals;
  const std::optional<Duration> time = parse_duration(value);
  if (!time || *time < 500ms || *time > 1h) refuse(row, value, "a time from 500ms to 1h");
  options.lease = value;
}

void set_priority(Options& options, const FlagRow& row, const std::string& value) {
  check_choice(row, value);
  options.priority = value == "contest"  ? fleet::Priority::Contest
                     : value == "course" ? fleet::Priority::Course
                                         : fleet::Priority::Batch;
}

void set_queue_limit(Options& options, const FlagRow& row, const std::string& value) {
  options.queue_limit = whole_number(row, value, 100000000);
}

// It becomes part of a name in the queue.
template <std::string Options::*member>
void store_name(Options& options, const FlagRow& row, const std::string& value) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  if (value.empty() || value.size() > 64 || value.find_first_not_of(kPlain) != value.npos) {
    refuse(row, value, "at most 64 letters, digits, '_', '-' and '.'");
  }
  options.*member = value;
}

void set_processes(Options& options, const FlagRow& row, const std::string& value) {
  constexpr unsigned kMost = 32768;
  static_cast<void>(whole_number(row, value, kMost));
  set_limit(options, row, value);
}

template <std::string serve::ServeOptions::*member>
void store_served(Options& options, const FlagRow& row, const std::string& value) {
  if (value.empty()) refuse(row, value, row.operand);
  options.serve.*member = value;
}

void set_apis(Options& options, const FlagRow& row, const std::string& value) {
  const std::vector<std::string> known = {"native", "sandbox-fusion", "piston", "go-judge"};
  options.serve.apis.clear();
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t comma = std::min(value.find(',', at), value.size());
    const std::string name = value.substr(at, comma - at);
    if (std::ranges::find(known, name) == known.end()) refuse(row, value, "some of " + join_words(known));
    options.serve.apis.push_back(name);
    at = comma + 1;
  }
}

void set_queue(Options& options, const FlagRow& row, const std::string& value) {
  options.serve.queue = whole_number(row, value, 100000);
}

void set_connections(Options& options, const FlagRow& row, const std::string& value) {
  options.serve.http.max_connections = whole_number(row, value, 65536);
}

void set_served_size(Options& options, const FlagRow& row, const std::string& value) {
  const std::optional<Bytes> size = parse_bytes(value);
  if (!size || size->count == 0) refuse(row, value, "a size with a unit, such as 256MiB or 64KiB");
  const std::string_view name = row.name;
  Bytes& place = name == "--max-body"     ? options.serve.http.max_body
                 : name == "--max-memory" ? options.serve.ceilings.memory
                 : name == "--max-output" ? options.serve.ceilings.output
                                          : options.serve.store.quota;
  place = *size;
}

void set_served_time(Options& options, const FlagRow& row, const std::string& value) {
  const std::optional<Duration> time = parse_duration(value);
  if (!time || *time <= Duration{}) refuse(row, value, "a time with a unit, such as 2s or 500ms");
  const std::string_view name = row.name;
  Duration& place = name == "--max-wall"       ? options.serve.ceilings.wall
                    : name == "--idle"         ? options.serve.http.idle
                    : name == "--request-time" ? options.serve.http.request_time
                                               : options.serve.store.age;
  place = *time;
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
constexpr ArgumentRow kImage = {"NAME",
                                "The name of an image, or the path of an image file. Without it, all images whose "
                                "programs are on this host.",
                                Count::Optional, Completes::Images,
                                [](Options& options, const std::string& value) { options.image = value; }};
constexpr ArgumentRow kPlanOfPackages = {"PLAN", "The plan, a TOML file. Without it, all images.", Count::Optional,
                                         Completes::Files,
                                         [](Options& options, const std::string& value) { options.plan = value; }};
constexpr ArgumentRow kVerb = {"VERB", "A verb of evalrun. Without it, the help of the whole command is printed.",
                               Count::Any, Completes::Verbs,
                               [](Options& options, const std::string& value) { options.help_of.push_back(value); }};

constexpr ArgumentRow kTask = {"TASK",
                               "The problem package, which is a folder, a .zip or a .kpp; or a plan with cases, which "
                               "is a .toml file. After it the submissions.",
                               Count::Any, Completes::Files,
                               [](Options& options, const std::string& value) { options.judged.push_back(value); }};

constexpr ArgumentRow kWorkers = {"WORKER", "The name of a worker, or of a host.", Count::Any, Completes::Nothing,
                                  [](Options& options, const std::string& value) { options.words.push_back(value); }};
constexpr ArgumentRow kQueueJobs = {
    "JOB", "The name of a job in the queue, as `evalrun fleet dead` prints it: BATCH/=ID.", Count::Any,
    Completes::Nothing, [](Options& options, const std::string& value) { options.words.push_back(value); }};

constexpr VerbRow kVerbs[] = {
    {.verb = Verb::Run,
     .name = "run",
     .summary = "Run a plan and print one result.",
     .usage = "[OPTIONS] PLAN",
     .details =
         "Runs the plan's program in a sandbox of its own and prints one result: what happened, what it cost, and "
         "which layers held. If the plan has cases, every case is run and graded. The word \"run\" may be left out.",
     .argument = kPlan,
     .example = {.line = "evalrun run plan.toml --set limits.cpu=5s --output result.json",
                 .what = "Run a plan with more CPU time."}},
    {.verb = Verb::Exec,
     .name = "exec",
     .summary = "Run one command in a sandbox now, without a plan.",
     .usage = "[OPTIONS] -- CMD [ARG...]",
     .details =
         "Runs one untrusted command. It reads evalrun's own standard input and writes to evalrun's own standard "
         "output and standard error, through pipes. evalrun exits with the status of the command. It may read more of "
         "its standard input than the command does; --stdin /dev/null prevents that.\n\nWithout -i, evalrun takes the "
         "image whose run line, compile line or list of programs names CMD. One whose run or compile line "
         "begins with CMD goes before the others. It is an error if no image does or if more than one is left.\n\nThe "
         "command sees no file of the current folder, except those that the command line names. "
         "--file places a file in /work. One file is also placed without --file: the program itself. That is CMD if it "
         "contains a slash; if CMD is a plain name, it is the first word after CMD that does not begin with \"-\". The "
         "word must be a relative path of a regular file in the current folder or below it, with no symbolic link and "
         "no \"..\" on the way. No later word is ever read as a file name, so a word from a stranger cannot bring in a "
         "file. --print-plan shows what is placed.",
     .example = {.line = "evalrun exec --cpu 1s -- python3 main.py", .what = "Run main.py of the current folder."}},
    {.verb = Verb::Batch,
     .name = "batch",
     .summary = "Run many jobs and print one result a line.",
     .usage = "[OPTIONS] [JOBS]",
     .details = "Reads jobs, one JSON object a line, and prints one line of JSON for each. Many jobs run at a time. "
                "With --journal, the same command can be given again after a crash and resumes where it stopped.",
     .argument = kJobs,
     .example = {.line = "evalrun batch --plan plan.toml --journal run.journal jobs.jsonl",
                 .what = "Run jobs, and be able to resume."}},
    {.verb = Verb::Check,
     .name = "check",
     .summary = "Check a plan without running it.",
     .usage = "[OPTIONS] PLAN",
     .details = "Checks that the plan is well-formed and that this host gives every layer that the plan requires. "
                "Nothing is run.",
     .argument = kPlan,
     .example = {.line = "evalrun check plan.toml", .what = "Check a plan."}},
    {.verb = Verb::Explain,
     .name = "explain",
     .summary = "Print what a plan means.",
     .usage = "[OPTIONS] PLAN",
     .details = "Prints the capability words, mounts, Landlock rules, system calls and limits of the plan, and the "
                "steps of the lockdown in their order. Nothing is run.",
     .argument = kPlan,
     .example = {.line = "evalrun explain --seccomp plan.toml", .what = "Print only the system-call filters."}},
    {.verb = Verb::Trace,
     .name = "trace",
     .summary = "Run a program and name each refused call.",
     .usage = "[OPTIONS] PLAN",
     .details = "Runs the program under observation, with every layer in force but slower. Prints each call that was "
                "refused: which layer refused it, its path and error, and the line of the plan that would allow it.",
     .argument = kPlan,
     .example = {.line = "evalrun trace --suggest plan.toml", .what = "Find what the plan must allow."}},
    {.verb = Verb::Doctor,
     .name = "doctor",
     .summary = "Test what this host gives to runs.",
     .usage = "[OPTIONS]",
     .details = "Tries what a run does, in child processes that then end. Prints what this host gives, what it does "
                "not, and a remedy for each lack.",
     .example = {.line = "evalrun doctor", .what = "Test this host."}},
    {.verb = Verb::Schema,
     .name = "schema",
     .summary = "Print every key of a plan.",
     .usage = "[OPTIONS]",
     .details = "Prints every key of a plan with its type, unit, default and range, and the table of profiles and "
                "capability words.",
     .example = {.line = "evalrun schema --format json", .what = "Print a JSON Schema of plans."}},
    {.verb = Verb::ImageList,
     .name = "image list",
     .summary = "List the images.",
     .details = "Prints every image and whether its programs are installed on this host. If they are not, it prints "
                "what is missing and the packages to install.",
     .example = {.line = "evalrun image list", .what = "List the images."}},
    {.verb = Verb::ImageCheck,
     .name = "image check",
     .summary = "Test an image: its links and its smoke programs.",
     .usage = "[NAME]",
     .details =
         "Follows the links of the image's programs and libraries, and of the Debian packages that they come from, and "
         "names each link that leads out of what the image shows, with the line of TOML that mends it. Then it runs "
         "the "
         "smoke programs of the image, each in a sandbox, and compares their output with what is expected. An image "
         "file can be tested by its path before it is installed.",
     .argument = kImage,
     .example = {.line = "evalrun image check ./lua.toml", .what = "Test an image that you are writing."}},
    {.verb = Verb::ImagePackages,
     .name = "image packages",
     .summary = "Print the Debian packages that a plan's image needs.",
     .usage = "[PLAN]",
     .details =
         "Prints the packages to install, one a line: those of the plan's image, or without PLAN of every image, "
         "if programs of it are not on this host. With --image, it prints all packages that the image names.",
     .argument = kPlanOfPackages,
     .example = {.line = "evalrun image packages plan.toml", .what = "Print what the plan's image lacks here."}},
    {.verb = Verb::Judge,
     .name = "judge",
     .summary = "Judge submissions against a problem package or a plan.",
     .usage = "TASK SUBMISSION...",
     .details =
         "Reads a problem package of Kattis, DOMjudge, DMOJ, Polygon or CMS, or a plan with cases. Compiles each "
         "submission (a file, a folder or an archive), runs it over the cases and judges it as the package says: with "
         "its own checkers and interactors, each in a sandbox of its own. A folder that holds many submissions is a "
         "class: each entry is a submission, and the result is one table. A folder is taken for a class if it holds "
         "two archives or folders with sources and no source beside them, or sources that are no one program: in two "
         "languages, two with a main function, or scripts of which none is called main or imported by another. With "
         "--self-test it judges the package's own submissions and compares the verdicts with their labels. With "
         "--check it judges nothing: it reads all of the package, runs the package's validators on its data, and "
         "prints "
         "what is wrong, each fault with its file, its line and what mends it.",
     .argument = kTask,
     .example = {.line = "evalrun judge hello.zip solution.py", .what = "Judge a solution."}},
    {.verb = Verb::Serve,
     .name = "serve",
     .summary = "Run programs for clients, over HTTP.",
     .usage = "[OPTIONS]",
     .details =
         "Listens for HTTP/1.1 requests and runs what they send, each program in a sandbox of its own. It speaks "
         "evalrun's own paths (/v1/run, /v1/grade, /v1/batch, /v1/images) and those of other systems, so that their "
         "clients change only a URL: SandboxFusion, Piston and go-judge. GET /healthz tells whether runs are possible "
         "here, GET /metrics what was done, GET /openapi.json what may be sent.\n\nA request names no file of this "
         "host. It listens on the loopback unless it has a token. If the queue is full, a request is refused before it "
         "is accepted. On SIGTERM it takes no more requests, ends those that it has accepted, and exits with 0. One "
         "line of JSON for each request is written to standard error.",
     .example = {.line = "evalrun serve --listen 127.0.0.1:8080 --jobs 8", .what = "Serve clients of this host."}},
    {.verb = Verb::Worker,
     .name = "worker",
     .summary = "Run the jobs of a queue, with workers on other machines.",
     .usage = "[OPTIONS]",
     .details = "Takes jobs out of a queue, which is a Redis server or a PostgreSQL database, runs them as `evalrun "
                "batch` does, and puts their "
                "results back. It claims no more than it can start now. A job of a worker that ends or is cut off is "
                "another worker's, and has one result all the same.\n\nSIGTERM or SIGINT drains it: it claims nothing "
                "more, and ends with its last job. The same signal once more gives back what runs.",
     .example = {.line = "evalrun worker --queue redis://10.0.0.5:6379/0 --jobs 8",
                 .what = "Run eight jobs of the queue at a time."}},
    {.verb = Verb::Submit,
     .name = "submit",
     .summary = "Put jobs into the queue of a fleet, and print their results.",
     .usage = "[OPTIONS] [JOBS]",
     .details = "Reads the lines that `evalrun batch` reads, and puts them into the queue. With --wait it prints what "
                "`evalrun batch` prints, with the worker beside each result. Where the queue is full it waits, as a "
                "writer before a full pipe does.\n\nWith --batch NAME the same command can be given again after a "
                "crash: a job that is in the queue, or has its result there, is not submitted once more. Results are "
                "kept for seven days.",
     .argument = kJobs,
     .example = {.line = "evalrun submit --queue unix:/run/redis/redis.sock --plan plan.toml --wait jobs.jsonl",
                 .what = "Run jobs on a fleet."}},
    {.verb = Verb::FleetStatus,
     .name = "fleet status",
     .summary = "Print what waits in the queue, and the workers.",
     .usage = "[OPTIONS]",
     .details = "Prints how many jobs wait, run, are done and were given up, the workers, and the CPU time of each "
                "tenant.",
     .example = {.line = "evalrun fleet status --metrics", .what = "Print it for Prometheus."}},
    {.verb = Verb::FleetDead,
     .name = "fleet dead",
     .summary = "Print the jobs that were given up, and why.",
     .usage = "[OPTIONS]",
     .details = "Prints each job that three workers were lost over, or whose sandbox failed on three hosts, with the "
                "names of these.",
     .example = {.line = "evalrun fleet dead", .what = "Print the jobs that were given up."}},
    {.verb = Verb::FleetRetry,
     .name = "fleet retry",
     .summary = "Try jobs once more that were given up.",
     .usage = "[OPTIONS] [JOB...]",
     .details = "Puts these jobs back into the queue, or all that were given up. The result that said so is withdrawn "
                "if nobody has fetched it.",
     .argument = kQueueJobs,
     .example = {.line = "evalrun fleet retry", .what = "Try all of them once more."}},
    {.verb = Verb::FleetDrain,
     .name = "fleet drain",
     .summary = "Let workers end with their last job.",
     .usage = "[OPTIONS] [WORKER...]",
     .details = "Tells these workers, or all workers of these hosts, to claim nothing more and to end.",
     .argument = kWorkers,
     .example = {.line = "evalrun fleet drain judge-3", .what = "Drain all workers of the host judge-3."}},
    {.verb = Verb::FleetCancel,
     .name = "fleet cancel",
     .summary = "Cancel jobs that wait or run.",
     .usage = "[OPTIONS] [JOB...]",
     .details = "Cancels the jobs of a batch, or these. Each has a result with the verdict CANCELLED, unless it ended "
                "before.",
     .argument = kQueueJobs,
     .example = {.line = "evalrun fleet cancel --batch rejudge-7", .what = "Cancel a whole batch."}},
    {.verb = Verb::Calibrate,
     .name = "calibrate",
     .summary = "Measure how fast this host is, and name its class.",
     .usage = "[OPTIONS]",
     .details =
         "Measures some seconds long what one operation takes: a multiplication, a branch that nothing predicts, a "
         "read from memory. Prints the least of several rounds, and how much the rounds differ. The class is a name "
         "for hosts of the same processor, governor and kernel, whose times compare: for --cpu-class of workers "
         "and submissions.",
     .example = {.line = "evalrun worker --cpu-class $(evalrun calibrate --format json | jq -r .cpu_class)",
                 .what = "Let a worker say of which class it is."}},
    {.verb = Verb::Help,
     .name = "help",
     .summary = "Print the help of evalrun or of a verb.",
     .usage = "[VERB]",
     .details = "Prints the same as \"evalrun --help\" or \"evalrun VERB --help\".",
     .argument = kVerb,
     .example = {.line = "evalrun help exec", .what = "Print the help of exec."}},
};

// --- flags -----------------------------------------------------------------------------------------------------------

constexpr VerbSet kTakePlans = {Verb::Run, Verb::Check, Verb::Explain, Verb::Trace};
constexpr VerbSet kAll = {Verb::Run,           Verb::Exec,       Verb::Batch,      Verb::Check,       Verb::Explain,
                          Verb::Trace,         Verb::Doctor,     Verb::Schema,     Verb::ImageList,   Verb::ImageCheck,
                          Verb::ImagePackages, Verb::Judge,      Verb::Worker,     Verb::Submit,      Verb::FleetStatus,
                          Verb::FleetDead,     Verb::FleetRetry, Verb::FleetDrain, Verb::FleetCancel, Verb::Calibrate,
                          Verb::Serve,         Verb::Help};
constexpr VerbSet kFleet = {Verb::Worker,     Verb::Submit,     Verb::FleetStatus, Verb::FleetDead,
                            Verb::FleetRetry, Verb::FleetDrain, Verb::FleetCancel};

constexpr VerbSet kReport = {Verb::Run, Verb::Batch, Verb::Judge, Verb::Submit};
constexpr FlagRow kFlags[] = {
    {.name = "--image",
     .short_name = "-i",
     .operand = "IMAGE",
     .what = "Use this image: a name, the path of an image file, or \"none\" for no image.",
     .standard = "found from CMD",
     .verbs = {Verb::Exec},
     .completes = Completes::Images,
     .apply = store<&Options::image>},
    {.name = "--image",
     .operand = "IMAGE",
     .what = "Print the packages of this image: a name, or the path of an image file.",
     .verbs = {Verb::ImagePackages},
     .completes = Completes::Images,
     .apply = store<&Options::image>},
    {.name = "--file",
     .operand = "NAME=PATH",
     .what = "Place the file PATH of this host in /work under NAME. A plain PATH is placed under its last part. May be "
             "repeated.",
     .verbs = {Verb::Exec},
     .completes = Completes::Files,
     .repeats = true,
     .apply = append<&Options::files>},
    {.name = "--file",
     .operand = "NAME=PATH",
     .what =
         "Place the file PATH of this host in /work under NAME, in place of what the plan has there. A plain PATH is "
         "placed under its last part. May be repeated.",
     .verbs = kTakePlans,
     .completes = Completes::Files,
     .repeats = true,
     .apply = place_file},
    {.name = "--template",
     .what = "Check a plan that jobs of a batch complete. What a job may still bring is not missed.",
     .verbs = {Verb::Check},
     .apply = turn_on<&Options::is_template>},
    {.name = "--stdin",
     .operand = "FILE",
     .what = "Read standard input from this file.",
     .standard = "evalrun's own standard input",
     .verbs = {Verb::Exec},
     .completes = Completes::Files,
     .apply = store<&Options::stdin_file>},
    {.name = "--stdout",
     .operand = "FILE",
     .what = "Write standard output to this file. An existing file is overwritten.",
     .standard = "evalrun's own standard output",
     .verbs = {Verb::Exec},
     .completes = Completes::Files,
     .apply = store<&Options::stdout_file>},
    {.name = "--stderr",
     .operand = "FILE",
     .what = "Write standard error to this file. An existing file is overwritten.",
     .standard = "evalrun's own standard error",
     .verbs = {Verb::Exec},
     .completes = Completes::Files,
     .apply = store<&Options::stderr_file>},
    {.name = "--cpu",
     .operand = "TIME",
     .what = "Limit the CPU time of all processes together, as in 2s or 500ms.",
     .standard = "the image's, or 2s",
     .verbs = {Verb::Exec},
     .apply = set_time},
    {.name = "--wall",
     .operand = "TIME",
     .what = "Limit the elapsed time.",
     .standard = "the image's, or 10s",
     .verbs = {Verb::Exec},
     .apply = set_time},
    {.name = "--memory",
     .operand = "SIZE",
     .what = "Limit the resident memory, as in 256MiB.",
     .standard = "the image's, or 256MiB",
     .verbs = {Verb::Exec},
     .apply = set_size},
    {.name = "--processes",
     .operand = "NUMBER",
     .what = "Limit the processes and threads at one time.",
     .standard = "the image's, or 32",
     .verbs = {Verb::Exec},
     .apply = set_processes},
    {.name = "--output-limit",
     .operand = "SIZE",
     .what = "Limit standard output and standard error together.",
     .standard = "the image's, or 16MiB",
     .verbs = {Verb::Exec},
     .apply = set_size},
    {.name = "--result",
     .operand = "FILE|FD",
     .what = "Write the whole result as JSON to this file, or to the open descriptor of this number.",
     .standard = "no result is written",
     .verbs = {Verb::Exec},
     .completes = Completes::Files,
     .apply = store<&Options::result>},
    {.name = "--print-plan",
     .what = "Print a plan that does the same, and run nothing.",
     .verbs = {Verb::Exec},
     .apply = turn_on<&Options::print_plan>},
    {.name = "--plan",
     .operand = "PLAN",
     .what = "Use this plan as the base that jobs change.",
     .standard = "each job names its own",
     .verbs = {Verb::Batch, Verb::Submit},
     .completes = Completes::Files,
     .apply = store<&Options::plan>},
    {.name = "--set",
     .operand = "KEY=VALUE",
     .what = "Override one key of the plan, as in --set limits.cpu=5s. May be repeated.",
     .verbs = kTakePlans,
     .repeats = true,
     .apply = append<&Options::set>},
    {.name = "--set",
     .operand = "KEY=VALUE",
     .what = "Set one key of the plan, as in --set limits.stack=8MiB. May be repeated.",
     .verbs = {Verb::Exec},
     .repeats = true,
     .apply = append<&Options::set>},
    {.name = "--set",
     .operand = "KEY=VALUE",
     .what = "Override one key of the plan that a submission runs by, as in --set limits.output=1MiB. May be repeated.",
     .verbs = {Verb::Judge},
     .repeats = true,
     .apply = append<&Options::set>},
    {.name = "--set",
     .operand = "KEY=VALUE",
     .what = "Override one key in every plan, as in --set limits.cpu=5s. May be repeated.",
     .verbs = {Verb::Batch, Verb::Submit},
     .repeats = true,
     .apply = append<&Options::set>},
    {.name = "--format",
     .operand = "FORMAT",
     .values = "json text",
     .what = "Print the result as json or as text.",
     .standard = "text on a terminal, else json",
     .verbs = {Verb::Run, Verb::Trace},
     .completes = Completes::Values,
     .apply = set_format},
    {.name = "--format",
     .operand = "FORMAT",
     .values = "json text csv",
     .what = "Print a line of JSON, a row of a table or a row of CSV for each job. A row shows the longest of a "
             "submission's cases.",
     .standard = "json",
     .verbs = {Verb::Batch, Verb::Submit},
     .completes = Completes::Values,
     .apply = set_format},
    {.name = "--csv",
     .what = "The same as --format csv.",
     .verbs = {Verb::Batch, Verb::Submit},
     .apply = use_format<Format::Csv>},
    {.name = "--format",
     .operand = "FORMAT",
     .values = "text json",
     .what = "Print the checks as text or as json.",
     .standard = "text",
     .verbs = {Verb::Doctor},
     .completes = Completes::Values,
     .apply = set_format},
    {.name = "--format",
     .operand = "FORMAT",
     .values = "text json markdown",
     .what = "Print text, a JSON Schema, or the Markdown of the reference page.",
     .standard = "text",
     .verbs = {Verb::Schema},
     .completes = Completes::Values,
     .apply = set_format},
    {.name = "--format",
     .operand = "FORMAT",
     .values = "text json",
     .what = "Print the result as text or as json.",
     .standard = "text",
     .verbs = {Verb::Judge},
     .completes = Completes::Values,
     .apply = set_format},
    {.name = "--json",
     .what = "The same as --format json.",
     .verbs = {Verb::Doctor, Verb::Schema},
     .apply = use_format<Format::Json>},
    {.name = "--markdown",
     .what = "The same as --format markdown.",
     .verbs = {Verb::Schema},
     .apply = use_format<Format::Markdown>},
    {.name = "--output",
     .operand = "FILE",
     .what = "Write the result to this file. A new file appears when the result is complete. An existing file is "
             "overwritten.",
     .standard = "standard output",
     .verbs = {Verb::Run, Verb::Judge},
     .completes = Completes::Files,
     .apply = store<&Options::output>},
    {.name = "--report",
     .operand = "FILE",
     .what = "Write an HTML page too: submissions and cases, time and memory beside the limits, and what each case "
             "wrote. The page needs no network.",
     .verbs = kReport,
     .completes = Completes::Files,
     .apply = store<&Options::report>},
    {.name = "--junit",
     .operand = "FILE",
     .what = "Write the cases' verdicts as JUnit XML too.",
     .verbs = kReport,
     .completes = Completes::Files,
     .apply = store<&Options::junit>},
    {.name = "--csv",
     .operand = "FILE",
     .what = "Write a line for a spreadsheet too, with a column for each case.",
     .verbs = {Verb::Run, Verb::Judge},
     .completes = Completes::Files,
     .apply = store<&Options::csv>},
    {.name = "--feedback",
     .operand = "FOLDER",
     .what = "Write a text for the submission's author into this folder: what failed, the first difference and "
             "standard error. Nothing of a secret case is in it but how many passed.",
     .verbs = {Verb::Run, Verb::Judge},
     .completes = Completes::Folders,
     .apply = store<&Options::feedback>},
    {.name = "--save-to",
     .operand = "FOLDER",
     .what = "Save the files that the plan collects in this folder.",
     .standard = "NAME-files, after the plan's name",
     .verbs = {Verb::Run},
     .completes = Completes::Folders,
     .apply = store<&Options::save_to>},
    {.name = "--save-to",
     .operand = "FOLDER",
     .what = "Save the files that plans collect in this folder, in one folder for each job. It is named after the "
             "job's id, or line-N if the id is no plain file name.",
     .standard = "batch-files",
     .verbs = {Verb::Batch},
     .completes = Completes::Folders,
     .apply = store<&Options::save_to>},
    {.name = "--jobs",
     .operand = "NUMBER",
     .what = "Run this many cases at a time, from 1 to 1024.",
     .standard = "one for each core that cases can be pinned to",
     .verbs = {Verb::Run},
     .apply = set_jobs},
    {.name = "--jobs",
     .operand = "NUMBER",
     .what = "Run this many programs at a time, from 1 to 1024.",
     .standard = "one for each core",
     .verbs = {Verb::Judge},
     .apply = set_jobs},
    {.name = "--jobs",
     .operand = "NUMBER",
     .what = "Run this many sandboxes at a time, from 1 to 1024. The cases of one job run one after another.",
     .standard = "one for each core",
     .verbs = {Verb::Batch, Verb::Worker},
     .apply = set_jobs},
    {.name = "--stop-at-first-failure",
     .what = "Stop a grading after the first case that fails.",
     .verbs = {Verb::Run, Verb::Batch},
     .apply = stop_at_failure},
    {.name = "--order",
     .operand = "ORDER",
     .values = "completion input",
     .what = "Print results as jobs end, or in the order of the input.",
     .standard = "completion",
     .verbs = {Verb::Batch, Verb::Submit},
     .completes = Completes::Values,
     .apply = set_order},
    {.name = "--journal",
     .operand = "FILE",
     .what = "Keep the results in this file too. If it has results already, resume after them.",
     .verbs = {Verb::Batch, Verb::Judge},
     .completes = Completes::Files,
     .apply = store<&Options::journal>},
    {.name = "--seccomp",
     .what = "Print only the system-call filters: each call, the conditions on its arguments, and what happens.",
     .verbs = {Verb::Explain},
     .apply = turn_on<&Options::seccomp>},
    {.name = "--seccomp-profile",
     .what = "Try nothing; print the seccomp profile for a container that evalrun runs in, for Docker, Podman and "
             "Kubernetes.",
     .verbs = {Verb::Doctor},
     .apply = turn_on<&Options::seccomp_profile>},
    {.name = "--case",
     .operand = "NAME",
     .what = "Look at the run of this case. The compile step is run first, and not observed unless it fails.",
     .standard = "the first case",
     .verbs = {Verb::Trace},
     .apply = store<&Options::case_name>},
    {.name = "--suggest",
     .what =
         "Run the program many times and print the additions to the plan that it needs to exit with 0. The search "
         "gives the program nothing of the host. It lists what it did not try, with the option that grants it. What "
         "an untrusted program asks for is no advice.",
     .verbs = {Verb::Trace},
     .apply = turn_on<&Options::suggest>},
    {.name = "--grant",
     .operand = "PATH|CALL",
     .what = "Let --suggest show the program this file or folder of the host, read-only, or give it this system call. "
             "/proc grants the full view of it. May be repeated.",
     .verbs = {Verb::Trace},
     .completes = Completes::Files,
     .repeats = true,
     .apply = append<&Options::grants>},
    {.name = "--grant-write",
     .operand = "PATH",
     .what = "Let --suggest give the program this file or folder of the host, to read and to change. May be repeated.",
     .verbs = {Verb::Trace},
     .completes = Completes::Files,
     .repeats = true,
     .apply = append<&Options::write_grants>},
    {.name = "--self-test",
     .what = "Judge the package's own submissions, and say which of them got something else than their label.",
     .verbs = {Verb::Judge},
     .apply = turn_on<&Options::self_test>},
    {.name = "--time-limit",
     .operand = "TIME",
     .what = "Use this limit of CPU time for each case.",
     .standard = "the package's; else found from its accepted submissions, which are run first",
     .verbs = {Verb::Judge},
     .apply = store_time},
    {.name = "--memory-limit",
     .operand = "SIZE",
     .what = "Use this limit of memory.",
     .standard = "the package's, else 2GiB",
     .verbs = {Verb::Judge},
     .apply = store_size},
    {.name = "--language",
     .operand = "LANGUAGE",
     .what = "Take the submissions for programs in this language: a name such as cpp, or an image.",
     .standard = "found from their files",
     .verbs = {Verb::Judge},
     .apply = store<&Options::language>},
    {.name = "--folders",
     .operand = "WHAT",
     .values = "classes submissions",
     .what = "Take each folder for a class of many submissions (an archive, too), or for one submission.",
     .standard = "found from what is in them",
     .verbs = {Verb::Judge},
     .completes = Completes::Values,
     .apply = set_folders},
    {.name = "--rules",
     .operand = "RULES",
     .values = "kattis domjudge clics bapctools",
     .what = "Whose rules say who is to blame, where judges disagree.",
     .standard = "kattis",
     .verbs = {Verb::Judge},
     .completes = Completes::Values,
     .apply = set_rules},
    {.name = "--compat",
     .operand = "TOOL",
     .values = "spec kattis domjudge",
     .what = "What the default comparison takes for a number, where the format's text and the tools disagree.",
     .standard = "spec",
     .verbs = {Verb::Judge},
     .completes = Completes::Values,
     .apply = set_compat},
    {.name = "--all",
     .what = "Run the cases too that cannot change the result any more.",
     .verbs = {Verb::Judge},
     .apply = turn_on<&Options::all_cases>},
    {.name = "--check",
     .what = "Read all of the package, run its validators, and judge nothing.",
     .verbs = {Verb::Judge},
     .apply = turn_on<&Options::check_package>},
    {.name = "--root",
     .operand = "FOLDER",
     .what = "Let links of the package lead to what lies in this folder, which is around the package. The package's "
             "programs can then be shown everything in it.",
     .standard = "the package itself",
     .verbs = {Verb::Judge},
     .completes = Completes::Folders,
     .apply = store<&Options::links_root>},
    {.name = "--listen",
     .operand = "ADDRESS",
     .what = "Listen there: ADDR:PORT with a numeric address, or unix:PATH. Without --token-file it must be the "
             "loopback or a Unix socket. Sockets that a service manager passes are used in its place.",
     .standard = "127.0.0.1:8080",
     .verbs = {Verb::Serve},
     .apply = store_served<&serve::ServeOptions::listen>},
    {.name = "--token-file",
     .operand = "FILE",
     .what = "Answer only requests with the token in the first line of this file, as \"Authorization: Bearer TOKEN\".",
     .standard = "no token",
     .verbs = {Verb::Serve},
     .completes = Completes::Files,
     .apply = store_served<&serve::ServeOptions::token_file>},
    {.name = "--api",
     .operand = "LIST",
     .what = "Speak these dialects, with commas between them: native, sandbox-fusion, piston, go-judge.",
     .standard = "all",
     .verbs = {Verb::Serve},
     .apply = set_apis},
    {.name = "--plans",
     .operand = "FOLDER",
     .what = "Let requests name the plans in this folder: \"sum\" is FOLDER/sum.toml. They may do what a request may "
             "not, such as show files of this host.",
     .standard = "none",
     .verbs = {Verb::Serve},
     .completes = Completes::Folders,
     .apply = store_served<&serve::ServeOptions::plans>},
    {.name = "--src-prefix",
     .operand = "FOLDER",
     .what =
         "Let requests of the go-judge dialect name files below this folder by their absolute paths, as \"src\". Links "
         "in it are followed.",
     .standard = "none",
     .verbs = {Verb::Serve},
     .completes = Completes::Folders,
     .apply = store_served<&serve::ServeOptions::src_prefix>},
    {.name = "--jobs",
     .operand = "NUMBER",
     .what = "Run this many sandboxes at a time, from 1 to 1024. The cases of one job run one after another.",
     .standard = "one for each core",
     .verbs = {Verb::Serve},
     .apply = set_jobs},
    {.name = "--queue",
     .operand = "NUMBER",
     .what = "Let this many jobs wait for a sandbox, from 1 to 100000. What comes beyond is refused.",
     .standard = "256",
     .verbs = {Verb::Serve},
     .apply = set_queue},
    {.name = "--max-body",
     .operand = "SIZE",
     .what = "Refuse requests with a larger body. All bodies together may have eight times that.",
     .standard = "64MiB",
     .verbs = {Verb::Serve},
     .apply = set_served_size},
    {.name = "--max-memory",
     .operand = "SIZE",
     .what = "The most that a request may ask for as limits.memory or limits.workspace.",
     .standard = "4GiB",
     .verbs = {Verb::Serve},
     .apply = set_served_size},
    {.name = "--max-output",
     .operand = "SIZE",
     .what = "The most output, and the most collected files, that are kept of a run.",
     .standard = "64MiB",
     .verbs = {Verb::Serve},
     .apply = set_served_size},
    {.name = "--max-wall",
     .operand = "TIME",
     .what = "The most that a request may ask for as a limit of CPU time or elapsed time.",
     .standard = "10m",
     .verbs = {Verb::Serve},
     .apply = set_served_time},
    {.name = "--max-connections",
     .operand = "NUMBER",
     .what = "Have this many connections open at a time. Beyond it, the one that was silent for longest is closed.",
     .standard = "512",
     .verbs = {Verb::Serve},
     .apply = set_connections},
    {.name = "--idle",
     .operand = "TIME",
     .what = "Close a connection on which nothing moves for so long.",
     .standard = "60s",
     .verbs = {Verb::Serve},
     .apply = set_served_time},
    {.name = "--request-time",
     .operand = "TIME",
     .what = "Close a connection whose request has not arrived after so long.",
     .standard = "120s",
     .verbs = {Verb::Serve},
     .apply = set_served_time},
    {.name = "--store-quota",
     .operand = "SIZE",
     .what = "Keep at most this much of the files that clients of the go-judge dialect leave with the server.",
     .standard = "1GiB",
     .verbs = {Verb::Serve},
     .apply = set_served_size},
    {.name = "--store-age",
     .operand = "TIME",
     .what = "Remove such a file when nobody has used it for so long.",
     .standard = "1h",
     .verbs = {Verb::Serve},
     .apply = set_served_time},
    {.name = "--queue",
     .operand = "ADDRESS",
     .what =
         "The queue: redis://[USER:PASSWORD@]HOST[:PORT][/DB], unix:PATH[?db=DB] for a socket, or "
         "postgresql://[USER[:PASSWORD]@]HOST[:PORT]/DB, as libpq takes it. Every user of the host can read a password "
         "in a command line, and none in EVALRUN_QUEUE.",
     .standard = "EVALRUN_QUEUE of the environment",
     .verbs = kFleet,
     .apply = store<&Options::queue>},
    {.name = "--host",
     .operand = "NAME",
     .what = "Call the worker's host so. A job whose sandbox failed on a host goes to another one.",
     .standard = "the host's name",
     .verbs = {Verb::Worker},
     .apply = store_name<&Options::host>},
    {.name = "--cpu-class",
     .operand = "NAME",
     .what = "The class of this host's processors. Jobs that ask for a class run on workers of that class alone.",
     .standard = "none",
     .verbs = {Verb::Worker},
     .apply = store_name<&Options::cpu_class>},
    {.name = "--cpu-class",
     .operand = "NAME",
     .what = "Let only workers of this class run the jobs.",
     .standard = "all do",
     .verbs = {Verb::Submit},
     .apply = store_name<&Options::cpu_class>},
    {.name = "--confirm-tle",
     .what =
         "Where a program ran out of time on this host, and something of the host made that time less sure, let one "
         "other host try it. The result says what both took.",
     .standard = "the first verdict counts",
     .verbs = {Verb::Worker},
     .apply = turn_on<&Options::confirm_tle>},
    {.name = "--lease",
     .operand = "TIME",
     .what = "How long the queue waits for a word of this worker before another one gets its jobs.",
     .standard = "30s",
     .verbs = {Verb::Worker},
     .apply = set_lease},
    {.name = "--save-to",
     .operand = "FOLDER",
     .what = "Save the files that plans collect in this folder, in one folder for each job.",
     .standard = "a plan that collects files is refused",
     .verbs = {Verb::Worker},
     .completes = Completes::Folders,
     .apply = store<&Options::save_to>},
    {.name = "--unsafe-host-paths",
     .what = "Let jobs name paths of this host: files, binds, images. Whoever can submit can then read what this user "
             "can.",
     .standard = "a job that names one is refused",
     .verbs = {Verb::Worker},
     .apply = turn_on<&Options::unsafe_host_paths>},
    {.name = "--files",
     .operand = "PLACE",
     .what = "Take files of jobs from this folder or URL (http://, https://), which all hosts share, by their digests.",
     .standard = "a job that names a file is refused",
     .verbs = {Verb::Worker},
     .completes = Completes::Folders,
     .apply = store<&Options::shared_files>},
    {.name = "--files",
     .operand = "PLACE",
     .what = "Put the files that plans and jobs name into this folder, or to this URL (http://, https://), which all "
             "hosts share, and name them by their digests.",
     .standard = "files are not given to other hosts",
     .verbs = {Verb::Submit},
     .completes = Completes::Folders,
     .apply = store<&Options::shared_files>},
    {.name = "--cache",
     .operand = "FOLDER",
     .what = "Keep copies of the shared files in this folder, which is this worker's alone and is emptied.",
     .standard = "worker-files",
     .verbs = {Verb::Worker},
     .completes = Completes::Folders,
     .apply = store<&Options::cache>},
    {.name = "--cache-size",
     .operand = "SIZE",
     .what = "Let the copies take at most this much, as in 4GiB.",
     .standard = "4GiB",
     .verbs = {Verb::Worker},
     .apply = store_cache_size},
    {.name = "--wait",
     .what = "Wait for the results and print them as jobs end.",
     .verbs = {Verb::Submit},
     .apply = turn_on<&Options::wait>},
    {.name = "--batch",
     .operand = "NAME",
     .what = "Call the batch so. Submitted again under its name, a batch goes on where it is.",
     .standard = "a name by chance, which is printed",
     .verbs = {Verb::Submit},
     .apply = store_name<&Options::batch>},
    {.name = "--batch",
     .operand = "NAME",
     .what = "Cancel all jobs of this batch.",
     .verbs = {Verb::FleetCancel},
     .apply = store_name<&Options::batch>},
    {.name = "--tenant",
     .operand = "NAME",
     .what = "On whose behalf. Tenants share the workers by the CPU time that their jobs use.",
     .standard = "default",
     .verbs = {Verb::Submit},
     .apply = store_name<&Options::tenant>},
    {.name = "--priority",
     .operand = "PRIORITY",
     .values = "contest course batch",
     .what = "Jobs of a contest go before those of a course, and these before all others. One job in twenty is taken "
             "from the last of them all the same.",
     .standard = "batch",
     .verbs = {Verb::Submit},
     .completes = Completes::Values,
     .apply = set_priority},
    {.name = "--queue-limit",
     .operand = "NUMBER",
     .what = "Let at most this many jobs of the tenant wait in the queue, and wait with the rest.",
     .standard = "10000",
     .verbs = {Verb::Submit},
     .apply = set_queue_limit},
    {.name = "--metrics",
     .what = "Print it in the text format of Prometheus.",
     .verbs = {Verb::FleetStatus},
     .apply = turn_on<&Options::metrics>},
    {.name = "--format",
     .operand = "FORMAT",
     .values = "text json",
     .what = "Print text, or JSON.",
     .standard = "text",
     .verbs = {Verb::FleetStatus, Verb::FleetDead, Verb::Calibrate},
     .completes = Completes::Values,
     .apply = set_format},
    {.name = "--all", .what = "Drain all workers.", .verbs = {Verb::FleetDrain}, .apply = turn_on<&Options::all>},
    {.name = "--help", .short_name = "-h", .what = "Print this help.", .verbs = kAll, .apply = nothing},
};

// --- exit statuses ---------------------------------------------------------------------------------------------------

constexpr VerbSet kOnePlan = {Verb::Run, Verb::Trace};
constexpr VerbSet kFleetVerbs = {Verb::FleetStatus, Verb::FleetDead, Verb::FleetRetry, Verb::FleetDrain,
                                 Verb::FleetCancel};
constexpr StatusRow kStatuses[] = {
    {.status = "0", .what = "The program ended well: it exited with 0, or every case was accepted.", .verbs = kOnePlan},
    {.status = "1",
     .what = "The program failed, hit a limit, or did what the plan does not allow. The result says which.",
     .verbs = kOnePlan},
    {.status = "2", .what = "The plan or the command line is wrong. Nothing was run.", .verbs = kOnePlan},
    {.status = "3",
     .what =
         "The sandbox could not be built, it failed, or the run was cancelled. This says nothing about the program.",
     .verbs = kOnePlan},
    {.status = "0",
     .what = "The plan is well-formed, and this host gives what it requires.",
     .verbs = {Verb::Check, Verb::Explain}},
    {.status = "2", .what = "The plan or the command line is wrong.", .verbs = {Verb::Check, Verb::Explain}},
    {.status = "3", .what = "This host cannot give what the plan requires.", .verbs = {Verb::Check, Verb::Explain}},
    {.status = "0", .what = "Every job ended well.", .verbs = {Verb::Batch}},
    {.status = "1",
     .what = "A program of some job failed, hit a limit, or did what its plan does not allow.",
     .verbs = {Verb::Batch}},
    {.status = "2", .what = "A line of the input or a plan is wrong, or the command line is.", .verbs = {Verb::Batch}},
    {.status = "3", .what = "A sandbox failed, or the batch was interrupted.", .verbs = {Verb::Batch}},
    {.status = "0", .what = "This host gives everything.", .verbs = {Verb::Doctor}},
    {.status = "1",
     .what = "Plans run, with less than everything. The checks say what is missing.",
     .verbs = {Verb::Doctor}},
    {.status = "2", .what = "Nothing can run here.", .verbs = {Verb::Doctor}},
    {.status = "0",
     .what = "No link leads out of the image, and every smoke program printed what is expected.",
     .verbs = {Verb::ImageCheck}},
    {.status = "1",
     .what = "A link leads out, a smoke program failed, or the image is not installed.",
     .verbs = {Verb::ImageCheck}},
    {.status = "2", .what = "There is no such image.", .verbs = {Verb::ImageCheck}},
    {.status = "0",
     .what = "The packages were printed; nothing is printed if none is needed.",
     .verbs = {Verb::ImagePackages}},
    {.status = "2", .what = "There is no such plan or image.", .verbs = {Verb::ImagePackages}},
    {.status = "0",
     .what = "Every submission is accepted; with --self-test, as labelled; with --check, nothing is wrong.",
     .verbs = {Verb::Judge}},
    {.status = "1", .what = "A submission is rejected, or got something else than its label.", .verbs = {Verb::Judge}},
    {.status = "2", .what = "The package, the plan or the command line is wrong.", .verbs = {Verb::Judge}},
    {.status = "3",
     .what =
         "A submission could not be judged: a program of the jury or a sandbox failed, or the judge was interrupted.",
     .verbs = {Verb::Judge}},
    {.status = "0",
     .what = "The server was ended, and everything that it had accepted was answered.",
     .verbs = {Verb::Serve}},
    {.status = "2",
     .what = "The command line is wrong, or the address cannot be listened on safely.",
     .verbs = {Verb::Serve}},
    {.status = "3", .what = "The server could not begin, or failed.", .verbs = {Verb::Serve}},
    {.status = "0", .what = "The worker was drained.", .verbs = {Verb::Worker}},
    {.status = "2", .what = "The command line is wrong.", .verbs = {Verb::Worker}},
    {.status = "3", .what = "This host runs nothing, or the queue refuses the worker.", .verbs = {Verb::Worker}},
    {.status = "0", .what = "Every job ended well, or, without --wait, was submitted.", .verbs = {Verb::Submit}},
    {.status = "1",
     .what = "A program of some job failed, hit a limit, or did what its plan does not allow.",
     .verbs = {Verb::Submit}},
    {.status = "2", .what = "A line of the input or a plan is wrong, or the command line is.", .verbs = {Verb::Submit}},
    {.status = "3",
     .what = "A job was given up or cancelled, the queue refuses, or the command was interrupted.",
     .verbs = {Verb::Submit}},
    {.status = "0", .what = "It was done.", .verbs = kFleetVerbs},
    {.status = "1", .what = "There is no such job or worker.", .verbs = kFleetVerbs},
    {.status = "2", .what = "The command line is wrong.", .verbs = kFleetVerbs},
    {.status = "3", .what = "The queue does not answer, or refuses.", .verbs = kFleetVerbs},
    {.status = "0-255",
     .what = "The command's own status, if it exited by itself. Only --result tells it from those below.",
     .verbs = {Verb::Exec}},
    {.status = "128+n",
     .what = "Signal n killed the command, or evalrun got signal n (SIGINT, SIGTERM or SIGHUP) and ended the command.",
     .verbs = {Verb::Exec}},
    {.status = "120", .what = "The command line is wrong. Nothing was run.", .verbs = {Verb::Exec}},
    {.status = "121",
     .what = "The command was stopped for a system call that only exploits need.",
     .verbs = {Verb::Exec}},
    {.status = "122",
     .what = "The command was stopped at the limit of its output or of a file's size.",
     .verbs = {Verb::Exec}},
    {.status = "123", .what = "The command was stopped at the limit of its memory.", .verbs = {Verb::Exec}},
    {.status = "124",
     .what = "The command was stopped at the limit of its CPU time, elapsed time or idle time.",
     .verbs = {Verb::Exec}},
    {.status = "125",
     .what = "The sandbox failed, or some output could not be written. This says nothing about the command.",
     .verbs = {Verb::Exec}},
    {.status = "126", .what = "The program was found and cannot be executed.", .verbs = {Verb::Exec}},
    {.status = "127", .what = "The program was not found.", .verbs = {Verb::Exec}},
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

}  // namespace evalrun::cli
