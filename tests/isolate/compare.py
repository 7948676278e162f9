#!/usr/bin/env python3
"""Holds a command with isolate's command line against what isolate 2.6 did.

compare.py COMMAND                     against recorded.jsonl, but for differences.jsonl
compare.py COMMAND --record            writes recorded.jsonl: COMMAND is isolate itself (./dev compare-isolate)
compare.py COMMAND --only NAME ...     these cases alone, and shows what they do

EVALRUN_ACCEPT_MISSING names layers that a run may lack. isolate reads its configuration where it was built to: give
--config then.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXACT = ("status", "message", "exitcode", "exitsig", "killed", "cg-oom-killed")
TOLERANCE = 0.35  # seconds: isolate looks at times every 0.1 s, and hosts are busy


def cases():
    for line in (HERE / "cases.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            yield tuple(line.split("\t", 1))


def lines_of(name):
    return {entry["name"]: entry for entry in map(json.loads, (HERE / name).read_text().splitlines())}


def configuration(folder):
    missing = os.environ.get("EVALRUN_ACCEPT_MISSING", "")
    return (
        f"box_root = {folder}/boxes\nlock_root = {folder}/locks\ncg_root = /sys/fs/cgroup\n"
        "first_uid = 60000\nfirst_gid = 60000\nnum_boxes = 100\n"
        + (f"accept_missing = {missing}\n" if missing else "")
    )


class Place:
    """Boxes of this comparison alone."""

    def __init__(self, command, folder, config):
        self.command, self.folder, self.config = command, folder, config

    def run(self, name, script):
        """What the case did, without what differs from run to run."""
        work = Path(tempfile.mkdtemp(dir=self.folder))
        work.chmod(0o755)
        box = self.folder / "boxes" / "7" / "box"
        isolate, meta = f"{self.command} -b 7", work / "meta"
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C",
            "TMPDIR": str(self.folder),
            "EVALRUN_ISOLATE_CONFIG": str(self.config),
            "ISOLATE": str(self.command),
            "I": isolate,
            "META": str(meta),
            "R": f"{isolate} --run -s -M {meta}",
            "R2": f"{self.command} -b 8 --init",
            "BOX": str(box),
        }
        subprocess.run(f"{isolate} --init", shell=True, env=environment, check=True, capture_output=True)
        done = subprocess.run(
            ["sh", "-c", script], env=environment, cwd=work, capture_output=True, stdin=subprocess.DEVNULL, timeout=60
        )
        for number in (7, 8):
            subprocess.run(f"{self.command} -b {number} --cleanup", shell=True, env=environment, capture_output=True)
        found = meta.read_text(errors="replace").rstrip("\0") if meta.exists() else ""
        shutil.rmtree(work)
        return {
            "name": name,
            "exit": done.returncode,
            "stdout": self.plain(done.stdout, work),
            "stderr": self.plain(done.stderr, work),
            **self.meta(found, work),
        }

    def plain(self, text, work):
        text = text.decode(errors="replace").replace(str(work), "WORK").replace(str(self.folder), "PLACE")
        text = text.replace("evalrun-isolate", "isolate").replace(str(self.command), "isolate")
        text = text.replace("'isolate' --help'", "'isolate --help'")  # as isolate has it
        text = re.sub(r"\b\d+\.\d{3} sec", "TIME sec", text)
        text = re.sub(r"^(time|time-wall):[\d.]+$", r"\1:TIME", text, flags=re.MULTILINE)
        return re.sub(r"^(max-rss|csw-voluntary|csw-forced|cg-mem):\d+$", r"\1:N", text, flags=re.MULTILINE)

    def meta(self, text, work):
        entries = [line.split(":", 1) for line in text.splitlines()]
        times = {key: float(value) for key, value in entries if key in ("time", "time-wall")}
        return {
            "meta": [[key, self.plain(value.encode(), work) if key in EXACT else "N"] for key, value in entries],
            "times": times,
        }


def differences(name, expected, found):
    """Field by field."""
    wrong = [field for field in ("exit", "stdout", "stderr", "meta") if expected[field] != found[field]]
    for key, value in expected["times"].items():
        had = found["times"].get(key)
        # How long a program waits for a core is the host's affair; only what sleeps takes its time.
        is_known = key == "time" or name.startswith(("wall-", "time-sleep"))
        too_little = had is None or (is_known and had < value - TOLERANCE)
        if too_little or (key == "time" and had > value + TOLERANCE):
            wrong.append("times")
    return wrong


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("command", type=Path)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--config", type=Path, help="written there, for an isolate that was built to read it")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="evalrun-isolate-"))
    folder.chmod(0o755)
    config = given.config or folder / "isolate.cf"
    config.write_text(configuration(folder))
    place = Place(given.command.resolve(), folder, config)
    recorded = {} if given.record else lines_of("recorded.jsonl")
    known = {} if given.record else lines_of("differences.jsonl")
    failed, ran, output = 0, 0, []
    try:
        for name, script in cases():
            if given.only and name not in given.only:
                continue
            if name.startswith("root-") and os.geteuid() != 0:
                continue
            found = place.run(name, script)
            ran += 1
            if given.only:
                print(json.dumps(found, indent=1))
            if given.record:
                output.append(json.dumps(found))
                continue
            expected = {**recorded[name], **known.get(name, {}).get("ours", {})}
            wrong = differences(name, expected, found)
            if wrong:
                # Once more: a busy host may have made it late.
                found = place.run(name, script)
                wrong = differences(name, expected, found)
            for field in wrong:
                print(f"{name}: {field}: expected {expected[field]!r}, found {found[field]!r}")
            failed += bool(wrong)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if given.record:
        (HERE / "recorded.jsonl").write_text("\n".join(output) + "\n")
    print(f"{ran} command lines, {failed} of them wrong, {len(known)} known differences")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
