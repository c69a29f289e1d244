"""Requests to a server: one by one, and as a load."""

import asyncio
import contextlib
import json
import re
import subprocess

PASSWORD = "violet harbour kettle"


class Client:
    """One connection that is kept open."""

    def __init__(self, port, source="127.0.0.1"):
        self.port, self.source, self.reader, self.writer = port, source, None, None

    def close(self):
        if self.writer is not None:
            self.writer.close()

    async def call(self, method, path, body=None, token=None):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(
                "127.0.0.1", self.port, local_addr=(self.source, 0)
            )
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(content)}\r\n"
        if body is not None:
            head += "Content-Type: application/json\r\n"
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        self.writer.write(head.encode() + b"\r\n" + content)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", answer)
        text = await self.reader.readexactly(int(length[1]) if length else 0)
        return int(answer.split(b" ", 2)[1]), text

    async def must(self, expected, method, path, body=None, token=None):
        status, text = await self.call(method, path, body, token)
        if status != expected:
            raise RuntimeError(f"{method} {path} answered {status}: {text[:300]!r}")
        return json.loads(text) if text else None


def credentials(name):
    return {"email": f"person-{name}@example.com", "password": PASSWORD}


async def register(port, count):
    """Makes the accounts that are not there yet."""
    client = Client(port)
    for number in range(count):
        status, text = await client.call("POST", "/auth/register", credentials(number))
        if status not in (201, 409):
            raise RuntimeError(f"POST /auth/register answered {status}: {text[:300]!r}")


async def sign_in(port, name=0):
    return await Client(port).must(200, "POST", "/auth/login", credentials(name))


def wrk(port, path, seconds, token=None, script=None):
    """Loads a path with 64 connections; gives requests answered, and requests a second."""
    command = ["wrk", "-t2", "-c64", f"-d{seconds}s"]
    if script:
        command += ["-s", script]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    command.append(f"http://127.0.0.1:{port}{path}")
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=seconds + 30
    )
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", done.stdout)
    if bad:
        raise RuntimeError(f"{path} under load: {bad[0]}")
    return (
        int(re.search(r"(\d+) requests in", done.stdout)[1]),
        float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]),
    )


@contextlib.asynccontextmanager
async def monitor(port):
    """The databases of the commands that clients send to Redis meanwhile, one entry a command."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"MONITOR\r\n")
    await reader.readline()
    databases = []

    async def read():
        while line := await reader.readline():
            # What a script does inside the server is no round trip; it says "lua" there.
            if match := re.match(rb"\+[\d.]+ \[(\d+) [\d.]+:\d+\]", line):
                databases.append(int(match[1]))

    task = asyncio.create_task(read())
    yield databases
    await asyncio.sleep(0.2)
    task.cancel()
    writer.close()
