"""Sign-ins against bare bcrypt, and the memory of the process that served them."""

import asyncio
import statistics
import subprocess
import time

from .client import Client, credentials, register, sign_in, wrk
from .figures import percentile, spread
from .machine import CORES, say
from .servers import COST, aura, resident_mb

PARALLEL_LOGINS = 64


async def crowd(port, accounts, seconds, others=False):
    """Many sign in at once; with `others`, two more only want an answer.

    Gives sign-ins a second, and the latencies of the two others in milliseconds."""
    token = (await sign_in(port))["access_token"]
    begin = time.monotonic() + 2
    end = begin + seconds
    signed_in = 0

    async def sign_in_again_and_again(number):
        nonlocal signed_in
        client = Client(port)
        while time.monotonic() < end:
            await client.must(200, "POST", "/auth/login", credentials(number % accounts))
            signed_in += begin <= time.monotonic() < end

    async def ask(path, latencies):
        client = Client(port)
        while (start := time.monotonic()) < end:
            await client.must(200, "GET", path, token=token)
            now = time.monotonic()
            if start >= begin:
                latencies.append((now - start) * 1000)
            await asyncio.sleep(0.01)

    live, me = [], []
    people = [
        asyncio.create_task(sign_in_again_and_again(number)) for number in range(PARALLEL_LOGINS)
    ]
    if others:
        await asyncio.gather(ask("/health/live", live), ask("/auth/me", me))
    else:
        await asyncio.sleep(end - time.monotonic())
    failed = [task.exception() for task in people if task.done() and task.exception()]
    for task in people:
        task.cancel()
    await asyncio.gather(*people, return_exceptions=True)
    if failed:
        raise failed[0]
    return signed_in / seconds, live, me


def logins(rows, program, bare, folder, stores, rounds, seconds):
    """Sign-ins against bare bcrypt, in turns; then the memory of the process that served them."""
    say(f"sign-ins, {rounds} rounds")
    accounts = 16
    to_cores, to_bare, all_live, all_me = [], [], [], []

    def bare_rate(threads):
        command = [bare, "hash", str(COST), str(threads), str(seconds)]
        done = subprocess.run(command, check=True, capture_output=True, timeout=seconds + 60)
        return float(done.stdout)

    # The limits are there to stop exactly this.
    with aura(program, folder, RATE_LIMIT_ENABLED="false", **stores) as (process, port):
        time.sleep(2)
        idle = resident_mb(process)
        asyncio.run(register(port, accounts))
        for _ in range(rounds):
            one, every = bare_rate(1), bare_rate(CORES)
            rate, _, _ = asyncio.run(crowd(port, accounts, seconds))
            _, live, me = asyncio.run(crowd(port, accounts, seconds, others=True))
            to_cores.append(rate / (CORES * one))
            to_bare.append(rate / every)
            all_live += live
            all_me += me
            say(f"bcrypt {one:.2f}/s on one core, {every:.2f}/s on all; sign-ins {rate:.2f}/s")
        say("100,000 requests")
        token = asyncio.run(sign_in(port))["access_token"]
        served, rates = 0, []
        while served < 100_000:
            count, rate = wrk(port, "/auth/me", 2, token)
            served += count
            rates.append(rate)
        loaded = resident_mb(process)
    rows += [
        (f"sign-ins / (cores / time of one bcrypt hash of cost {COST})", "at least 0.95", spread(to_cores)),
        ("sign-ins / bcrypt alone on all cores at once", "", spread(to_bare)),
    ]
    for path, latencies in (("/health/live", all_live), ("/auth/me", all_me)):
        p50, p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
        figures = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, of {len(latencies)}"
        rows.append((f"`{path}` during {PARALLEL_LOGINS} parallel sign-ins", "p99 under 50 ms", figures))
    rows += [
        ("resident memory, idle", "under 30 MB", f"{idle:.1f} MB"),
        (f"resident memory after {served:,} requests", "under 120 MB", f"{loaded:.1f} MB"),
        ("`/auth/me` a second, 64 connections", "", f"{statistics.median(rates):,.0f}"),
    ]
