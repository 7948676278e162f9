#include "runtime/judge/jury_call.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/core/text.h"
#include "runtime/core/trimmed.h"
#include "runtime/judge/artefacts.h"
#include "runtime/judge/verdict.h"
#include "runtime/problem/comparison.h"
#include "runtime/supervise/collect.h"

namespace evalrun::judge {
namespace {

using problem::Convention;

// What is read of one feedback file; more is cut.
constexpr std::size_t kMostOfMessage = std::size_t{16} << 10;
constexpr std::size_t kMostOfNumber = 256;
constexpr std::uint64_t kMostOfFeedback = std::uint64_t{8} << 20;

std::string in_work(const char* path) {
  return std::string("/work/") + path;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// DMOJ's format is a command line, whose words may be quoted as in a shell.
std::vector<std::string> formatted(const std::string& format) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  for (std::size_t i = 0; i <= format.size(); ++i) {
    const char c = i < format.size() ? format[i] : ' ';
    const bool is_end = i == format.size() || (quote == 0 && (c == ' ' || c == '\t' || c == '\n'));
    if (is_end) {
      if (!word) continue;
      *word = replaced(*word, "{input_file}", in_work(kJuryInput));
      *word = replaced(*word, "{output_file}", in_work(kJuryOutput));
      *word = replaced(*word, "{answer_file}", in_work(kJuryAnswer));
      words.push_back(std::move(*word));
      word.reset();
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      if (!word) word.emplace();
    } else {
      if (!word) word.emplace();
      *word += c;
    }
  }
  return words;
}

std::vector<std::string> arguments_by_convention(Convention convention, JuryTask task) {
  const std::string input = in_work(kJuryInput);
  const std::string answer = in_work(kJuryAnswer);
  const std::string output = in_work(kJuryOutput);
  const bool interacts = task == JuryTask::Interact;
  if (task == JuryTask::ValidateSource) return {in_work(kJuryFeedback)};
  if (task == JuryTask::ValidateInput) {
    return reads_input_from_stdin(convention) ? std::vector<std::string>{} : std::vector<std::string>{input};
  }
  switch (convention) {
    case Convention::Kattis: return {input, answer, in_work(kJuryFeedback)};
    case Convention::Testlib: return {input, output, answer};
    case Convention::DmojDefault:
      return interacts ? std::vector<std::string>{input, answer} : std::vector<std::string>{input, output, answer};
    case Convention::DmojTestlib:
    case Convention::DmojCoci: return {input, interacts ? "/dev/null" : output, answer};
    case Convention::DmojPeg:
      return interacts ? std::vector<std::string>{answer, input} : std::vector<std::string>{answer, output, input};
    case Convention::DmojPython: return {output, answer, input};
    case Convention::Cms:
      return interacts ? std::vector<std::string>{} : std::vector<std::string>{input, answer, output};
  }
  return {};
}

struct FeedbackFile {
  bool is_there = false;
  bool is_usable = true;  // a regular file
  bool is_cut = false;
  std::string text;
};

FeedbackFile read_feedback(int work, const char* name, std::size_t most) {
  FeedbackFile file;
  if (work < 0) return file;
  const supervise::WorkFileOpened opened = supervise::open_in_work(work, std::string(kJuryFeedback) + name);
  if (!opened.descriptor) {
    file.is_there = opened.error != ENOENT && opened.error != ENOTDIR;
    file.is_usable = false;
    return file;
  }
  file.is_there = true;
  static_cast<void>(supervise::read_bytes(opened, most + 1, file.text));  // what cannot be read is as if not written
  file.is_cut = file.text.size() > most;
  file.text.resize(std::min(file.text.size(), most));
  return file;
}

JuryWord fault(std::string why) {
  JuryWord word;
  word.says = JuryWord::Says::Fault;
  word.fault = std::move(why);
  return word;
}

// The number of a score file, or why it is none.
std::optional<double> number_in(const FeedbackFile& file, const char* name, std::string& why) {
  const std::optional<double> number =
      file.is_usable && !file.is_cut ? problem::decimal_number(trimmed(file.text)) : std::nullopt;
  if (!number) {
    why = std::string(name) + " holds " +
          (file.is_usable ? in_quotes(trimmed(file.text.substr(0, 40))) + ", which is no number"
                          : "no text: it is no file");
  }
  return number;
}

void read_scores(JuryWord& word, int work, JuryScores scores) {
  if (scores == JuryScores::None) return;
  const FeedbackFile score = read_feedback(work, "score.txt", kMostOfNumber);
  const FeedbackFile multiplier = read_feedback(work, "score_multiplier.txt", kMostOfNumber);
  if (score.is_there && multiplier.is_there) {
    word = fault("it wrote both score.txt and score_multiplier.txt");
    return;
  }
  std::string why;
  if (score.is_there) word.score = number_in(score, "score.txt", why);
  if (multiplier.is_there) word.multiplier = number_in(multiplier, "score_multiplier.txt", why);
  if (why.empty() && word.multiplier && (*word.multiplier < 0 || *word.multiplier > 1)) {
    why = "score_multiplier.txt holds " + in_quotes(trimmed(multiplier.text)) + ", which is not between 0 and 1";
  }
  if (why.empty() && scores == JuryScores::MustBeWritten && word.says == JuryWord::Says::Accept && !score.is_there &&
      word.next_pass == NextPass::None) {
    why = "it accepts and writes no score.txt, which \"validation: custom score\" asks for";
  }
  if (!why.empty()) word = fault(why);
}

JuryWord word_of_kattis(int code, int work, JuryScores scores) {
  if (code != 42 && code != 43) {
    return fault("exited with code " + std::to_string(code) + ", where 42 accepts and 43 rejects");
  }
  JuryWord word;
  word.says = code == 42 ? JuryWord::Says::Accept : JuryWord::Says::Reject;
  const FeedbackFile next = read_feedback(work, "nextpass.in", 0);
  word.next_pass = !next.is_there ? NextPass::None : next.is_usable ? NextPass::File : NextPass::NotAFile;
  if (word.says == JuryWord::Says::Accept) read_scores(word, work, scores);
  if (word.says == JuryWord::Says::Reject && scores == JuryScores::MayBeWritten) {
    // Only DOMjudge's groups look at it. A file that is no score makes no judge error of a rejection.
    JuryWord with_score = word;
    read_scores(with_score, work, scores);
    if (with_score.says == JuryWord::Says::Reject) word = with_score;
  }
  return word;
}

// "points 12", "partial 3/5": what follows the word, in the text's first line that has it.
std::optional<std::string> after_word(const std::string& text, const std::string& word) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = trimmed(text.substr(begin, end - begin));
    if (line.starts_with(word + " ")) return trimmed(line.substr(word.size() + 1));
    begin = end + 1;
  }
  return {};
}

