"""Compile a build folder's design, run it in the simulator, and read what was found."""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .errors import SimError
from .folder import Design, Images
from .result import Result
from .toolchain import Tool, libpython
from .verilate import Model, compile_model
from .wrapper import BENCH

__all__ = ["Simulated", "run", "simulate"]

_SLACK = 20_000  # cycles beyond twice the estimate before a run counts as stuck


def run(build_dir: Path | str, *, stalls: int | None = None, trace: str | None = None,
        images: Path | str | None = None, work: Path | str | None = None,
        deadline: int | None = None, quiet: bool = False,
        progress: Callable[[str], None] | None = None) -> Result:
    """Cosimulate a build folder over its AXI ports and compare every code of every pass.

    Parameters
    ----------
    build_dir : path
        Folder with ``design.v`` and ``design.json``.
    stalls : int or None
        Seed of random pauses on every AXI channel; None lets memory answer at full rate.
    trace : "vcd", "fst" or None
        Write a trace to ``sim/trace.<format>`` in the run folder.
    images : path or None
        Folder with ``images/`` and ``vectors/`` of another graph for the same design; ``build_dir`` if None.
    work : path or None
        Folder for compiled designs; None: hwgen's cache. A design is compiled once.
    deadline : int or None
        Cycles after which a run counts as stuck; None: well beyond the layout's estimate.
    quiet : bool
        Do not pass the simulator's own messages on when it fails.
    progress : callable or None
        Told what goes on.

    Returns
    -------
    Result

    Raises
    ------
    ToolMissing
        If Verilator, the C++ compiler or the shared Python library is missing.
    SimError
        If the folder is not a build, or the simulator fails.
    """
    build = Path(build_dir).resolve()
    folder = Path(images).resolve() if images is not None else build
    library = libpython()
    design = Design.load(build)
    contents = Images.load_from(folder, design.hardware)
    model = compile_model(design, None if work is None else Path(work), trace=trace, progress=progress)
    if progress:
        progress("simulating")
    job = {"build": str(build), "run": str(folder), "stalls": stalls,
           "deadline": deadline or 2 * int(contents.layout["cycles"]) + _SLACK}
    done = simulate(model, job, folder / "sim", test="sim.cosim", trace=trace, quiet=quiet, library=library)
    return replace(Result.from_dict(done.facts), compile_s=model.compile_s, simulate_s=done.seconds,
                   peak_bytes=done.peak_bytes, trace=done.trace)


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """What came out of the simulator: the test's own JSON, and what it took."""

    facts: dict[str, Any]
    seconds: float
    peak_bytes: int
    trace: str | None


def simulate(model: Model, job: Mapping[str, Any], output: Path, *, test: str, trace: str | None, quiet: bool,
             library: Tool) -> Simulated:
    """Run a compiled design once.

    Parameters
    ----------
    model : Model
    job : mapping
        What the test finds in the file that HWGEN_COSIM_JOB names, beside ``result``: where its own JSON goes.
    output : Path
        Folder for a log of what goes wrong, and for traces.
    test : str
        Module of the cocotb test.
    trace, quiet
        As of :func:`run`.
    library : Tool
        The shared Python library.

    Raises
    ------
    SimError
        The folder cannot be written, or the simulator failed.
    """
    started = time.perf_counter()
    try:
        output.mkdir(exist_ok=True)
    except OSError as wrong:
        raise SimError(f"cannot write there: {wrong.strerror}", str(output),
                       "copy the folder to where you may") from None
    traced = output / f"trace.{trace}" if trace else None
    with tempfile.TemporaryDirectory(prefix="run-", dir=output) as scratch:
        result_file, job_file = Path(scratch) / "result.json", Path(scratch) / "job.json"
        job_file.write_text(json.dumps({**job, "result": str(result_file)}))
        command = [str(model.executable), *(["--trace", "--trace-file", str(traced)] if traced else [])]
        done = subprocess.run(command, cwd=scratch, env=_environment(library.path, job_file, test), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode or not result_file.is_file():
            log = output / "simulator.log"
            log.write_text(done.stdout)
            if not quiet:
                sys.stderr.write(done.stdout)
            raise SimError(f"the simulator failed (exit status {done.returncode}): {_complaint(done.stdout)}",
                           str(log), "read the log; verify again with --trace vcd to see signals")
        facts = json.loads(result_file.read_text())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return Simulated(facts=facts, seconds=time.perf_counter() - started, peak_bytes=peak,
                     trace=str(traced) if traced else None)


def _environment(library: Path, job: Path, test: str) -> dict[str, str]:
    from cocotb_tools import config

    return {
        **os.environ,
        "HWGEN_COSIM_JOB": str(job),
        "PATH": os.pathsep.join([os.environ.get("PATH", ""), str(config.libs_dir)]),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)]),
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{library};{config.pygpi_entry_point()}",
        "COCOTB_TOPLEVEL": BENCH,
        "COCOTB_TEST_MODULES": test,
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "COCOTB_LOG_LEVEL": "WARNING",
        "TOPLEVEL_LANG": "verilog",
        "OMP_NUM_THREADS": "1",
    }


def _complaint(log: str) -> str:
    """The line that says most: the last exception or warning, else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"\w*(Error|Warning)\b", line)]
    return (errors or lines or ["no message"])[-1][:400]
