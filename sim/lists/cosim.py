"""The cocotb test of the graph-level organisation: load the model once; then load, run and store every batch.

Runs inside the simulator; what to do comes from the JSON file named by HWGEN_COSIM_JOB.
"""

import json
import os
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import cocotb
import numpy as np

from ..bench import Bench, Memory
from ..commands import SLACK, command, owing, prepare, strict
from ..compare import compare_results
from ..folder import Design
from ..result import Mismatch, Result
from .compare import Scoreboard
from .folder import BatchFolder, ModelImage

__all__ = ["cosimulate"]


@cocotb.test()
async def cosimulate(dut: object) -> None:
    """One build folder, any number of batches, until something differs."""
    strict()
    job = json.loads(Path(os.environ["HWGEN_COSIM_JOB"]).read_text())
    design = Design.load(Path(job["build"]))
    model = ModelImage.load_from(Path(job["build"]))
    memory = Memory(model.load, 0)
    bench = Bench(dut, design, memory, _board(design, None), job["stalls"])
    await prepare(bench)
    wrong = await _load(bench, memory, model.load, 0)
    model_load_cycles, batches = await bench.read("LOAD_CYCLES"), {}
    for entry in job["batches"] if wrong is None else ():
        batch = BatchFolder.load_from(Path(entry["folder"]), design, model)
        result = await _batch(bench, memory, batch, entry["deadline"])
        batches[entry["name"]] = result.to_dict()
        if not result.ok:
            break
    Path(job["result"]).write_text(json.dumps({
        "model_mismatch": wrong and asdict(wrong), "model_load_cycles": model_load_cycles, "batches": batches}))


async def _batch(bench: Bench, memory: Memory, batch: BatchFolder, deadline: int) -> Result:
    design = bench.design
    bench.scoreboard = board = _board(design, batch)
    stored = design.units * batch.result_words * 16
    await bench.write("STORE_WORDS", batch.result_words)
    wrong = await _load(bench, memory, batch.load, stored)
    if wrong is None:
        wrong = await command(bench, "run", deadline)
        if board.mismatch is None:
            board.finish(cycle=bench.cycle, time_ns=bench.time_ns)
            wrong = owing(wrong, board.mismatch)
        else:
            wrong = board.mismatch
    results = np.zeros((0, 0), dtype=np.int64)
    if wrong is None:
        last = batch.passes[-1]
        wrong = await command(bench, "store", stored // 16 * 8 + SLACK)
        results = batch.stored(bytes(memory.stored), design.units)
        wrong = wrong or compare_results(results, batch.results, last.name, cycle=bench.cycle, time_ns=bench.time_ns,
                                         domain=last.domain)
    counters = {name: await bench.read(name) for name, entry in design.registers.items() if entry.counts}
    finished = wrong is None or wrong.kind == "result"
    stamps = [0, *[await bench.read("PASS_CYCLES", index) for index in range(len(batch.passes) if finished else 0)]]
    pass_cycles = tuple(after - before for before, after in pairwise(stamps))
    wrong = wrong or _counters(bench, batch, counters, pass_cycles)
    return Result(
        ok=wrong is None, mismatch=wrong, cycles=counters["CYCLES"], load_cycles=counters["LOAD_CYCLES"],
        store_cycles=counters["STORE_CYCLES"], counters=counters, rows_compared=board.rows,
        codes_compared=board.codes, logits=results, pass_cycles=pass_cycles)


def _board(design: Design, batch: BatchFolder | None) -> Scoreboard:
    passes = [] if batch is None else list(zip(batch.passes, batch.words, strict=True))
    return Scoreboard(passes, units=design.units, lanes=design.hardware["lanes"],
                      code_bits=design.hardware["code_bits"])


async def _load(bench: Bench, memory: Memory, image: bytes, stored: int) -> Mismatch | None:
    memory.renew(image, stored)
    await bench.write("LOAD_BEATS", len(image) // 16)
    return await command(bench, "load", len(image) // 16 * 8 + SLACK)


def _counters(bench: Bench, batch: BatchFolder, counters: dict[str, int],
              pass_cycles: tuple[int, ...]) -> Mismatch | None:
    """The first counter that is not what the estimate says; passes first, since they tell where."""
    wanted = [(facts.name, "PASS_CYCLES", want, have) for facts, want, have in
              zip(batch.passes, batch.pass_cycles or pass_cycles, pass_cycles, strict=True)]
    if batch.cycles is not None:
        wanted.append(("(run)", "CYCLES", batch.cycles, counters["CYCLES"]))
    wanted += [("(run)", name, want, counters[name]) for name, want in batch.counters.items()]
    for pass_name, name, want, have in wanted:
        if want != have:
            return Mismatch(kind="counter", pass_name=pass_name, node=-1, channel=-1, expected=want, got=have,
                            cycle=bench.cycle, time_ns=bench.time_ns, detail=f"{name} is {have}, expected {want}")
    return None
