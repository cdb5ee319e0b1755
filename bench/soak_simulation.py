"""The cocotb test of ``bench/soak.py``: batch after batch through one accelerator, with stalls, errors and clears."""

import importlib
import json
import os
import random
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from soak_graphs import Graphs, draw_batch

from hwgen.flow.built import load_design
from hwgen.targets.design import Design as Built
from sim.folder import Design

chip_of = importlib.import_module("chip")

FAULTY = 0.2  # share of batches in which something goes wrong on purpose, before the batch runs well


@cocotb.test()
async def soak(dut: Any) -> None:
    """What the job says: from one batch on, so many graphs more."""
    job = json.loads(Path(os.environ["HWGEN_COSIM_JOB"]).read_text())
    built, graphs = load_design(Path(job["build"])), Graphs.load(Path(job["graphs"]))
    line = await Soak(dut, Path(job["build"]), built, graphs, job).run()
    Path(job["result"]).write_text(json.dumps(line))


class Soak:
    """One simulated accelerator, and what is known of it so far."""

    def __init__(self, dut: Any, build: Path, built: Built, graphs: Graphs, job: dict[str, Any]) -> None:
        self.built, self.graphs, self.job = built, graphs, job
        self.chip = chip_of.Chip(dut, Design.load(build), job["seed"])
        model = built.model_files()["model.bin"]
        assert isinstance(model, bytes)
        self.model = _beats(model)
        self.loaded = False
        self.seen: Counter[str] = Counter()

    async def run(self) -> dict[str, Any]:
        chip, job = self.chip, self.job
        dut = chip.dut
        dut.ap_rst_n.value = 0
        cocotb.start_soon(chip.memory.serve())
        await chip.reset()
        done, batch, started = 0, int(job["batch"]), time.perf_counter()
        while done < job["graphs_wanted"]:
            rng = random.Random(f"{job['seed']}/{batch}")
            count = await self._batch(rng, batch)
            done, batch = done + count, batch + 1
            if batch % job["every"] == 0 or done >= job["graphs_wanted"]:
                self._tell(batch, done, time.perf_counter() - started)
        return {"batch": batch, "graphs": done}

    def _tell(self, batch: int, graphs: int, seconds: float) -> None:
        """A line of progress, from which the soak goes on when it is stopped."""
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
        with Path(self.job["progress"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps({
                "seed": self.job["seed"], "start": self.job["batch"], "batch": batch, "graphs": graphs,
                "seconds": round(seconds, 1), "resident": resident, **self.seen}) + "\n")

    async def _batch(self, rng: random.Random, number: int) -> int:
        """A batch to its right results, whatever goes wrong before; its graphs."""
        chip, seen = self.chip, self.seen
        session = self.built.session(draw_batch(rng, self.graphs, self.built))
        (run,) = session.next_runs()
        beats, words = _beats(run.stream), run.result_words * run.units
        chip.memory.manner = chip_of.Manner.draw(rng)
        if not self.loaded:
            await self._model()
        await chip.write("STORE_WORDS", run.result_words)
        if rng.random() < FAULTY:
            await self._fault(rng, beats)
        if not self.loaded:
            await self._model()
            await chip.write("STORE_WORDS", run.result_words)
        status = await chip.load(beats)
        assert (status["done_load"], status["error"]) == (1, "NONE"), (number, status)
        if rng.random() < 0.5:
            status = await chip.command("run", "store")
        else:
            status = await chip.command("run")
            assert (status["done_run"], status["error"]) == (1, "NONE"), (number, status)
            status = await chip.command("store")
        assert (status["done_run"], status["done_store"], status["error"]) == (1, 1, "NONE"), (number, status)
        stored = b"".join(chip.memory.stored[place].to_bytes(16, "little") for place in range(words))
        assert len(chip.memory.stored) == words
        assert not chip.memory.strays, (number, chip.memory.strays)
        assert np.array_equal(run.read(stored), session.reference), number
        await self._counters(run, len(beats), words, number)
        seen.update(batches=1, results=int(session.reference.shape[0]), run_cycles=int(run.cycles["total"]))
        return session.batch.graphs

    async def _counters(self, run: Any, beats: int, words: int, number: int) -> None:
        chip = self.chip
        wanted = {"CYCLES": run.cycles["total"], "LOAD_RUN": beats, "STORE_RUN": words,
                  **{name.upper(): count for name, count in run.cycles["counters"].items()}}
        found = {name: await chip.read(name) for name in wanted}
        assert found == wanted, (number, found, wanted)
        assert await chip.read("LOAD_WAIT_IN") + beats == await chip.read("LOAD_CYCLES")

    async def _model(self) -> None:
        status = await self.chip.load(self.model)
        assert (status["done_load"], status["error"]) == (1, "NONE"), status
        self.loaded = True
        self.seen.update(models=1)

    async def _fault(self, rng: random.Random, beats: list[int]) -> None:
        """Something goes wrong; it must be reported, and what was loaded counts as lost where it was damaged."""
        chip, memory = self.chip, self.chip.memory
        kind = rng.choice(["flip", "read", "write", "short", "clear load", "clear run", "clear store", "limit",
                           "reset"])
        self.seen[kind] += 1
        if kind in ("flip", "read", "short", "clear load"):
            image = list(beats)
            if kind == "flip":
                image[rng.randrange(len(image))] ^= 1 << rng.randrange(128)
            elif kind == "short":
                image = image[:rng.randrange(len(image))]
            elif kind == "read":
                memory.faults = chip_of.Faults(read=rng.randrange(len(image)), response=rng.choice([2, 3]))
            if kind == "clear load":
                memory.renew(image)
                await chip.write("LOAD_BEATS", len(image))
                await chip.start("load")
                await ClockCycles(chip.dut.ap_clk, rng.randrange(1, len(image)))
                status = await chip.clear()
                assert status["error"] == "NONE", status
            else:
                status = await chip.load(image)
                assert status["error"] != "NONE", (kind, status)
            assert not status["done_load"], (kind, status)
            status = await chip.command("run")
            assert status["error"] == "NOT_LOADED", (kind, status)
            self.loaded = False
        elif kind == "reset":
            await chip.reset(rng.randrange(1, 9))
            await chip.write("STORE_WORDS", 1)
            status = await chip.command("run", "store")
            assert status["error"] == "NOT_LOADED", status
            self.loaded = False
        else:
            await self._late_fault(rng, kind, beats)
        memory.faults = chip_of.Faults()
        await chip.clear()

    async def _late_fault(self, rng: random.Random, kind: str, beats: list[int]) -> None:
        """While a run or a store goes on."""
        chip, memory = self.chip, self.chip.memory
        await chip.load(beats)
        if kind == "clear run":
            await chip.start("run", "store")
            await ClockCycles(chip.dut.ap_clk, rng.randrange(1, 400))
            status = await chip.clear()
            assert not status["done_run"], status
            assert not status["done_store"], status
        elif kind == "limit":
            await chip.write("RUN_LIMIT", rng.randrange(1, 400))
            status = await chip.command("run", "store")
            assert (status["error"], status["done_run"], status["done_store"]) == ("RUN_LIMIT", 0, 0), status
            await chip.write("RUN_LIMIT", 1 << 28)
        elif kind == "clear store":
            await chip.command("run")
            await chip.start("store")
            await ClockCycles(chip.dut.ap_clk, rng.randrange(1, 12))
            status = await chip.clear()
            assert not status["done_store"], status
        else:
            memory.faults = chip_of.Faults(write=0, response=rng.choice([2, 3]))
            status = await chip.command("run", "store")
            assert (status["error"], status["done_store"]) == ("WRITE", 0), status


def _beats(stream: bytes) -> list[int]:
    return [int.from_bytes(stream[at:at + 16], "little") for at in range(0, len(stream), 16)]
