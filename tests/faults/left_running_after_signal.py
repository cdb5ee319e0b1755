"""SIGTERM or SIGHUP to `hwgen verify` (timeout, a container's stop): its children must end with it, at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from small import build, run, temporary


def children(parent):
    """Process ids below one, by /proc."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = each.parent.name, each.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(rest[1]) == parent and rest[0] != "Z":
            found += [int(pid), *children(int(pid))]
    return found


def test():
    for name, number in (("SIGTERM", signal.SIGTERM), ("SIGHUP", signal.SIGHUP), ("SIGKILL", signal.SIGKILL)):
        cache = temporary()  # without a simulator: it has to compile
        process = subprocess.Popen(
            [sys.executable, "-m", "hwgen", "verify", str(build())],
            env={**os.environ, "HWGEN_CACHE": str(cache)},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while len(children(process.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        below = children(process.pid)
        process.send_signal(number)
        process.wait(30)
        time.sleep(2)
        alive = [
            pid
            for pid in below
            if Path(f"/proc/{pid}").exists()
            and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        ]
        made = [each.name for each in (cache / "models").glob("*-*")]
        left = [name.split("-")[0] for name in made if not name.startswith("simulation-")]
        if alive or left:
            yield f"{name} while compiling: {len(alive)} of {len(below)} children go on, folders left: {left}"
        for pid in alive:
            os.kill(pid, signal.SIGKILL)


run(test)
