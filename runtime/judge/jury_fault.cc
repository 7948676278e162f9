#include "runtime/judge/jury_fault.h"

#include "runtime/core/text.h"

namespace evalrun::judge {
namespace {

constexpr std::size_t kMostInWords = 400;  // of standard error, in a message

}  // namespace

std::string describe(const JuryFault& fault) {
  std::string text = fault.program + ": " + fault.what;
  if (!fault.argv.empty()) {
    text += "; argv:";
    for (const std::string& word : fault.argv) text += " " + word;
  }
  std::string said = fault.error_output.substr(0, kMostInWords);
  while (said.ends_with('\n') || said.ends_with('\r') || said.ends_with(' ')) said.pop_back();
  text += "; stderr: ";
  // Of many lines one: each stays readable.
  for (const char c : said) c == '\n' ? text += " | " : text += c;
  if (said.empty()) text += "empty";
  return one_line(text);
}

JuryFault fault_of_compile_step(const JuryProgram& program, const CompileGrade& failure) {
  return {program.name, program.compile ? program.compile->argv : std::vector<std::string>{},
          "it does not compile: " + failure.message, failure.run.error_output.kept.substr(0, kMostOfJurysErrors)};
}

}  // namespace evalrun::judge
