"""The requests of each attack: attempts that are repeated until its end."""

import asyncio
import contextlib
import json
import time

WEAPON = "a4@8({[<369!1|0$5+7%2zs0m3w0rdse1lta4@8({[<369!1|0$5+7%2zs0m3w0rdse1lt"
CONNECTIONS = 5_000
# So that no limit on one address ends an attack before it has begun.
ATTACKERS = [f"127.0.1.{number}" for number in range(1, 51)]


async def repeat(end, attempt, pause=0.0):
    """Makes attempts until `end`, whatever becomes of each."""
    while time.monotonic() < end:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            await attempt()
        await asyncio.sleep(pause)


async def send(port, source, head, body=b"", hold=0.0, read=True):
    """One request from the address `source`. Without `read`, the answer is left lying for `hold`
    seconds; with it, the server has so long to answer or to hang up."""
    opened = asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), limit=4096)
    reader, writer = await asyncio.wait_for(opened, 5)
    try:
        writer.write(head + body)
        if not read:
            await asyncio.sleep(hold)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(hold):
                while await reader.read(65536):
                    pass
    finally:
        writer.transport.abort()


def hosts(port):
    """Attack 1: hosts of many labels, and a cookie that nobody knows; answers are left lying."""
    host = "a." * 7900 + "example.com"
    cookie = "__Secure-aura_session=unknown; aura_session=unknown"
    head = f"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nAccept: text/html\r\n\r\n"

    def attempt(number):
        source = ATTACKERS[number % len(ATTACKERS)]
        return lambda: send(port, source, head.encode(), hold=1.0, read=number % 2 == 0)

    return [(attempt(number), 0.05) for number in range(32)]


def unfinished(port, count):
    """Attack 2: login bodies whose last bytes never come: of the size that the route takes, and of
    the largest."""

    def attempt(number):
        source = ATTACKERS[number % len(ATTACKERS)]
        length = 65_000 if number % 2 else 8_000
        head = f"POST /auth/login HTTP/1.1\r\nHost: bench\r\nContent-Length: {length}\r\n"
        head = f"{head}Content-Type: application/json\r\n\r\n".encode()
        body = b'{"email":"' + b"a" * (length - 30)
        return lambda: send(port, source, head, body, hold=15.0)

    return [(attempt(number), 0.5) for number in range(count)]


def weapon(port):
    """Attack 3: a password that is dear to judge, sixty times a minute from one address."""
    number = 0

    async def attempt():
        nonlocal number
        number += 1
        body = json.dumps({"email": f"w{number}@example.org", "password": WEAPON}).encode()
        head = f"POST /auth/register HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/json\r\nConnection: close\r\n\r\n"
        await send(port, ATTACKERS[0], head.encode(), body, hold=30.0)

    # One a second, and no waiting for the answer before.
    return [(attempt, 5.0) for _ in range(5)]
