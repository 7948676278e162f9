"""Reward functions for reinforcement learning on code.

compute_score   verl: `custom_reward_function.path` of a file with `from evalrun.rewards import compute_score`
reward_func     OpenRLHF: `--remote_rm_url` of a file with `from evalrun.rewards import reward_func`
trl_reward      TRL: `GRPOTrainer(reward_funcs=evalrun.rewards.trl_reward, ...)`

All of them take tests as a mapping, or as JSON of it:

    {"inputs": ["1 2\\n", "3 4\\n"], "outputs": ["3\\n", "7\\n"]}          standard input and output
    {"fn_name": "add", "inputs": [[1, 2], [3, 4]], "outputs": [3, 7]}   a function, or a method of class Solution

What is expected never gets into the sandbox, and neither does the verdict: the tested code cannot read or forge them.
Tests that are assertions of Python run in the process of the code that they test, which can forge their outcome;
they are refused here.

A sandbox that fails raises SandboxError. It is never a reward of 0: the policy would be punished for the host.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence, Union

from ._engine import result_of, run_all
from ._job import Content, Job, Toml, toml_of

__all__ = ["compute_score", "reward_func", "trl_reward", "TrlReward", "grade", "extract_code", "Score"]

Tests = Union[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Language:
    image: str
    source: str
    is_compiled: bool
    fences: tuple[str, ...]


_LANGUAGES = {
    "python": _Language("python", "main.py", False, ("python", "py", "python3")),
    "c": _Language("c", "main.c", True, ("c",)),
    "cpp": _Language("cpp", "main.cpp", True, ("cpp", "c++")),
}

# Calls the function that it is told of, and writes its value. Whatever the solution prints goes nowhere.
_CALLER = '''\
import json, os, sys
name, arguments = json.load(sys.stdin)
answer = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
space = {"__name__": "solution"}
with open("main.py") as source:
    exec(compile(source.read(), "main.py", "exec"), space)
function = space[name] if name in space else getattr(space["Solution"](), name)
json.dump(function(*arguments), answer, sort_keys=True)
answer.close()
'''


@dataclass(frozen=True)
class Score:
    """What became of the tests of one solution.

    verdict: "AC" if it passed all, else that of the first test that it did not pass, or "CE".
    passed: whether it passed, test by test. Those that were not run any more count as not passed.
    """

    verdict: str
    message: str
    passed: tuple[bool, ...]

    @property
    def fraction(self) -> float:
        """The part of the tests that it passed."""
        return sum(self.passed) / len(self.passed)


def extract_code(text: str, language: str = "python") -> str:
    """The last fenced block of `text` in that language, else the last one without a language, else all of it."""
    fences = _LANGUAGES[language].fences
    blocks = re.findall(r"^[ \t]*```[ \t]*([^\s`]*)[^\n]*\n(.*?)^[ \t]*```", text, re.DOTALL | re.MULTILINE)
    for wanted in (fences, ("",)):
        named: list[str] = [body for name, body in blocks if name.lower() in wanted]
        if named:
            return named[-1]
    return text


def grade(
    solutions: Iterable[tuple[str, Tests]],
    *,
    language: str = "python",
    timeout: float = 10.0,
    memory: int | str = "1GiB",
    stop_at_first_failure: bool = False,
    at_once: int | None = None,
) -> list[Score]:
    """Runs each solution, a pair of code and tests, on its tests, and says what became of them.

    timeout: seconds of CPU time for each test. So much more may elapse that a busy host changes no verdict.
    at_once: how many run at a time; without it, one for each processor of this process.

    Output is compared word by word, values of functions as JSON. Raises SandboxError if a sandbox failed.
    """
    known = _LANGUAGES[language]
    limits = (timeout, memory, stop_at_first_failure)
    counts: list[int] = []

    def jobs() -> Iterable[Job]:
        for code, tests in solutions:
            read = _read(tests)
            counts.append(len(read["inputs"]))
            yield _job(known, code, read, *limits)

    outcomes = run_all(jobs(), at_once)
    return [_score(result_of(outcome).report, count) for outcome, count in zip(outcomes, counts)]


def _read(tests: Tests) -> Mapping[str, Any]:
    read = json.loads(tests) if isinstance(tests, str) else tests
    if not isinstance(read, Mapping) or "inputs" not in read or "outputs" not in read:
        known = sorted(read) if isinstance(read, Mapping) else type(read).__name__
        raise ValueError(
            f'expected tests with "inputs" and "outputs", found {known}; assertions would run in the process of the '
            "code that they test, which can forge their outcome"
        )
    if len(read["inputs"]) != len(read["outputs"]) or not read["inputs"]:
        raise ValueError(f"found {len(read['inputs'])} inputs and {len(read['outputs'])} outputs")
    return read


def _job(language: _Language, code: str, tests: Mapping[str, Any], timeout: float, memory: int | str, stop: bool) -> Job:
    files: dict[str, Content] = {language.source: code}
    name = tests.get("fn_name")
    lines = [f"image = {toml_of(language.image)}", f"source = {toml_of(language.source)}"]
    if name is not None:
        if language.image != "python":
            raise ValueError(f"functions are called in Python only, and this is for {language.image}")
        files["call.py"] = _CALLER
        lines[1] = 'source = "call.py"'
    lines += ["[checker]", f'kind = "{"tokens" if name is None else "exact"}"']
    if language.is_compiled:
        lines.append("[compile]")
    for given, expected in zip(tests["inputs"], tests["outputs"]):
        if name is None:
            stdin, answer = _text(given), _text(expected)
        else:
            stdin = json.dumps([name, _arguments(given)])
            answer = json.dumps(_value(expected), sort_keys=True)
        lines += ["[[case]]", f"stdin.base64 = {_base64(stdin)}", f"expect.base64 = {_base64(answer)}"]
    plan = Toml("\n".join(lines) + "\n")
    return Job(
        timeout=2 * timeout + 5,
        cpu=timeout,
        memory=memory,
        files=files,
        plan=plan,
        report=True,
        stop_at_first_failure=stop,
    )


def _text(value: Any) -> str:
    """Lines may come as a list of them, as in APPS."""
    return "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _arguments(given: Any) -> list[Any]:
    """A list of arguments, or lines of JSON with one each."""
    return [json.loads(line) for line in given.split("\n")] if isinstance(given, str) else list(given)


def _value(expected: Any) -> Any:
    return json.loads(expected) if isinstance(expected, str) else expected


def _base64(text: str) -> str:
    return f'"{base64.b64encode(text.encode()).decode()}"'


def _score(report: Mapping[str, Any], count: int) -> Score:
    passed = [case["verdict"] == "AC" for case in report.get("cases", [])]
    return Score(report["verdict"], report["message"], tuple(passed + [False] * (count - len(passed))))


def _points(scores: Sequence[Score], continuous: bool) -> list[float]:
    return [score.fraction if continuous else float(all(score.passed)) for score in scores]


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Tests,
    extra_info: Mapping[str, Any] | None = None,
    *,
    language: str = "python",
    continuous: bool = False,
    timeout: float = 10.0,
    memory: int | str = "1GiB",
    **_: Any,
) -> float:
    """verl's reward function: 1.0 if the code in `solution_str` passes all tests of `ground_truth`, else 0.0.

    continuous: whether a solution gets the part of the tests that it passes.

    Raises SandboxError if a sandbox failed, and ValueError for tests that it does not know.
    """
    scores = grade(
        [(extract_code(solution_str, language), ground_truth)],
        language=language,
        timeout=timeout,
        memory=memory,
        stop_at_first_failure=not continuous,
    )
    return _points(scores, continuous)[0]


class TrlReward:
    """A reward function for TRL's trainers, with settings. It can be pickled.

    column: the column of the data set that holds the tests.
    The other settings are those of compute_score().
    """

    def __init__(
        self,
        column: str = "ground_truth",
        *,
        language: str = "python",
        continuous: bool = False,
        timeout: float = 10.0,
        memory: int | str = "1GiB",
    ) -> None:
        self.__name__ = "evalrun_reward"  # what TRL logs it as
        self.column, self.language, self.continuous = column, language, continuous
        self.timeout, self.memory = timeout, memory

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """One reward for each completion, a text or a list of messages; None where there are no tests."""
        if self.column not in columns:
            raise ValueError(f'expected a column "{self.column}" with the tests, found {sorted(columns)}')
        tests = columns[self.column]
        rewards: list[float | None] = [None] * len(completions)
        tested = [index for index, each in enumerate(tests) if each is not None]
        scores = grade(
            [(extract_code(_said(completions[index]), self.language), tests[index]) for index in tested],
            language=self.language,
            timeout=self.timeout,
            memory=self.memory,
            stop_at_first_failure=not self.continuous,
        )
        for index, points in zip(tested, _points(scores, self.continuous)):
            rewards[index] = points
        return rewards


def _said(completion: Any) -> str:
    if isinstance(completion, str):
        return completion
    return str(completion[-1]["content"])


trl_reward = TrlReward()


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Tests], **_: Any) -> dict[str, Any]:
    """OpenRLHF's reward function: labels are the tests. The values are tensors if torch is loaded, else lists."""
    solutions = []
    for query, prompt, tests in zip(queries, prompts, labels):
        answer = query[len(prompt) :] if query.startswith(prompt) else query
        solutions.append((extract_code(answer), tests))
    scores = grade(solutions)
    rewards = _tensor(_points(scores, continuous=False))
    fractions = _tensor([score.fraction for score in scores])
    return {"rewards": rewards, "scores": rewards, "extra_logs": {"tests_passed": fractions}}


def _tensor(values: list[float]) -> Any:
    torch = sys.modules.get("torch")
    return values if torch is None else torch.tensor(values)
