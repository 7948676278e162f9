#include "runtime/packages/cms/read_cms.h"

#include <algorithm>
#include <set>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/core/trimmed.h"
#include "runtime/packages/cms/gen_file.h"
#include "runtime/packages/cms/scores.h"
#include "runtime/packages/cms/submissions.h"
#include "runtime/packages/cms/task_cases.h"
#include "runtime/packages/cms/task_kind.h"
#include "runtime/packages/reading/bounds.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {
namespace cms {
namespace {

constexpr const char* kTaskFile = "task.yaml";
constexpr double kMostMebibytes = 1 << 20;
constexpr std::int64_t kMostCases = 200'000;

// A name without folders, for a file that is made in a sandbox.
bool is_file_name(const std::string& name) {
  return is_usable_name(name);
}

class TaskReader {
 public:
  explicit TaskReader(Reading& reading)
      : reading_(reading), yaml_(reading.yaml_of(kTaskFile), kTaskFile, reading.findings) {}

  void read() {
    reading_.problem.format = problem::Format::Cms;
    reading_.problem.types.scoring = true;
    reading_.problem.groups.emplace_back();
    reading_.problem.groups[0].scoring.case_score = problem::OwnPoints{};
    reading_.problem.groups[0].scoring.rejected_counts = true;
    for (const char* define : {"c", "cpp"}) reading_.problem.compile_flags[define] = {"-DEVAL"};
    reading_.problem.compile_flags["pascal"] = {"-dEVAL"};
    read_names();
    ignore_the_contest();
    read_limits();
    gen_ = read_gen(reading_);
    const auto count = read_count();
    read_kind(reading_, yaml_);
    read_checker(reading_);
    const Streams streams = read_streams();
    const Makers makers = find_makers(reading_);
    if (count) {
      read_scores(reading_, yaml_, gen_, cases_of(reading_, gen_, *count, streams, makers));
      read_public(*count);
      note_more_inputs(*count);
    }
    read_submissions(reading_, gen_);
    yaml_.note_rest("is no key of CMS's and is not looked at");
  }

 private:
  // The first of the names that is there, as CMS's loader looks for them.
  std::string key_of(const char* english, const char* older) {
    const bool has_english = yaml_.has(english);
    const bool has_older = yaml_.has(older);
    yaml_.ignore({english, older});
    if (has_english && has_older) {
      yaml_.error(older, std::string("stands beside ") + english + ", which means the same; remove one of them");
    }
    return has_english || !has_older ? english : older;
  }

  void read_names() {
    const std::string key = key_of("name", "nome_breve");
    const auto name = yaml_.text(key);
    reading_.problem.name = reading_.problem.short_name;
    if (!name) {
      if (yaml_.take(key) == nullptr)
        reading_.findings.error(yaml_.where(), "name: is missing; CMS names submissions by it");
    } else if (!is_file_name(*name)) {
      yaml_.error(key, in_quotes(*name) + " is no name of a file; use letters, digits, '_', '-' and '.'");
    } else {
      reading_.problem.submission_name = *name;
      reading_.problem.name = *name;
    }
    const std::string title = key_of("title", "nome");
    if (auto text = yaml_.text(title)) reading_.problem.name = std::move(*text);
  }

  void ignore_the_contest() {
    yaml_.ignore({"primary_language",
                  "feedback_level",
                  "score_mode",
                  "score_precision",
                  "version",
                  "token_mode",
                  "token_max_number",
                  "token_min_interval",
                  "token_gen_initial",
                  "token_gen_number",
                  "token_gen_interval",
                  "token_gen_max",
                  "token_initial",
                  "token_gen_time",
                  "token_total",
                  "token_max",
                  "max_submission_number",
                  "max_user_test_number",
                  "min_submission_interval",
                  "min_user_test_interval",
                  "only_gen"});
  }

  void read_limits() {
    const std::string time = key_of("time_limit", "timeout");
    if (const auto limit = yaml_.number(time, 0.001, kMostSeconds)) reading_.problem.limits.time = seconds(*limit);
    const std::string memory = key_of("memory_limit", "memlimit");
    if (const auto limit = yaml_.number(memory, 0.001, kMostMebibytes)) {
      reading_.problem.limits.memory = Bytes{static_cast<std::uint64_t>(*limit * 1024 * 1024)};
    }
  }

