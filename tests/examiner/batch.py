"""Runs many submissions with their tests through `evalrun batch`, for the scripts of this folder."""

import json
import pathlib
import subprocess
import tempfile


def run(evalrun, jobs, mode="two-sided", workers=2, limits=None, image="python"):
    """`jobs`: (id, code, tests, entry, trust). Returns the results by id; a job that could not be run is an error."""
    limits = {"cpu": "5s", "wall": "15s", "memory": "512MiB", "output": "16MiB", **(limits or {})}
    plan = 'image = "%s"\nsource = "solution.py"\n[tests]\nlanguage = "python"\nmode = "%s"\ntext = ""\n[limits]\n' % (image, mode)
    plan += "".join('%s = "%s"\n' % pair for pair in limits.items())
    lines = []
    for name, code, tests, entry, trust in jobs:
        job = {"id": name, "files": {"solution.py": {"text": code}}, "tests": {"text": tests, "entry": entry, "trust": trust}}
        lines.append(json.dumps(job))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "plan.toml").write_text(plan)
        (path / "jobs.jsonl").write_text("\n".join(lines) + "\n")
        done = subprocess.run(
            [evalrun, "batch", "--plan", path / "plan.toml", "--jobs", str(workers), path / "jobs.jsonl"],
            capture_output=True,
            text=True,
        )
    results = {}
    for line in done.stdout.splitlines():
        one = json.loads(line)
        if "result" not in one:
            raise RuntimeError(line)
        results[one["id"]] = one["result"]
    missing = [job[0] for job in jobs if job[0] not in results]
    if missing:
        raise RuntimeError("%d jobs without a result: %s\n%s" % (len(missing), missing[:3], done.stderr))
    return results
