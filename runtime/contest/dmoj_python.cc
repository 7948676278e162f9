#include "runtime/contest/dmoj_python.h"

namespace evalrun::contest {
namespace {

// Its arguments: the module, the output, the answer, the input, the case's points and number, the seconds of CPU time
// and the KiB of memory. It exits with 0 or 1 as the convention has it (judge/jury_call.h) and with 3 for an error of
// the module's; a part of the points stands in judge/feedback/share.
constexpr const char* kDriver = R"PY(import importlib.util
import os
import sys
import traceback


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class Namespace:
    def __init__(self, **values):
        self.__dict__.update(values)


def main():
    module_file, output, answer, judge_input, points, number, seconds, memory = sys.argv[1:9]
    sys.path.insert(0, os.getcwd())
    from dmoj.result import CheckerResult, Result
    spec = importlib.util.spec_from_file_location('checker', module_file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    worth = float(points)
    worth = int(worth) if worth == int(worth) else worth
    process_output, judge_output, input_data = read(output), read(answer), read(judge_input)
    case = Namespace(points=worth, position=int(number), batch=None, output_prefix_length=64,
                     input_data=lambda: input_data, output_data=lambda: judge_output, has_binary_data=False,
                     config={})
    result = Result(case, 0, float(seconds), float(seconds), int(memory))
    result.proc_output = process_output
    language = read('judge/language').decode() if os.path.exists('judge/language') else ''
    source = read('judge/source') if os.path.exists('judge/source') else b''
    try:
        said = module.check(
            process_output, judge_output, submission_source=source, judge_input=input_data, point_value=worth,
            case_position=int(number), batch=None, submission_language=language, binary_data=False,
            execution_time=float(seconds), problem_id='', case=case, result=result)
    except UnicodeDecodeError:
        said = CheckerResult(False, 0, feedback='invalid unicode')
    if not isinstance(said, CheckerResult):
        said = CheckerResult(bool(said), worth if said else 0)
    with open('judge/feedback/share', 'w') as file:
        file.write('%.17g' % (said.points / worth if worth else (1 if said.passed else 0)))
    with open('judge/feedback/message', 'wb') as file:
        text = ': '.join(part for part in (said.feedback, said.extended_feedback) if part)
        file.write(text.encode('utf-8', 'replace'))
    return 0 if said.passed else 1


try:
    code = main()
except BaseException:
    traceback.print_exc()
    code = 3
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
)PY";

constexpr const char* kResult = R"PY(class Result:
    AC = 0
    WA = 1 << 0
    RTE = 1 << 1
    TLE = 1 << 2
    MLE = 1 << 3
    IR = 1 << 4
    SC = 1 << 5
    OLE = 1 << 6
    IE = 1 << 30

    def __init__(self, case=None, result_flag=0, execution_time=0, wall_clock_time=0, max_memory=0):
        self.case = case
        self.result_flag = result_flag
        self.execution_time = execution_time
        self.wall_clock_time = wall_clock_time
        self.max_memory = max_memory
        self.context_switches = (0, 0)
        self.runtime_version = ''
        self.proc_output = b''
        self.feedback = ''
        self.extended_feedback = ''
        self.points = 0

    @property
    def total_points(self):
        return self.case.points

    @property
    def output(self):
        return self.proc_output[:self.case.output_prefix_length].decode('utf-8', 'replace')


class CheckerResult:
    def __init__(self, passed, points, feedback=None, extended_feedback=None):
        assert isinstance(passed, bool)
        assert isinstance(points, (int, float))
        assert feedback is None or isinstance(feedback, str)
        assert extended_feedback is None or isinstance(extended_feedback, str)
        self.passed = passed
        self.points = points
        self.feedback = feedback
        self.extended_feedback = extended_feedback
)PY";

constexpr const char* kUnicode = R"PY(def utf8bytes(maybe_text):
    if maybe_text is None or isinstance(maybe_text, bytes):
        return maybe_text
    return maybe_text.encode('utf-8')


def utf8text(maybe_bytes, errors='strict'):
    if maybe_bytes is None or isinstance(maybe_bytes, str):
        return maybe_bytes
    return maybe_bytes.decode('utf-8', errors)
)PY";

// The same words on the same lines, where lines without a word do not count.
constexpr const char* kStandard = R"PY(from dmoj.utils.unicode import utf8bytes


def _lines(data):
    lines = utf8bytes(data).replace(b'\r', b'\n').split(b'\n')
    return [words for words in (line.split() for line in lines) if words]


def check(process_output, judge_output, **kwargs):
    return _lines(process_output) == _lines(judge_output)
)PY";

constexpr const char* kRstripped = R"PY(import re

from dmoj.utils.unicode import utf8bytes


def check(process_output, judge_output, filter_new_line=False, **kwargs):
    found = re.split(rb'[\r\n]', utf8bytes(process_output))
    wanted = re.split(rb'[\r\n]', utf8bytes(judge_output))
    if filter_new_line:
        found = [line for line in found if line]
        wanted = [line for line in wanted if line]
    return [line.rstrip() for line in found] == [line.rstrip() for line in wanted]
)PY";

WorkFile placed(const char* path, const char* text) {
  return {.path = path, .source = std::string(text), .mode = 0444, .position = {}};
}

}  // namespace

std::vector<WorkFile> dmoj_python_files() {
  return {placed(kDmojDriver, kDriver),
          placed("dmoj/__init__.py", ""),
          placed("dmoj/result.py", kResult),
          placed("dmoj/utils/__init__.py", ""),
          placed("dmoj/utils/unicode.py", kUnicode),
          placed("dmoj/checkers/__init__.py", ""),
          placed("dmoj/checkers/standard.py", kStandard),
          placed("dmoj/checkers/rstripped.py", kRstripped)};
}

std::optional<std::string> why_not_run(const std::string& module) {
  if (module.find("run_on_error") == std::string::npos) return {};
  return "run_on_error, a checker that looks at the output of a program that failed, is not supported for Python "
         "modules";
}

}  // namespace evalrun::contest