std::string first_word(const std::string& text) {
  return text.substr(0, text.find_first_of(" \t\r\n"));
}

JuryWord scored(double part, double of) {
  JuryWord word;
  word.share = of > 0 ? std::clamp(part / of, 0.0, 1.0) : 0.0;
  word.says = *word.share > 0 ? JuryWord::Says::Accept : JuryWord::Says::Reject;
  return word;
}

JuryWord rejected(Rejection how) {
  JuryWord word;
  word.says = JuryWord::Says::Reject;
  word.rejection = how;
  return word;
}

JuryWord accepted() {
  JuryWord word;
  word.says = JuryWord::Says::Accept;
  return word;
}

// DMOJ accepts what earns a part of the points, none too.
JuryWord partly_accepted(double share) {
  JuryWord word = accepted();
  word.share = std::clamp(share, 0.0, 1.0);
  return word;
}

// "partial X/Y" in whole numbers, and no more than all.
JuryWord word_of_coci(const std::string& said) {
  const std::string part = after_word(said, "partial").value_or("");
  const std::size_t slash = part.find('/');
  const auto is_whole = [](const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  };
  const std::string above = part.substr(0, slash);
  const std::string below = slash == std::string::npos ? "" : part.substr(slash + 1);
  const auto of = problem::decimal_number(below);
  if (!is_whole(above) || !is_whole(below) || !of || *of == 0) {
    return fault("exited with code 7 and wrote no \"partial X/Y\"");
  }
  const double share = problem::decimal_number(above).value_or(2) / *of;
  if (share > 1) return fault("it gives " + part + " of the case's points");
  return partly_accepted(share);
}

JuryWord word_of_testlib(int code, const std::string& said, double worth, Convention convention) {
  switch (code) {
    case 0: return accepted();
    case 1: return rejected(Rejection::WrongAnswer);
    case 2:
    case 4:
    case 8: return rejected(Rejection::Presentation);
    case 3: return fault("it failed (exit code 3): " + trimmed(said));
    case 7: break;
    default: return fault("exited with code " + std::to_string(code) + ", which testlib gives no meaning");
  }
  if (convention == Convention::DmojCoci) return word_of_coci(said);
  const std::optional<std::string> points = after_word(said, "points");
  const std::optional<double> number = points ? problem::decimal_number(first_word(*points)) : std::nullopt;
  if (!number) return fault("exited with code 7 and wrote no \"points N\"");
  if (*number < 0 || (worth > 0 && *number > worth)) {
    return fault("it gives " + first_word(*points) + " points to a case that is worth less");
  }
  return convention == Convention::DmojTestlib ? partly_accepted(worth > 0 ? *number / worth : 0)
                                               : scored(*number, worth);
}

