"""A database with many accounts and events, for the pages of the dashboard."""

import contextlib
import sqlite3
import subprocess

from .machine import postgres_programs

ACCOUNTS, EVENTS = 100_000, 1_000_000
FILL = """
INSERT INTO users (id, email, password_hash, roles, created_at)
SELECT '00000000-0000-4000-8000-' || {pad12}, 'person' || n || '@example' || (n % 500) || '.org',
       '$2b$12$abcdefghijklmnopqrstuuG8nJ8rYw2l1B0n0c0yJ1hJcZ6yOQy0a', '', 1700000000000 + n
FROM ({accounts}) AS t;
INSERT INTO audit_events (id, at, action, actor_id, actor, subject_id, subject, ip, user_agent,
                          request_id, detail)
SELECT (1700000000000 + n) * 1048576, 1700000000000 + n,
       CASE WHEN n % 1000 = 0 THEN 'user.disabled' ELSE 'session.began' END,
       NULL, 'person' || (n % {spread}) || '@example' || (n % 500) || '.org',
       NULL, 'person' || (n % {spread}) || '@example' || (n % 500) || '.org',
       '203.0.113.' || (n % 250), 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0',
       'bench', ''
FROM ({events}) AS t;
"""


def fill_sqlite(path):
    def numbers(count):
        return (
            f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) "
            "SELECT n FROM c"
        )

    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(
            FILL.format(
                pad12="printf('%012d', n)",
                accounts=numbers(ACCOUNTS),
                events=numbers(EVENTS),
                spread=ACCOUNTS,
            )
        )
        database.commit()


def fill_postgres(url):
    def numbers(count):
        return f"SELECT n FROM generate_series(1, {count}) AS n"

    text = FILL.format(
        pad12="lpad(n::text, 12, '0')",
        accounts=numbers(ACCOUNTS),
        events=numbers(EVENTS),
        spread=ACCOUNTS,
    )
    psql = f"{postgres_programs()}/psql"
    # What autovacuum does by itself within minutes.
    for statement in (text, "VACUUM ANALYZE"):
        subprocess.run([psql, "-q", "-v", "ON_ERROR_STOP=1", url, "-c", statement], check=True)
