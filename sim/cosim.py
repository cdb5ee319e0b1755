"""The cocotb test: load the model if there is one; then load, run and store every batch, and compare.

Runs inside the simulator. What to do comes from the JSON file named by HWGEN_COSIM_JOB; what was found goes to the
file named there.
"""

import json
import os
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import cocotb
import numpy as np

from .batch import BatchFolder
from .bench import Bench, Memory
from .commands import SLACK, command, owing, prepare, strict
from .folder import Design, Images
from .result import BatchResult, Mismatch
from .scoreboard import Scoreboard, compare_results

__all__ = ["cosimulate"]


@cocotb.test()
async def cosimulate(dut: object) -> None:
    """One build folder, any number of batches, until something differs."""
    strict()
    job = json.loads(Path(os.environ["HWGEN_COSIM_JOB"]).read_text())
    design, images = Design.load(Path(job["build"])), Images.load_from(Path(job["build"]))
    if job["netlist"]:
        design = design.mapped(*map(Path, job["netlist"]))
    bench = Bench(dut, design, Memory(b"", 0), Scoreboard([], design.row_fields), job["stalls"])
    await prepare(bench)
    wrong, model_load_cycles, batches = None, 0, {}
    if images.model:
        wrong = await _load(bench, images.model, 0)
        model_load_cycles = await bench.read("LOAD_CYCLES")
    for entry in job["batches"] if wrong is None else ():
        batch = BatchFolder.load_from(Path(entry["folder"]), design, images)
        result = await _batch(bench, batch, entry["deadline"])
        batches[entry["name"]] = result.to_dict()
        if not result.ok:
            break
    Path(job["result"]).write_text(json.dumps({
        "model_mismatch": wrong and asdict(wrong), "model_load_cycles": model_load_cycles, "batches": batches}))


async def _batch(bench: Bench, batch: BatchFolder, deadline: int) -> BatchResult:
    design, memory, last = bench.design, bench.region, batch.passes[-1]
    watched = zip(batch.passes, batch.words, strict=True) if design.watched else ()
    bench.scoreboard = board = Scoreboard(list(watched), design.row_fields)
    stored = design.units * batch.result_words * 16
    await bench.write("STORE_WORDS", batch.result_words)
    wrong = await _load(bench, batch.load, stored)
    if wrong is None:
        wrong = await command(bench, "run", deadline)
        if board.mismatch is None:
            board.finish(cycle=bench.cycle, time_ns=bench.time_ns)
            wrong = owing(wrong, board.mismatch)
        else:
            wrong = board.mismatch
    logits, codes = np.zeros((0, 0), dtype=np.int64), board.codes
    if wrong is None:
        wrong = await command(bench, "store", stored // 16 * 8 + SLACK)
        found = batch.results.read(bytes(memory.stored))
        logits = batch.results.in_order(found)
        codes = board.codes if design.watched else found.size
        wrong = wrong or compare_results(found, batch.results, last, cycle=bench.cycle, time_ns=bench.time_ns)
    counters = {name: await bench.read(name) for name, entry in design.registers.items() if entry.counts}
    finished = wrong is None or wrong.kind == "result"
    stamps = [0, *[await bench.read("PASS_CYCLES", index) for index in range(len(batch.passes) if finished else 0)]]
    pass_cycles = tuple(after - before for before, after in pairwise(stamps))
    wrong = wrong or _counters(bench, batch, counters, pass_cycles)
    return BatchResult(
        mismatch=wrong, cycles=counters["CYCLES"], load_cycles=counters["LOAD_CYCLES"],
        store_cycles=counters["STORE_CYCLES"], counters=counters, rows_compared=board.rows,
        codes_compared=codes, logits=logits, pass_cycles=pass_cycles)


async def _load(bench: Bench, image: bytes, stored: int) -> Mismatch | None:
    bench.region.renew(image, stored)
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
