"""The programs of this folder as tests: each shows one kind of fault that trials with strangers' input found.

A program prints ``OK`` and exits 0, or says what it found. Each runs by itself too: ``python nan_weights.py``.
:mod:`small` has the models, graphs and builds that they share. They run apart, as a user's command does: some end their
process, fill its memory or send it signals.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import forks
import pytest

FOLDER = Path(__file__).parent
SECONDS = 600


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the builds that the programs share; each takes a copy."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a process that programs and their commands are made from."""
    path = tmp_path_factory.mktemp("forks") / "s"
    with subprocess.Popen([sys.executable, forks.__file__, str(path)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield path
        process.stdin.close()


@pytest.fixture
def passes(builds: Path, server: Path) -> Callable[[str], None]:
    """Run a program, which must find no fault."""
    def run(name: str) -> None:
        env = {**os.environ, "FAULTS_WORK": str(builds), "FAULTS_FORKS": str(server)}
        code, out, err = forks.run(server, [f"{name}.py"], cwd=FOLDER, env=env, timeout=SECONDS)
        assert (code, out.strip()) == (0, "OK"), err[-2000:]
    return run
