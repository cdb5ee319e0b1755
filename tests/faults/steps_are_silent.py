"""Not on a terminal (CI, a log): a long step must be named when it begins, not after it."""

import os
import shutil
import subprocess
import sys
import time

from small import build, run


def test():
    folder = build()
    shutil.rmtree(folder / "sim", ignore_errors=True)  # it has to compile: 20 seconds and more
    process = subprocess.Popen(
        [sys.executable, "-m", "hwgen", "verify", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    began = time.monotonic()
    process.stdout.readline()
    first = time.monotonic() - began
    process.communicate()
    whole = time.monotonic() - began
    if first > whole / 2:
        yield f"the first line of `hwgen verify` comes after {first:.0f} s of {whole:.0f} s"


run(test)
