"""Many programs, some at a time."""

from __future__ import annotations

import atexit
import os
import queue
import select
import threading
import warnings
import weakref
from collections import deque
from concurrent.futures import Future
from typing import Any, Callable, Iterable, Iterator, Literal, NamedTuple, Sequence, Union

from ._engine import Deliver, Engine, Outcome, check_descriptors
from ._job import Job, Word
from ._result import CompletedRun
from ._settings import cpu_count
from .errors import SandboxError, UsageError

AnyJob = Union[Job, Sequence[Word]]


class _Order(NamedTuple):
    job: Job
    deliver: Deliver


class _Supervisor:
    """A thread with an engine. It looks after what runs while whoever ordered it does something else."""

    def __init__(self, at_once: int) -> None:
        self.pid = os.getpid()
        self._at_once = at_once
        self._orders: deque[_Order] = deque()
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._lock = threading.Lock()  # of what follows
        self._is_asked_to_end = False
        self._is_woken = False
        self._thread = threading.Thread(target=self._serve, name="evalrun-pool", daemon=True)
        self._thread.start()

    def order(self, job: Job, deliver: Deliver) -> None:
        """`deliver` is called in the supervisor's thread."""
        with self._lock:
            if self._is_asked_to_end:
                raise UsageError("the pool is closed")
            self._orders.append(_Order(job, deliver))
            self._wake()

    def end(self) -> None:
        """Kills what runs, and waits for that. What was ordered and is not done is lost."""
        if self.pid != os.getpid():
            return  # the copy of a process that was forked
        with self._lock:
            self._is_asked_to_end = True
            self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            os.write(self._wake_write, b"x")

    def _serve(self) -> None:
        live: dict[int, _Order] = {}
        try:
            self._drive(live)
        except BaseException as error:  # ours; whoever waits must not wait for ever
            self._lose([*live.values()], SandboxError(f"the pool failed: {error!r}"))
            raise
        finally:
            os.close(self._wake_read)
            os.close(self._wake_write)

    def _drive(self, live: dict[int, _Order]) -> None:
        engine: Engine | None = None
        descriptor = -1
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        try:
            while True:
                if engine is None or not engine.is_usable:
                    if engine is not None:
                        poll.unregister(descriptor)
                    engine = Engine(prepared=self._at_once)
                    descriptor = engine.fileno()
                    poll.register(descriptor, select.POLLIN)
                while self._orders and len(live) < self._at_once:
                    self._start(engine, self._orders.popleft(), live)
                ready = {number for number, _ in poll.poll()}
                if self._wake_read in ready:
                    with self._lock:
                        os.read(self._wake_read, 1)
                        self._is_woken = False
                        if self._is_asked_to_end:
                            break
                if descriptor in ready:
                    engine.turn(0)
        finally:
            if engine is not None:
                engine.close()
        self._lose([*live.values()], SandboxError("the pool was closed before the run had ended", retryable=True))

    def _start(self, engine: Engine, order: _Order, live: dict[int, _Order]) -> None:
        number = 0

        def deliver(outcome: Outcome) -> None:
            live.pop(number, None)
            order.deliver(outcome)

        try:
            number = engine.start(order.job, deliver)
        except Exception as error:
            order.deliver(error)
            return
        live[number] = order

    def _lose(self, live: list[_Order], error: SandboxError) -> None:
        with self._lock:
            self._is_asked_to_end = True
        for order in [*live, *self._orders]:
            order.deliver(error)
        self._orders.clear()


