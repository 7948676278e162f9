#!/usr/bin/env python3
"""What Pool costs beside `evalrun batch`: the same trivial jobs through both, in turns, so many at a time.

python.py BUILD PROGRAM [--jobs N] [--rounds N] [--at-once N]

Prints the throughput of both and the ratio of their medians, and the same through one `evalrun batch` that Python feeds
and reads by pipes (docs/decisions/100-python-by-ctypes.md). PROGRAM exits with 0 at once.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("build", type=Path)
    parser.add_argument("program", type=Path)
    parser.add_argument("--jobs", type=int, default=20000, help="of each way, over all rounds")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=2)
    return parser.parse_args()


def batch_command(given, plan, source):
    return [given.build / "evalrun", "batch", "--plan", plan, "--jobs", str(given.at_once), source]


def by_batch(given, plan, count):
    """From a file to a file, as fast as it goes."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as lines, tempfile.TemporaryFile() as output:
        lines.writelines(f'{{"id":"{number}"}}\n' for number in range(count))
        lines.flush()
        began = time.perf_counter()
        subprocess.run(batch_command(given, plan, lines.name), stdout=output, check=True)
        return time.perf_counter() - began


def by_pool(pool, job, count):
    began = time.perf_counter()
    verdicts = [run.verdict for run in pool.imap_unordered(job for _ in range(count))]
    took = time.perf_counter() - began
    if verdicts != ["OK"] * count:
        sys.exit("bench: a run failed")
    return took


def by_pipe(given, plan, count):
    """The other way to bind Python: a static binary over a pipe, whose results are read as JSON."""
    began = time.perf_counter()
    with subprocess.Popen(batch_command(given, plan, "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as batch:
        def feed():
            for number in range(count):
                batch.stdin.write(json.dumps({"id": str(number)}).encode() + b"\n")
                batch.stdin.flush()
            batch.stdin.close()

        feeder = threading.Thread(target=feed)
        feeder.start()
        verdicts = [json.loads(line)["result"]["verdict"] for line in batch.stdout]
        feeder.join()
    if verdicts != ["OK"] * count:
        sys.exit("bench: a run failed")
    return time.perf_counter() - began


def main():
    given = arguments()
    sys.path.insert(0, str(given.build / "python" / "tree"))
    import evalrun

    text = f'argv = ["/opt/program"]\n[[mount]]\nbind = "{given.program.resolve()}"\nat = "/opt/program"\nexec = true\n'
    count = max(1, given.jobs // given.rounds)
    took = {"evalrun batch": [], "evalrun.Pool": [], "a pipe": []}
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as plan, evalrun.Pool(given.at_once) as pool:
        plan.write(text)
        plan.flush()
        job = evalrun.Job(plan=evalrun.Toml(text))
        by_pool(pool, job, 20)  # the first ones start the engine
        ways = {
            "evalrun batch": lambda: by_batch(given, plan.name, count),
            "evalrun.Pool": lambda: by_pool(pool, job, count),
            "a pipe": lambda: by_pipe(given, plan.name, count),
        }
        for turn in range(given.rounds):
            names = list(ways) if turn % 2 == 0 else list(reversed(ways))
            for name in names:
                took[name].append(ways[name]())
        alone = []
        for _ in range(200):
            began = time.perf_counter()
            evalrun.run(plan=job.plan)
            alone.append(time.perf_counter() - began)
    print(f"{given.rounds} rounds of {count} jobs, {given.at_once} at a time")
    for name, times in took.items():
        print(f"{name:14} {count / statistics.median(times):8.0f} jobs/s  (of rounds: {count / max(times):.0f} to "
              f"{count / min(times):.0f})")
    of_batch = statistics.median(took["evalrun batch"])
    print(f"evalrun.Pool is {of_batch / statistics.median(took['evalrun.Pool']):.2f} of evalrun batch, "
          f"a pipe {of_batch / statistics.median(took['a pipe']):.2f}")
    ratios = [batch / pool for batch, pool in zip(took["evalrun batch"], took["evalrun.Pool"])]
    print(f"the median of the rounds' ratios is {statistics.median(ratios):.2f}")
    print(f"evalrun.run() alone: {statistics.median(alone) * 1000:.2f} ms")


if __name__ == "__main__":
    main()
