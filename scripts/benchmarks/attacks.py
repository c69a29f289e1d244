"""Attacks by strangers: the memory that they cost, and the time of other users."""

import asyncio
import contextlib
import resource
import time

from .attack_requests import CONNECTIONS, hosts, repeat, unfinished, weapon
from .client import Client, credentials, register, sign_in
from .figures import percentile
from .machine import say
from .servers import aura, resident_mb
from .upstream import CHAT, upstream

# What the production manifest grants.
MEMORY = 512 * 1024 * 1024
VISITORS = ["127.0.0.2", "127.0.0.3"]


class Watch:
    """The most that a process occupies while a block runs."""

    def __init__(self, process):
        self.process, self.most = process, 0

    def look(self):
        # A process that is ending has no memory.
        with contextlib.suppress(StopIteration):
            self.most = max(self.most, resident_mb(self.process))

    async def until(self, end):
        while time.monotonic() < end and not self.ended():
            self.look()
            await asyncio.sleep(0.1)

    def ended(self):
        return self.process.poll() is not None

    def says(self, text):
        if self.ended():
            return f"**the server ended with {self.process.returncode}**"
        return text


async def visitors(port, accounts, end):
    """People of other addresses sign in, each inside the limits; gives milliseconds, and how many
    were refused."""
    times, refused = [], 0

    async def visitor(number, source):
        nonlocal refused
        turn = number
        while time.monotonic() < end:
            start = time.monotonic()
            client = Client(port, source)
            try:
                body = credentials(turn % accounts)
                status, _ = await asyncio.wait_for(client.call("POST", "/auth/login", body), 30)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                status = 0
            if status == 200:
                times.append((time.monotonic() - start) * 1000)
            else:
                refused += 1
            client.close()
            turn += len(VISITORS)
            await asyncio.sleep(max(0, start + 1.1 - time.monotonic()))

    await asyncio.gather(*(visitor(*each) for each in enumerate(VISITORS)))
    return times, refused


def under_attack(rows, what, attack, process, port, accounts, seconds, rest):
    """Runs an attack while others sign in; with `rest`, memory is looked at so many seconds
    later."""
    say(what)
    watch = Watch(process)

    async def run():
        end = time.monotonic() + seconds
        attempts = [asyncio.create_task(repeat(end, *each)) for each in attack]
        try:
            _, people = await asyncio.gather(watch.until(end), visitors(port, accounts, end))
        finally:
            for task in attempts:
                task.cancel()
            await asyncio.gather(*attempts, return_exceptions=True)
        return people

    times, refused = asyncio.run(run())
    figures = f"none of {refused}"
    if times:
        p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
        figures = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, of {len(times)}; {refused} refused"
    figures = watch.says(figures)
    rows.append((f"sign-ins of another address during {what}", "p99 under 2 s", figures))
    if rest:
        memory(rows, f"resident memory under {what}", watch, rest)


def memory(rows, what, watch, rest):
    rows.append((what, "under 256 MB", watch.says(f"{watch.most:.1f} MB at most")))
    if watch.ended():
        return
    say(f"{rest} seconds of rest")
    time.sleep(rest)
    watch.most = 0
    watch.look()
    later = watch.says(f"{watch.most:.1f} MB")
    rows.append((f"the same, {rest} seconds later", "under 60 MB", later))


def long_bodies(rows, process, port, tokens, seconds, rest):
    """Attack 5: a body of 16 MiB for each of `tokens` at a time, each another question of short
    numbers."""
    what = "8 parallel LLM bodies of 16 MiB"
    say(what)
    watch, statuses = Watch(process), {}
    length = 16 * 1024 * 1024
    numbers = b"0," * ((length - 200) // 2)

    async def ask(name, token, end):
        number = 0
        while time.monotonic() < end and not watch.ended():
            number += 1
            head = f'{{"model":"{name} {number}","temperature":0,"a":['
            content = head.encode() + numbers + b"0]}"
            request = f"POST {CHAT} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(content)}\r\n"
            request += f"Content-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
            status = b"no answer"
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request.encode() + b"Connection: close\r\n\r\n")
                writer.write(content)
                answer = await asyncio.wait_for(reader.read(), 60)
                status = answer.split(b" ", 2)[1] if answer else status
                writer.close()
            statuses[status.decode()] = statuses.get(status.decode(), 0) + 1

    async def run():
        end = time.monotonic() + seconds
        asking = asyncio.gather(*(ask(*each, end) for each in enumerate(tokens)))
        watching = asyncio.create_task(watch.until(end + 120))
        await asking
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    asyncio.run(run())
    figures = ", ".join(f"{count} of {status}" for status, count in sorted(statuses.items()))
    rows.append((f"answers to {what}", "", figures))
    memory(rows, f"resident memory under {what}", watch, rest)


def attacks(program, folder, stores, quick):
    """What strangers cost: memory, and the time of others. Limits are as they are by default, and
    the process has the memory that the production manifest grants. Gives the rows."""
    rows, accounts = [], 16
    seconds, rest = (10, 10) if quick else (60, 60)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = min(CONNECTIONS, most - 200) if most > 0 else CONNECTIONS
    if quick:
        count = min(count, 1_000)
    domain = {"AUTH_COOKIE_DOMAIN": "example.com"}
    with aura(program, folder, memory=MEMORY, RATE_LIMIT_ENABLED="false", **stores) as (_, port):
        # Accounts, before there are limits.
        asyncio.run(register(port, accounts))
    with aura(program, folder, memory=MEMORY, **domain, **stores) as (process, port):
        names = (process, port, accounts, seconds)
        under_attack(rows, "hosts of 7,901 labels", hosts(port), *names, 0)
        under_attack(rows, "passwords that are dear to judge", weapon(port), *names, 0)
        what = f"{count:,} unfinished login bodies"
        under_attack(rows, what, unfinished(port, count), *names, rest)
    with upstream() as (_, model_port):
        settings = {"LLM_UPSTREAM_URL": f"http://127.0.0.1:{model_port}/v1", **stores}
        with aura(program, folder, memory=MEMORY, **settings) as (process, port):
            pairs = [asyncio.run(sign_in(port, number)) for number in range(8)]
            tokens = [pair["access_token"] for pair in pairs]
            long_bodies(rows, process, port, tokens, seconds // 2, rest)
    return rows
