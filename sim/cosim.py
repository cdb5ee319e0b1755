"""The cocotb test: load, run, store; compare every row as it is written and the results as they lie in memory.

Runs inside the simulator. What to do comes from the JSON file named by HWGEN_COSIM_JOB; what was found goes to the
file named there.
"""

import json
import os
from itertools import pairwise
from pathlib import Path

import cocotb
import numpy as np

from .bench import Bench, Memory
from .commands import SLACK, command, owing, prepare, strict
from .compare import Scoreboard, compare_results
from .folder import Design, Images
from .result import Result

__all__ = ["cosimulate"]


@cocotb.test()
async def cosimulate(dut: object) -> None:
    """One build folder, one run."""
    strict()
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
    await prepare(bench)
    await bench.write("LOAD_BEATS", len(load) // 16)
    await bench.write("STORE_WORDS", words)

    wrong = await command(bench, "load", len(load) // 16 * 8 + SLACK)
    if wrong is None:
        wrong = await command(bench, "run", deadline)
        if board.mismatch is None:
            board.finish(cycle=bench.cycle, time_ns=bench.time_ns)
            wrong = owing(wrong, board.mismatch)
        else:
            wrong = board.mismatch
    logits = np.zeros((0, 0), dtype=np.int64)
    if wrong is None:
        wrong = await command(bench, "store", store_bytes // 16 * 8 + SLACK)
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
