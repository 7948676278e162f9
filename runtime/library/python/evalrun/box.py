"""A box: files that stay from run to run, for an agent or an exercise of several commands.

    >>> import asyncio, evalrun.box
    >>> async def main():
    ...     with evalrun.box.Box() as box:
    ...         await box.run(["sh", "-c", "echo one > notes"])
    ...         return (await box.run(["cat", "notes"])).stdout
    >>> asyncio.run(main())
    b'one\\n'

A box is two folders of the host: /box, in which programs start, and /tmp. Each run is a sandbox of its own, and all
of its processes end with it; what it leaves in the two folders is there for the next one. Nothing else is: no process,
no socket, no FIFO.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import posixpath
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

from ._job import Job, Toml, Word
from ._result import CompletedRun
from .aio import Runner
from .errors import Error, PlanError, SandboxError

__all__ = ["Box", "BoxFull"]

# What the box's own commands end with.
_IS_FOLDER, _IS_REFUSED, _IS_MISSING, _IS_SPECIAL = 81, 82, 83, 84

_READ = f"""
if [ -d "$1" ]; then exit {_IS_FOLDER}; fi
if ! [ -e "$1" ]; then exit {_IS_MISSING}; fi
if ! [ -f "$1" ]; then exit {_IS_SPECIAL}; fi
if ! [ -r "$1" ]; then exit {_IS_REFUSED}; fi
exec cat -- "$1"
"""
_WRITE = f"""
if [ -d "$1" ]; then exit {_IS_FOLDER}; fi
if [ -e "$1" ] && ! [ -f "$1" ]; then exit {_IS_SPECIAL}; fi
mkdir -p -- "$(dirname -- "$1")" || exit {_IS_REFUSED}
if [ -e "$1" ] && ! [ -w "$1" ]; then exit {_IS_REFUSED}; fi
exec cat > "$1"
"""

# A sandbox that fails at these has been asked for a program, or a folder, that is not there.
_OF_THE_PROGRAM = (("exec", "execve"), ("enter", "chdir"))

# Where root's boxes find a uid of their own: below those that single runs have.
_FIRST_UID, _UIDS = 1_899_000_000, 65_536
_BUSY_WAIT, _BUSY_TRIES = 0.1, 600

# What programs see of it, at / under the same names.
_FOLDERS = ("box", "tmp")

# More is given as a file.
_LARGE_INPUT = 64 << 10


class BoxFull(Error, OSError):
    """A run was ended because the box held more than its `disk` or its `inodes`, and had grown. `run` is None."""


class Box:
    """Files that stay from run to run. One run at a time: others wait, and that is not measured.

    image: what programs find in their file system.
    memory, processes: the limits of each run, as of evalrun.run().
    disk, inodes: what the box may hold. They are counted while a program runs, several times a second, so that a fast
        program may pass them by what it writes meanwhile; no file is larger than `disk` in any case.
    plan: a plan's file, or Toml("its text"), that says more of the runs; keys: any key of a plan.
    folder: where its two folders are; without it, a temporary one that is removed with the box.

    Runs of an ordinary user have that user's uid; those of root have a uid that root's own boxes alone have.
    """

    def __init__(
        self,
        *,
        image: str | None = None,
        memory: int | str = "1GiB",
        processes: int = 256,
        disk: int = 1 << 30,
        inodes: int = 100_000,
        plan: str | os.PathLike[str] | Toml | None = None,
        keys: Mapping[str, Any] | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self._image = image if image is not None or plan is not None else "bash"
        self._plan = plan
        self._disk, self._inodes = disk, inodes
        self._is_temporary = folder is None
        self._folder = Path(tempfile.mkdtemp(prefix="evalrun-box-") if folder is None else folder).resolve()
        self._uid = self._make_folders()
        self._input = self._folder / "input"  # beside what programs see
        self._keys: dict[str, Any] = {
            "cwd": "/box",
            "limits.processes": processes,
            "limits.file_size": f"{disk}B",
            "limits.open_files": 1024,
            "limits.cpus": "any",
            "seccomp.profile": "compatible",
            "mount": [
                {"bind": str(self._folder / name), "at": f"/{name}", "write": True, "exec": True}
                for name in _FOLDERS
            ],
            **(keys or {}),
        }
        self._memory = memory
        self._runner = Runner(1, outside_uid=self._uid, prepared=0)
        self._lock = asyncio.Lock()

    @property
    def folder(self) -> Path:
        """Where /box is on the host. A program may have put any link there: open nothing in it by its name."""
        return self._folder / "box"

    def __enter__(self) -> Box:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends what runs, and removes the files if the box had a folder of its own."""
        self._runner.close()
        if self._is_temporary:
            _remove_tree(self._folder)

    async def run(
        self,
        argv: Sequence[Word],
        *,
        input: str | bytes | None = None,
        timeout: float | None = None,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        output: int = 16 << 20,
    ) -> CompletedRun[bytes]:
        """Runs one program in the box, and returns what it did. Cancelling it ends the program.

        timeout: seconds; without it, a day.
        cwd: where it starts; relative to /box.
        output: how many bytes it may write on standard output, and on standard error: one that writes more is ended (OLE).

        Raises, as subprocess.run does, FileNotFoundError or PermissionError if the program cannot be executed, or if it
        cannot start in `cwd`; PlanError if it cannot be run as it is asked for, SandboxError if the sandbox failed, and
        BoxFull.
        """
        most = 86_400.0 if timeout is None else timeout
        keys = {
            **self._keys,
            "limits.wall": f"{round(most * 1000)}ms",
            "limits.cpu": "24h",
            "limits.output": {"stdout": f"{output}B", "stderr": f"{output}B"},
        }
        if cwd is not None:
            keys["cwd"] = inside(cwd)
        environment = {"HOME": "/box", **(env or {})}
        given = input.encode() if isinstance(input, str) else input
        large = given if given is not None and len(given) > _LARGE_INPUT else None
        if large is not None:
            keys["stdin"] = {"file": str(self._input)}
        job = Job(
            argv,
            None if large is not None else given,
            memory=self._memory,
            image=self._image,
            env=environment,
            plan=self._plan,
            keys=keys,
            report=True,
        )
        async with self._lock:
            before = self._clean()
            if large is not None:
                self._input.write_bytes(large)
            run = asyncio.ensure_future(self._run_when_free(job))
            watch = asyncio.ensure_future(self._watch(before))
            try:
                await asyncio.wait({run, watch}, return_when=asyncio.FIRST_COMPLETED)
                if not run.done():
                    raise watch.exception() or BoxFull("the box is full")
                return _started(run.result(), argv)
            except PlanError as error:
                if error.plan_key != "argv":
                    raise
                raise FileNotFoundError(errno.ENOENT, str(error), os.fsdecode(argv[0])) from None
            except SandboxError as error:
                if error.errno == 0 or (error.stage, error.operation) not in _OF_THE_PROGRAM:
                    raise
                subject = cwd if error.operation == "chdir" else os.fsdecode(argv[0])
                raise OSError(error.errno, os.strerror(error.errno), subject) from None
            finally:
                for task in (run, watch):
                    task.cancel()
                await asyncio.gather(run, watch, return_exceptions=True)
                self._input.unlink(missing_ok=True)

    async def read(self, file: str, most: int = 100 << 20) -> bytes:
        """A regular file's content, as the box's user finds it; relative to /box.

        Raises FileNotFoundError, IsADirectoryError, PermissionError, and OverflowError if it has more than `most` bytes.
        """
        done = await self.run(["sh", "-c", _READ, "sh", inside(file)], output=most, timeout=120)
        if done.verdict == "OLE":
            raise OverflowError(f"{file} has more than {most} bytes")
        _raise_for(file, done)
        return done.stdout

    async def write(self, file: str, content: str | bytes) -> None:
        """Writes a file, and makes the folders that it is in; relative to /box.

        Raises IsADirectoryError and PermissionError.
        """
        data = content.encode() if isinstance(content, str) else content
        done = await self.run(["sh", "-c", _WRITE, "sh", inside(file)], input=data, timeout=120)
        _raise_for(file, done)

    async def _run_when_free(self, job: Job) -> CompletedRun[Any]:
        # Two boxes may have been given one uid: their runs take turns.
        for _ in range(_BUSY_TRIES):
            try:
                return await self._runner.run(job)
            except SandboxError as error:
                if self._uid is None or error.stage != "identity" or not error.retryable:
                    raise
                last = error
            await asyncio.sleep(_BUSY_WAIT)
        raise last

    def _make_folders(self) -> int | None:
        """Whose they are: None, this user's; for root, a uid of the box's own."""
        is_root = os.geteuid() == 0
        self._folder.mkdir(parents=True, exist_ok=True)
        uid = _FIRST_UID + self._folder.stat().st_ino % _UIDS if is_root else None
        for name in _FOLDERS:
            made = self._folder / name
            made.mkdir(exist_ok=True, mode=0o700)
            if uid is not None:
                os.chown(made, uid, uid)
        if uid is not None:
            self._folder.chmod(0o755)
        return uid

    def _walk(self) -> Iterator[tuple[int, str, os.stat_result]]:
        for name in _FOLDERS:
            yield from _walk(self._folder / name)

    def _count(self) -> tuple[int, int]:
        """Bytes and names that the box holds."""
        size = names = 0
        for _, _, entry in self._walk():
            size += entry.st_blocks * 512
            names += 1
        return size, names

    def _clean(self) -> tuple[int, int]:
        """Removes what the next run is not to find, and counts the rest."""
        size = names = 0
        for folder, name, entry in self._walk():
            if not (stat.S_ISREG(entry.st_mode) or stat.S_ISDIR(entry.st_mode) or stat.S_ISLNK(entry.st_mode)):
                os.unlink(name, dir_fd=folder)
                continue
            size += entry.st_blocks * 512
            names += 1
        return size, names

    async def _watch(self, before: tuple[int, int]) -> None:
        wait = 0.2
        while True:
            await asyncio.sleep(wait)
            began = time.monotonic()
            held = self._count()
            wait = max(0.2, 20 * (time.monotonic() - began))
            for now, earlier, most, what in zip(held, before, (self._disk, self._inodes), ("bytes", "files")):
                if now > most and now > earlier:
                    raise BoxFull(f"the box holds {now} {what}, more than the {most} that it may")


