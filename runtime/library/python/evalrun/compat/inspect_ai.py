"""A sandbox provider for Inspect (inspect_ai): `sandbox="evalrun"`, or `sandbox=("evalrun", "python")` with an image.

Each sample has a box (evalrun.box): its files stay from exec to exec, its processes do not. Installing this package is
enough: Inspect finds it by its entry point. Inspect is not installed with it.

What differs from other providers. There is one user, and no root: `user` is refused by name. A command that times out
is not run again (`timeout_retry`): nothing but the command itself can have taken the time. There is no network. One command of a sample runs at a time.
Tools that Inspect would install in a sandbox as a server (exec_remote) cannot stay, since a command's processes end with it.
"""

from __future__ import annotations

import errno
from typing import Any, Literal, Union, overload

from inspect_ai.util import (  # type: ignore[import-not-found]
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentLimits,
    sandboxenv,
)
from pydantic import BaseModel

from .._settings import cpu_count
from ..box import Box, BoxFull
from ..errors import PlanError, SandboxError

try:
    from inspect_ai.util import SandboxUnavailableError
except ImportError:  # an older Inspect

    class SandboxUnavailableError(RuntimeError):  # type: ignore[no-redef]
        """The provider failed, not the command."""


__all__ = ["EvalrunSandboxEnvironment", "EvalrunSandboxConfig"]

_NOT_EXECUTABLE, _NOT_FOUND, _KILLED = 126, 127, 137
_NAMES_OF_THE_USER = ("sandbox", "1000")


class EvalrunSandboxConfig(BaseModel, frozen=True):
    """What a sample's box is given: the arguments of evalrun.box.Box."""

    image: Union[str, None] = None
    plan: Union[str, None] = None
    memory: Union[int, str] = "1GiB"
    processes: int = 256
    disk: int = 1 << 30
    inodes: int = 100_000


@sandboxenv(name="evalrun")
class EvalrunSandboxEnvironment(SandboxEnvironment):  # type: ignore[misc]
    def __init__(self, box: Box) -> None:
        super().__init__()
        self.box = box

    @classmethod
    def config_files(cls) -> list[str]:
        return ["evalrun.toml"]

    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> EvalrunSandboxConfig:
        return EvalrunSandboxConfig(**config)

    @classmethod
    def default_concurrency(cls) -> int | None:
        return cpu_count()

    def default_polling_interval(self) -> float:
        return 0.2

    @classmethod
    async def sample_init(cls, task_name: str, config: Any, metadata: dict[str, str]) -> dict[str, SandboxEnvironment]:
        if config is None:
            config = EvalrunSandboxConfig()
        elif isinstance(config, str):
            is_plan = config.endswith(".toml")
            config = EvalrunSandboxConfig(plan=config) if is_plan else EvalrunSandboxConfig(image=config)
        elif not isinstance(config, EvalrunSandboxConfig):
            raise TypeError(f"expected an image's name, a plan's file or an EvalrunSandboxConfig, found {config!r}")
        return {"default": cls(Box(**{name: getattr(config, name) for name in _fields_of(config)}))}

    @classmethod
    async def sample_cleanup(
        cls, task_name: str, config: Any, environments: dict[str, SandboxEnvironment], interrupted: bool
    ) -> None:
        for environment in environments.values():
            environment.box.close()

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        if user is not None and user not in _NAMES_OF_THE_USER:
            return _failed(_NOT_EXECUTABLE, f"unable to find user {user}: a sandbox of evalrun has one user")
        try:
            done = await self.box.run(
                cmd, input=input, timeout=timeout, cwd=cwd, env=env, output=SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE
            )
        except PermissionError:
            raise
        except BoxFull as error:
            return _failed(_KILLED, str(error))
        except OSError as error:
            return _failed(_NOT_FOUND if error.errno == errno.ENOENT else _NOT_EXECUTABLE, str(error))
        except (PlanError, SandboxError) as error:
            raise SandboxUnavailableError(str(error)) from error
        stdout, stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if done.outcome == "limit" and done.limit == "wall":
            raise TimeoutError(f"the command took more than {timeout} seconds")
        if done.verdict == "OLE":
            raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE_STR, stdout or stderr)
        if done.outcome == "exited":
            return ExecResult(done.returncode == 0, done.returncode, stdout, stderr)
        if done.outcome == "signaled":
            return ExecResult(False, 128 + (done.signal or 0), stdout, stderr)
        # A limit or a violation: the shell's word for a program that was killed, and why.
        return ExecResult(False, _KILLED, stdout, f"{stderr}\n{done.message}".lstrip("\n"))

    async def write_file(self, file: str, contents: str | bytes) -> None:
        try:
            await self.box.write(file, contents)
        except (PlanError, SandboxError) as error:
            raise SandboxUnavailableError(str(error)) from error

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        try:
            content = await self.box.read(file, SandboxEnvironmentLimits.MAX_READ_FILE_SIZE)
        except OverflowError as error:
            raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, None) from error
        except (PlanError, SandboxError) as error:
            raise SandboxUnavailableError(str(error)) from error
        return content.decode() if text else content


def _fields_of(config: EvalrunSandboxConfig) -> list[str]:
    # Of pydantic 2, or of 1.
    return list(getattr(type(config), "model_fields", None) or type(config).__fields__)


def _failed(code: int, why: str) -> ExecResult[str]:
    return ExecResult(False, code, "", why + "\n")
