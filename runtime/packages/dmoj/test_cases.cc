#include "runtime/packages/dmoj/test_cases.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "runtime/core/text.h"
#include "runtime/packages/dmoj/case_names.h"

namespace evalrun::packages::dmoj {
namespace {

using problem::Child;

class CaseReader {
 public:
  CaseReader(Reading& reading, WholeFile& whole) : reading_(reading), whole_(whole) {}

  void read(MapReader& yaml) {
    const YamlPointer pretests = yaml.take("pretest_test_cases");
    if (pretests != nullptr) {
      is_pretest_ = true;
      read_list(pretests, "pretest_test_cases", whole_.settings);
      is_pretest_ = false;
    }
    const YamlPointer node = yaml.take("test_cases");
    if (node != nullptr && node->kind == YamlNode::Kind::List) return read_list(node, "test_cases", whole_.settings);
    MapReader inner(node, kInitFile, reading_.findings, "test_cases.");
    const std::string input_names = inner.text("input_format").value_or(kDmojInputNames);
    const std::string output_names = inner.text("output_format").value_or(kDmojOutputNames);
    const std::vector<std::string> points = inner.words("case_points").value_or(std::vector<std::string>{});
    inner.finish();
    const auto inputs = files_by_id(inner, "input_format", input_names);
    const auto outputs = files_by_id(inner, "output_format", output_names);
    find_cases(whole_.settings, points, inputs, outputs);
  }

 private:
  // The batch and the case in it; a case of no batch stands where a batch of its number would.
  using Place = std::pair<DmojId, std::optional<DmojId>>;
  using FilesById = std::map<Place, std::string>;

  FilesById files_by_id(MapReader& yaml, const std::string& key, const std::string& expression) {
    FilesById files;
    try {
      const DmojNamePattern pattern(expression);
      for (const std::string& path : reading_.tree.files_below("")) {
        if (path.starts_with("tests/")) continue;
        const auto name = pattern.match(path);
        if (!name) continue;
        files.try_emplace(name->batch ? Place{*name->batch, name->case_id} : Place{name->case_id, std::nullopt}, path);
      }
    } catch (const std::invalid_argument& wrong) {
      yaml.error(key, wrong.what());
    }
    return files;
  }

  void read_list(const YamlPointer& list, const std::string& key, const Settings& settings) {
    if (list->kind != YamlNode::Kind::List) {
      reading_.findings.error(list->where, key + ": expected a list of cases, not " + kind_of(*list));
      return;
    }
    for (const YamlPointer& item : list->items) {
      const bool has_batch =
          item->kind == YamlNode::Kind::Map &&
          std::ranges::any_of(item->pairs, [](const auto& pair) { return pair.first->text == "batched"; });
      if (has_batch) {
        read_batch(item, settings);
      } else {
        read_case(item, settings, 0);
      }
    }
  }

  problem::GroupIndex add_batch() {
    const problem::GroupIndex index = reading_.problem.groups.size();
    reading_.problem.groups[0].children.push_back({Child::Kind::Group, index});
    reading_.problem.groups.emplace_back().name = "batch " + std::to_string(++batches_);
    problem::Scoring& scoring = reading_.problem.groups[index].scoring;
    scoring.score = problem::ScoreRule::Minimum;
    scoring.after_rejection = problem::AfterRejection::Stop;
    scoring.case_score = problem::OwnPoints{};
    scoring.rejected_counts = true;
    scoring.verdict = problem::VerdictRule::WorstFlag;
    return index;
  }

  void read_batch(const YamlPointer& item, const Settings& inherited) {
    MapReader yaml(item, kInitFile, reading_.findings);
    Settings settings = inherited;
    read_common(reading_, yaml, settings, whole_.default_generator_args);
    const problem::GroupIndex index = add_batch();
    batch_groups_.push_back(index);
    read_dependencies(yaml, index);
    const YamlPointer cases = yaml.take("batched");
    yaml.finish();
    if (cases == nullptr || cases->kind != YamlNode::Kind::List || cases->items.empty()) {
      yaml.error("batched", "expected a list of cases, and at least one");
      return;
    }
    for (const YamlPointer& one : cases->items) read_case(one, settings, index);
  }

