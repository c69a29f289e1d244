"""The static binary by itself, and the image in podman."""

import json
import os
import re
import shutil
import subprocess
import time

from .figures import spread
from .machine import say
from .servers import aura, free_port, resident_mb, status_now
from .starts import starts


def compressed_mb(layout):
    """What a pull of the image fetches: its manifest, its configuration and its layers."""

    def blob(descriptor):
        path = f"{layout}/blobs/{descriptor['digest'].replace(':', '/')}"
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    with open(f"{layout}/index.json", encoding="utf-8") as file:
        [image] = json.load(file)["manifests"]
    manifest = blob(image)
    parts = [image, manifest["config"], *manifest["layers"]]
    return sum(part["size"] for part in parts) / 1e6


def image(rows, dist, folder, runs):
    """The static binary by itself, and the image in podman; the machine's podman is left alone."""
    program = f"{dist}/aura"
    asked = [program, "--version", "--verbose"]
    libc = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    libc = re.search(r"libc: (\w+)", libc)[1]
    rows.append((f"static binary ({libc})", "", f"{os.path.getsize(program) / 1e6:.1f} MB"))
    size = f"{compressed_mb(f'{dist}/image'):.2f} MB"
    rows.append(("image, compressed", "under 9 MB", size))
    starts(rows, program, folder, runs, "static binary: start to first 200, new SQLite file", 20)
    home = f"{folder}/static"
    os.mkdir(home)
    stores = {"DATABASE_URL": f"sqlite://{home}/aura.db", "REDIS_ENABLED": "false"}
    with aura(program, home, **stores) as (process, _):
        time.sleep(2)
        idle = resident_mb(process)
    rows.append(("static binary: resident memory, idle, SQLite", "under 20 MB", f"{idle:.1f} MB"))
    container_starts(rows, dist, folder, runs)


def container_starts(rows, dist, folder, runs):
    """From `podman run` to the first 200 on /health, on the network of this machine."""
    what = "container: `podman run` to first 200 on `/health`"
    if not shutil.which("podman") or os.geteuid() != 0:
        rows.append((what, "under 1 s", "not measured: it takes podman, and root"))
        return
    say(f"{runs} containers")
    settings = f"{folder}/containers.conf"
    with open(settings, "w", encoding="ascii") as file:
        # What containers (CI machines among them) lack: open files, systemd and its journal.
        file.write(
            '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n'
            'log_driver = "k8s-file"\n'
            '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nlock_type = "file"\n'
        )
    podman = ["podman", "--storage-driver", "vfs", "--root", f"{folder}/root"]
    podman += ["--runroot", f"{folder}/run", "--tmpdir", f"{folder}/state"]
    if runc := shutil.which("runc", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        podman += ["--runtime", runc]
    environment = {**os.environ, "CONTAINERS_CONF": settings}

    def call(*words):
        command = [*podman, *words]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment, timeout=120
        )
        return done.stdout.strip()

    try:
        call("load", "--quiet", "--input", f"{dist}/aura.oci.tar")
        names = call("images", "--format", "{{.Repository}}:{{.Tag}}").split()
        times = []
        for _ in range(runs):
            port, metrics = free_port(), free_port()
            options = ["--network=host", "--read-only", "--cap-drop=all"]
            options += ["--security-opt=no-new-privileges"]
            options += [f"--env=SERVER_PORT={port}", f"--env=SERVER_METRICS_PORT={metrics}"]
            start = time.monotonic()
            name = call("run", "--detach", *options, names[0])
            while status_now(port, "/health") != 200:
                if time.monotonic() - start > 30:
                    raise RuntimeError(f"the container did not serve: {call('logs', name)}")
                time.sleep(0.002)
            times.append((time.monotonic() - start) * 1000)
            call("rm", "--force", "--time=5", "--volumes", name)
    finally:
        for words in (["rm", "--all", "--force", "--time=5"], ["rmi", "--all", "--force"]):
            subprocess.run([*podman, *words], check=False, capture_output=True, env=environment)
    rows.append((what, "under 1 s", f"{spread(times, 0)} ms, of {runs}"))
