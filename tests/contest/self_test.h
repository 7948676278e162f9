// `evalrun judge PACKAGE --self-test` on packages of the tests' own making.
#pragma once

#include <sstream>
#include <string>

#include "tests/packages/support.h"
#include "tests/support/paths.h"

namespace evalrun::test {

inline Finished judge(const TemporaryFolder& folder, const std::vector<std::string>& words) {
  std::vector<std::string> argv = {evalrun().string(), "judge", folder.path().string()};
  argv.insert(argv.end(), words.begin(), words.end());
  return run_command(argv);
}

inline Finished self_test(const Files& files) {
  const TemporaryFolder folder;
  write_files(folder, files);
  return judge(folder, {"--self-test"});
}

// What the self-test says of a submission: "ok AC", "DIFFERS WA", "skipped"; with the score, where there is one: "ok AC
// 5".
inline std::string said_of(const Finished& done, const std::string& submission) {
  std::istringstream lines(done.output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string agreement, name, verdict, time, unit, word, score;
    words >> agreement >> name >> verdict >> time >> unit >> word >> score;
    if (agreement == "no") continue;
    if (name != submission) continue;
    if (agreement == "skipped") return agreement;
    return agreement + " " + verdict + (word == "score" ? " " + score : "");
  }
  return "not named in: " + done.output + done.error_output;
}

}  // namespace evalrun::test
