"""Play a build's golden vectors on a board: every result, every cycle count and stage counter against the build's.

``python3 driver/validate.py`` in a build folder. Exit codes are those of ``hwgen verify``: 0, 1 where the hardware
differs from the model, 2 for what a user can mend.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import HwgenError
from .device import Device
from .pynq_board import open_pynq
from .runs import RunFolder, model_of, run_folders
from .table import as_text, verification_rows

__all__ = ["BITSTREAM", "Outcome", "main", "play"]

#: Below a build folder.
BITSTREAM = Path("vivado", "accelerator.bit")

#: What changes from one transfer to the next: the memory decides, not the design.
_OF_MEMORY = ("LOAD_", "STORE_")


@dataclass(frozen=True)
class _Run:
    """A run that was played; ``difference``: cycles expected minus cycles counted."""

    name: str
    difference: int


@dataclass
class Outcome:
    """What playing found out, summed over the runs; ``wrong`` says what differs, in the order found."""

    what: str
    runs: list[_Run] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    counters: dict[str, tuple[int, int]] = field(default_factory=dict)
    rows_compared: int = 0
    codes_compared: int = 0
    cycles: int = 0
    load_cycles: int = 0
    store_cycles: int = 0

    @property
    def bit_exact(self) -> bool:
        """Nothing differs, cycles neither."""
        return not self.wrong


def play(device: Device, model: bytes, runs: Iterable[RunFolder], what: str) -> Outcome:
    """Run everything, and compare.

    Parameters
    ----------
    what : str
        What the runs are of, for people.

    Raises
    ------
    HwgenError
        The device reports an error.
    """
    done = Outcome(what)
    for run in runs:
        found = run.results.read(device.execute(model, run.stream, run.words, run.units))
        counters, passes = device.counters(), device.pass_cycles(run.passes)
        done.rows_compared += len(found)
        done.codes_compared += found.size
        for row, column in np.argwhere(found != run.results.codes)[:1]:
            done.wrong.append(f"run {run.name}, row {run.results.row[row]}, column {column}: expected "
                              f"{run.results.codes[row, column]}, got {found[row, column]}")
        wanted = {} if run.cycles is None else {"CYCLES": run.cycles}
        wanted.update(run.counters)
        done.wrong += [f"run {run.name}: {name} is {counters[name]:,}, expected {value:,}"
                       for name, value in wanted.items() if counters[name] != value]
        if run.pass_cycles is not None and passes != run.pass_cycles:
            done.wrong.append(f"run {run.name}: cycles of the passes are {passes}, expected {run.pass_cycles}")
        done.runs.append(_Run(run.name, wanted.get("CYCLES", counters["CYCLES"]) - counters["CYCLES"]))
        done.cycles += counters["CYCLES"]
        done.load_cycles += counters["LOAD_CYCLES"]
        done.store_cycles += counters["STORE_CYCLES"]
        for name, value in counters.items():
            have, want = done.counters.get(name, (0, 0))
            done.counters[name] = have + value, want + wanted.get(name, value)
    return done


def main(build: Path, arguments: Sequence[str] | None = None) -> int:
    """Read the command line, play, print; returns the exit code."""
    parser = argparse.ArgumentParser(description="Play a build's golden vectors on this board, and compare.")
    parser.add_argument("--build", type=Path, default=build, help="the build folder  [default: where this lies]")
    parser.add_argument("--bitstream", type=Path, help=f"[default: BUILD/{BITSTREAM}]")
    parser.add_argument("--runs", type=Path, help="a folder of runs, of `hwgen pack`  [default: BUILD/batches]")
    given = parser.parse_args(arguments)
    runs = given.runs or given.build / "batches"
    try:
        model, folders = model_of(given.build), run_folders(runs)
        device = Device(open_pynq(given.bitstream or given.build / BITSTREAM), given.build)
        device.load_model(model)
        model_cycles = device.counters()["LOAD_CYCLES"] if model else 0
        done = play(device, model, (RunFolder.read(folder, given.build) for folder in folders),
                    f"all {len(folders)} runs of {runs.name}")
    except HwgenError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    print(as_text("Verification", ("what", "result"), [
        *verification_rows(done, "run on the board"), ("load cycles of the model", f"{model_cycles:,}")]))
    stages = {name: pair for name, pair in done.counters.items()
              if name not in ("CYCLES", "PASS") and not name.endswith("_CYCLES")}
    print(as_text("Stage counters, of all runs", ("counter", "counted", "expected"), [
        (name, f"{have:,}", "any: the memory decides" if name.startswith(_OF_MEMORY) else f"{want:,}")
        for name, (have, want) in stages.items()]))
    for line in done.wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if done.wrong else 0