// Two lines of numbers, what is earned and of how much, count with either exit code; without them the code decides.
JuryWord word_of_peg(int code, const std::string& output) {
  if (code != 0 && code != 1)
    return fault("exited with code " + std::to_string(code) + ", where 0 accepts and 1 rejects");
  std::optional<double> before;
  for (std::size_t begin = 0; begin < output.size();) {
    const std::size_t end = std::min(output.find('\n', begin), output.size());
    const std::optional<double> number = problem::decimal_number(trimmed(output.substr(begin, end - begin)));
    if (number && before && *number != 0 && *before / *number > 0) return partly_accepted(*before / *number);
    before = number;
    begin = end + 1;
  }
  return code == 0 ? accepted() : rejected(Rejection::WrongAnswer);
}

// What a checker writes on its standard streams. Those of a manager are the dialogue: it is run with files in their
// place (contest/package_tasks.cc).
struct CmsText {
  std::string output, errors;
};

CmsText cms_text(const supervise::RunResult& run, int work) {
  const FeedbackFile outcome = read_feedback(work, kManagerOutcome, kMostOfNumber);
  if (!outcome.is_there) return {run.output.kept, run.error_output.kept};
  return {outcome.text, read_feedback(work, kManagerText, kMostOfMessage).text};
}

// The outcome from 0 to 1 is the first line of standard output.
JuryWord word_of_cms(int code, const std::string& output) {
  if (code != 0) return fault("exited with code " + std::to_string(code));
  const std::string line = trimmed(output.substr(0, output.find('\n')));
  const std::optional<double> outcome = problem::decimal_number(line);
  if (!outcome || *outcome < 0 || *outcome > 1) {
    return fault("the first line of its output is " + in_quotes(line.substr(0, 40)) + ", no outcome from 0 to 1");
  }
  JuryWord word = scored(*outcome, 1);
  if (*outcome < 1) word.says = JuryWord::Says::Reject;
  return word;
}

std::string told_by_cms(const std::string& error_output) {
  const std::string line = trimmed(error_output.substr(0, error_output.find('\n')));
  if (line == "translate:success") return "output is correct";
  if (line == "translate:partial") return "output is partially correct";
  if (line == "translate:wrong") return "output is not correct";
  return line;
}

// The driver of DMOJ's Python modules (contest/dmoj_python.cc): 0 and 1, and the part of the points in a file.
JuryWord word_of_dmoj_python(int code, int work) {
  if (code != 0 && code != 1) return fault("the module failed (exit code " + std::to_string(code) + ")");
  JuryWord word = code == 0 ? accepted() : rejected(Rejection::WrongAnswer);
  const FeedbackFile share = read_feedback(work, "share", kMostOfNumber);
  std::string why;
  if (share.is_there) word.share = number_in(share, "the part of the points", why);
  if (why.empty() && word.share && (*word.share < 0 || *word.share > 1)) {
    why = "it gives " + std::to_string(*word.share) + " times the points of the case";
  }
  return why.empty() ? word : fault(why);
}

JuryWord word_of_exit(Convention convention, const supervise::RunResult& run, int code, int work, double worth,
                      JuryScores scores) {
  const std::string& said = run.error_output.kept;
  switch (convention) {
    case Convention::Kattis: return word_of_kattis(code, work, scores);
    case Convention::Testlib:
    case Convention::DmojTestlib:
    case Convention::DmojCoci: return word_of_testlib(code, said, worth, convention);
    case Convention::DmojPython: return word_of_dmoj_python(code, work);
    case Convention::DmojDefault:
      if (code == 0) return accepted();
      if (code == 1) return rejected(Rejection::WrongAnswer);
      return fault("exited with code " + std::to_string(code) + ", where 0 accepts and 1 rejects");
    case Convention::DmojPeg: return word_of_peg(code, run.output.kept);
    case Convention::Cms: return word_of_cms(code, cms_text(run, work).output);
  }
  return fault("");
}

}  // namespace

std::vector<std::string> from_another_folder(std::vector<std::string> argv, const std::vector<WorkFile>& files) {
  for (std::string& word : argv) {
    const bool is_relative = word == "." || word.starts_with("./");
    const bool is_file = std::ranges::find(files, word, &WorkFile::path) != files.end();
    if (is_relative || is_file) word = in_work(word.c_str());
  }
  return argv;
}

