"""Commands of Redis and statements of PostgreSQL that one call costs."""

import asyncio
import os
import re

from .client import Client, credentials, monitor
from .machine import say
from .servers import aura, postgres


def round_trips(rows, program, folder, redis_port, postgres_folder):
    """Counts what one call asks of Redis and of PostgreSQL."""
    say("round trips")
    log, calls = f"{folder}/statements.log", 20

    async def count(port):
        client = Client(port)
        await client.must(201, "POST", "/auth/register", credentials("counted"))
        pair = await client.must(200, "POST", "/auth/login", credentials("counted"))

        async def refresh():
            nonlocal pair
            body = {"refresh_token": pair["refresh_token"]}
            pair = await client.must(200, "POST", "/auth/refresh", body)

        async def me():
            await client.must(200, "GET", "/auth/me", token=pair["access_token"])

        # The first call of a script teaches it to the server.
        await refresh()
        await me()
        for name, call in (("/auth/refresh", refresh), ("/auth/me", me)):
            before = os.path.getsize(log)
            async with monitor(redis_port) as commands:
                for _ in range(calls):
                    await call()
            logged = re.findall(r"LOG:\s+(?:execute \S+|statement): (\w+)", text_from(log, before))
            # A new connection of the pool begins with a SET, which belongs to no call.
            statements = sum(verb != "SET" for verb in logged)
            tokens, limits = (sum(db == wanted for db in commands) for wanted in (2, 1))
            others = len(commands) - tokens - limits
            promised = "1 and 1" if name == "/auth/refresh" else "1 and 0"
            figures = f"{tokens / calls:g} and {limits / calls:g}"
            if others:
                figures += f", and {others / calls:g} elsewhere"
            rows.append((f"Redis commands of one `{name}`: tokens, limits", promised, figures))
            rows.append((f"SQL statements of one `{name}`", "", f"{statements / calls:g}"))

    with postgres(postgres_folder, log, "log_statement=all") as url:
        stores = {"DATABASE_URL": url, "REDIS_URL": f"redis://127.0.0.1:{redis_port}"}
        generous = {"RATE_LIMIT_ADDRESS_PER_MINUTE": "100000"}
        with aura(program, folder, **stores, **generous) as (_, port):
            asyncio.run(count(port))


def text_from(path, offset):
    with open(path, encoding="utf-8", errors="replace") as file:
        file.seek(offset)
        return file.read()
