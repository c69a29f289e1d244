"""The server of a language model, and what is asked of it."""

import asyncio
import contextlib
import json
import re
import threading

from .servers import free_port

CHAT = "/v1/chat/completions"


def question(content, **more):
    messages = [{"role": "user", "content": content}]
    return {"model": "tiny", "temperature": 0, "messages": messages, **more}


class Upstream:
    """A language model's server that answers at once: 2 KB, or a stream of 1 MB."""

    def __init__(self):
        self.calls = 0
        choice = {"index": 0, "finish_reason": "stop"}
        choice["message"] = {"role": "assistant", "content": "x" * 1850}
        self.plain = json.dumps({"id": "x", "object": "chat.completion", "choices": [choice]}).encode()

        def event(delta, reason=None):
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"

        part = event({"content": "y" * 900})
        self.parts = [part * 10] * (1_000_000 // len(part) // 10)
        self.parts.append(event({}, "stop") + b"data: [DONE]\n\n")

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
                body = await reader.readexactly(length)
                self.calls += 1
                if b'"stream"' not in body:
                    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    head += f"Content-Length: {len(self.plain)}\r\n\r\n"
                    writer.write(head.encode() + self.plain)
                    await writer.drain()
                    continue
                head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
                for part in self.parts:
                    writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        writer.close()


@contextlib.contextmanager
def upstream():
    """The server above, on a thread of its own; gives it and its port."""
    server, port = Upstream(), free_port()
    loop = asyncio.new_event_loop()
    opened = loop.run_until_complete(asyncio.start_server(server.serve, "127.0.0.1", port))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server, port
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        opened.close()
