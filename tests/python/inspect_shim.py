"""What the sandbox provider needs of Inspect, where Inspect itself cannot be installed: Debian has none of its libraries.

The provider's own checks run against this stand-in. `./dev inspect-check` gives it Inspect's own limits.py, and then runs
Inspect's own self_check.py, both unmodified, from a checkout.
"""

import contextlib
import contextvars
import dataclasses
import importlib.util
import sys
import types

registered = {}


class BaseModel:
    """As far as a class of plain fields goes. pydantic's is taken where it is installed."""

    def __init_subclass__(cls, frozen=False):
        cls.model_fields = {name: None for name in cls.__annotations__}

    def __init__(self, **values):
        for name in type(self).model_fields:
            setattr(self, name, values.pop(name, getattr(type(self), name, None)))
        if values:
            raise ValueError(f"unknown fields: {values}")


@dataclasses.dataclass
class ExecResult:
    success: bool
    returncode: int
    stdout: str
    stderr: str

    def __class_getitem__(cls, _):
        return cls


class SandboxEnvironment:
    def __init__(self):
        self._tools_injected = False


def sandboxenv(name):
    def register(kind):
        registered[name] = kind
        return kind

    return register


_most = {
    "EXEC_OUTPUT": contextvars.ContextVar("exec", default=10 << 20),
    "READ_FILE": contextvars.ContextVar("read", default=100 << 20),
}


class _Limit(type):
    def __getattr__(cls, name):
        for key, most in _most.items():
            if name == f"MAX_{key}_SIZE":
                return most.get()
            if name == f"MAX_{key}_SIZE_STR":
                return f"{most.get()} bytes"
        raise AttributeError(name)


class SandboxEnvironmentLimits(metaclass=_Limit):
    pass


class OutputLimitExceededError(Exception):
    def __init__(self, limit_str, truncated_output):
        super().__init__(f"The limit of {limit_str} was exceeded.")
        self.limit_str, self.truncated_output = limit_str, truncated_output


class SandboxUnavailableError(RuntimeError):
    pass


@contextlib.contextmanager
def limit(key, most):
    token = _most[key].set(most)
    try:
        yield
    finally:
        _most[key].reset(token)


def load(name, file):
    """A module by its file alone, without the package around it."""
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def install(limits_file=None):
    """Makes `inspect_ai` importable; with Inspect's own limits where their file is given."""
    for name in ("inspect_ai", "inspect_ai.util", "inspect_ai.util._sandbox"):
        sys.modules[name] = types.ModuleType(name)
    util = sys.modules["inspect_ai.util"]
    limits = sys.modules[__name__] if limits_file is None else load("inspect_ai.util._sandbox.limits", limits_file)
    util.ExecResult, util.SandboxEnvironment, util.sandboxenv = ExecResult, SandboxEnvironment, sandboxenv
    util.SandboxUnavailableError = SandboxUnavailableError
    util.SandboxEnvironmentLimits = limits.SandboxEnvironmentLimits
    util.OutputLimitExceededError = limits.OutputLimitExceededError
    if importlib.util.find_spec("pydantic") is None:
        sys.modules["pydantic"] = types.ModuleType("pydantic")
        sys.modules["pydantic"].BaseModel = BaseModel
