"""What a run came to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, AnyStr, Generic

from .errors import CalledProcessError, TimeoutExpired

_TIME_LIMITS = ("cpu", "wall", "idle")


@dataclass(frozen=True)
class CompletedRun(Generic[AnyStr]):
    """What a program did and what it cost. It can be pickled.

    args: the program and its arguments.
    returncode: the exit status; -N if signal N ended the program; -9 if evalrun ended it (`limit`, or verdict "SV");
        127 if it is no program.
    stdout, stderr: what it wrote, up to the limits; str if the run was asked for with `text`, else bytes.
    verdict: "OK", "RE" (it failed), "TLE", "MLE", "OLE" (time, memory, output), "SV" (it tried a forbidden call);
        of a plan with cases also "AC", "WA", "PE" and "CE". Never "IE": a sandbox that failed raises SandboxError.
    message: the verdict's reason, one sentence for people.
    outcome: "exited", "signaled", "limit", "violation" or "not_started".
    limit: the limit that ended it: "cpu", "wall", "idle", "memory", "output", ...; or None.
    signal: the signal that ended it, or None.
    cpu_time, wall_time: seconds. max_memory: bytes.
    score, score_max: points, of a plan with cases.
    files: the files that `fetch` asked for. file_errors: why a file of them is not there.
    key: what Job.key says.
    json: the whole result as `evalrun run` prints it, if the run was asked for with `report=True`, else "".
    """

    args: tuple[str | bytes, ...]
    returncode: int
    stdout: AnyStr
    stderr: AnyStr
    verdict: str
    message: str
    outcome: str
    limit: str | None
    signal: int | None
    cpu_time: float
    wall_time: float
    max_memory: int
    score: float = 0.0
    score_max: float = 0.0
    files: dict[str, bytes] = field(default_factory=dict)
    file_errors: dict[str, str] = field(default_factory=dict)
    key: Any = None
    json: str = field(default="", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the program ended well: it exited with 0, or every case was accepted."""
        return self.verdict in ("OK", "AC")

    @property
    def timed_out(self) -> bool:
        """Whether a limit of time ended it."""
        return self.limit in _TIME_LIMITS

    @property
    def report(self) -> dict[str, Any]:
        """The whole result, read from `json`. Empty if the run was not asked for with `report=True`."""
        read: dict[str, Any] = json.loads(self.json) if self.json else {}
        return read

    def check_returncode(self) -> None:
        """Raises TimeoutExpired or CalledProcessError if the program did not end well."""
        if self.ok:
            return
        raise TimeoutExpired(self) if self.timed_out else CalledProcessError(self)