class Pool:
    """Runs many programs, so many at a time.

        with evalrun.Pool(jobs=8) as pool:
            for run in pool.imap_unordered(evalrun.Job(["./a.out"], input=text, key=name) for name, text in cases):
                print(run.key, run.verdict)

    jobs: how many run at a time; without it, one for each processor of this process.

    A job is a Job, or argv alone. Sandboxes wait for their programs, locked down already, as in `evalrun batch`; of
    programs that follow each other with the same image and limits, only the first ones cost a set-up.

    The pool has one thread, which starts with the first job: limits hold and output is read while your own code is
    busy. It can be used from all threads. A process that is forked cannot use it. Pickled, as Ray does it, it is
    the same pool without anything that runs, and starts anew where it is used.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = cpu_count() if jobs is None else int(jobs)
        if self._jobs < 1:
            raise ValueError(f"expected at least one job at a time, found {jobs}")
        self._lock = threading.Lock()
        self._supervisor: _Supervisor | None = None
        self._is_closed = False

    @property
    def jobs(self) -> int:
        """How many run at a time."""
        return self._jobs

    def submit(self, job: AnyJob) -> Future[CompletedRun[Any]]:
        """Orders one run. The future's result() is its CompletedRun, or raises PlanError or SandboxError."""
        future: Future[CompletedRun[Any]] = Future()
        future.set_running_or_notify_cancel()

        def deliver(outcome: Outcome) -> None:
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self._order(job, deliver)
        return future

    def imap_unordered(self, jobs: Iterable[AnyJob], *, errors: Literal["raise", "return"] = "raise") -> Iterator[Any]:
        """The results as the runs end, from jobs as long as you like.

        A job is taken from `jobs` when there is room for it: no more than twice as many as run are taken and not yet
        returned. So neither a slow reader nor an endless generator fills the memory.

        errors: "raise" raises PlanError or SandboxError in place of the result of the job that it is of; the next
            call goes on with the others. "return" returns the exception instead; `key` of it is the job's key.
        """
        return _Results(self, iter(jobs), errors)

    def imap(self, jobs: Iterable[AnyJob], *, errors: Literal["raise", "return"] = "raise") -> Iterator[Any]:
        """The same in the order of the jobs. A result that is there waits for those in front of it."""
        return _OrderedResults(self, iter(jobs), errors)

    def map(self, jobs: Iterable[AnyJob], *, errors: Literal["raise", "return"] = "raise") -> list[Any]:
        """All results, in the order of the jobs."""
        return list(self.imap(jobs, errors=errors))

    def close(self) -> None:
        """Kills what runs, and waits for that. Runs that have not ended raise SandboxError where they are waited for."""
        with self._lock:
            self._is_closed = True
            supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.end()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Pool, (self._jobs,)

    def __del__(self) -> None:
        supervisor = getattr(self, "_supervisor", None)
        if supervisor is not None and supervisor.pid == os.getpid():
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self)
            supervisor.end()

    def _order(self, job: AnyJob, deliver: Deliver) -> None:
        with self._lock:
            if self._is_closed:
                raise UsageError("the pool is closed")
            if self._supervisor is None:
                check_descriptors(self._jobs)
                self._supervisor = _Supervisor(self._jobs)
                _close_at_exit(self)
            elif self._supervisor.pid != os.getpid():
                raise UsageError("the pool belongs to the process that this one was forked from; make another here")
            supervisor = self._supervisor
        supervisor.order(job if isinstance(job, Job) else Job(job), deliver)


def _close_at_exit(pool: Pool) -> None:
    """While the interpreter is still whole. The pool may go before."""
    close = _closer(weakref.ref(pool))
    weakref.finalize(pool, atexit.unregister, close).atexit = False
    atexit.register(close)


def _closer(reference: Callable[[], Pool | None]) -> Callable[[], None]:
    def close() -> None:
        pool = reference()
        if pool is not None and pool._supervisor is not None and pool._supervisor.pid == os.getpid():
            pool.close()

    return close


class _Results(Iterator[Any]):
    """In the order of completion. Unlike a generator it goes on after it has raised what one job came to."""

    def __init__(self, pool: Pool, jobs: Iterator[AnyJob], errors: str) -> None:
        if errors not in ("raise", "return"):
            raise ValueError(f'expected errors="raise" or "return", found {errors!r}')
        self._pool, self._jobs, self._errors = pool, jobs, errors
        self._done: queue.SimpleQueue[tuple[int, Outcome]] = queue.SimpleQueue()
        self._taken = self._returned = 0
        self._more = True

    def __next__(self) -> Any:
        self._fill()
        if self._taken == self._returned:
            raise StopIteration
        _, outcome = self._done.get()
        self._returned += 1
        return self._give(outcome)

    def _give(self, outcome: Outcome) -> Any:
        if isinstance(outcome, Exception) and self._errors == "raise":
            raise outcome
        return outcome

    def _fill(self) -> None:
        while self._more and self._taken - self._returned < 2 * self._pool.jobs:
            try:
                job = next(self._jobs)
            except StopIteration:
                self._more = False
                break
            self._pool._order(job, self._deliver_to(self._taken, job))
            self._taken += 1

    def _deliver_to(self, index: int, job: AnyJob) -> Deliver:
        done, key = self._done, job.key if isinstance(job, Job) else None

        def deliver(outcome: Outcome) -> None:
            if isinstance(outcome, Exception):
                outcome.key = key  # type: ignore[attr-defined]
            done.put((index, outcome))

        return deliver


class _OrderedResults(_Results):
    def __init__(self, pool: Pool, jobs: Iterator[AnyJob], errors: str) -> None:
        super().__init__(pool, jobs, errors)
        self._early: dict[int, Outcome] = {}

    def __next__(self) -> Any:
        self._fill()
        if self._taken == self._returned:
            raise StopIteration
        while self._returned not in self._early:
            index, outcome = self._done.get()
            self._early[index] = outcome
        outcome = self._early.pop(self._returned)
        self._returned += 1
        return self._give(outcome)
