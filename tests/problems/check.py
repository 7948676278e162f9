#!/usr/bin/env python3
"""Grades the labelled submissions of every problem and compares the verdicts with the labels.

    check.py EVALRUN [--repeat N] [--jobs 1,2] [--quick] [PROBLEM ...]

A problem is a folder with a problem.toml (the plan's keys but for image, source, files and cases; those behind the line "# java"
only for Java) and a generate.py, which writes inputs, expected outputs and cases.toml: nothing large is kept in the repository. A
submission's label is the start of its file's name: "tle-2.cpp" must exceed the time limit. Prints one line for each mismatch and
a summary; exits 1 where there was a mismatch, 77 where a language is not installed.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
IMAGES = {".c": "c", ".cpp": "cpp", ".py": "python", ".java": "java"}
# With --quick: most verdicts, every language, and no case behind the first that fails; what an ordinary test run has time for.
QUICK = {"sums", "cases"}


def plan_of(problem, submission, data):
    ending = submission.suffix
    source = "Main.java" if ending == ".java" else "main" + ending
    own = (problem / "problem.toml").read_text().replace("@DATA@", str(data))
    head = f'image = "{IMAGES[ending]}"\nsource = "{source}"\n'
    files = f'[files]\n"{source}" = {{ from = "{submission}" }}\n[compile]\n'
    cases = (data / "cases.toml").read_text() if (data / "cases.toml").exists() else ""
    java = own.split("# java\n")
    own = java[0] + (java[1] if ending == ".java" and len(java) > 1 else "")
    return head + files + own + cases.replace("@DATA@", str(data))


def grade(evalrun, plan, jobs, how):
    command = [evalrun, "run", "-", "--format", "json", "--jobs", str(jobs), *how]
    done = subprocess.run(command, input=plan, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"verdict": f"exit {done.returncode}", "message": done.stderr.strip()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("evalrun")
    parser.add_argument("problems", nargs="*")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--jobs", default="1,2")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    installed = subprocess.run([options.evalrun, "image", "list"], capture_output=True, text=True, check=True).stdout
    missing = [name for name in set(IMAGES.values()) if f"{name}: " not in installed or "missing" in installed.split(f"{name}: ")[1].split("\n")[0]]
    if missing:
        print("missing: " + ", ".join(missing))
        return 77
    problems = options.problems or sorted(path.parent.name for path in HERE.glob("*/problem.toml"))
    how = ["--stop-at-first-failure"] if options.quick else []
    graded = wrong = 0
    labels = {}
    for name in problems:
        if options.quick and name not in QUICK and not options.problems:
            continue
        problem = HERE / name
        with tempfile.TemporaryDirectory(prefix="evalrun-problem-") as folder:
            data = pathlib.Path(folder)
            os.chmod(data, 0o755)
            subprocess.run([sys.executable, str(problem / "generate.py"), str(data)], check=True)
            for submission in sorted(problem.glob("*-*.*")):
                label = submission.stem.split("-")[0].upper()
                if submission.suffix not in IMAGES:
                    continue
                labels[label] = labels.get(label, 0) + 1
                for _ in range(options.repeat):
                    for jobs in options.jobs.split(","):
                        result = grade(options.evalrun, plan_of(problem, submission, data), jobs, how)
                        graded += 1
                        if result["verdict"] != label:
                            wrong += 1
                            text = result.get("compile", {}).get("stderr", {}).get("text", "")[:400]
                            print(f"{name}/{submission.name} with {jobs} jobs: {result['verdict']}: {result.get('message')} {text}")
                        sys.stdout.flush()
    counts = ", ".join(f"{label} {count}" for label, count in sorted(labels.items()))
    print(f"{graded} gradings of {sum(labels.values())} submissions ({counts}): {wrong} mismatches")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
