"""Processes that are started for a measurement and ended by their ids."""

import contextlib
import os
import pwd
import secrets
import signal
import socket
import subprocess
import time

from .machine import postgres_programs, redis_program

COST = 12


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(what, ready, process, seconds=30):
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode} before it was ready")
        if time.monotonic() > end:
            raise RuntimeError(f"{what} was not ready within {seconds} s")
        time.sleep(0.02)


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def running(command, log, stop_by=signal.SIGTERM, **options):
    """A process that is ended, by its id, when the block ends."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop_by)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def redis(folder, *options):
    port = free_port()
    command = [redis_program(), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", folder, *options]
    with running(command, f"{folder}/redis.log") as process:
        wait_until("Redis", lambda: accepts(port), process)
        yield port


@contextlib.contextmanager
def postgres(folder, log, *settings):
    """PostgreSQL on the cluster in `folder`/data, which is made when it is not there."""
    programs, data, options = postgres_programs(), f"{folder}/data", {}
    if os.geteuid() == 0:
        # It refuses to run as root.
        names = [user.pw_name for user in pwd.getpwall()]
        user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        options = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chmod(folder, 0o755)
    if not os.path.exists(data):
        os.mkdir(data, 0o700)
        if options:
            os.chown(data, options["user"], options["group"])
        command = [f"{programs}/initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        command += ["--locale=C", "-D", data]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **options)
    port = free_port()
    command = [f"{programs}/postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1"]
    command += ["-c", "unix_socket_directories="]
    for setting in settings:
        command += ["-c", setting]
    # SIGINT is its fast and clean end.
    with running(command, log, signal.SIGINT, cwd="/", **options) as process:
        wait_until("PostgreSQL", lambda: accepts(port), process)
        # The port is open a moment before connections are taken.
        time.sleep(1)
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def aura(program, folder, wait=True, memory=None, **settings):
    """aura with `settings` and nothing else of ours in its environment, and with `memory` bytes
    where so many are given; gives process, port."""
    port = free_port()
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "SERVER_HOST": "127.0.0.1",
        "SERVER_PORT": str(port),
        "SERVER_METRICS_PORT": "0",
        "JWT_SECRET_KEY": secrets.token_urlsafe(48),
        "PASSWORD_BCRYPT_COST": str(COST),
        **settings,
    }
    log = f"{folder}/aura.log"
    command = [program, "serve"]
    if memory:
        command = ["sh", "-c", f'ulimit -d {memory // 1024} && exec "$0" serve', program]
    with running(command, log, env=environment, cwd=folder) as process:
        if wait:
            wait_until("aura", lambda: status_now(port, "/health/ready") == 200, process)
        yield process, port


def status_now(port, path):
    """The status of one GET, or None where nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as stream:
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
            return int(stream.recv(4096).split(b" ", 2)[1])
    except (OSError, IndexError, ValueError):
        return None


def resident_mb(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        kib = next(line.split()[1] for line in status if line.startswith("VmRSS"))
    return int(kib) * 1024 / 1e6
