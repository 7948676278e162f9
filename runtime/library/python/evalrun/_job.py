"""What is to be run, and the plan that says so."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence, Union

from ._settings import settings

Word = Union[str, bytes, "os.PathLike[str]"]
Content = Union[str, bytes, "os.PathLike[str]", "File"]


class Toml(str):
    """The text of a plan, where a `plan` is asked for: `evalrun.run(plan=evalrun.Toml("..."))`."""


@dataclass(frozen=True)
class File:
    """A file for the sandbox with its permission bits: `files={"run.sh": evalrun.File("echo hi", 0o755)}`."""

    content: str | bytes
    mode: int = 0o644


@dataclass
class Job:
    """One program to be run, for Pool. The fields are the arguments of run(); see there.

    key: anything; the result has it again, so that it can be told apart.
    stop_at_first_failure: whether, of a plan with cases, none is run after the first that fails.
    """

    argv: Sequence[Word] | None = None
    input: str | bytes | None = None
    timeout: float | str | None = None
    cpu: float | str | None = None
    memory: int | str | None = None
    image: str | None = None
    files: Mapping[str, Content] | None = None
    fetch: Sequence[str] = ()
    env: Mapping[str, str] | None = None
    plan: str | os.PathLike[str] | Toml | None = None
    keys: Mapping[str, Any] | None = None
    text: bool = False
    encoding: str | None = None
    errors: str | None = None
    report: bool = False
    key: Any = None
    stop_at_first_failure: bool = False

    @property
    def is_text(self) -> bool:
        return bool(self.text or self.encoding or self.errors)


class Source(NamedTuple):
    """A plan without what differs from job to job. Equal ones are read once."""

    text: bytes
    folder: str | None
    name: str
    overrides: tuple[bytes, ...]


class Inputs(NamedTuple):
    """What differs from job to job, as bytes."""

    argv: tuple[bytes, ...] | None
    env: tuple[bytes, ...]
    files: tuple[tuple[bytes, bytes, bytes | None], ...]
    stdin: bytes | None


def toml_of(value: Any) -> str:
    """`value` as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (str, os.PathLike)):
        # JSON's escapes are TOML's, but for DEL.
        return json.dumps(os.fspath(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_of(str(key))} = {toml_of(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    raise TypeError(f"expected a bool, a number, a str, a list or a mapping for a key of a plan, found {value!r}")


def _time(seconds: float | str) -> str:
    return seconds if isinstance(seconds, str) else f"{round(seconds * 1e6)}us"


def _size(count: int | str) -> str:
    return count if isinstance(count, str) else f"{count}B"


def _words(argv: Sequence[Word]) -> tuple[bytes, ...]:
    if isinstance(argv, (str, bytes)):
        raise TypeError(f"expected a list of words as argv, found {argv!r}; no shell reads it")
    return tuple(map(_word, argv))


def _word(word: Word) -> bytes:
    encoded = os.fsencode(word)
    if b"\0" in encoded:
        raise ValueError(f"embedded null byte in {word!r}")
    return encoded


def image_of(argv: Sequence[Word]) -> str:
    name = os.path.basename(os.fsdecode(argv[0])) if argv else ""
    return "python" if name.startswith("python3") else "bash"


def source_of(job: Job) -> Source:
    keys: dict[str, Any] = dict(settings.keys)
    text, folder, name = b"", None, "run"
    if isinstance(job.plan, Toml):
        text = job.plan.encode()
    elif job.plan is not None:
        file = Path(job.plan)
        text, folder, name = file.read_bytes(), str(file.parent.resolve()), file.stem
    elif not job.argv:
        raise TypeError("expected argv, a list that is not empty, or a plan")
    if job.image is not None:
        keys["image"] = job.image
    elif job.plan is None and job.argv is not None:
        keys["image"] = image_of(job.argv)
    if job.timeout is not None:
        keys["limits.wall"] = _time(job.timeout)
    if job.cpu is not None:
        keys["limits.cpu"] = _time(job.cpu)
    if job.plan is None:
        if job.cpu is None and job.timeout is not None:
            keys["limits.cpu"] = _time(job.timeout)
        elif job.timeout is None and isinstance(job.cpu, (int, float)):
            keys["limits.wall"] = _time(max(10.0, 3.0 * job.cpu))
    if job.memory is not None:
        keys["limits.memory"] = _size(job.memory)
    if job.fetch:
        if isinstance(job.fetch, str):
            raise TypeError("expected a list of names as fetch")
        keys["collect"] = list(job.fetch)
    keys.update(job.keys or {})
    return Source(text, folder, name, tuple(_word(f"{key}={toml_of(value)}") for key, value in keys.items()))


def inputs_of(job: Job) -> Inputs:
    encoding = job.encoding or "utf-8"
    return Inputs(
        None if job.argv is None else _words(job.argv),
        tuple(_word(f"{name}={value}") for name, value in (job.env or {}).items()),
        tuple(_file(name, content) for name, content in (job.files or {}).items()),
        job.input.encode(encoding) if isinstance(job.input, str) else job.input,
    )


def _file(name: str, content: Content) -> tuple[bytes, bytes, bytes | None]:
    mode: bytes | None = None
    if isinstance(content, File):
        mode, content = f"0{content.mode:03o}".encode(), content.content
    elif isinstance(content, os.PathLike):
        path = Path(content)
        mode, content = f"0{path.stat().st_mode & 0o777:03o}".encode(), path.read_bytes()
    return _word(name), content.encode() if isinstance(content, str) else bytes(content), mode
