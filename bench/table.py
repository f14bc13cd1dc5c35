"""Figures of a run as the tables of docs/PERFORMANCE.md."""

import os
import platform
import re
import statistics
import subprocess
from pathlib import Path

from workloads import GOALS, GROUPS, WORKLOADS

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
US = "Staithe"
TITLES = {"V1": "Manifests", "V2": "Blobs", "V3": "Pushing large blobs", "V4": "Pushing small images", "V5": "Memory",
          "V6": "Start", "V9": "TLS", "V10": "Small reads while others push"}
COLUMNS = {"per_s": "per second", "mb_per_s": "MB/s", "p50": "p50 ms", "p99": "p99 ms", "p99_9": "p99.9 ms", "max": "max ms",
           "cpu_us": "CPU µs each", "cpu_s_per_gib": "CPU s per GiB", "rss_mib": "MiB", "own_share": "generator's share",
           "ms": "ms", "pushed_mb_per_s": "pushed MB/s"}
LOWER = {"p50", "p99", "p99_9", "max", "cpu_us", "cpu_s_per_gib", "rss_mib", "ms"}


def facts(directory, quick):
    """The machine, without anything that names it."""
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / (1 << 20)
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)', Path("/etc/os-release").read_text(), re.M))
    kind = subprocess.run(["findmnt", "-n", "-o", "FSTYPE", "-T", directory], capture_output=True, text=True, check=True).stdout.strip()
    return {"processor": model, "cores": os.cpu_count(), "memory_gib": round(memory), "kernel": os.uname().release.split("-")[0],
            "system": system.get("PRETTY_NAME", ""), "file_system": kind, "load_before": round(os.getloadavg()[0], 1),
            "quick": quick}


def number(value, column=None):
    """A figure with three digits that count."""
    if value is None:
        return ""
    if column == "own_share":
        return f"{100 * value:.0f} %"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


class Figures:
    """What was measured, by workload and server."""

    def __init__(self, results):
        self.runs = results["runs"]

    def rounds(self, workload, server, column):
        """round -> figure"""
        return {run["round"]: run["figures"][column] for run in self.runs
                if run["workload"] == workload and run["server"] == server and run["figures"].get(column) is not None}

    def median(self, workload, server, column):
        found = self.rounds(workload, server, column).values()
        return statistics.median(found) if found else None

    def ratio(self, workload, server, column):
        """Staithe's figure by that of server, the median over the rounds that both ran."""
        ours, theirs = self.rounds(workload, US, column), self.rounds(workload, server, column)
        both = [ours[n] / theirs[n] for n in ours if n in theirs and theirs[n]]
        return statistics.median(both) if both else None

    def errors(self, workload, server):
        return sum(run["figures"].get("errors") or 0 for run in self.runs
                   if run["workload"] == workload and run["server"] == server)


def rows(figures, workload, names):
    """A line for each server."""
    main = workload.columns[0]
    for name in names:
        found = figures.rounds(workload.name, name, main)
        if not found:
            continue
        ratio = "" if name == US else number(figures.ratio(workload.name, name, main))
        cells = [f"**{number(figures.median(workload.name, name, main))}** ({number(min(found.values()))} to"
                 f" {number(max(found.values()))})", ratio]
        cells += [number(figures.median(workload.name, name, column), column) for column in workload.columns[1:]]
        wrong = figures.errors(workload.name, name)
        yield f"| {name} | " + " | ".join(cells) + (f" {wrong} errors |" if wrong else " |")


def section(figures, group, names, commands):
    lines = [f"### {group}: {TITLES[group]}", ""]
    for workload in (w for w in WORKLOADS if w.group == group):
        found = list(rows(figures, workload, names))
        if not found:
            continue
        titles = [COLUMNS[column] for column in workload.columns]
        lines += [f"{workload.name[0].upper()}{workload.name[1:]}:", "",
                  "| server | " + f"{titles[0]}: median (min to max) | Staithe : it | " + " | ".join(titles[1:]) + " |",
                  "|---" * (len(titles) + 2) + "|", *found, ""]
        lines += [f"    {shorter(line)}" for line in commands.get(workload.name, ())] + [""]
    return lines if len(lines) > 2 else []


