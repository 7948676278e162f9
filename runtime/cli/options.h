// The command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/batch/ordering.h"
#include "runtime/library/evalrun.hh"

namespace evalrun::cli {

enum class Verb { Run, Check, Explain, Trace, Doctor, Schema, ImageList, ImageCheck, Batch };
enum class Format { Json, Text };

struct Options {
  Verb verb = Verb::Run;
  std::string plan;              // a path; "-": standard input; empty: none, of `batch`
  std::vector<std::string> set;  // "key=value"
  std::optional<Format> format;  // absent: text on a terminal, JSON elsewhere
  std::string output;            // a file for the result; empty: standard output
  std::string save_to;           // the folder for collected files; empty: NAME-files in the working directory
  unsigned jobs = 0;             // of graded plans and of `batch`; 0: one for each core
  AfterFailure after_failure = AfterFailure::GoOn;
  std::string jobs_file = "-";  // of `batch`
  batch::Order order = batch::Order::Completion;
  std::string journal;                    // of `batch`; empty: none
  std::string image;                      // of `image check`
  bool suggest = false;                   // of `trace`
  std::vector<std::string> grants;        // of `trace --suggest`: paths and calls
  std::vector<std::string> write_grants;  // the same: paths
  bool seccomp = false;                   // of `explain`
  bool json = false;                      // of `schema` and `doctor`
  bool markdown = false;                  // of `schema`
};

// Absent where the line asked for help or the version, which have been printed. Throws UsageError.
std::optional<Options> parse_options(int argc, char** argv);

}  // namespace evalrun::cli
