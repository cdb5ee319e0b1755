"""Ctrl-C while the simulator is compiled must stop at once: what waits in the queue is not begun any more."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from small import build, run, temporary


def compiling(parent):
    """Whether a C++ compiler runs below a process, by /proc."""
    below, more = {parent}, True
    stats = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = each.read_text().partition("(")[2].rpartition(")")
            stats[int(each.parent.name)] = (name, int(rest.split()[1]))
        except (OSError, ValueError):
            continue
    while more:
        more = {pid for pid, (_, up) in stats.items() if up in below} - below
        below |= more
    return any(stats[pid][0].startswith("cc1plus") for pid in below if pid in stats)


def test():
    process = subprocess.Popen(
        [sys.executable, "-m", "hwgen", "verify", str(build())],
        env={**os.environ, "HWGEN_CACHE": str(temporary())},  # which has no simulator: it has to compile
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not compiling(process.pid) and time.monotonic() < until:
        time.sleep(0.1)
    if time.monotonic() >= until:
        yield "it compiles nothing"
    os.killpg(process.pid, signal.SIGINT)
    began = time.monotonic()
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    took = time.monotonic() - began
    if took > 5:
        yield f"it went on for {took:.0f} s"


run(test)