def inside(path: str) -> str:
    """A path of the box: relative ones begin at /box."""
    return posixpath.normpath(posixpath.join("/box", path))


def _started(run: CompletedRun[bytes], argv: Sequence[Word]) -> CompletedRun[bytes]:
    """Raises OSError for a program of the box's own that execve refused."""
    if run.outcome != "not_started":
        return run
    name = json.loads(run.report)["outcome"].get("errno") or "ENOEXEC"
    number = getattr(errno, name, errno.ENOEXEC)
    raise OSError(number, os.strerror(number), os.fsdecode(argv[0]))


def _raise_for(file: str, done: CompletedRun[bytes]) -> None:
    if done.verdict == "OK":
        return
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == _IS_FOLDER:
        raise IsADirectoryError(f"{file} is a directory")
    if done.returncode == _IS_MISSING:
        raise FileNotFoundError(f"{file}: no such file")
    if done.returncode == _IS_SPECIAL:
        raise PermissionError(f"{file} is no regular file")
    if done.returncode == _IS_REFUSED or "Permission denied" in said or "Read-only" in said:
        raise PermissionError(f"{file}: permission denied{': ' + said if said else ''}")
    if done.outcome == "limit" and done.limit == "wall":
        raise TimeoutError(f"{file}: it took too long")
    raise OSError(f"{file}: {said or done.message}")


def _walk(folder: Path) -> Iterator[tuple[int, str, os.stat_result]]:
    """(an open folder, a name in it, its status) of all below `folder`, through no link; what cannot be read is left out."""
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        yield from _walk_open(top)
    finally:
        os.close(top)


def _walk_open(folder: int) -> Iterator[tuple[int, str, os.stat_result]]:
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        try:
            entry = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            continue  # gone meanwhile
        yield folder, name, entry
        if not stat.S_ISDIR(entry.st_mode):
            continue
        try:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        except OSError:
            continue
        try:
            yield from _walk_open(below)
        finally:
            os.close(below)


def _remove_tree(folder: Path) -> None:
    def open_up(function: Any, path: str, _: object) -> None:
        # A folder that its owner closed to himself.
        try:
            os.chmod(os.path.dirname(path), 0o700)
            if os.path.isdir(path) and not os.path.islink(path):
                os.chmod(path, 0o700)
                shutil.rmtree(path, ignore_errors=True)
            else:
                function(path)
        except OSError:
            pass

    shutil.rmtree(folder, onerror=open_up)