def shorter(command):
    """The sixty-four paths of a command line, as the first and the last."""
    paths = re.findall(r"--path \S+", command)
    if len(paths) < 3:
        return command
    return command.replace(" ".join(paths), f"{paths[0]} ... {paths[-1]}")


def judged(figures, goal, workload):
    """The row of one goal for one workload, or None where something was not measured."""
    if goal.peer:
        ratios = {goal.peer: figures.ratio(workload.name, goal.peer, goal.figure)}
        if goal.peer == "registries":
            ratios = {name: figures.ratio(workload.name, name, goal.figure)
                      for name in ("docker-registry", "distribution", "zot")}
        elif goal.peer == "SHA-256 of one core":
            ours, limit = figures.median(workload.name, US, goal.figure), figures.median(
                next(w.name for w in WORKLOADS if w.group == "V3"), goal.peer, "mb_per_s")
            ratios = {goal.peer: ours / limit if ours and limit else None}
        ratios = {name: value for name, value in ratios.items() if value is not None}
        if not ratios:
            return None
        worst = (min if goal.at_least else max)(ratios, key=ratios.get)
        value, against = ratios[worst], worst + (", the best registry" if goal.peer == "registries" else "")
    else:
        value, against = figures.median(workload.name, US, goal.figure), ""
        if value is None:
            return None
    met = value >= goal.factor if goal.at_least else value <= goal.factor
    bound = f"{'at least' if goal.at_least else 'at most'} {goal.factor:g}{' x' if against else ''}"
    return (f"| {goal.group} | {workload.name} | {COLUMNS[goal.figure]} | {against} | {bound} | {number(value)} |"
            f" {'met' if met else '**missed**'} |")


def goals(figures):
    lines = ["| goal | workload | figure | against | wanted | reached | |", "|---|---|---|---|---|---|---|"]
    for goal in GOALS:
        for workload in WORKLOADS:
            if workload.group == goal.group and workload.name.startswith(goal.match):
                row = judged(figures, goal, workload)
                lines += [row] if row else []
    return lines


def render(results):
    """The part of the document that a run writes."""
    figures, machine = Figures(results), results["facts"]
    names = [name for name in dict.fromkeys([US, *results["servers"]]) if name in results["servers"]]
    rounds = max((run["round"] for run in results["runs"]), default=0)
    lines = [f"Measured on {machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB of memory,"
             f" {machine['system']}, Linux {machine['kernel']}, {machine['file_system']}; up to {rounds} rounds"
             + (", **quick run: proves nothing**" if machine["quick"] else "") + ".", "",
             "| server | version | before it answers a push |", "|---|---|---|"]
    lines += [f"| {name} | {results['servers'][name]['version']} | {results['servers'][name]['durability']} |" for name in names]
    limits = [name for name in dict.fromkeys(run["server"] for run in results["runs"]) if name not in results["servers"]]
    first = next(w.name for w in WORKLOADS if w.group == "V3")
    if limits:
        lines += ["", "Limits of the machine, MB/s: " + "; ".join(
            f"{name} {number(figures.median(first, name, 'mb_per_s'))}" for name in limits) + "."]
    lines += ["", "### Goals", "", *goals(figures), ""]
    for group in GROUPS:
        lines += section(figures, group, names, results.get("commands", {}))
    lines += ["### Configurations", ""]
    for name in names:
        config = results["servers"][name]["config"]
        lines += [f"{name}:", "", *(f"    {line}".rstrip() for line in config.strip().splitlines()), ""] if config else []
    return "\n".join(lines).rstrip() + "\n"


def write(document, text):
    """Replace what stands between the markers."""
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
