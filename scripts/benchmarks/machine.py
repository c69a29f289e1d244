"""This machine: programs that are needed, and what the tables say of it."""

import contextlib
import datetime
import glob
import os
import platform
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORES = len(os.sched_getaffinity(0))


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def postgres_programs():
    """The folder of initdb and postgres, which Debian keeps out of PATH."""
    found = shutil.which("initdb")
    if found:
        return os.path.dirname(os.path.realpath(found))
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    return next((f for f in folders if os.path.exists(f"{f}/initdb")), None)


def redis_program():
    return shutil.which("redis-server") or shutil.which("valkey-server")


def install_missing(load=True):
    needed = {
        "wrk": not load or shutil.which("wrk"),
        "redis-server": redis_program(),
        "postgresql": postgres_programs(),
    }
    packages = [name for name, there in needed.items() if not there]
    if not packages:
        return
    root = [] if os.geteuid() == 0 else ["sudo"]
    if not shutil.which("apt-get") or (root and not shutil.which("sudo")):
        sys.exit(f"Please install what these Debian packages hold: {' '.join(packages)}")
    say(f"installing: {' '.join(packages)}")
    subprocess.run([*root, "apt-get", "update", "-qq"], check=True)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    subprocess.run([*root, *quiet, *install, *packages], check=True, stdout=sys.stderr)


def facts():
    model = platform.machine()
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as info:
        names = re.findall(r"model name\s*: (.*)", info.read())
        model = names[0] if names else model
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True)
    load = os.getloadavg()[0]
    return (
        f"{CORES} cores ({model}), {platform.system()}, rustc {rustc.stdout.split()[1]}, "
        f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, "
        f"load average {load:.1f} before the run."
    )
