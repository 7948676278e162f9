#!/usr/bin/env python3
"""tricks.py EVALRUN [--table] [WORDS]: every trick of tricks.txt and more_tricks.txt and its twin, in both modes; --table prints the rows of docs/tricks.md."""

import pathlib
import sys

import batch

LIMITS = {"cpu": "1s", "wall": "4s", "memory": "256MiB", "output": "1MiB", "processes": 16}


HEAD = """# Tricks against graders of functions

Written by ./dev tricks --table from tests/examiner/tricks.txt and more_tricks.txt; do not edit.

Each row is a submission that does not do what is asked and tries to pass. `tests/examiner/tricks_test.cc` holds that none passes two-sided, and that
an honest twin, which uses the same means, does. Of %d tricks, %d pass where the tests run in one process with the submission, although the
run must end with a complete record there.

| Trick | Two-sided | In one process |
|---|---|---|"""


def read(path):
    tasks, tricks = {}, []
    kept = None
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("*** "):
            name, _, entry = line[4:].strip().partition(" ")
            kept = []
            tasks[name] = ([one.strip() for one in entry.split(",")], kept)
        elif line.startswith("=== "):
            name, _, task = line[4:].strip().rpartition(" (")
            tricks.append((name, task.rstrip(")"), [], []))
            kept = tricks[-1][2]
        elif line.strip() == "--- honest":
            kept = tricks[-1][3]
        elif kept is not None:
            kept.append(line)
    return tasks, tricks


def main():
    evalrun, *words = sys.argv[1:]
    table = "--table" in words
    words = [one for one in words if one != "--table"]
    tasks, tricks = {}, []
    for file in ("tricks.txt", "more_tricks.txt"):
        own, found = read(pathlib.Path(__file__).with_name(file))
        tasks.update((file + name, task) for name, task in own.items())
        tricks += [(name, file + task, *texts) for name, task, *texts in found]
    tricks = [one for one in tricks if all(word in one[0] for word in words)]
    outcome = {}
    for mode in ("two-sided", "in-process") if table else ("two-sided",):
        jobs = []
        for name, task, trick, honest in tricks:
            entry, tests = tasks[task]
            jobs.append(("trick: " + name, "".join(trick), "".join(tests), entry, []))
            jobs.append(("honest: " + name, "".join(honest), "".join(tests), entry, []))
        limits = {key: value for key, value in LIMITS.items() if key != "processes"}
        outcome[mode] = batch.run(evalrun, jobs, mode, limits=limits)
    wrong = 0
    if table:
        passing = sum(one["verdict"] == "AC" for name, one in outcome["in-process"].items() if name.startswith("trick"))
        print(HEAD % (len(tricks), passing))
    for name, task, _, _ in tricks:
        trick, honest = outcome["two-sided"]["trick: " + name], outcome["two-sided"]["honest: " + name]
        is_right = trick["verdict"] in ("WA", "RE", "TLE", "MLE", "OLE", "SV") and honest["verdict"] == "AC"
        wrong += not is_right
        if table:
            one = outcome["in-process"]["trick: " + name]["verdict"]
            print("| %s | %s | %s |" % (name, trick["verdict"], "passes" if one == "AC" else one))
            continue
        print("%s %-5s %-4s %s: %s" % ("  " if is_right else "!!", trick["verdict"], honest["verdict"], name, trick["message"][:150]))
        if honest["verdict"] != "AC":
            print("      twin: " + honest["message"][:300] + honest["cases"][0].get("stderr", {}).get("text", "")[-300:])
    if not table:
        print("%d tricks, %d wrong" % (len(tricks), wrong))
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
