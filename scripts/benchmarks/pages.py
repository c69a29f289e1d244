"""Pages of the dashboard with many accounts and events: time on the server, and size."""

import gzip
import http.client
import os
import re
import secrets
import statistics
import subprocess
import sys
import time
import urllib.parse

from .client import PASSWORD
from .machine import say
from .many_accounts import ACCOUNTS, EVENTS
from .servers import aura


class Browser:
    """Cookies and forms, over one connection."""

    def __init__(self, port):
        self.host = f"localhost:{port}"
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.cookies = {}

    def call(self, method, path, fields=None):
        """Status, body as it came, bytes of the whole answer, milliseconds."""
        headers = {"Host": self.host, "Accept": "text/html", "Accept-Encoding": "gzip"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Sec-Fetch-Site"] = "same-origin"
        start = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        took = (time.perf_counter() - start) * 1000
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";")[0]
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        if answer.getheader("Content-Encoding") == "gzip":
            plain = gzip.decompress(content)
        else:
            plain = content
        return answer.status, plain.decode(), head + len(content), took

    def sign_in(self, email):
        _, page, _, _ = self.call("GET", "/sign-in")
        token = re.search(r'name="form"[^>]*value="([^"]+)"', page)[1]
        fields = {"form": token, "email": email, "password": PASSWORD}
        status, page, _, _ = self.call("POST", "/sign-in", fields)
        if status != 303:
            raise RuntimeError(f"POST /sign-in answered {status}: {page[:300]!r}")


def pages(rows, program, folder, engine, url, fill, rounds, stores):
    """How long the server takes for each page with many accounts and events, and how long it is."""
    environment = {**os.environ, **stores, "DATABASE_URL": url}
    environment["JWT_SECRET_KEY"] = secrets.token_urlsafe(48)
    subprocess.run([program, "migrate"], check=True, env=environment, cwd=folder)
    admin = "root@example.com"
    command = [program, "user", "create", admin, "--role", "admin", "--password-stdin"]
    subprocess.run(
        command, check=True, env=environment, cwd=folder, input=PASSWORD.encode(), stdout=sys.stderr
    )
    say(f"the dashboard on {engine}: {ACCOUNTS:,} accounts, {EVENTS:,} events")
    fill()
    known = "person50000@example0.org"
    addresses = [
        "/",
        "/users",
        "/users?q=person50000",
        "/users?q=nobody-has-this",
        "/users?after=person50000",
        "/users/00000000-0000-4000-8000-000000050000",
        "/audit",
        "/audit?action=session.began",
        "/audit?action=user.disabled",
        "/audit?action=user.created",
        f"/audit?subject={known}",
        f"/audit?actor={known}&action=user.disabled",
        "/audit?ip=203.0.113.7",
        "/audit?from=2023-11-14&until=2023-11-15",
        "/configuration",
        "/account",
    ]
    settings = {"RATE_LIMIT_ENABLED": "false", "AUDIT_RETENTION_DAYS": "3650", **stores}
    with aura(program, folder, DATABASE_URL=url, **settings) as (_, port):
        browser = Browser(port)
        browser.sign_in(admin)
        figures = []
        for address in addresses:
            times, size = [], 0
            for _ in range(rounds):
                status, text, size, took = browser.call("GET", address)
                if status != 200:
                    raise RuntimeError(f"GET {address} answered {status}: {text[:300]!r}")
                times.append(took)
            figures.append((statistics.median(times), min(times), max(times), size, address))
            say(f"{engine} {address}: {figures[-1][0]:.1f} ms, {size:,} bytes")
        middle, low, high, _, address = max(figures)
        largest = max(figures, key=lambda figure: figure[3])
        rows.append(
            (
                f"slowest of {len(addresses)} pages, 100,000 accounts and 1,000,000 events, {engine}",
                "under 20 ms",
                f"{middle:.1f} ({low:.1f} to {high:.1f}) ms: `{address}`",
            )
        )
        rows.append(
            (
                f"largest of them, over the wire, {engine}",
                "under 30 KB",
                f"{largest[3] / 1000:.1f} KB: `{largest[4]}`",
            )
        )
