"""The cocotb test: load, run, store; compare every row as it is written and the results as they lie in memory.

Runs inside the simulator. What to do comes from the JSON file named by HWGEN_COSIM_JOB; what was found goes to the
file named there.
"""

import json
import os
import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cocotb
import numpy as np

from .bench import Bench, Memory
from .compare import Scoreboard, compare_results
from .folder import Design, Images
from .result import Mismatch, Result

__all__ = ["cosimulate"]

_STILL = 4096  # cycles without progress that the design's watchdog takes for stuck
_SLACK = 10_000  # cycles that a load or store may take beyond eight a beat

@cocotb.test()
async def cosimulate(dut: object) -> None:
    """One build folder, one run."""
    warnings.simplefilter("error")
    for package in ("cocotbext", "cocotb_bus"):  # written for cocotb 1; not ours to mend
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=rf"{package}\.")
    job = json.loads(Path(os.environ["HWGEN_COSIM_JOB"]).read_text())
    design = Design.load(Path(job["build"]))
    images = Images.load_from(Path(job["run"]), design.hardware)
    result = await _run(dut, design, images, job["stalls"], job["deadline"])
    Path(job["result"]).write_text(json.dumps(result.to_dict()))


async def _run(dut: object, design: Design, images: Images, stalls: int | None, deadline: int) -> Result:
    load = images.load.read_bytes()
    words = images.result_words
    store_bytes = design.hardware["servers"] * words * 16
    memory, board = Memory(load, store_bytes), Scoreboard(images.passes)
    bench = Bench(dut, design, memory, board, stalls)
    await bench.reset()
    for name, value in (("LOAD_BASE", memory.load_base), ("STORE_BASE", memory.store_base)):
        await bench.write(f"{name}_LOW", value & 0xFFFF_FFFF)
        await bench.write(f"{name}_HIGH", value >> 32)
    await bench.write("LOAD_BEATS", len(load) // 16)
    await bench.write("STORE_WORDS", words)
    await bench.write("INTERRUPT_ENABLE", 0b11)
    await bench.write("WATCHDOG", _STILL)

    wrong = await _command(bench, "load", len(load) // 16 * 8 + _SLACK)
    if wrong is None:
        wrong = await _command(bench, "run", deadline)
        if board.mismatch is None:
            board.finish(cycle=bench.cycle, time_ns=bench.time_ns)
            wrong = _owing(wrong, board.mismatch)
        else:
            wrong = board.mismatch
    logits = np.zeros((0, 0), dtype=np.int64)
    if wrong is None:
        wrong = await _command(bench, "store", store_bytes // 16 * 8 + _SLACK)
        logits = images.results(bytes(memory.stored))
        wrong = wrong or compare_results(logits, images.logits, images.passes[-1].name, cycle=bench.cycle,
                                         time_ns=bench.time_ns)
    counters = {name: await bench.read(name) for name, entry in design.registers.items()
                if entry.counts}
    finished = wrong is None or wrong.kind == "result"
    stamps = [0, *[await bench.read("PASS_CYCLES", index) for index in range(len(images.passes) if finished else 0)]]
    return Result(
        ok=wrong is None, mismatch=wrong, cycles=counters["CYCLES"], load_cycles=counters["LOAD_CYCLES"],
        store_cycles=counters["STORE_CYCLES"], counters=counters, rows_compared=board.rows,
        codes_compared=board.codes, logits=logits,
        pass_cycles=tuple(after - before for before, after in pairwise(stamps)),
    )


def _owing(stuck: Mismatch | None, missing: Mismatch | None) -> Mismatch | None:
    """The difference of a run that ended; one that got stuck says which row it still owes."""
    if stuck is not None and missing is not None:
        return replace(missing, kind="stuck", detail=f"{stuck.detail}; {missing.detail}")
    return missing or stuck


async def _command(bench: Bench, name: str, deadline: int) -> Mismatch | None:
    """Give a command; what went wrong with it, decoded from STATUS."""
    status = await bench.command(name, deadline)
    if status["done"] and not status["error"]:
        return None
    design = bench.design
    if status["error"]:
        error = design.errors.get(status["error"], str(status["error"]))
        detail = f"{name}: the design reports error {error}"
        if error == "WATCHDOG":
            stage = design.stages.get(status["stuck_stage"], str(status["stuck_stage"]))
            detail += f": stage {stage} stood still in pass {status['stuck_pass']}"
    else:
        detail = f"{name}: not finished after {bench.cycle} cycles"
    return Mismatch(kind="stuck", pass_name=f"({name})", node=-1, channel=-1, expected=None, got=None,
                    cycle=bench.cycle, time_ns=bench.time_ns, detail=detail)
