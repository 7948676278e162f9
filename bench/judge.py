#!/usr/bin/env python3
"""What `evalrun judge` costs beside the programs that it runs.

Makes packages and submissions of its own, judges them, and compares the wall time with the sum of the programs' own
times divided by the cores. Only ratios within one run mean something: on a loaded host every time grows.

  judge.py EVALRUN [--cases N] [--submissions N] [--work MILLISECONDS] [--language NAME ...]
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

CPP = """#include <cstdio>
int main() {
  unsigned n, x = 1;
  if (std::scanf("%u", &n) != 1) return 1;
  for (unsigned i = 0; i < n * 1000; ++i) x = x * 1664525u + 1013904223u + (x >> 7);
  std::printf("%u\\n", x);
}
"""
PYTHON = """n = int(input())
x = 1
for i in range(n * 1000):
    x = (x * 1664525 + 1013904223 + (x >> 7)) & 0xFFFFFFFF
print(x)
"""
JAVA = """class Main {
  public static void main(String[] words) {
    int n = new java.util.Scanner(System.in).nextInt(), x = 1;
    for (int i = 0; i < n * 1000; ++i) x = x * 1664525 + 1013904223 + (x >>> 7);
    System.out.println(Integer.toUnsignedString(x));
  }
}
"""
# The loop's thousands that take about a millisecond.
SOURCES = {"cpp": ("a.cpp", CPP, 400), "python3": ("a.py", PYTHON, 8), "java": ("a.java", JAVA, 200)}


def answer(n):
    x = 1
    for _ in range(n * 1000):
        x = (x * 1664525 + 1013904223 + (x >> 7)) & 0xFFFFFFFF
    return x


def make_package(folder, cases, thousands):
    secret = folder / "data" / "secret"
    secret.mkdir(parents=True)
    (folder / "problem.yaml").write_text(
        "problem_format_version: 2025-09\nname: Work\nuuid: 0\ntype: pass-fail\nlimits:\n  time_limit: 20\n"
    )
    expected = answer(thousands)
    for i in range(cases):
        # The same work; inputs that differ in white space are not taken for one case.
        (secret / f"{i:03}.in").write_text(f"{thousands}\n" + " " * i + "\n")
        (secret / f"{i:03}.ans").write_text(f"{expected}\n")
    for name, text in (("a.cpp", CPP),):
        path = folder / "submissions" / "accepted" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)


def timed(evalrun, words):
    began = time.monotonic()
    done = subprocess.run([evalrun, "judge", *words, "--format", "json"], capture_output=True, text=True)
    wall = time.monotonic() - began
    if not done.stdout:
        raise SystemExit(f"evalrun judge {' '.join(words)}: {done.stderr}")
    return wall, json.loads(done.stdout)


def runs_of(result):
    for submission in result["submissions"]:
        if submission.get("compile"):
            yield "compile", submission["compile"]
        for case in submission.get("cases", []):
            if case["verdict"] and "same_as" not in case and "skipped" not in case:
                yield "case", case


def show(what, wall, result, cores):
    verdicts = sorted({str(one["verdict"]) for one in result["submissions"]})
    sums = {"run": 0.0, "setup": 0.0, "teardown": 0.0, "cpu": 0.0, "compile": 0.0}
    for kind, run in runs_of(result):
        timing = run["timing_us"]
        for part in ("run", "setup", "teardown"):
            sums[part] += timing[part] / 1e6
        sums["cpu"] += run["cpu"]["total_us"] / 1e6
        if kind == "compile":
            sums["compile"] += timing["run"] / 1e6
    print(
        f"{what:34} {wall:8.2f} s  {sums['run'] / cores:8.2f} s  {wall * cores / sums['run']:6.3f}   "
        f"{sums['cpu'] / cores:8.2f} s  {sums['compile'] / cores:7.2f} s  {sums['setup'] / cores:7.2f} s  "
        f"{sums['teardown'] / cores:7.2f} s  {','.join(verdicts)}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evalrun")
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--work", type=int, default=50, help="milliseconds of CPU time of one case, about")
    parser.add_argument("--language", action="append", choices=list(SOURCES))
    options = parser.parse_args()
    evalrun = os.path.abspath(options.evalrun)
    cores = len(os.sched_getaffinity(0))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-judge-"))
    print(f"{cores} cores; each sum is divided by them")
    print(
        f"{'':34} {'wall':>10}  {'runs':>10}  {'ratio':>6}   {'their CPU':>10}  {'compile':>9}  {'set up':>9}  "
        f"{'tear down':>9}"
    )
    try:
        for language in options.language or SOURCES:
            name, text, speed = SOURCES[language]
            package = folder / f"one-{language}"
            make_package(package, options.cases, options.work * speed if language != "java" else 4000)
            (folder / name).write_text(text)
            wall, result = timed(evalrun, [str(package), str(folder / name)])
            show(f"{options.cases} cases, {language}", wall, result, cores)
        package = folder / "class-task"
        make_package(package, 8, options.work * SOURCES["cpp"][2])
        handed_in = folder / "class"
        handed_in.mkdir()
        for i in range(options.submissions):
            (handed_in / f"s{i:03}.cpp").write_text(CPP + f"// {i}\n")
        wall, result = timed(evalrun, [str(package), str(handed_in)])
        show(f"{options.submissions} submissions, 8 cases, cpp", wall, result, cores)
        package = folder / "self-test"
        make_package(package, options.cases, options.work * SOURCES["cpp"][2])
        for i in range(9):
            (package / "submissions" / "accepted" / f"b{i}.cpp").write_text(CPP + f"// {i}\n")
        wall, result = timed(evalrun, [str(package), "--self-test"])
        show(f"self-test, {options.cases} cases, 10 submissions", wall, result, cores)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
