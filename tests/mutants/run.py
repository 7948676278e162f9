#!/usr/bin/env python3
"""Mutation tests: leaves out or changes one line of the code at a time and runs the tests that are named for it.

usage: tests/mutants/run.py BUILD_FOLDER [--list] [--jobs N] [N..M | WORDS]...

tests/mutants/mutants.toml is the table. A mutant is killed if one of its tests fails. A mutant survives if all pass:
then a test is missing, or another line does the same. In that second case the row names that line (`second_wall`), and
the proof is its `without`: with that line changed too, a test must fail.

Nothing is changed in the checkout. BUILD_FOLDER gets a copy of it, which is built once and then again for each mutant.
"""

import argparse
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests/mutants/mutants.toml"
TEST_SECONDS = 180
PR_SET_CHILD_SUBREAPER = 36
ROW_KEYS = {"name", "file", "line", "becomes", "tests", "second_wall", "without"}
CHANGE_KEYS = {"file", "line", "becomes"}


class Wrong(Exception):
    """The table, the build or the tests before any mutation are not as they must be."""


class Change:
    """One mutation: lines of a file, found by their text, and what stands there instead."""

    def __init__(self, row, of):
        self.file = row["file"]
        self.wanted = [line.strip() for line in row["line"].strip().splitlines()]
        self.becomes = row["becomes"].strip()
        self.of = of

    def mutated(self, tree):
        """The file's text with the change. The lines must stand there exactly once; indentation does not matter."""
        path = tree / self.file
        if not path.is_file():
            raise Wrong(f"{self.of}: {self.file} is not there")
        return self.applied_to(path.read_text())

    def applied_to(self, text):
        lines = text.splitlines()
        stripped = [line.strip() for line in lines]
        count = len(self.wanted)
        places = [i for i in range(len(lines) - count + 1) if stripped[i : i + count] == self.wanted]
        if len(places) != 1:
            text = "\n    ".join(self.wanted)
            raise Wrong(f"{self.of}: these lines stand {len(places)} times in {self.file}, and must stand once:\n    {text}")
        at = places[0]
        return "\n".join(lines[:at] + [self.becomes] + lines[at + count :]) + "\n"


class Mutant:
    def __init__(self, row, number):
        self.number = number
        self.name = row.get("name", f"row {number}")
        if not CHANGE_KEYS | {"name", "tests"} <= row.keys() <= ROW_KEYS or ("second_wall" in row) != ("without" in row):
            raise Wrong(f"{self.name}: the keys of a row are {', '.join(sorted(ROW_KEYS))}; the last two go together")
        self.changes = [Change(row, self.name)]
        self.second_wall = row.get("second_wall")
        self.without = [Change(each, self.name) for each in row.get("without", [])]
        # "binary:filter" of GoogleTest.
        self.tests = [tuple(test.split(":", 1)) for test in row["tests"]]
        if not self.tests or any(len(test) != 2 for test in self.tests):
            raise Wrong(f'{self.name}: each of `tests` is "binary:filter"')


class Tree:
    """The copy of the checkout, and its build."""

    def __init__(self, folder, jobs):
        self.copy = folder / "tree"
        self.build = self.copy / "build"
        self.jobs = jobs
        self.originals = {}  # of the files that are changed now

    def update(self):
        """Makes the copy equal to the checkout; files that are equal keep their times, so they are not built again."""
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True,
        ).stdout.split("\0")
        names = {name for name in listed if name and (ROOT / name).is_file()}
        for name in names:
            self.put(name, (ROOT / name).read_bytes(), os.stat(ROOT / name).st_mode)
        for path in self.copy.rglob("*"):
            inside = path.relative_to(self.copy)
            if path.is_file() and inside.parts[0] != "build" and str(inside) not in names:
                path.unlink()

    def put(self, name, content, mode=None):
        path = self.copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_bytes() == content:
            return
        path.write_bytes(content)
        if mode is not None:
            path.chmod(mode)

    def apply(self, changes):
        texts = {}
        for change in changes:
            if change.file not in texts:
                self.originals[change.file] = (self.copy / change.file).read_bytes()
                texts[change.file] = self.originals[change.file].decode()
            texts[change.file] = change.applied_to(texts[change.file])
        for file, text in texts.items():
            self.put(file, text.encode())

    def restore(self):
        # Written anew, so that its time is later than that of the mutant's object.
        for file, content in self.originals.items():
            (self.copy / file).write_bytes(content)
        self.originals.clear()

    def configure(self):
        if not (self.build / "build.ninja").is_file():
            # Tests are started here by their names: none need be listed after each build.
            run(["cmake", "-S", self.copy, "--preset", "release", "-DEVALRUN_TESTS=ON",
                 "-DCMAKE_GTEST_DISCOVER_TESTS_DISCOVERY_MODE=PRE_TEST"], "cmake")

    def make(self, targets, what):
        run(["cmake", "--build", self.build, "-j", str(self.jobs), "--target", *sorted(targets)], what)


def run(argv, what):
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        output = done.stdout + done.stderr
        errors = [line for line in output.splitlines() if re.search(r"\berror\b|undefined reference", line)]
        raise Wrong(f"{what} failed:\n" + ("\n".join(errors[:10]) or output[-2000:]))


