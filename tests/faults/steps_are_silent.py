"""Not on a terminal (CI, a log): a long step must be named when it begins, not after it."""

import os
import signal
import subprocess
import sys

from small import build, run, temporary


def test():
    cache = temporary()  # without a simulator: it has to compile, 20 seconds and more
    process = subprocess.Popen(
        [sys.executable, "-m", "hwgen", "verify", str(build())],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "HWGEN_CACHE": str(cache)},
        start_new_session=True,
    )
    named = any("simulating" in line for line in process.stdout)
    compiled = any((cache / "models").glob("simulation-*"))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    if not named or compiled:
        yield "`hwgen verify` compiles a simulator before it says anything of that"


run(test)
