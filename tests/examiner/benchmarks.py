#!/usr/bin/env python3
"""benchmarks.py EVALRUN SET FILE [--jobs N] [--mode MODE] [--limit N]: reference solutions of a public set, whole and broken.

SET is humaneval (HumanEval.jsonl[.gz]), mbpp (mbpp.jsonl), sanitized-mbpp (its json) or classeval (ClassEval_data.json); FILE is
never part of evalrun. "classes" are tasks of our own, and need none. Each reference solution must pass,
and each broken one must fail.
"""

import argparse
import gzip
import json
import sys
import time

import batch
import classes


def rows(path):
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
    with opened as file:
        return [json.loads(line) for line in file if line.strip()]


def humaneval(path):
    for row in rows(path):
        # The prompt's own helpers, which some tests use, are the tests' and not the submission's.
        tests = row["prompt"] + "\nfrom submission import %s\n" % row["entry_point"]
        tests += row["test"] + "\ncheck(%s)\n" % row["entry_point"]
        broken = row["prompt"] + "    return None\n"
        yield row["task_id"], row["prompt"] + row["canonical_solution"], broken, tests, [row["entry_point"]]


def mbpp(path):
    for number, row in enumerate(rows(path), 1):
        tests = (row.get("test_setup_code") or "") + "\n" + "\n".join(row["test_list"] + row.get("challenge_test_list", []))
        code = row["code"].replace("\r\n", "\n")
        names = [line.split("(")[0].split(":")[0].split()[1] for line in code.splitlines() if line.startswith(("def ", "class "))]
        entry = [name for name in dict.fromkeys(names) if name in tests]
        broken = code + "\n" + "".join("def %s(*what, **more): return None\n" % name for name in entry)
        yield str(row.get("task_id", number)), code, broken, tests, entry


def sanitized_mbpp(path):
    with open(path) as file:
        for row in json.load(file):
            tests = "\n".join(row["test_imports"] + row["test_list"])
            code = row["code"].replace("\r\n", "\n")
            names = [line.split("(")[0].split(":")[0].split()[1] for line in code.splitlines() if line.startswith(("def ", "class "))]
            entry = [name for name in dict.fromkeys(names) if name in tests]
            broken = code + "\n" + "".join("def %s(*what, **more): return None\n" % name for name in entry)
            yield str(row["task_id"]), code, broken, tests, entry


def classeval(path):
    with open(path) as file:
        for row in json.load(file):
            imports = "\n".join(row["import_statement"])
            # Its methods are there and do nothing.
            broken = imports + "\n" + row["skeleton"]
            yield row["task_id"], row["solution_code"], broken, imports + "\n" + row["test"], [row["class_name"]]


SETS = {"humaneval": humaneval, "mbpp": mbpp, "sanitized-mbpp": sanitized_mbpp, "classeval": classeval, "classes": classes.tasks}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("evalrun")
    parser.add_argument("set", choices=sorted(SETS))
    parser.add_argument("file", nargs="?")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--mode", default="two-sided")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    tasks = list(SETS[options.set](options.file))[: options.limit]
    wrong = 0
    for what, place, right in (("reference", 1, True), ("broken", 2, False)):
        began = time.monotonic()
        results = batch.run(options.evalrun, [(one[0], one[place], one[3], one[4], []) for one in tasks], options.mode, options.jobs)
        took = time.monotonic() - began
        as_meant = [one for one in tasks if (results[one[0]]["verdict"] == "AC") is right and results[one[0]]["verdict"] != "IE"]
        print("%s: %d of %d %s solutions %s, %.1f/s" % (options.set, len(as_meant), len(tasks), what, "pass" if right else "fail", len(tasks) / took))
        for one in tasks:
            if one not in as_meant:
                wrong += 1
                print("  %s: %s %s" % (one[0], results[one[0]]["verdict"], results[one[0]]["message"][:200]))
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
