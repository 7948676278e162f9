#!/usr/bin/env python3
"""What a start from a snapshot saves: small programs by execve and from a snapshot, in one batch each, and by the bare
interpreter without any sandbox, interleaved.

  snapshot.py EVALRUN [--runs N] [--rounds N] [--jobs N] [--image NAME ...]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

# What an image runs: its source, a program that says "42", and the bare command.
PROGRAMS = {
    "python": ("main.py", "def f(n):\n    return n * 7\nassert f(6) == 42\nprint(f(6))\n", ["/usr/bin/python3", "main.py"]),
    "perl": ("main.pl", "print 6 * 7, qq(\\n);\n", ["perl", "main.pl"]),
    "lua": ("main.lua", "print(6 * 7)\n", ["lua5.4", "main.lua"]),
    "php": ("main.php", "<?php echo 6 * 7, PHP_EOL;\n", ["php", "main.php"]),
    "bash": ("main.sh", "echo $((6 * 7))\n", ["bash", "main.sh"]),
}


def run_batch(evalrun, folder, image, mode, runs, jobs):
    """Runs a second, and the medians of wall and CPU time in milliseconds, of the runs that began as asked."""
    source, text, _ = PROGRAMS[image]
    plan = folder / "plan.toml"
    plan.write_text(f'image = "{image}"\nsource = "{source}"\nsnapshot.mode = "{mode}"\n')
    lines = "".join(
        json.dumps({"id": str(i), "files": {source: {"text": text}}}) + "\n" for i in range(runs)
    )
    begin = time.monotonic()
    done = subprocess.run(
        [evalrun, "batch", "--plan", str(plan), "--jobs", str(jobs)], input=lines, capture_output=True, text=True, check=True
    )
    took = time.monotonic() - begin
    results = [json.loads(line)["result"] for line in done.stdout.splitlines()]
    assert len(results) == runs and all(one["stdout"]["text"] == "42\n" for one in results), "a run was wrong"
    wanted = "snapshot" if mode == "auto" else "execve"
    kept = [one for one in results if one["start"]["kind"] == wanted]
    return {
        "runs_per_s": runs / took,
        "wall_ms": statistics.median(one["wall_us"] for one in kept) / 1000 if kept else None,
        "cpu_ms": statistics.median(one["cpu"]["total_us"] for one in kept) / 1000 if kept else None,
        "from_snapshot": sum(one["start"]["kind"] == "snapshot" for one in results),
    }


def latencies(evalrun, folder, image, mode, text, keys, runs):
    """Milliseconds from a job's line to its result's, of jobs that come one at a time and began as asked."""
    source = PROGRAMS[image][0]
    plan = folder / "plan.toml"
    plan.write_text(f'image = "{image}"\nsource = "{source}"\nsnapshot.mode = "{mode}"\n{keys}')
    wanted = "execve" if mode == "off" else "snapshot"
    kept = []
    with subprocess.Popen(
        [evalrun, "batch", "--plan", str(plan), "--jobs", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as batch:
        for i in range(100 * runs):
            line = json.dumps({"id": i, "files": {source: {"text": text}}}) + "\n"
            began = time.monotonic()
            batch.stdin.write(line)
            batch.stdin.flush()
            result = json.loads(batch.stdout.readline())["result"]
            took = time.monotonic() - began
            assert result["verdict"] == "OK", result
            if result["start"]["kind"] == wanted:
                kept.append(1000 * took)
            if len(kept) == runs:
                break
            time.sleep(0.003)  # for the next run to be prepared
        batch.stdin.close()
    return kept


def print_latencies(options):
    """Of Python's empty program, and of one that uses numpy where that is installed."""
    programs = [("pass", "pass\n", "")]
    numpy = "import numpy as np\na = np.arange(10.0)\nassert a.sum() == 45\n"
    if subprocess.run(["/usr/bin/python3", "-c", "import numpy"], capture_output=True).returncode == 0:
        programs.append(("numpy", numpy, 'snapshot.preload = ["numpy"]\n'))
    for name, text, keys in programs:
        for mode in ("off", "auto"):
            with tempfile.TemporaryDirectory() as folder:
                took = latencies(options.evalrun, pathlib.Path(folder), "python", mode, text, keys, options.runs // 4)
            start = "execve" if mode == "off" else "snapshot"
            print(f"{name:8} {start:9} {statistics.median(took):8.2f} ms from a job's line to its result (median of {len(took)})")


def run_bare(folder, image, runs):
    source, text, command = PROGRAMS[image]
    (folder / source).write_text(text)
    begin = time.monotonic()
    for _ in range(runs):
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return runs / (time.monotonic() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evalrun")
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--image", action="append", choices=PROGRAMS)
    options = parser.parse_args()
    print("image    start      runs/s   wall ms    cpu ms   from a snapshot")
    for image in options.image or ["python"]:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            rounds = {"off": [], "auto": []}
            bare = []
            for _ in range(options.rounds):
                bare.append(run_bare(folder, image, min(options.runs, 100)))
                for mode, kept in rounds.items():
                    kept.append(run_batch(options.evalrun, folder, image, mode, options.runs, options.jobs))
        print(f"{image:8} {'bare':9} {statistics.median(bare):7.0f}         -         -         -   one after the other")
        for mode, kept in rounds.items():
            figure = {
                key: statistics.median(one[key] for one in kept if one[key] is not None) if kept[0][key] is not None else 0
                for key in kept[0]
            }
            start = "execve" if mode == "off" else "snapshot"
            print(
                f"{image:8} {start:9} {figure['runs_per_s']:7.0f} {figure['wall_ms']:9.2f} {figure['cpu_ms']:9.2f}"
                f" {figure['from_snapshot']:9.0f} of {options.runs}"
            )
    print_latencies(options)


if __name__ == "__main__":
    main()
