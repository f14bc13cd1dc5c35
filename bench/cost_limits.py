"""The limits of bench/cost: how they are made, kept in bench/cost.json, and held against what was counted."""

import json
import platform
from pathlib import Path

FILE = Path(__file__).with_name("cost.json")
KINDS = ("instructions", "calls", "syncs")


def machine():
    """What instruction counts depend on besides the program: libraries choose their code by it."""
    flags = next((line for line in Path("/proc/cpuinfo").read_text().split("\n") if line.startswith("flags")), "").split()
    return platform.machine() + (" avx2" if "avx2" in flags else "")


def limit_of(kind, today):
    """A little above today's.  One more system call in each read is too much, as are two in a push, and a second sync."""
    if kind == "instructions":
        return int(today * 1.05)
    if kind == "calls":
        return round(today * 1.03 + 0.5, 1)
    return round(today + 0.3, 1)


def renew(figures):
    """The text of the file for these figures: {operation: {kind: number}}."""
    operations = {name: {"today": {kind: found[kind] for kind in KINDS},
                         "limit": {kind: limit_of(kind, found[kind]) for kind in KINDS}} for name, found in figures.items()}
    # One line for each operation, so that a difference can be read.
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in operations.items())
    return f'{{\n "machine": {json.dumps(machine())},\n "operations": {{\n{lines}\n }}\n}}\n'


def problems(figures, limits, kinds=KINDS):
    """What is above its limit or has none, a sentence for each."""
    found = []
    for name, counted in figures.items():
        limit = limits["operations"].get(name, {}).get("limit")
        if limit is None:
            found.append(f"{name}: has no limit in {FILE.name}")
            continue
        found += [f"{name}: {counted[kind]} {kind}, limit {limit[kind]}" for kind in kinds if counted[kind] > limit[kind]]
    return found


def table(figures, limits):
    """Figures beside their limits; "-" is none."""
    heads = ("operation", "instructions", "limit", "with memset", "spread", "calls", "limit", "syncs", "limit", "waiting")
    rows = []
    for name, f in figures.items():
        limit = limits["operations"].get(name, {}).get("limit", dict.fromkeys(KINDS, "-"))
        rows.append((name, f["instructions"], limit["instructions"], f["with_memset"], f"{f['spread']:.1%}", f["calls"],
                     limit["calls"], f["syncs"], limit["syncs"], f["waiting"]))
    widths = [max(len(str(row[n])) for row in (heads, *rows)) for n in range(len(heads))]
    return "\n".join(f"{str(row[0]):{widths[0]}}" + "".join(f"  {str(cell):>{width}}" for cell, width in zip(row[1:], widths[1:]))
                     for row in (heads, *rows))