  // Numbers of earlier batches; the first is 1.
  void read_dependencies(MapReader& yaml, problem::GroupIndex index) {
    const auto words = yaml.words("dependencies");
    if (!words) return;
    for (const std::string& word : *words) {
      const auto number = whole_number(word);
      if (!number || *number < 1 || *number >= static_cast<std::int64_t>(batch_groups_.size())) {
        yaml.error("dependencies", in_quotes(word) + " is no batch before this one, which is batch " +
                                       std::to_string(batch_groups_.size()) + "; batches are numbered from 1");
      } else {
        reading_.problem.groups[index].requires_groups.push_back(batch_groups_[static_cast<std::size_t>(*number - 1)]);
      }
    }
  }

  void read_case(const YamlPointer& item, const Settings& inherited, problem::GroupIndex group) {
    MapReader yaml(item, kInitFile, reading_.findings);
    Settings settings = inherited;
    read_common(reading_, yaml, settings, whole_.default_generator_args);
    if (yaml.has("batched")) yaml.error("batched", "a batch cannot lie in a batch; move it out");
    yaml.ignore({"batched"});
    yaml.finish();
    add_case(settings, group, yaml.where());
  }

  void add_case(const Settings& settings, problem::GroupIndex group, const SourcePosition& where) {
    problem::Case one;
    one.name = (is_pretest_ ? "pretest " : "") + std::to_string(reading_.problem.cases.size() + 1);
    one.points = is_pretest_ ? 0 : settings.points;
    one.checker = settings.checker;
    one.normal_newlines = !settings.binary;
    one.input_name = whole_.input_name;
    one.output_name = whole_.output_name;
    if (settings.in && settings.generator_args) {
      reading_.findings.error(where, "this case has in and generator_args; keep one of them");
    }
    if (settings.in) {
      one.input = file_named(*settings.in, "in", where);
    } else if (settings.generator) {
      problem::Generated generated;
      generated.generator = *settings.generator;
      const std::vector<std::string>& words =
          settings.generator_args ? *settings.generator_args : whole_.default_generator_args;
      if (!reading_.spend_words(words, where)) return;
      generated.arguments = words;
      generated.makes = settings.out ? problem::Generated::Makes::Input : problem::Generated::Makes::InputAndAnswer;
      if (settings.generator_in) generated.input = file_named(*settings.generator_in, "generator_in", where);
      one.generated = std::move(generated);
    } else if (settings.generator_in || settings.generator_args) {
      reading_.findings.error(where, "this case has words for a generator, and no generator; add generator");
    }
    if (settings.out) one.answer = file_named(*settings.out, "out", where);
    reading_.problem.groups[group].children.push_back({Child::Kind::Case, reading_.problem.cases.size()});
    reading_.problem.cases.push_back(std::move(one));
  }

  std::optional<problem::File> file_named(const std::string& name, const char* key, const SourcePosition& where) {
    if (reading_.tree.has_file(name)) return reading_.file_of(name);
    reading_.findings.error(
        where, std::string(key) + ": there is no file " + in_quotes(name) + " in the package or its archive; add it");
    return std::nullopt;
  }

  // Cases by the names of files, where none are listed.
  void find_cases(const Settings& settings, const std::vector<std::string>& points, const FilesById& inputs,
                  const FilesById& outputs) {
    problem::GroupIndex batch = 0;
    std::optional<DmojId> last;
    std::size_t next = 0;
    Settings one = settings;
    for (const auto& [place, input] : inputs) {
      const bool is_new = last != place.first || !place.second;
      if (is_new) {
        one.points = settings.points;
        if (next < points.size()) one.points = static_cast<double>(whole_number(points[next]).value_or(1));
        ++next;
        batch = 0;
      }
      if (is_new && place.second) batch = add_batch();
      last = place.first;
      one.in = input;
      const auto output = outputs.find(place);
      if (output == outputs.end()) {
        reading_.error(input, "this input has no answer; add a file of the same numbers, as in 1.in and 1.out");
        continue;
      }
      one.out = output->second;
      add_case(one, batch, {kInitFile, 0, 0});
    }
  }

  Reading& reading_;
  WholeFile& whole_;
  std::vector<problem::GroupIndex> batch_groups_;
  std::size_t batches_ = 0;
  bool is_pretest_ = false;
};

}  // namespace

void read_test_cases(Reading& reading, MapReader& yaml, WholeFile& whole) {
  CaseReader(reading, whole).read(yaml);
}

}  // namespace evalrun::packages::dmoj
