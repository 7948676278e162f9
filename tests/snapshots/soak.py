#!/usr/bin/env python3
"""soak.py EVALRUN [RUNS] [--seed N]: many runs from snapshots, while recorders, what they record, and supervisors are
killed at random.

Each job prints what only it can print. A batch has a journal, and is begun again where its supervisor was killed. At the
end every job has its own output and the verdict OK, no process and no folder is left, and the store never held more than
its bound.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

PROGRAMS = {
    "python": ("main.py", "print(%d * 7)\n", "/usr/bin/python3"),
    "perl": ("main.pl", "print %d * 7, qq(\\n);\n", "/usr/bin/perl"),
    "lua": ("main.lua", "print(%d * 7)\n", "/usr/bin/lua5.4"),
    "php": ("main.php", "<?php echo %d * 7, PHP_EOL;\n", "/usr/bin/php"),
    "bash": ("main.sh", "echo $((%d * 7))\n", "/bin/bash"),
}
MOST_BYTES = 512 << 20
PLACES = ("/dev/shm", "/run/lock", "/tmp", "/var/tmp")


def status_of(pid):
    try:
        with open("/proc/%s/stat" % pid) as file:
            fields = file.read().rpartition(")")[2].split()
        return {"parent": int(fields[1]), "session": int(fields[3])}
    except (OSError, IndexError):
        return None


def processes():
    return {int(one): status for one in os.listdir("/proc") if one.isdigit() and (status := status_of(one))}


def descendants(pid, everything):
    found, more = [], [pid]
    while more:
        parent = more.pop()
        children = [one for one, status in everything.items() if status["parent"] == parent]
        found += children
        more += children
    return found


def is_outside(pid):
    """Whether it is in no pid namespace but this one: inits of runs are in one of their own."""
    try:
        with open("/proc/%d/status" % pid) as file:
            return any(line.startswith("NSpid:") and len(line.split()) == 2 for line in file)
    except OSError:
        return False


def recorders_of(supervisor, everything):
    # A recorder leads a session of its own (snapshot/maker.cc) and has sandboxes of its own.
    return [
        one
        for one, status in everything.items()
        if status["parent"] == supervisor and status["session"] == one and is_outside(one) and descendants(one, everything)
    ]


def folders():
    mark = "evalrun-snapshots-%d-" % os.geteuid()
    return {os.path.join(place, one) for place in PLACES if os.path.isdir(place) for one in os.listdir(place) if one.startswith(mark)}


class Killer(threading.Thread):
    """Kills while a batch is at work; counts what it has killed."""

    def __init__(self, batch, rng, counts):
        super().__init__(daemon=True)
        self.batch, self.rng, self.counts = batch, rng, counts
        self.most_bytes = 0

    def run(self):
        while self.batch.poll() is None:
            time.sleep(self.rng.uniform(0.01, 0.2))
            everything = processes()
            recorders = recorders_of(self.batch.pid, everything)
            for folder in folders():
                try:
                    self.most_bytes = max(self.most_bytes, sum(one.stat().st_size for one in pathlib.Path(folder).iterdir()))
                except OSError:
                    pass  # it is gone
            what = self.rng.random()
            if recorders and what < 0.3:
                self.kill(recorders[0], "recorder")
            elif recorders and what < 0.5:
                below = descendants(recorders[0], everything)
                if below:
                    self.kill(self.rng.choice(below), "recorded")
            elif what > 0.99:
                self.kill(self.batch.pid, "supervisor")

    def kill(self, pid, name):
        try:
            os.kill(pid, signal.SIGKILL)
            self.counts[name] = self.counts.get(name, 0) + 1
        except ProcessLookupError:
            pass


def soak(options, image, runs, rng, counts):
    source, text, _ = PROGRAMS[image]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "plan.toml").write_text(
            'image = "%s"\nsource = "%s"\n[limits]\nwall = "60s"\n[snapshot]\nmode = "auto"\nrenew_runs = 40\n' % (image, source)
        )
        jobs = [{"id": i, "files": {source: {"text": text % i}}} for i in range(runs)]
        (folder / "jobs.jsonl").write_text("".join(json.dumps(job) + "\n" for job in jobs))
        command = [options.evalrun, "batch", "--plan", folder / "plan.toml", "--jobs", "2", "--journal", folder / "journal",
                   folder / "jobs.jsonl"]  # fmt: skip
        most_bytes = 0
        began = time.monotonic()
        while True:
            with open(folder / "out.jsonl", "wb") as output:
                batch = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True)
            killer = Killer(batch, rng, counts)
            killer.start()
            said = batch.stderr.read()
            batch.wait()
            killer.join()
            most_bytes = max(most_bytes, killer.most_bytes)
            if batch.returncode != -signal.SIGKILL:
                break
        results = {}
        for line in (folder / "out.jsonl").read_text().splitlines():
            one = json.loads(line)
            results[one["id"]] = one.get("result", one)
        wrong = 0
        snapshots = 0
        for i in range(runs):
            one = results.get(i)
            right = one is not None and one.get("verdict") == "OK" and one["stdout"]["text"] == "%d\n" % (i * 7)
            snapshots += one is not None and one.get("start", {}).get("kind") == "snapshot"
            if not right:
                wrong += 1
                if wrong < 4:
                    print("%s %d: %s %s" % (image, i, one and one.get("verdict"), one and one.get("message")))
        print(
            "%-7s %6d runs, %6d from a snapshot, %d wrong, %.0f runs/s, most %.1f MiB of snapshots; exit %d %s"
            % (image, runs, snapshots, wrong, runs / (time.monotonic() - began), most_bytes / (1 << 20), batch.returncode, said.strip()[:200])
        )
        return wrong + (most_bytes > MOST_BYTES) + (batch.returncode != 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evalrun")
    parser.add_argument("runs", nargs="?", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    there = [image for image in PROGRAMS if os.path.exists(PROGRAMS[image][2])]
    before = folders()
    counts = {}
    wrong = sum(soak(options, image, options.runs // len(there), rng, counts) for image in there)
    # What a killed supervisor leaves is removed by the next process of the user that makes a snapshot.
    left = folders() - before
    print("killed: %s; folders left: %d" % (", ".join("%d %ss" % (n, name) for name, n in sorted(counts.items())), len(left)))
    return wrong > 0 or len(left) > 1


if __name__ == "__main__":
    sys.exit(main())
