#!/usr/bin/env python3
"""Where the CPU time of a run goes: what perf sampled, by process and step. Reads `perf script`; measures nothing."""
import argparse
import bisect
import re
import subprocess
import sys
from collections import Counter, defaultdict

# Of a stack, the first row of the table that stands in it, from its leaf on; what is named twice counts at its innermost.
PARTS = {
    "step_lifeline": "lifeline", "step_namespaces": "namespaces", "step_loopback": "loopback", "step_plan": "plan",
    "step_groups": "cgroup", "step_trees": "trees", "step_identity": "identity", "step_session": "session",
    "step_hostname": "hostname", "step_nesting": "nesting", "step_mounts": "mounts", "step_pivot": "pivot_root",
    "step_files": "files", "step_enter": "enter", "step_process": "process", "step_landlock": "landlock",
    "step_seccomp": "seccomp", "step_rlimits": "rlimits", "step_capabilities": "capabilities",
    "step_descriptors": "descriptors", "step_seal": "seal", "step_job": "job", "step_exec": "exec",
    "lock_init": "init locks itself down", "clone_walker": "clone", "clone_child": "clone", "do_exit": "end of a process",
    "handle_amd": "start of the program", "update_active": "start of the program", "get_common_": "start of the program",
    "get_extended_": "start of the program", "parse_options": "command line",
    "read_plan": "plan: read", "plan_keys": "plan: table of keys", "parse_plan": "plan: read",
    "Batch::start": "job: from its line to a plan", "probe_host": "host", "find_group_trees": "groups: found",
    "Groups::next_name": "groups: the janitor", "Janitor": "groups: the janitor",
    "RunGroups::RunGroups": "groups: made", "RunGroups::make": "groups: made", "RunGroups::remove": "groups: removed",
    "RunGroups::~RunGroups": "groups: removed", "lease_identity": "identity leased", "lease_cores": "cores leased",
    "write_id_map": "id map", "build_whitelist": "compile: filters", "PinnedRoot::PinnedRoot": "compile: sources pinned",
    "CompiledPlan::CompiledPlan": "compile: the rest", "deliver": "plan handed over",
    "look_at_host": "what makes times unsure", "take_result": "result: figures", "to_json": "result: written",
    "ResultFile::write": "result: written", "EventLoop::run_once": "event loop", "Run::Run": "pipes, timer, watches",
    "EmptySandbox": "sockets, pipe, shared memory", "Cell::next": "sockets, pipe, shared memory",
    "~CellPool": "taken apart", "~State": "taken apart",
}
NAMES = re.compile("|".join(sorted(map(re.escape, PARTS), key=len, reverse=True)))
WORKERS = ("kworker", "ksoftirqd", "rcu_")


class Program:
    """Names of the functions of a program that perf does not find: the fork server is no file where it runs."""

    def __init__(self, path):
        symbols = subprocess.run(["nm", "--numeric-sort", path], check=True, capture_output=True, text=True).stdout
        rows = [line.split() for line in symbols.splitlines() if len(line.split()) == 3]
        self.places = [int(row[0], 16) for row in rows]
        self.names = [row[2] for row in rows]

    def name_at(self, place):
        if not self.places or not self.places[0] <= place < self.places[-1] + 0x1000:
            return "[unknown]"
        return self.names[bisect.bisect_right(self.places, place) - 1]


def frame_of(line, program):
    place, name = line.split(None, 1)
    return program.name_at(int(place, 16)) if name == "[unknown]" else name


def stacks(lines, program):
    """(command, frames from the leaf on) of each sample."""
    command, frames = None, []
    for line in lines:
        line = line.rstrip("\n")
        if not line:
            if command is not None:
                yield command, frames
            command, frames = None, []
        elif command is None:
            command = line.split()[0]
        else:
            frames.append(frame_of(line, program))
    if command is not None:
        yield command, frames


def part_of(frames):
    for frame in frames:
        found = NAMES.search(frame)
        if found:
            return PARTS[found.group()]
    if any("execve" in frame or "libc_start" in frame for frame in frames):
        return "start of the program"
    return "faults of pages" if any("page_fault" in frame for frame in frames) else "the rest"


def process_of(command, frames):
    if command.startswith(WORKERS):
        return "kernel's workers"
    if command == "true":
        return "the program"
    ours = ("init_main", "target_main", "keeper_main", "step_")
    if command == "evalrun-fork" or any(name in frame for frame in frames for name in ours):
        return "init and target"
    return "supervisor" if command == "evalrun" else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, required=True, help="how many runs were sampled")
    parser.add_argument("--frequency", type=int, required=True, help="samples a second")
    parser.add_argument("--least", type=float, default=10, help="microseconds a run below which a part is not listed")
    parser.add_argument("--program", required=True, help="the fork server, with its symbols")
    options = parser.parse_args()
    parts = defaultdict(Counter)
    for command, frames in stacks(sys.stdin, Program(options.program)):
        process = process_of(command, frames)
        if process is None:
            continue
        simple = process in ("the program", "kernel's workers")
        parts[process]["" if simple else part_of(frames)] += 1
    each = 1e6 / options.frequency / options.runs
    total = sum(sum(counter.values()) for counter in parts.values()) * each
    print(f"| process | part | us of CPU time a run |\n| --- | --- | ---: |\n| all | | {total:.0f} |")
    for process, counter in sorted(parts.items(), key=lambda item: -sum(item[1].values())):
        print(f"| {process} | | {sum(counter.values()) * each:.0f} |")
        rest = 0.0
        for part, count in counter.most_common():
            if part == "":
                continue
            if part == "the rest" or count * each < options.least:
                rest += count * each
            else:
                print(f"| | {part} | {count * each:.0f} |")
        if rest > 0:
            print(f"| | the rest | {rest:.0f} |")


if __name__ == "__main__":
    main()
