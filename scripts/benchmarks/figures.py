"""Figures and tables."""

import os
import statistics

from .machine import ROOT

PAGE = os.path.join(ROOT, "docs", "benchmarks.md")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def spread(values, digits=2):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def table(rows, about, quick):
    lines = []
    if quick:
        lines += [
            "**Taken with `--quick`: short runs. Read them as a first impression.**",
            "",
        ]
    lines += [about, "", "| what | wanted | measured: median (lowest to highest) |", "| --- | --- | --- |"]
    lines += [f"| {what} | {wanted} | {measured} |" for what, wanted, measured in rows]
    return "\n".join(lines)


def write(text, name):
    """Puts a table between the marks of its name."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    head, rest = page.split(begin, 1)
    tail = rest.split(end, 1)[1]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(f"{head}{begin}\n{text}\n{end}{tail}")
