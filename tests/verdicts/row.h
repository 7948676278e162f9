// One row of the table of verdicts: a program, the plan around it, and the one right verdict with the outcome behind
// it. A row says the same on every back end that it is for. Where memory and CPU time are only looked at now and then,
// rows keep still for a while, or leave a trace in what init says at the end, so that no look decides.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/supervise/run.h"

namespace evalrun::test {

// Which back ends a row is for.
enum class Where {
  Anywhere,
  MemoryGroup,   // the kernel counts and holds memory
  AllGroups,     // and CPU time and processes
  NotAllGroups,  // something is left to looking
};

// What happens around a run that a plan cannot say.
struct Meanwhile {
  std::function<void(const std::filesystem::path& folder)> after_compile = {};
  std::function<void(supervise::Run& run)> after_spawn = {};
};

struct Row {
  std::string name;
  std::string plan;  // TOML; "{folder}" stands for a folder that is empty but for what `files` puts there
  std::string verdict;
  nlohmann::json outcome;  // as in the result, with "{folder}" too
  Where where = Where::Anywhere;
  Meanwhile meanwhile = {};
  std::vector<std::pair<std::string, std::string>> files = {};  // in {folder}
};

// Programs that need nothing but the probes.
const std::vector<Row>& rows();

// Programs of an image, each row with the image that it needs.
struct ImageRow {
  std::string image;
  Row row;
};
const std::vector<ImageRow>& image_rows();

nlohmann::json exited(int code);
nlohmann::json signaled(int signal);
nlohmann::json limit(const std::string& name);
nlohmann::json violation(const std::string& call);  // "": known by its signal alone
nlohmann::json not_started(const std::string& subject, const std::string& error);
nlohmann::json fault(const std::string& stage, const std::string& operation, const std::string& subject,
                     const nlohmann::json& error, bool retryable);

}  // namespace evalrun::test
