"""A user without a home that can be written (a container's unknown user): a cache is a convenience, work goes on."""

import os
import subprocess
import sys

from small import checkpoint, cli, run, said, temporary

PROGRAM = """
import os, pathlib, sys
os.environ.pop("HOME", None)
def home(*_): raise RuntimeError("Could not determine home directory.")  # as Python says it of an unknown user
pathlib.Path.home = classmethod(home)
from hwgen.cli import main
main()
"""


def test():
    folder = temporary()
    model = checkpoint(folder / "m.pt")
    bare = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "HWGEN_CACHE")}
    doctor = subprocess.run([sys.executable, "-c", PROGRAM, "doctor"], env=bare, text=True, capture_output=True)
    if doctor.returncode == 0 and "cache" not in doctor.stdout:
        yield "no home: doctor says nothing of the cache"
    try:
        found = subprocess.run(
            [sys.executable, "-c", PROGRAM, "estimate", str(model), "--units", "1", "--lanes", "8"],
            env=bare,
            text=True,
            capture_output=True,
            timeout=40,
        )
        if found.returncode:
            yield f"no home: estimate: {said(found)}"
            return  # what follows takes a minute or two
    except subprocess.TimeoutExpired:
        pass  # it counts resources
    (folder / "file").write_text("")
    os.environ.pop("FAULTS_FORKS", None)  # a process of its own: matplotlib looks for a home when it is imported
    found = cli(
        "estimate", model, "--units", 1, "--lanes", 8, HOME=str(folder / "file"), HWGEN_CACHE="", XDG_CACHE_HOME=""
    )
    if found.returncode:
        yield f"a home that cannot be written: estimate, after it has counted: {said(found)}"


run(test)
