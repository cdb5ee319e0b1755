"""Compile a build folder's design, run batches in one simulator, and read what was found."""

import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen.workshop import Command, workshop

from .batch import BatchFolder
from .errors import SimError
from .folder import AGAIN, Design, Images
from .result import Result
from .toolchain import libpython
from .verilate import Model, compile_model
from .wrapper import BENCH

__all__ = ["SimOptions", "batch_folders", "run", "simulate"]

_SLACK = 20_000  # cycles beyond twice the estimate before a run counts as stuck
_UNKNOWN = 5_000_000  # deadline where there is no estimate; the watchdog is much faster


@dataclass(frozen=True, kw_only=True)
class SimOptions:
    """How a design is simulated.

    Parameters
    ----------
    stalls : int or None
        Seed of random pauses on every AXI channel; None lets memory answer at full rate.
    trace : "vcd", "fst" or None
        Write a trace to ``sim/trace.<format>`` in the build folder.
    work : path or None
        Folder for compiled designs; None: hwgen's cache. What is there is not compiled again.
    cycles : int or None
        How many this design is to simulate in all, about, where more runs follow; None: those of these batches.
    deadline : int or None
        Cycles after which a run counts as stuck; None: well beyond each batch's estimate.
    netlist : (Path, Path) or None
        Verilog of the design as a netlist, and of models of its cells, instead of ``design.v``. It has no probes:
        results, counters and status are compared, not every row.
    quiet : bool
        Do not pass the simulator's own messages on when it fails.
    """

    stalls: int | None = None
    trace: str | None = None
    work: Path | None = None
    cycles: int | None = None
    deadline: int | None = None
    netlist: tuple[Path, Path] | None = None
    quiet: bool = False


def run(build_dir: Path | str, batches: Sequence[Path | str] | None = None, options: SimOptions | None = None, *,
        progress: Callable[[str], None] | None = None) -> Result:
    """Cosimulate batches on one build over its AXI ports: every word, every result, every cycle count.

    Parameters
    ----------
    build_dir : path
        Folder with ``design.v``, ``design.json`` and ``images/``.
    batches : sequence of paths, or None
        Folders of batches, run one after the other without loading the model again; None: those of the build.
    options : SimOptions or None
    progress : callable or None
        Told what goes on.

    Raises
    ------
    ToolMissing
        If Verilator, the C++ compiler or the shared Python library is missing.
    SimError
        If a folder is not what it should be, or the simulator fails.
    """
    libpython()  # what is missing is said before the design is compiled
    build, chosen = Path(build_dir).resolve(), options or SimOptions()
    design, images = Design.load(build), Images.load_from(build)
    if chosen.netlist:
        design = design.mapped(*(path.resolve() for path in chosen.netlist))
    entries: dict[str, dict[str, Any]] = {}
    cycles = len(images.model) // 16
    for folder in (Path(path).resolve() for path in (batch_folders(build / "batches") if batches is None else batches)):
        batch = BatchFolder.load_from(folder, design, images)
        if batch.name in entries:
            raise SimError(f"two batches are called {batch.name}", str(folder), "rename one of the folders")
        limit = chosen.deadline or (_UNKNOWN if batch.cycles is None else 2 * batch.cycles + _SLACK)
        cycles += (limit if batch.cycles is None else batch.cycles) + len(batch.load) // 16
        entries[batch.name] = {"name": batch.name, "folder": str(folder), "deadline": limit}
    if not entries:
        raise SimError("no batches", str(build), AGAIN)
    model = compile_model(design, chosen.work, trace=chosen.trace, cycles=chosen.cycles or cycles, progress=progress)
    if progress:
        progress("simulating")
    job = {"build": str(build), "batches": list(entries.values()), "stalls": chosen.stalls,
           "netlist": chosen.netlist and list(map(str, chosen.netlist))}
    facts, more = simulate(model, job, build / "sim", chosen)
    return Result.from_facts(facts, compile_s=model.compile_s, **more)


def batch_folders(folder: Path) -> list[Path]:
    """Folders of batches in a folder, by number."""
    found = [path.parent for path in folder.glob("*/batch.bin")]
    return sorted(found, key=lambda batch: (len(batch.name), batch.name))


def simulate(model: Model, job: Mapping[str, Any], output: Path, options: SimOptions, *,
             test: str = "sim.cosim") -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a compiled design once.

    Parameters
    ----------
    job : mapping
        What the test finds in the file that HWGEN_COSIM_JOB names, beside ``result``: where its own JSON goes.
    output : Path
        Folder for a log of what goes wrong, and for traces.
    test : str
        The module of the cocotb test.

    Returns
    -------
    dict, dict
        The test's own JSON; and what it took, of :class:`sim.result.Result`.

    Raises
    ------
    SimError
        The folder cannot be written, or the simulator failed.
    """
    library, started = libpython(), time.perf_counter()
    try:
        output.mkdir(exist_ok=True)
    except OSError as wrong:
        raise SimError(f"cannot write there: {wrong.strerror}", str(output),
                       "copy the folder to where you may") from None
    traced = output / f"trace.{options.trace}" if options.trace else None
    with workshop(output, "run") as shop:
        result_file, job_file = shop.path / "result.json", shop.path / "job.json"
        job_file.write_text(json.dumps({**job, "result": str(result_file)}))
        words = [str(model.executable), *(["--trace", "--trace-file", str(traced)] if traced else [])]
        done = shop.run(Command(words=words, environment=_environment(library.path, job_file, test)))
        if done.code or not result_file.is_file():
            log = output / "simulator.log"
            log.write_text(done.text)
            if not options.quiet:
                sys.stderr.write(done.text)
            raise SimError(f"the simulator failed (exit status {done.code}): {_complaint(done.text)}",
                           str(log), "read the log; verify again with --trace vcd to see signals")
        facts = json.loads(result_file.read_text())
    return facts, {"simulate_s": time.perf_counter() - started, "trace": str(traced) if traced else None,
                   "peak_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024}


def _environment(library: Path, job: Path, test: str) -> dict[str, str]:
    from cocotb_tools import config

    # Whoever sets such a variable means a simulation of their own.
    theirs = ("COCOTB_", "GPI_", "PYGPI_", "VERILATOR_", "TESTCASE", "MODULE", "TOPLEVEL", "RANDOM_SEED")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(theirs)},
        "HWGEN_COSIM_JOB": str(job),
        "PATH": os.pathsep.join([os.environ.get("PATH", ""), str(config.libs_dir)]),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)]),
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{library};{config.pygpi_entry_point()}",
        "COCOTB_TOPLEVEL": BENCH,
        "COCOTB_TEST_MODULES": test,
        "COCOTB_REWRITE_ASSERTION_FILES": "",  # else pytest rewrites NumPy: 1.0 s of CPU for a short run, not 0.3
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
