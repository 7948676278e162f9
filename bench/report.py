#!/usr/bin/env python3
"""The figures of bench as a table, a chart and a page. Reads the JSON that bench wrote; measures nothing."""
import argparse
import json
import pathlib
import statistics
import sys
from dataclasses import dataclass
from xml.sax.saxutils import escape

MIB = 1024.0  # of KiB


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def milliseconds(us):
    return f"{us / 1000:.2f}" if us < 10_000 else f"{us / 1000:.1f}"


class Figures:
    """What was measured, by name; None where it was not."""

    def __init__(self, report):
        self.report = report
        self.contenders = report["contenders"]
        self.by_id = {contender["id"]: contender for contender in self.contenders}

    def samples(self, name):
        return self.by_id.get(name, {}).get("latency_us")

    def latency(self, name):
        samples = self.samples(name)
        return statistics.median(samples) if samples else None

    def fastest(self, name):
        samples = self.samples(name)
        return min(samples) if samples else None

    def paired_difference(self, first, second):
        """The median, in ms, of the differences within each round: what drifts over the rounds falls out of it."""
        pairs = self.samples(first), self.samples(second)
        if not all(pairs) or len(pairs[0]) != len(pairs[1]):
            return None
        return statistics.median(one - other for one, other in zip(*pairs)) / 1000

    def per_second(self, name):
        measured = self.by_id.get(name, {}).get("throughput")
        return measured["runs"] / measured["seconds"] if measured and measured["seconds"] else None

    def part(self, name):
        part = self.report.get(name)
        return part if part and "error" not in part else None

    def medians_of(self, part, first, second):
        part = self.part(part)
        return (statistics.median(part[first]), statistics.median(part[second])) if part else (None, None)


def ratio(first, second):
    return first / second if first is not None and second else None


@dataclass
class Target:
    """One line of what must be shown: a figure and its bound. `fastest` is the same figure by the fastest runs, which a busy
    machine disturbs less: where the two disagree, the machine was too busy to tell."""

    words: str
    figure: float | None
    bound: float
    unit: str = "×"
    at_least: bool = False
    fastest: float | None = None

    def row(self):
        sign = "≥" if self.at_least else "≤"
        bound = f"{sign} {self.bound:g} {self.unit}"
        if self.figure is None:
            return [self.words, "not measured", "", bound, ""]
        fastest = "" if self.fastest is None else f"{self.fastest:.3g} {self.unit}"
        return [self.words, f"{self.figure:.3g} {self.unit}", fastest, bound, self.verdict()]

    def verdict(self):
        reached = [figure >= self.bound if self.at_least else figure <= self.bound for figure in self.figures()]
        return "reached" if all(reached) else "UNSURE" if any(reached) else "NOT REACHED"

    def figures(self):
        return [figure for figure in (self.figure, self.fastest) if figure is not None]


def difference(first, second, unit):
    return (first - second) / unit if first is not None and second is not None else None


def live_mib(figures):
    live = figures.part("live")
    if not live or live["init_pss_kib"] is None:
        return None
    kib = live["kernel_kib"] + live["supervisor_pss_kib"] + live["init_pss_kib"]
    return kib / MIB / live["sandboxes"]


def inside(figures, what):
    part = figures.part("inside")
    if not part:
        return None, None
    return statistics.median(part["inside"][what]), statistics.median(part["outside"][what])


def latency_target(figures, words, name, others, bound):
    """The latency of one contender over that of the quickest of the others."""

    def figure(of):
        times = [of(other) for other in others if of(other) is not None]
        return ratio(of(name), min(times)) if times else None

    return Target(words, figure(figures.latency), bound, fastest=figure(figures.fastest))


def targets(figures):
    per_second = figures.per_second
    large_peers = ["crun", "runc", "firejail"]
    small, large = figures.medians_of("supervisor", "small_us", "large_us")
    alone, among = figures.medians_of("live", "run_alone_us", "run_among_us")
    alone_in_cell, among_in_cell = figures.medians_of("live", "run_alone_in_cell_us", "run_among_in_cell_us")
    group = figures.paired_difference("cold_memory", "cold_bare")
    fastest_group = difference(figures.fastest("cold_memory"), figures.fastest("cold_bare"), 1000)
    call = difference(*inside(figures, "call_ns"), 1)
    live = figures.part("live")
    count = live["sandboxes"] if live else 1000
    return [
        latency_target(figures, "the command, over bubblewrap with seccomp", "command", ["bubblewrap"], 0.60),
        latency_target(figures, "the command, over the quickest other peer", "command", large_peers, 1),
        latency_target(figures, "in process, cold, no groups, over the floor's equal steps", "cold_bare", ["floor"], 1.25),
        latency_target(figures, "in process, warm, over bare posix_spawn", "warm", ["bare"], 1.3),
        latency_target(figures, "in process, warm, over bubblewrap", "warm", ["bubblewrap"], 0.2),
        Target("runs a second, warm, over bare's", ratio(per_second("warm"), per_second("bare")), 0.5, at_least=True),
        Target("runs a second, warm, over bubblewrap's", ratio(per_second("warm"), per_second("bubblewrap")), 6, at_least=True),
        Target("what a memory group adds to a run", group, 0.15, "ms", fastest=fastest_group),
        Target("a program that computes: time inside over outside", ratio(*inside(figures, "spin_us")), 1.01),
        Target("an unfiltered system call: what it takes more inside", call, 60, "ns"),
        Target(f"{count} live sandboxes: memory each beside the program's own", live_mib(figures), 1.5, "MiB"),
        Target(f"a run among {count} live ones, over one alone", ratio(among, alone), 1.1),
        Target("the same in a cell, from its start until the next is ready", ratio(among_in_cell, alone_in_cell), 1.1),
        Target("a run by a supervisor of 1 GiB, over one by 10 MiB", ratio(large, small), 1.1),
    ]


