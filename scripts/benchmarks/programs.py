"""The programs that are measured, built as they are shipped."""

import json
import subprocess
import sys

from .machine import ROOT, say


def build(names=("aura", "bare")):
    """Builds the binary as it is shipped, then the yardsticks; gives the paths of those named."""
    paths = {}
    # One after the other: together, the yardsticks' features would leak into the binary.
    targets = {"aura": "--bin=aura", "bare": "--bench=bare"}
    for name, target in ((name, targets[name]) for name in names):
        say(f"building {name}")
        command = ["cargo", "build", "--release", "--locked", target, "--message-format=json"]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
        for line in done.stdout.splitlines():
            message = json.loads(line)
            if message.get("executable") and message["target"]["name"] == name:
                paths[name] = message["executable"]
    return [paths[name] for name in names]


def build_image():
    """Runs scripts/image; gives the folder."""
    say("the image")
    subprocess.run([f"{ROOT}/scripts/image"], check=True, stdout=sys.stderr)
    return f"{ROOT}/dist"
