"""Hits of the LLM cache against `/auth/me`, and the memory that streams take."""

import asyncio
import json
import statistics

from .client import Client, monitor, sign_in, wrk
from .figures import spread
from .machine import say
from .servers import aura, redis, resident_mb
from .upstream import CHAT, question, upstream


async def read_stream(port, token, body):
    """One streamed answer, to its last byte; gives its length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    content = json.dumps(body).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(content)}\r\n"
    head += f"Content-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
    writer.write(head.encode() + b"Connection: close\r\n\r\n" + content)
    length, tail = 0, b""
    while part := await reader.read(65536):
        length += len(part)
        tail = (tail + part)[-32:]
    writer.close()
    if b"[DONE]" not in tail:
        raise RuntimeError(f"a stream ended after {length} bytes with {tail!r}")
    return length


def llm_cache(rows, program, folder, redis_port, stores, rounds, seconds, streams):
    """Hits against /auth/me, in turns; what a hit asks of Redis; memory under streams."""
    say("the LLM cache")
    roomy = ["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]
    with upstream() as (model, model_port), redis(folder, *roomy) as cache_port:
        settings = {"LLM_UPSTREAM_URL": f"http://127.0.0.1:{model_port}/v1", **stores}
        script, hits, mes, ratios = f"{folder}/hit.lua", [], [], []
        body = json.dumps(question("kept"))
        with open(script, "w", encoding="utf-8") as file:
            file.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n')
            file.write(f"wrk.body = [[{body}]]\n")
        generous = {"RATE_LIMIT_LLM_PER_MINUTE": "1000000"}
        with aura(program, folder, **settings, **generous) as (_, port):
            token = asyncio.run(sign_in(port))["access_token"]
            asyncio.run(Client(port).must(200, "POST", CHAT, question("kept"), token))

            async def count():
                client, calls = Client(port), 20
                await client.must(200, "POST", CHAT, question("kept"), token)
                async with monitor(redis_port) as commands:
                    for _ in range(calls):
                        await client.must(200, "POST", CHAT, question("kept"), token)
                return [sum(db == wanted for db in commands) / calls for wanted in (2, 1, 0)]

            trips = asyncio.run(count())
            asked = model.calls
            for number in range(rounds):
                order = [(hits, CHAT, script), (mes, "/auth/me", None)]
                for rates, path, how in order if number % 2 == 0 else reversed(order):
                    rates.append(wrk(port, path, seconds, token, how)[1])
                ratios.append(hits[-1] / mes[-1])
                say(f"hits {hits[-1]:,.0f}/s, /auth/me {mes[-1]:,.0f}/s")
            if model.calls != asked:
                say(f"{model.calls - asked} requests missed")
        figures = ", ".join(f"{trip:g}" for trip in trips)
        rows += [
            ("Redis commands of a hit of 2 KB: tokens, limits, cache", "1, 1, 1", figures),
            ("hits / `/auth/me`, requests a second", "at least 0.5", spread(ratios)),
            ("hits a second, 64 connections", "", f"{statistics.median(hits):,.0f}"),
        ]
        apart = {"REDIS_CACHE_URL": f"redis://127.0.0.1:{cache_port}", "RATE_LIMIT_ENABLED": "false"}
        with aura(program, folder, **settings, **apart) as (process, port):
            token = asyncio.run(sign_in(port))["access_token"]
            most = 0

            async def some(name, numbers):
                nonlocal most
                for number in numbers:
                    await read_stream(port, token, question(f"{name} {number}", stream=True))
                    most = max(most, resident_mb(process))

            async def all_of_them(name, count):
                # Eight at a time, each another question: collected, kept, never a hit.
                await asyncio.gather(*(some(name, range(start, count, 8)) for start in range(8)))

            idle = resident_mb(process)
            asyncio.run(all_of_them("first", streams // 10))
            before, most = resident_mb(process), 0
            asyncio.run(all_of_them("then", streams))
            after = resident_mb(process)
        what = f"resident memory over {streams:,} streams of 1 MB, eight at a time"
        figures = f"{idle:.1f} idle, {before:.1f} after the first tenth, "
        figures += f"{most:.1f} at most, {after:.1f} MB at the end"
        rows.append((what, "flat", figures))