std::vector<std::string> jury_arguments(const JuryProgram& program, JuryTask task,
                                        const std::vector<std::string>& args) {
  std::vector<std::string> words = program.arguments_format.empty() ? arguments_by_convention(program.convention, task)
                                                                    : formatted(program.arguments_format);
  words.insert(words.end(), program.flags.begin(), program.flags.end());
  words.insert(words.end(), args.begin(), args.end());
  return words;
}

bool reads_output_from_stdin(Convention convention) {
  return convention == Convention::Kattis;
}

bool reads_input_from_stdin(Convention convention) {
  return convention != Convention::Cms;
}

namespace {

// What a package sets the limit by that the program has met.
std::string key_of_limit(Convention convention, const supervise::Outcome& outcome) {
  const auto* hit = std::get_if<supervise::LimitHit>(&outcome);
  if (hit == nullptr || convention != Convention::Kattis) return "";
  const bool is_time = hit->limit == supervise::Limit::Cpu || hit->limit == supervise::Limit::Wall;
  if (is_time) return "; limits.validation_time in problem.yaml sets it";
  return hit->limit == supervise::Limit::Memory ? "; limits.validation_memory in problem.yaml sets it" : "";
}

// A program that ends with a status of its own may have met a limit first.
std::string limits_met_by(const supervise::RunResult& run) {
  std::string text;
  for (const supervise::LimitMet& met : run.limits_met) text += "; it " + describe(met);
  return text;
}

}  // namespace

JuryWord word_of(Convention convention, const supervise::RunResult& run, const Limits& limits, int work, double worth,
                 JuryScores scores) {
  const auto* exited = std::get_if<supervise::Exited>(&run.outcome);
  JuryWord word = exited != nullptr ? word_of_exit(convention, run, exited->code, work, worth, scores)
                                    : fault(message_of(run, limits) + key_of_limit(convention, run.outcome));
  if (exited != nullptr && word.says == JuryWord::Says::Fault) word.fault += limits_met_by(run);
  if (convention == Convention::Kattis) {
    word.message = trimmed(read_feedback(work, "judgemessage.txt", kMostOfMessage).text);
    word.team_message = trimmed(read_feedback(work, "teammessage.txt", kMostOfMessage).text);
  } else if (convention == Convention::DmojPython) {
    word.message = trimmed(read_feedback(work, "message", kMostOfMessage).text);
  } else if (convention == Convention::Cms) {
    word.message = told_by_cms(cms_text(run, work).errors);
  } else {
    word.message = trimmed(run.error_output.kept.empty() ? run.output.kept : run.error_output.kept);
  }
  return word;
}

JuryWord word_of_input_validator(Convention convention, const supervise::RunResult& run, const Limits& limits) {
  const int accepting = convention == Convention::Kattis ? 42 : 0;
  if (const auto* exited = std::get_if<supervise::Exited>(&run.outcome)) {
    return exited->code == accepting ? accepted() : rejected(Rejection::WrongAnswer);
  }
  if (std::holds_alternative<supervise::Signaled>(run.outcome)) return rejected(Rejection::WrongAnswer);
  return fault(message_of(run, limits) + key_of_limit(convention, run.outcome));
}

std::vector<WorkFile> feedback_to_keep(int work) {
  Fd again(::fcntl(work, F_DUPFD_CLOEXEC, 0));
  if (!again) throw SystemError("fcntl", "/work of a jury program");
  const std::string feedback = kJuryFeedback;
  const Artefacts left(std::move(again), Plan{}, {});
  std::vector<WorkFile> kept;
  std::uint64_t all = 0;
  for (rootfs::CarriedFile& file : left.open()) {
    if (!file.path.starts_with(feedback) || file.path == feedback + "nextpass.in") continue;
    if (file.path == feedback + kFolderMark) continue;  // it is placed anew
    std::string content;
    std::array<char, std::size_t{64} << 10> piece;
    ssize_t count = 0;
    while ((count = ::read(file.descriptor.get(), piece.data(), piece.size())) > 0) {
      all += static_cast<std::uint64_t>(count);
      if (all > kMostOfFeedback) throw SystemError("keep", "the feedback of a pass", EFBIG);
      content.append(piece.data(), static_cast<std::size_t>(count));
    }
    kept.push_back({.path = file.path, .source = std::move(content), .mode = file.mode | 0600, .position = {}});
  }
  return kept;
}

}  // namespace evalrun::judge
