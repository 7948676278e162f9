"""What the tests of the Python package share: the package that was built, and processes of the sandbox seen from outside."""

import os
import sys
import time
import unittest
from pathlib import Path

# A process that multiprocessing spawns imports its test again, without arguments.
BUILD = Path(os.environ.setdefault("EVALRUN_TESTED_BUILD", sys.argv[1] if len(sys.argv) > 1 else ""))
TREE = BUILD / "python" / "tree"
sys.path.insert(0, str(TREE))

import evalrun  # noqa: E402

LACKS = {f"require.{layer}": "if-available" for layer in os.environ.get("EVALRUN_ACCEPT_MISSING", "").split()}
evalrun.configure(keys=LACKS)

PROBE = {"mount": [{"bind": str(BUILD / "probes" / "probe"), "at": "/opt/probe", "exec": True}]}


def probe(*words, **arguments):
    """A run of the probe with these words, as run()'s arguments."""
    return {"argv": ["/opt/probe", *words], "keys": PROBE, **arguments}


def children():
    """The processes whose parent is a thread of this process."""
    found = []
    for thread in Path("/proc/self/task").iterdir():
        try:
            found += map(int, (thread / "children").read_text().split())
        except OSError:
            pass  # a thread that has ended
    return found


def inits():
    """Those of them that are the first process of a sandbox: their last pid is 1."""
    found = []
    for pid in children():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        pids = [line for line in status.splitlines() if line.startswith("NSpid:")][0].split()[1:]
        if len(pids) > 1 and pids[-1] == "1":
            found.append(pid)
    return found


def programs_of(init):
    """How many processes there are below `init` that run a program: that are not of its own program."""
    def parent_and_program(pid):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return int(stat[stat.rindex(")") + 2 :].split()[1]), os.readlink(f"/proc/{pid}/exe")

    count, parents = 0, {init}
    for entry in sorted((int(name) for name in os.listdir("/proc") if name.isdigit())):
        try:
            parent, program = parent_and_program(entry)
        except OSError:
            continue
        if parent in parents:
            parents.add(entry)
            count += program.endswith("/probe")
    return count


def running_inits():
    """The inits of sandboxes whose probe runs; others wait for their job."""
    return [init for init in inits() if programs_of(init) > 0]


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come true")
        time.sleep(0.01)


def main():
    sys.argv[1:] = []
    program = unittest.main(
        module="__main__", exit=False, testRunner=unittest.TextTestRunner(stream=sys.stdout, verbosity=2)
    )
    sys.stdout.flush()
    sys.exit(not program.result.wasSuccessful())
