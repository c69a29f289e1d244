"""From the start of `aura generate all` to its end."""

import subprocess
import time

from .figures import spread
from .machine import say


def renders(rows, program, folder, runs):
    """From the start of the command to its end, each time into a new folder."""
    say(f"{runs} renderings")
    times = {"--out": [], "--check": []}
    for number in range(runs):
        target = f"{folder}/rendered{number}"
        for option, taken in times.items():
            command = [program, "generate", "all", option, target]
            start = time.monotonic()
            subprocess.run(command, check=True, capture_output=True, cwd=folder)
            taken.append((time.monotonic() - start) * 1000)
    for option, taken in times.items():
        figures = f"{spread(taken, 0)} ms, of {runs}"
        rows.append((f"`aura generate all {option} DIR`", "under 50 ms", figures))
