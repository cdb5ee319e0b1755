"""The programs of this folder as tests: each shows one kind of fault that trials with strangers' input found.

A program prints ``OK`` and exits 0, or says what it found. Each runs by itself too: ``python nan_weights.py``.
:mod:`small` has the models, graphs and builds that they share. They run apart, as a user's command does: some end their
process, fill its memory or send it signals.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
SECONDS = 600


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the builds that the programs share; each takes a copy."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture
def passes(builds: Path) -> Callable[[str], None]:
    """Run a program, which must find no fault."""
    def run(name: str) -> None:
        done = subprocess.run([sys.executable, f"{name}.py"], cwd=FOLDER, capture_output=True, text=True, check=False,
                              env={**os.environ, "FAULTS_WORK": str(builds)}, timeout=SECONDS)
        assert (done.returncode, done.stdout.strip()) == (0, "OK"), done.stderr[-2000:]
    return run
