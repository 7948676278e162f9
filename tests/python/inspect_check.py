#!/usr/bin/python3
"""Holds the sandbox provider against Inspect's own self-check: inspect_check.py BUILD FOLDER.

FOLDER holds a checkout of inspect_ai under that name. self_check.py and limits.py are Inspect's, unmodified; the rest of
Inspect, whose libraries Debian does not have, is stood in for by inspect_shim.py. Exits with 1 where a check fails that is
not known to.
"""

import asyncio
import sys
from pathlib import Path

build, folder = Path(sys.argv[1]), Path(sys.argv[2])
sys.path[:0] = [str(build / "python" / "tree"), str(Path(__file__).parent)]
util = folder / "inspect_ai" / "src" / "inspect_ai" / "util" / "_sandbox"
if not (util / "self_check.py").is_file():
    sys.exit(f"{folder} has no checkout of inspect_ai")

import inspect_shim  # noqa: E402

inspect_shim.install(util / "limits.py")

import evalrun.compat.inspect_ai as provider  # noqa: E402

# There is one user, and it is not root.
KNOWN = {"test_exec_as_user"}


async def main():
    self_check = inspect_shim.load("inspect_ai.util._sandbox.self_check", util / "self_check.py").self_check
    kind = inspect_shim.registered["evalrun"]
    environments = await kind.sample_init("self-check", None, {})
    try:
        results = await self_check(environments["default"])
    finally:
        await kind.sample_cleanup("self-check", None, environments, False)
    failed = {name: result for name, result in results.items() if result is not True}
    for name, result in failed.items():
        print(f"{name}: {result}{' (known)' if name in KNOWN else ''}")
    print(f"{len(results) - len(failed)} of {len(results)} checks of Inspect's pass")
    return 1 if failed.keys() != KNOWN else 0


sys.exit(asyncio.run(main()))
