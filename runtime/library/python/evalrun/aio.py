"""Runs in an asyncio loop, without a thread: the loop watches the engine's descriptor.

    >>> import asyncio, evalrun.aio
    >>> async def main():
    ...     runs = [evalrun.aio.run(["python3", "-c", f"print({n})"], text=True) for n in range(3)]
    ...     return [run.stdout for run in await asyncio.gather(*runs)]
    >>> asyncio.run(main())
    ['0\\n', '1\\n', '2\\n']

Await as many at a time as you like: a loop runs one for each processor, and what waits for its turn is not measured.
Runner(jobs=N) runs more.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections import deque
from typing import Any, Mapping, Sequence

from ._engine import Engine, Outcome, check_descriptors
from ._job import Content, Job, Toml, Word
from ._result import CompletedRun
from ._settings import cpu_count

__all__ = ["run", "Runner"]


class Runner:
    """Runs programs in the running loop, so many at a time. It belongs to that loop.

    jobs: how many run at a time; without it, one for each processor of this process.
    """

    def __init__(
        self, jobs: int | None = None, *, outside_uid: int | None = None, prepared: int | None = None
    ) -> None:
        # The two last are for this package alone.
        self._jobs = cpu_count() if jobs is None else jobs
        if self._jobs < 1:
            raise ValueError(f"expected at least one job at a time, found {jobs}")
        check_descriptors(self._jobs)
        self._outside_uid, self._prepared = outside_uid, prepared
        self._engine: Engine | None = None
        self._live = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        # Not held: a loop that goes takes its runner along.
        self._loop: weakref.ref[asyncio.AbstractEventLoop] | None = None

    async def run(self, job: Job) -> CompletedRun[Any]:
        """What the job came to. Raises PlanError and SandboxError. Cancelling it ends the program."""
        loop = asyncio.get_running_loop()
        await self._take_place(loop)
        done: asyncio.Future[CompletedRun[Any]] = loop.create_future()

        def deliver(outcome: Outcome) -> None:
            if done.done():
                return
            if isinstance(outcome, Exception):
                done.set_exception(outcome)
            else:
                done.set_result(outcome)

        try:
            engine = self._usable_engine()
            number = engine.start(job, deliver)
            if engine.running == 1:
                loop.add_reader(engine.fileno(), self._turn, loop, engine)
            # What happened during the start need not make the descriptor readable.
            loop.call_soon(self._turn, loop, engine)
        except BaseException:
            self._leave_place()
            raise
        try:
            return await done
        except asyncio.CancelledError:
            engine.kill(number)
            raise
        finally:
            self._leave_place()

    async def _take_place(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is None:
            self._loop = weakref.ref(loop)
        elif self._loop() is not loop:
            raise RuntimeError("the runner belongs to another loop")
        if self._live < self._jobs:
            self._live += 1
            return
        place: asyncio.Future[None] = loop.create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave_place()  # it was given at the same moment
            raise

    def _leave_place(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._live -= 1

    def _usable_engine(self) -> Engine:
        if self._engine is None or not self._engine.is_usable:
            prepared = min(self._jobs, cpu_count()) if self._prepared is None else self._prepared
            self._engine = Engine(prepared=prepared, outside_uid=self._outside_uid)
        return self._engine

    def _turn(self, loop: asyncio.AbstractEventLoop, engine: Engine) -> None:
        if not engine.is_usable or engine.running == 0:
            return
        descriptor = engine.fileno()
        engine.turn(0)
        if not engine.is_usable or engine.running == 0:
            loop.remove_reader(descriptor)

    def close(self) -> None:
        """Kills what runs, and waits for that. Runs that are awaited are awaited in vain."""
        engine, self._engine = self._engine, None
        if engine is not None and engine.is_usable:
            loop = None if self._loop is None else self._loop()
            if engine.running and loop is not None and not loop.is_closed():
                loop.remove_reader(engine.fileno())
            engine.close()


_runners: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Runner] = weakref.WeakKeyDictionary()


async def run(
    argv: Sequence[Word] | None = None,
    *,
    input: str | bytes | None = None,
    timeout: float | str | None = None,
    cpu: float | str | None = None,
    memory: int | str | None = None,
    image: str | None = None,
    files: Mapping[str, Content] | None = None,
    fetch: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    plan: str | os.PathLike[str] | Toml | None = None,
    keys: Mapping[str, Any] | None = None,
    check: bool = False,
    text: bool = False,
    encoding: str | None = None,
    errors: str | None = None,
    report: bool = False,
) -> CompletedRun[Any]:
    """As evalrun.run(), in the running loop. Cancelling it ends the program.

    Each loop runs one program for each processor of this process at a time; more wait for their turn, and that is
    not measured. Your own code must not block the loop: programs are limited and their output is read in it.
    """
    loop = asyncio.get_running_loop()
    runner = _runners.get(loop)
    if runner is None:
        runner = _runners[loop] = Runner()
    done = await runner.run(
        Job(argv, input, timeout, cpu, memory, image, files, fetch, env, plan, keys, text, encoding, errors, report)
    )
    if check:
        done.check_returncode()
    return done
