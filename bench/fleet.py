#!/usr/bin/env python3
"""What a fleet's queue costs: trivial jobs through two workers and one `evalrun batch`, and a contest beside a bulk of jobs.

  fleet.py EVALRUN [--jobs N] [--rounds N] [--bulk N] [--submissions N]

The contest: --submissions jobs of some 20 ms of CPU time each, at even distances; how long each waits before it starts, alone
and beside --bulk trivial jobs of lower priority.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "tests", "fleet"))
import chaos  # noqa: E402  the server of its own, and its client

PROGRAM = """
#include <stdlib.h>
#include <time.h>
int main(int n, char** words) {
  const double most = n > 1 ? atof(words[1]) : 0;
  struct timespec t;
  do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  while (t.tv_sec + 1e-9 * t.tv_nsec < most);
}
"""


def start_workers(evalrun, url, folder, count=2):
    with open(os.path.join(folder, "workers.log"), "a") as log:
        workers = [subprocess.Popen([*chaos.ENDS_WITH_US, evalrun, "worker", "--queue", url, "--host", f"host-{i}", "--jobs", "1",
                                     "--unsafe-host-paths"], stdout=log, stderr=log) for i in range(count)]
    return workers


def stop(workers):
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait(60)


def used_by_children():
    """CPU seconds of all that has ended and was waited for: what a busy machine does not change much."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(words, output):
    began = time.time()
    with open(output, "w") as file:
        subprocess.run(words, stdout=file, check=True)
    return time.time() - began


def lines_in(path):
    with open(path) as file:
        return sum(1 for _ in file)


def throughput(options, folder, plan):
    jobs = os.path.join(folder, "jobs.jsonl")
    with open(jobs, "w") as file:
        file.writelines(f'{{"id":"{i}"}}\n' for i in range(options.jobs))
    output = os.path.join(folder, "output")
    print(f"## {options.jobs} trivial jobs\n")
    shares = []
    for _ in range(options.rounds):
        used = [used_by_children()]
        took = timed([options.evalrun, "batch", "--plan", plan, "--jobs", "2", jobs], output)
        assert lines_in(output) == options.jobs
        used.append(used_by_children())
        redis = chaos.Redis(tempfile.mkdtemp(dir=folder), "everysec")
        url = f"unix:{redis.path}"
        workers = start_workers(options.evalrun, url, folder)
        # Cells and canaries are ready, as in a fleet that is at work.
        subprocess.run([options.evalrun, "submit", "--queue", url, "--plan", plan, "--wait", "-"], check=True, text=True,
                       input="".join(f'{{"id":"{i}"}}\n' for i in range(20)), stdout=subprocess.DEVNULL)
        producer = subprocess.Popen([options.evalrun, "submit", "--queue", url, "--plan", plan, "--wait", jobs],
                                    stdout=open(output, "w"))
        began, memory, producer_kib = time.time(), 0, 0
        while producer.poll() is None:
            time.sleep(0.2)
            info = dict(line.split(":", 1) for line in redis.ask("INFO", "memory").split("\r\n") if ":" in line)
            memory = max(memory, int(info["used_memory"]))
            try:
                with open(f"/proc/{producer.pid}/status") as file:
                    producer_kib = max([producer_kib] + [int(line.split()[1]) for line in file if line.startswith("VmRSS")])
            except OSError:
                pass
        fleet = time.time() - began
        assert lines_in(output) == options.jobs
        stop(workers)
        redis.process.terminate()
        redis.process.wait()
        used.append(used_by_children())
        shares.append(took / fleet)
        print(f"batch {options.jobs / took:.0f} jobs/s, fleet {options.jobs / fleet:.0f} jobs/s: {took / fleet:.2f} of it; "
              f"CPU time of a job {1000 * (used[1] - used[0]) / options.jobs:.2f} ms and "
              f"{1000 * (used[2] - used[1]) / options.jobs:.2f} ms; "
              f"at most {memory / 1048576:.1f} MiB in the queue, {producer_kib / 1024:.1f} MiB in the producer", flush=True)
    shares.sort()
    print(f"median {shares[len(shares) // 2]:.2f}")


def contest(options, folder, plan, bulk):
    redis = chaos.Redis(tempfile.mkdtemp(dir=folder), "everysec")
    url = f"unix:{redis.path}"
    workers = start_workers(options.evalrun, url, folder)
    time.sleep(1)
    background = None
    if bulk:
        jobs = os.path.join(folder, "bulk.jsonl")
        with open(jobs, "w") as file:
            file.writelines(f'{{"id":"{i}"}}\n' for i in range(bulk))
        background = subprocess.Popen([options.evalrun, "submit", "--queue", url, "--plan", plan, "--tenant", "bulk",
                                       "--queue-limit", str(bulk), "--batch", "bulk", jobs], stderr=subprocess.DEVNULL)
        background.wait()
    submit = subprocess.Popen([options.evalrun, "submit", "--queue", url, "--plan", plan, "--wait", "--tenant", "contest",
                               "--priority", "contest", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    began = time.time()
    for i in range(options.submissions):
        # Twelve problems, of which each is somewhat dearer than the last.
        cpu = 0.01 + 0.002 * (i % 12)
        submit.stdin.write(json.dumps({"id": i, "argv": ["/opt/program", str(cpu)]}) + "\n")
        submit.stdin.flush()
        time.sleep(max(0.0, began + (i + 1) * options.distance - time.time()))
    submit.stdin.close()
    waited = sorted(json.loads(line)["fleet"]["waited_ms"] for line in submit.stdout)
    submit.wait()
    left = redis.ask("ZCARD", "er:waiting")
    stop(workers)
    redis.process.kill()
    redis.process.wait()
    at = lambda share: waited[min(len(waited) - 1, int(share * len(waited)))]
    print(f"{'beside ' + str(bulk) + ' others (' + str(left) + ' left at the end)' if bulk else 'alone'}: {len(waited)} "
          f"submissions waited p50 {at(0.5)} ms, p90 {at(0.9)} ms, p99 {at(0.99)} ms, most {waited[-1]} ms", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("evalrun")
    parser.add_argument("--jobs", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bulk", type=int, default=50000)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument("--distance", type=float, default=0.05, help="seconds from one submission to the next")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evalrun-fleet-") as folder:
        program = os.path.join(folder, "program")
        subprocess.run(["c++", "-O2", "-static", "-x", "c++", "-o", program, "-"], check=True, text=True, input=PROGRAM)
        plan = os.path.join(folder, "plan.toml")
        with open(plan, "w") as file:
            file.write(f'argv = ["/opt/program"]\n[[mount]]\nbind = "{program}"\nat = "/opt/program"\nexec = true\n')
        throughput(options, folder, plan)
        print("\n## A contest\n")
        contest(options, folder, plan, 0)
        contest(options, folder, plan, options.bulk)


if __name__ == "__main__":
    main()