def end_orphans():
    """Ends what a mutant's run left: it is a child of ours, as we adopt what our children leave."""
    for _ in range(1000):
        children = []
        for task in pathlib.Path("/proc/self/task").iterdir():
            children += (task / "children").read_text().split()
        if not children:
            return
        for pid in map(int, children):
            os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            pass
        time.sleep(0.01)
    raise Wrong("processes of a test cannot be ended")


def test(tree, binary, pattern):
    """(names of the tests that failed, names of those that passed). A test that takes too long has failed."""
    argv = [tree.build / "tests" / binary, f"--gtest_filter={pattern}", "--gtest_color=no"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EVALRUN_", "GTEST_"))}
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors="replace", stdin=subprocess.DEVNULL, start_new_session=True)
    late = False
    try:
        output, _ = process.communicate(timeout=TEST_SECONDS)
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(process.pid, signal.SIGKILL)
        end_orphans()
        output, _ = process.communicate()
    end_orphans()
    begun = re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)
    passed = set(re.findall(r"\[       OK \] (\S+)", output))
    skipped = set(re.findall(r"\[  SKIPPED \] (\S+)", output))
    failed = [name for name in begun if name not in passed and name not in skipped]
    if process.returncode != 0 and not failed:
        failed = [f"{binary} (exit {process.returncode})"]
    return [name + (" (too late)" if late else "") for name in failed], passed


def first_failure(tree, tests):
    for binary, pattern in tests:
        failed, _ = test(tree, binary, pattern)
        if failed:
            return failed[0]
    return None


def check_before(tree, mutants):
    """Every named test must pass on the code as it is: else a failure says nothing of the mutant."""
    for binary, pattern in sorted({each for mutant in mutants for each in mutant.tests}):
        failed, passed = test(tree, binary, pattern)
        if failed:
            # Once more, alone: the machine may have been busy.
            failed, passed = test(tree, binary, pattern)
        if failed:
            raise Wrong(f"{binary} --gtest_filter={pattern}: {failed[0]} fails without any mutation")
        if not passed:
            raise Wrong(f"{binary} --gtest_filter={pattern}: no test of that name passes here (skipped, or renamed?)")


def try_mutant(tree, mutant):
    """What became of it: ("killed" | "survived" | "second wall" | "unproved", a word of explanation)."""
    targets = {binary for binary, _ in mutant.tests}  # and what they run

    def outcome(changes):
        try:
            tree.apply(changes)
            tree.make(targets, f"building \"{mutant.name}\"")
            return first_failure(tree, mutant.tests)
        finally:
            tree.restore()

    killer = outcome(mutant.changes)
    if mutant.second_wall is None:
        return ("killed", f"by {killer}") if killer else ("survived", "all of its tests pass")
    if killer:
        return "unproved", f"called a second wall, but killed by {killer}"
    killer = outcome(mutant.changes + mutant.without)
    if killer:
        return "second wall", f"in front stands {mutant.second_wall}; without both fails {killer}"
    return "unproved", f"without {mutant.second_wall} too, all of its tests pass"


def chosen(mutants, words):
    if not words:
        return mutants
    found = []
    for word in words:
        numbers = re.fullmatch(r"(\d+)\.\.(\d+)", word)
        if numbers:
            found += [mutant for mutant in mutants if int(numbers[1]) <= mutant.number <= int(numbers[2])]
        else:
            found += [mutant for mutant in mutants if word in mutant.name or word in mutant.changes[0].file]
    if not found:
        raise Wrong(f"no mutant is called {' or '.join(words)}")
    return sorted(set(found), key=lambda mutant: mutant.number)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--list", action="store_true", help="print the table and check that each line is still there")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_intermixed_args()

    rows = tomllib.loads(TABLE.read_text())["mutant"]
    mutants = [Mutant(row, number) for number, row in enumerate(rows, 1)]
    if len({mutant.name for mutant in mutants}) != len(mutants):
        raise Wrong("two mutants have one name")
    for mutant in mutants:
        for change in mutant.changes + mutant.without:
            change.mutated(ROOT)
    mutants = chosen(mutants, arguments.words)
    if arguments.list:
        for mutant in mutants:
            print(f"{mutant.number:3} {mutant.changes[0].file}: {mutant.name}")
        return 0

    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    tree = Tree(arguments.folder.resolve(), arguments.jobs)
    tree.update()
    tree.configure()
    begun = time.monotonic()
    tree.make({binary for mutant in mutants for binary, _ in mutant.tests}, "the build without a mutant")
    print(f"built in {time.monotonic() - begun:.0f} s", flush=True)
    check_before(tree, mutants)

    counts = {"killed": 0, "second wall": 0, "survived": 0, "unproved": 0, "not built": 0}
    started = time.monotonic()
    for mutant in mutants:
        begun = time.monotonic()
        try:
            verdict, why = try_mutant(tree, mutant)
        except Wrong as wrong:
            verdict, why = "not built", str(wrong)
        counts[verdict] += 1
        print(f"{mutant.number:3} {verdict:11} {mutant.name} ({mutant.changes[0].file}): {why} "
              f"[{time.monotonic() - begun:.0f} s]", flush=True)
    each = (time.monotonic() - started) / len(mutants)
    print(f"mutants: {len(mutants)}, " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) +
          f"; {each:.0f} s each")
    return 0 if counts["killed"] + counts["second wall"] == len(mutants) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        sys.exit(f"mutants: {wrong}")
