// The command line as a value. command_table.h is the table that it is read by.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/batch/ordering.h"
#include "runtime/fleet/queue/queue.h"
#include "runtime/judge/blame.h"
#include "runtime/library/evalrun.hh"
#include "runtime/plan/checker.h"
#include "runtime/serve/serve_options.h"

namespace evalrun::cli {

enum class Verb {
  Run,
  Exec,
  Batch,
  Check,
  Explain,
  Trace,
  Doctor,
  Schema,
  ImageList,
  ImageCheck,
  ImagePackages,
  Judge,
  Serve,
  Worker,
  Submit,
  FleetStatus,
  FleetDead,
  FleetRetry,
  FleetDrain,
  FleetCancel,
  Calibrate,
  Help
};
// What a folder of submissions is, of `judge`.
enum class Folders { Found, Classes, Submissions };
enum class Format { Json, Text, Markdown, Csv };

struct Options {
  Verb verb = Verb::Run;
  std::string plan;              // a path; "-": standard input; empty: none, of `batch`
  std::vector<std::string> set;  // "key=value"
  std::optional<Format> format;  // absent: the verb's default
  std::string output;            // a file for the result; empty: standard output
  std::string save_to;           // the folder for collected files; empty: NAME-files in the working directory
  unsigned jobs = 0;             // of graded plans and of `batch`; 0: one for each core
  AfterFailure after_failure = AfterFailure::GoOn;
  std::string jobs_file = "-";  // of `batch`
  batch::Order order = batch::Order::Completion;
  std::string journal;                       // of `batch` and `judge`; empty: none
  std::string report, junit, csv, feedback;  // files, and a folder, beside the result; empty: none
  std::string image;                         // of `image check` and `exec`; empty: found from the command
  bool suggest = false;                      // of `trace`
  std::string case_name;                     // of `trace`; empty: the first
  std::vector<std::string> grants;           // of `trace --suggest`: paths and calls
  std::vector<std::string> write_grants;     // the same: paths
  bool seccomp = false;                      // of `explain`
  bool seccomp_profile = false;              // of `doctor`
  bool is_template = false;                  // of `check`

  // Of `exec`.
  std::vector<std::string> command;                  // what stands after "--", byte for byte
  std::vector<std::string> limits;                   // "key=value", as `set`; `set` goes over them
  std::vector<std::string> files;                    // "NAME=PATH" or "PATH"
  std::string stdin_file, stdout_file, stderr_file;  // empty: inherited
  std::string result;                                // a file or the number of a descriptor; empty: none
  bool print_plan = false;

  // Of `judge`: the package or plan, then the submissions.
  std::vector<std::string> judged;
  Folders folders = Folders::Found;
  bool check_package = false;
  bool self_test = false;
  bool all_cases = false;
  std::string time_limit, memory_limit;  // empty: the package's
  std::string language;                  // of the submissions; empty: found from their files
  judge::Rules rules = judge::Rules::Kattis;
  Compat compat = Compat::Spec;
  std::string links_root;  // the folder that links of the package may lead into; empty: the package

  serve::ServeOptions serve;  // of `serve`
  // Of `worker`, `submit` and `fleet`.
  std::string queue;                            // the address; empty: EVALRUN_QUEUE
  std::string host, cpu_class;                  // of a worker; `cpu_class` of jobs too
  std::string lease;                            // a time; empty: the default
  bool confirm_tle = false;                     // a worker's
  bool unsafe_host_paths = false;               // jobs may name paths of the worker's host
  std::string shared_files, cache, cache_size;  // folders: that all hosts share, and of a worker's copies
  bool wait = false;                            // for the results
  std::string batch, tenant;                    // empty: a name by chance; "default"
  fleet::Priority priority = fleet::Priority::Batch;
  unsigned queue_limit = 0;  // 0: the default
  bool metrics = false;
  bool all = false;                // of `fleet drain`
  std::vector<std::string> words;  // names of workers and hosts, or of jobs

  std::vector<std::string> help_of;  // of `help`: a verb's words; empty: of all
};

// The line asked for a text, which has been printed.
struct Answered {
  int exit_status = 0;
};

// Throws UsageError.
std::variant<Options, Answered> parse_options(int argc, char** argv);

// The exit status of a wrong command line: `exec` has its own, since 2 may be the program's.
int status_of_usage_error(int argc, char** argv);

}  // namespace evalrun::cli