# ---- tables ----

LATENCY_HEAD = ["start to reaped, ms", "min", "median", "p90", "p99", "CPU/run", "/bare", "/floor", "/bwrap", "runs/s", "busy/run"]


def latency_row(figures, contender):
    name = contender["id"]
    samples = figures.samples(name)
    if not samples:
        return [contender["name"]] + [""] * (len(LATENCY_HEAD) - 1)
    median = statistics.median(samples)
    row = [contender["name"], milliseconds(min(samples)), milliseconds(median)]
    row += [milliseconds(percentile(samples, share)) for share in (0.9, 0.99)]
    row.append(milliseconds(statistics.median(contender["cpu_us"])))
    for other in ("bare", "floor", "bubblewrap"):
        share = ratio(median, figures.latency(other))
        row.append("" if share is None else f"{share:.2f}")
    throughput = contender.get("throughput")
    if throughput and throughput["runs"]:
        row += [f"{figures.per_second(name):.0f}", milliseconds(throughput["busy_seconds"] * 1e6 / throughput["runs"])]
    else:
        row += ["", ""]
    return row


def stage_rows(figures):
    rows = []
    for contender in figures.contenders:
        stages = contender.get("stages_us")
        if stages:
            rows.append([contender["name"]] + [milliseconds(statistics.median(stages[name])) for name in STAGES])
    return rows


STAGES = ["compile", "setup", "run", "teardown"]
STAGE_HEAD = ["timing_us told in the result, medians in ms"] + STAGES
TARGET_HEAD = ["target", "figure, by medians", "by the fastest", "bound", ""]


def as_text(head, rows):
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]
    lines = []
    for row in [head] + rows:
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def as_markdown(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)] + rows
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def troubles(figures):
    """What did not run, or not always, and why."""
    lines = []
    for contender in figures.contenders:
        if contender["error"]:
            lines.append(f"{contender['name']}: not run: {contender['error']}")
        failures = contender.get("failures", 0) + contender.get("throughput", {}).get("failures", 0)
        if failures:
            lines.append(f"{contender['name']}: {failures} failures: {contender.get('last_failure', '')}")
    for part in ("supervisor", "inside", "live"):
        error = figures.report.get(part, {}).get("error")
        if error:
            lines.append(f"{part}: {error}")
    return lines


def details(figures):
    """The figures that are no row of a table, in words."""
    lines = []
    live = figures.part("live")
    if live:
        count = live["sandboxes"]
        parts = ("kernel", "supervisor_pss", "init_pss", "program_pss", "available")
        each = {name: "not readable" if live[f"{name}_kib"] is None else f"{live[f'{name}_kib'] / count:.0f}" for name in parts}
        lines.append(
            f"{count} live sandboxes, KiB each: kernel {each['kernel']}, supervisor {each['supervisor_pss']}, "
            f"init {each['init_pss']}, the program itself {each['program_pss']}; MemAvailable fell by {each['available']}. "
            f"The supervisor uses {live['idle_cores'] * 100:.1f} % of a core for all of them."
        )
        alone, among = figures.medians_of("live", "run_alone_us", "run_among_us")
        in_cell = figures.medians_of("live", "run_alone_in_cell_us", "run_among_in_cell_us")
        lines.append(f"One more run: {milliseconds(alone)} ms alone, {milliseconds(among)} ms among them; in a cell "
                     f"{milliseconds(in_cell[0])} and {milliseconds(in_cell[1])}.")
    small, large = figures.medians_of("supervisor", "small_us", "large_us")
    if small is not None:
        lines.append(f"A run in process by a supervisor of 10 MiB: {milliseconds(small)} ms, of 1 GiB: {milliseconds(large)} ms.")
    part = figures.part("inside")
    if part:
        (spin_in, spin_out), (call_in, call_out) = inside(figures, "spin_us"), inside(figures, "call_ns")
        fastest = min(part["inside"]["spin_us"]) / min(part["outside"]["spin_us"])
        lines.append(
            f"A loop that computes: {milliseconds(spin_in)} ms inside, {milliseconds(spin_out)} outside (fastest over fastest: "
            f"{fastest:.3f}); getppid: {call_in:.0f} ns inside, {call_out:.0f} outside."
        )
    return lines