  std::optional<std::size_t> read_count() {
    const bool is_given = yaml_.take("n_input") != nullptr;
    const auto count = yaml_.whole("n_input", 0, kMostCases);
    if (has_own_scores(yaml_)) return to_size(count);
    if (gen_) {
      const std::size_t lines = gen_->cases.size();
      if (lines > static_cast<std::size_t>(kMostCases)) {
        reading_.error(kGenFile, "has more than " + std::to_string(kMostCases) + " cases");
        return std::nullopt;
      }
      if (count && static_cast<std::size_t>(*count) != lines) {
        yaml_.error("n_input", "is " + std::to_string(*count) + ", and gen/GEN has " + std::to_string(lines) +
                                   " cases; correct one of them");
      }
      return lines;
    }
    if (reading_.tree.has_file(kGenFile)) return std::nullopt;  // what is wrong with it is told
    if (!is_given && reading_.tree.has_file("gen/cases.gen")) {
      reading_.error("gen/cases.gen", "is of task-maker's own and not supported; let task-maker write gen/GEN");
    } else if (!is_given) {
      std::size_t inputs = 0;
      while (reading_.tree.has_file("input/input" + std::to_string(inputs) + ".txt")) ++inputs;
      reading_.findings.error(yaml_.where(),
                              "n_input: is missing, and there is no gen/GEN; write " +
                                  (inputs == 0 ? "how many cases there are" : "n_input: " + std::to_string(inputs)));
    }
    return to_size(count);
  }

  static std::optional<std::size_t> to_size(const std::optional<std::int64_t>& count) {
    if (!count) return std::nullopt;
    return static_cast<std::size_t>(*count);
  }

  // Files instead of standard streams: "input.txt" and "output.txt", unless the task says otherwise. "" is a stream.
  Streams read_streams() {
    Streams streams;
    streams.input_name = stream("infile", "input.txt");
    streams.output_name = stream("outfile", "output.txt");
    if (reading_.problem.types.submit_answer || reading_.problem.interaction) {
      streams.input_name.clear();
      streams.output_name.clear();
    }
    return streams;
  }

  std::string stream(const char* key, const char* usual) {
    const auto name = yaml_.text(key);
    if (!name) return yaml_.has(key) ? "" : usual;
    if (name->empty() || is_file_name(*name)) return *name;
    yaml_.error(key, in_quotes(*name) + " is no name of a file in the working folder; write one without a '/'");
    return "";
  }

  // Inputs that no case is made of: n_input is wrong, or they are.
  void note_more_inputs(std::size_t count) {
    const std::string path = "input/input" + std::to_string(count) + ".txt";
    if (reading_.tree.has_file(path)) {
      reading_.note(path, "is not used, because there are " + std::to_string(count) + " cases, counted from 0");
    }
  }

  void read_public(std::size_t count) {
    const std::string key = key_of("public_testcases", "risultati");
    const auto words = yaml_.text(key);
    if (!words) return;
    std::set<std::string> names;
    if (*words == "all") {
      for (problem::Case& one : reading_.problem.cases) one.full_feedback = true;
      return;
    }
    for (std::size_t begin = 0; begin <= words->size() && !words->empty();) {
      const std::size_t end = std::min(words->find(',', begin), words->size());
      const std::string word = trimmed(std::string_view(*words).substr(begin, end - begin));
      begin = end + 1;
      const auto number = whole_number(word);
      if (!number || *number < 0 || static_cast<std::size_t>(*number) >= count) {
        yaml_.error(key, in_quotes(word) + " is no number of a case; cases are numbered from 0 to " +
                             std::to_string(count == 0 ? 0 : count - 1));
        return;
      }
      names.insert(codename(static_cast<std::size_t>(*number)));
    }
    for (problem::Case& one : reading_.problem.cases) one.full_feedback = names.contains(last_part(one.name));
  }

  Reading& reading_;
  MapReader yaml_;
  std::optional<Gen> gen_;
};

}  // namespace
}  // namespace cms

void read_cms(Reading& reading) {
  cms::TaskReader(reading).read();
}

}  // namespace evalrun::packages
