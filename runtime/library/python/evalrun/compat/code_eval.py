"""The metric "code_eval" of Hugging Face's evaluate, in a sandbox.

`python3 -m evalrun.compat.code_eval` writes a folder code_eval. evaluate.load("code_eval") takes a folder of that
name in the current folder before the one of the Hub, so nothing else changes: not for lm-evaluation-harness, whose
tasks humaneval and mbpp load it either.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from math import comb
from pathlib import Path
from typing import Any, Iterable, Sequence

from .._engine import run_all
from .. import _examined
from . import _checked

__all__ = ["compute", "check_correctness", "pass_at_k", "write_folder"]

_METRIC = '''\
"""code_eval by evalrun. Written by `python3 -m evalrun.compat.code_eval`."""

import datasets
import evaluate

from evalrun.compat.code_eval import compute


class CodeEval(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description="pass@k of programs and their tests, each run in a sandbox by evalrun",
            citation="",
            inputs_description="predictions: for each task its candidates; references: for each task its tests",
            features=datasets.Features(
                {
                    "predictions": datasets.Sequence(datasets.Value("string")),
                    "references": datasets.Value("string"),
                }
            ),
        )

    def _compute(self, predictions, references, k=[1, 10, 100], num_workers=None, timeout=3.0):
        return compute(predictions, references, k, num_workers, timeout)
'''

_EXECUTE = '''\
"""check_correctness by evalrun. Written by `python3 -m evalrun.compat.code_eval`."""

from evalrun.compat.code_eval import check_correctness  # noqa: F401
'''


def check_correctness(check_program: str, timeout: float, task_id: Any, completion_id: Any) -> dict[str, Any]:
    """Runs one program with its tests in it. The signature is that of code_eval's own execute.py.

    The tests are part of the program, so a program that means to can forge a pass; compute() has them apart.
    Raises SandboxError if the sandbox failed.
    """
    outcome = run_all([_checked.job_of(check_program, timeout, "1GiB")])[0]
    return _result(_checked.verdict_of(outcome), task_id, completion_id)


def compute(
    predictions: Sequence[Sequence[str]],
    references: Sequence[str],
    k: Iterable[int] = (1, 10, 100),
    num_workers: int | None = None,
    timeout: float = 3.0,
) -> tuple[dict[str, float], dict[int, list[tuple[int, dict[str, Any]]]]]:
    """pass@k, and for each task what became of its candidates: what the metric's own compute() returns.

    The tests run in a sandbox of their own: no candidate can forge a pass (docs/tests.md). They take from a candidate
    what they use and do not define.

    num_workers: how many run at a time; without it, one for each processor of this process.
    """
    entries = [_examined.names_taken_by(tests) for tests in references]
    places = [(task, number) for task, candidates in enumerate(predictions) for number in range(len(candidates))]
    jobs = (
        _examined.job_of(predictions[task][number], references[task], entries[task], timeout, "1GiB")
        for task, number in places
    )
    results: dict[int, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for (task, number), outcome in zip(places, run_all(jobs, num_workers)):
        results[task].append((number, _result(_examined.verdict_of(outcome), task, number)))
    counts = [(len(of_task), sum(result["passed"] for _, result in of_task)) for of_task in results.values()]
    scores = {
        f"pass@{each}": sum(pass_at_k(total, right, each) for total, right in counts) / len(counts)
        for each in k
        if counts and all(total >= each for total, _ in counts)
    }
    return scores, results


def pass_at_k(total: int, right: int, k: int) -> float:
    """The chance that one of k candidates is right, if k of `total` are drawn, of which `right` are."""
    return 1.0 - comb(total - right, k) / comb(total, k)


def write_folder(folder: str | Path = "code_eval") -> Path:
    """Writes the folder that evaluate.load("code_eval") finds in the current folder."""
    made = Path(folder)
    made.mkdir(parents=True, exist_ok=True)
    (made / "code_eval.py").write_text(_METRIC)
    (made / "execute.py").write_text(_EXECUTE)
    return made


def _result(verdict: str, task_id: Any, completion_id: Any) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "passed": verdict == "passed",
        "result": verdict,
        "completion_id": completion_id,
    }


if __name__ == "__main__":
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and sys.argv[1].startswith("-")):
        sys.exit("usage: python3 -m evalrun.compat.code_eval [FOLDER]")
    print(write_folder(*sys.argv[1:]))