def host_line(report):
    host = report["host"]
    user = "root" if host["root"] else "an ordinary user"
    return (
        f"{host['date']}, Linux {host['kernel']}, {host['cores']} cores ({host['processor']}), {host['memory']}, as {user}; "
        f"{report['rounds']} rounds in random order; {report['other_cores']:.2f} cores were busy with something else"
        + (f", against which the benchmark had {report['weight']} times the share of one" if report["weight"] > 1 else "")
    )


def text_report(figures):
    parts = [host_line(figures.report) + "\n"]
    parts.append(as_text(LATENCY_HEAD, [latency_row(figures, contender) for contender in figures.contenders]))
    stages = stage_rows(figures)
    if stages:
        parts.append(as_text(STAGE_HEAD, stages))
    parts.append("".join(line + "\n" for line in details(figures) + troubles(figures)))
    parts.append(as_text(TARGET_HEAD, [target.row() for target in targets(figures)]))
    return "\n".join(part for part in parts if part)


# ---- the chart ----

def color_of(contender):
    name = contender["id"]
    if name == "bare" or name.startswith("floor"):
        return "#8a94a0"
    return "#2a6fb0" if name.startswith(("cold", "warm", "command")) else "#c98a2b"


def chart(figures):
    """Medians as bars on a logarithmic scale, a line to the 90th percentile."""
    import math

    rows = [contender for contender in figures.contenders if figures.samples(contender["id"])]
    left, width, step, top = 240, 560, 26, 40
    low = min(min(figures.samples(row["id"])) for row in rows) * 0.8
    high = max(percentile(figures.samples(row["id"]), 0.9) for row in rows) * 1.3

    def x(us):
        return left + width * math.log(us / low) / math.log(high / low)

    height = top + step * len(rows) + 40
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 70}" height="{height}" '
        f'viewBox="0 0 {left + width + 70} {height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="10" y="20" font-size="14">start to reaped, ms: median, and a line to the 90th percentile (logarithmic)</text>',
    ]
    for tick in (100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000):
        if low < tick < high:
            out.append(f'<line x1="{x(tick):.1f}" y1="{top - 8}" x2="{x(tick):.1f}" y2="{height - 30}" stroke="#ddd"/>')
            out.append(f'<text x="{x(tick):.1f}" y="{height - 14}" text-anchor="middle">{tick / 1000:g}</text>')
    for i, row in enumerate(rows):
        y = top + step * i
        median, late = figures.latency(row["id"]), percentile(figures.samples(row["id"]), 0.9)
        out.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{escape(row["name"])}</text>')
        out.append(f'<rect x="{left}" y="{y}" width="{x(median) - left:.1f}" height="17" fill="{color_of(row)}"/>')
        out.append(f'<line x1="{x(median):.1f}" y1="{y + 8.5}" x2="{x(late):.1f}" y2="{y + 8.5}" stroke="#333"/>')
        out.append(f'<text x="{x(late) + 6:.1f}" y="{y + 13}">{milliseconds(median)}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


# ---- the page ----

def page(figures, chart_name, notes):
    what = [[contender["name"], contender["what"], contender["version"]] for contender in figures.contenders]
    latency = [latency_row(figures, contender) for contender in figures.contenders]
    return "\n".join(
        [
            "# Performance\n",
            "Written by `./dev bench --record` from [performance.json](performance.json) and "
            "[bench/notes.md](../bench/notes.md); do not edit.\n",
            host_line(figures.report) + ". Each contender runs the same static program, from start to reaped; times are in ms. "
            "Only ratios within one run of the benchmark can be compared: machines drift between runs, neighbours come and go.\n",
            f"![start to reaped]({chart_name})\n",
            "## What was to be shown\n",
            as_markdown(TARGET_HEAD, [target.row() for target in targets(figures)]),
            "## Latency, CPU time, throughput\n",
            as_markdown(LATENCY_HEAD, latency),
            "CPU/run is that of the run's own processes; busy/run is what the whole machine was busy for while all cores ran nothing "
            "else, what the kernel does afterwards in the background and every neighbour included. Runs a second are with one worker "
            "for each core.\n",
            as_markdown(STAGE_HEAD, stage_rows(figures)),
            "## The rest\n",
            "".join(f"- {line}\n" for line in details(figures) + troubles(figures)),
            "## The contenders\n",
            as_markdown(["contender", "what it is, and in what it differs", "version"], what),
            notes,
        ]
    )


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("json", type=pathlib.Path)
    arguments.add_argument("--svg", type=pathlib.Path, help="writes the chart")
    arguments.add_argument("--page", type=pathlib.Path, help="writes the page; needs --svg")
    chosen = arguments.parse_args()
    figures = Figures(json.loads(chosen.json.read_text()))
    sys.stdout.write(text_report(figures))
    if chosen.svg:
        chosen.svg.write_text(chart(figures))
    if chosen.page:
        notes = pathlib.Path(__file__).with_name("notes.md").read_text()
        chosen.page.write_text(page(figures, chosen.svg.name, notes))


if __name__ == "__main__":
    main()
