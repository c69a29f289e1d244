"""From start to the first 200 on `/health`."""

import tempfile
import time

from .figures import spread
from .machine import say
from .servers import aura, status_now


def starts(rows, program, folder, runs, what, wanted):
    """From start to the first 200 on /health, each time on a new SQLite file."""
    say(f"{runs} starts")
    times = []
    for _ in range(runs):
        home = tempfile.mkdtemp(dir=folder)
        stores = {"DATABASE_URL": f"sqlite://{home}/aura.db", "REDIS_ENABLED": "false"}
        start = time.monotonic()
        with aura(program, home, wait=False, **stores) as (process, port):
            while status_now(port, "/health") != 200:
                if time.monotonic() - start > 10 or process.poll() is not None:
                    raise RuntimeError("aura did not start")
                time.sleep(0.001)
            times.append((time.monotonic() - start) * 1000)
    figures = f"{spread(times, 0)} ms, of {runs}"
    rows.append((what, f"within {wanted} ms", figures))
