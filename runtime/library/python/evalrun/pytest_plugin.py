"""A fixture for pytest: tests that run programs in sandboxes.

    def test_it_prints(sandbox):
        assert sandbox.run(["python3", "-c", "print(1)"]).stdout == "1\\n"

    @pytest.mark.evalrun(image="cpp", timeout=30)
    def test_it_compiles(sandbox):
        assert sandbox.run(["g++", "-o", "a", "a.cpp"], files={"a.cpp": source}).ok

pytest finds it by itself where the package is installed. A sandbox that fails is an error of the test.
"""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from . import run
from ._result import CompletedRun


class Sandbox:
    """Runs programs with the arguments of evalrun.run(), the mark's in front of a call's own. Output is text."""

    def __init__(self, **defaults: Any) -> None:
        self.defaults = defaults

    def run(self, argv: Any = None, **arguments: Any) -> CompletedRun[Any]:
        """As evalrun.run()."""
        together: dict[str, Any] = {"text": True, **self.defaults, **arguments}
        done: CompletedRun[Any] = run(argv, **together)
        return done


def pytest_configure(config: Any) -> None:
    config.addinivalue_line("markers", "evalrun(**arguments): what the fixture `sandbox` gives to every run")


@pytest.fixture
def sandbox(request: Any) -> Iterator[Sandbox]:
    """Runs programs in sandboxes: sandbox.run(argv, ...), as evalrun.run(). See the mark `evalrun`."""
    defaults: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("evalrun"))):
        defaults.update(mark.kwargs)
    yield Sandbox(**defaults)
