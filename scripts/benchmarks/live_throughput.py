"""`/health/live` against a bare poem handler."""

import re
import statistics

from .client import wrk
from .figures import spread
from .machine import say
from .servers import aura, running, wait_until


def live_throughput(rows, program, bare, folder, stores, rounds, seconds):
    """`/health/live` against a bare poem handler, in turns."""
    say(f"throughput of /health/live, {rounds} rounds")
    ours, theirs, ratios = [], [], []
    address = f"{folder}/bare.log"
    with aura(program, folder, **stores) as (_, port), running([bare, "serve"], address) as other:

        def printed():
            with open(address, encoding="ascii") as log:
                return re.search(r"127\.0\.0\.1:(\d+)", log.read())

        wait_until("the bare handler", printed, other)
        bare_port = int(printed()[1])
        for number in range(rounds):
            # Whoever goes first in a round goes second in the next.
            order = [(ours, port), (theirs, bare_port)]
            for rates, at in order if number % 2 == 0 else reversed(order):
                rates.append(wrk(at, "/health/live", seconds)[1])
            ratios.append(ours[-1] / theirs[-1])
            say(f"aura {ours[-1]:,.0f}/s, bare {theirs[-1]:,.0f}/s")
    rows += [
        ("`/health/live` / bare poem handler, requests a second", "at least 0.8", spread(ratios)),
        (
            "the same, in figures",
            "",
            f"{statistics.median(ours):,.0f} / {statistics.median(theirs):,.0f}",
        ),
    ]
