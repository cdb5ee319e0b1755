"""Faults on the bus, in images and in registers of an emitted design: a cocotb test that plays one after the other.

What to do comes from the JSON file that HWGEN_COSIM_JOB names: a build folder with two batches, a seed, and numbers of
faults. Each fault begins with the other batch loaded, so that a word that does not come shows. It ends as *reported*
(an error, or a refusal), *survived* (results and cycles are right) or *silent* (results or cycles are wrong, and
nothing says so); then a good round must give the right results again.
"""

import json
import os
import random
from pathlib import Path

import cocotb
import numpy as np
from chip import Chip, Faults, Manner
from cocotb.triggers import ClockCycles

from sim.batch import BatchFolder
from sim.folder import Design, Images

__all__ = ["KINDS", "play"]

COMMANDS = ("load", "run", "store")
LIMIT = 1 << 28


@cocotb.test()
async def play(dut):
    """All faults of the job; a line each."""
    job = json.loads(Path(os.environ["HWGEN_COSIM_JOB"]).read_text())
    found = await Play(dut, Path(job["build"]), job["seed"]).run(job["numbers"], job["kinds"])
    Path(job["result"]).write_text(json.dumps(found))


class Silent(Exception):
    """Results are wrong and nothing says so."""


def beats_of(stream):
    return [int.from_bytes(stream[at:at + 16], "little") for at in range(0, len(stream), 16)]


class Play:
    """A design, its model if it has one, and two batches."""

    def __init__(self, dut, build, seed):
        self.design, images = Design.load(build), Images.load_from(build)
        self.chip, self.seed = Chip(dut, self.design, seed), seed
        self.model = beats_of(images.model)
        self.batches = [BatchFolder.load_from(build / f"batch{index}", self.design, images) for index in (0, 1)]
        self.images = [beats_of(batch.load) for batch in self.batches]
        self.rng = random.Random()

    async def run(self, numbers, kinds):
        chip = self.chip
        chip.dut.ap_rst_n.value = 0
        cocotb.start_soon(chip.memory.serve())
        await chip.reset()
        found = []
        for number in numbers:
            self.rng = random.Random(f"{self.seed}/{number}")
            kind = kinds[number % len(kinds)]
            chip.memory.manner = Manner.draw(self.rng)
            await self.good(1)
            try:
                outcome, detail = await KINDS[kind](self), ""
            except Silent as wrong:
                outcome, detail = "silent", str(wrong)
            found.append({"number": number, "kind": kind, "outcome": outcome, "detail": detail})
            await self.recover()
            await self.good(0)
        return found

    # ---- rounds

    async def recover(self):
        chip = self.chip
        chip.memory.faults, chip.memory.manner = Faults(), Manner.draw(self.rng)
        await chip.write("WATCHDOG", 4096)
        await chip.write("RUN_LIMIT", LIMIT)
        for name in ("RUN_FIRST", "RUN_COUNT"):
            if name in self.design.registers:
                await chip.write(name, 0)
        await chip.clear()

    async def good(self, index):
        """A whole round, from the model on; anything wrong here ends the play."""
        status = await self.chip.load(self.model) if self.model else {"error": "NONE", "done_load": 1}
        assert (status["error"], status["done_load"]) == ("NONE", 1), status
        assert await self.round(index) == "survived"

    async def round(self, index, image=None):
        """Load, run, store: until something is reported; else what comes must be right."""
        status = await self.chip.load(self.images[index] if image is None else image)
        self.only_what_ended(status, "load")
        return "reported" if status["error"] != "NONE" else await self.rest(index)

    async def rest(self, index):
        """Run and store."""
        batch, chip = self.batches[index], self.chip
        await chip.write("STORE_WORDS", batch.result_words)
        chip.memory.stored = {}
        status = await chip.command("run", deadline=40_000)
        self.only_what_ended(status, "run")
        if status["error"] != "NONE":
            return "reported"
        cycles = await chip.read("CYCLES")
        status = await chip.command("store", deadline=40_000)
        self.only_what_ended(status, "store")
        if status["error"] != "NONE":
            return "reported"
        self.compare(index)
        if cycles != batch.cycles:
            raise Silent(f"{cycles} cycles, not {batch.cycles}")
        return "survived"

    def compare(self, index):
        batch, memory = self.batches[index], self.chip.memory
        words = self.design.units * batch.result_words
        if set(memory.stored) != set(range(words)) or memory.strays:
            raise Silent(f"words {sorted(memory.stored)[:3]} ..., strays {memory.strays[:3]}")
        stored = b"".join(memory.stored[place].to_bytes(16, "little") for place in range(words))
        if not np.array_equal(batch.results.read(stored), batch.results.codes):
            raise Silent("results differ")

    def only_what_ended(self, status, name):
        """A command ends in its done bit or in an error, not in neither."""
        if status["error"] == "NONE" and not status[f"done_{name}"]:
            raise Silent(f"{name} neither ended nor failed: {status}")

    async def begun(self, name):
        """A command that goes on since some cycles."""
        chip, batch = self.chip, self.batches[0]
        if name == "load":
            chip.memory.renew(self.images[0])
            await chip.write("LOAD_BEATS", len(self.images[0]))
            longest = 2 * len(self.images[0])
        else:
            assert (await chip.load(self.images[0]))["done_load"]
            longest = batch.cycles
        if name == "store":
            await chip.write("STORE_WORDS", batch.result_words)
            assert (await chip.command("run"))["done_run"]
            longest = 3 * self.design.units * batch.result_words
        await chip.start(name)
        await ClockCycles(chip.dut.ap_clk, 1 + self.rng.randrange(longest))

    async def stopped(self, status):
        """After a clear: nothing is done, nothing is wrong, and what follows without a load is right or refused."""
        if status["error"] != "NONE" or any(status[f"done_{name}"] for name in COMMANDS):
            raise Silent(f"after a clear: {status}")
        return await self.rest(0)

    # ---- faults

    async def clear(self):
        await self.begun(self.rng.choice(COMMANDS))
        return await self.stopped(await self.chip.clear())

    async def reset(self):
        await self.begun(self.rng.choice(COMMANDS))
        await self.chip.reset(self.rng.randrange(1, 12))
        outcome = await self.stopped(await self.chip.status())
        if outcome != "reported":
            raise Silent("a run after a reset, without a load")
        return outcome

    async def limit(self):
        """A run that is ended by its limit, and runs again without a load."""
        assert (await self.chip.load(self.images[0]))["done_load"]
        await self.chip.write("RUN_LIMIT", self.rng.randrange(1, self.batches[0].cycles - 4))  # seen 2 cycles late
        status = await self.chip.command("run")
        if status["error"] != "RUN_LIMIT" or status["done_run"]:
            raise Silent(f"beyond its limit: {status}")
        await self.chip.write("RUN_LIMIT", LIMIT)
        return await self.rest(0)

    async def watchdog(self):
        """A watchdog that is too short for the longest pause of a run, or is not."""
        assert (await self.chip.load(self.images[0]))["done_load"]
        await self.chip.write("WATCHDOG", self.rng.randrange(1, 8))
        status = await self.chip.command("run")
        self.only_what_ended(status, "run")
        if status["error"] == "WATCHDOG" and status["done_run"]:
            raise Silent(f"expired and done: {status}")
        await self.chip.write("WATCHDOG", 4096)
        return await self.rest(0)

    async def read_response(self):
        self.chip.memory.faults = Faults(read=self.rng.randrange(len(self.images[0])), response=self.rng.choice([2, 3]))
        return await self.must_report(self.images[0])

    async def write_response(self):
        assert (await self.chip.load(self.images[0]))["done_load"]
        self.chip.memory.faults = Faults(write=0, response=self.rng.choice([2, 3]))
        outcome = await self.rest(0)
        if outcome != "reported":
            raise Silent("a write that failed")
        return outcome

    async def must_report(self, image, index=0):
        """A damaged image: an error, and no run after it."""
        status = await self.chip.load(image)
        if status["error"] == "NONE" or status["done_load"]:
            raise Silent(f"a damaged image was taken: {await self.rest(index)}")
        self.chip.memory.faults = Faults()
        if await self.rest(index) != "reported":
            raise Silent("a run after a load that failed")
        return "reported"

    async def early_end(self):
        return await self.must_report(self.images[0][:self.rng.randrange(len(self.images[0]))])

    async def flip(self):
        """One bit, anywhere in a model or a batch."""
        image = list(self.rng.choice([self.images[0], self.model] if self.model else [self.images[0]]))
        image[self.rng.randrange(len(image))] ^= 1 << self.rng.randrange(128)
        return await self.must_report(image)

    async def flip_header(self):
        """One bit of a header: target, unit, address, count, or what is not used."""
        image = list(self.rng.choice([self.images[0], self.model] if self.model else [self.images[0]]))
        headers, at = [], 0
        while at < len(image):
            headers.append(at)
            at += 1 + (image[at] >> 64 & 0xFFFF_FFFF if image[at] & 0xFF else 0)
        image[self.rng.choice(headers)] ^= 1 << self.rng.randrange(128)
        return await self.must_report(image)

    async def damage(self):
        """Beats that are other beats: random, swapped, inverted, missing, doubled, zero."""
        rng, image = self.rng, list(self.images[0])
        places = [place for place in range(len(image) - 1) if image[place] != image[place + 1]]
        place = rng.choice(places)
        how = rng.choice(["random", "swapped", "inverted", "missing", "doubled", "zeros", "all inverted"])
        if how == "swapped":
            image[place:place + 2] = image[place + 1], image[place]
        elif how == "missing":
            del image[place]
        elif how == "doubled":
            image.insert(place, image[place])
        else:
            last = len(image) if how == "all inverted" else place + rng.randrange(1, 20)
            for at in range(0 if how == "all inverted" else place, min(last, len(image))):
                image[at] = {"random": rng.getrandbits(128), "zeros": 0}.get(how, image[at] ^ (1 << 128) - 1)
        return "survived" if image == self.images[0] else await self.must_report(image)

    async def rlast(self):
        self.chip.memory.faults = Faults(last=self.rng.choice(["never", "always", "random"]))
        return await self.round(0)

    async def silence(self):
        """Memory that stops in a load or a store, and goes on after the watchdog or a clear."""
        chip, name = self.chip, self.rng.choice(["load", "store"])
        await chip.write("WATCHDOG", 300)
        if name == "load":
            chip.memory.renew(self.images[0])
            await chip.write("LOAD_BEATS", len(self.images[0]))
            chip.memory.faults = Faults(silent_read=self.rng.randrange(len(self.images[0])))
            await chip.start("load")
        else:
            assert (await chip.load(self.images[0]))["done_load"]
            await chip.write("STORE_WORDS", self.batches[0].result_words)
            assert (await chip.command("run"))["done_run"]
            chip.memory.faults = Faults(silent_write=0)
            await chip.start("store")
        if self.rng.random() < 0.5:
            status = await chip.wait(50_000)  # slow memory takes its time to where it stops
            if status["error"] != "WATCHDOG" or not status[f"busy_{name}"]:
                raise Silent(f"silent memory: {status}")
        else:
            await ClockCycles(chip.dut.ap_clk, self.rng.randrange(1, 200))
            await chip.write("CONTROL", 8)
        chip.memory.faults = Faults()
        for _ in range(200):
            status = await chip.status()
            if not status[f"busy_{name}"]:
                break
            await ClockCycles(chip.dut.ap_clk, 100)
        if status[f"busy_{name}"] or status[f"done_{name}"]:
            raise Silent(f"after silence: {status}")
        await chip.write("WATCHDOG", 4096)
        return await self.rest(0)

    async def ranges(self):
        """Numbers of passes and words that do not exist."""
        chip, rng = self.chip, self.rng
        assert (await chip.load(self.images[0]))["done_load"]
        passes, depth = len(self.batches[0].passes), self.design.hardware["result_depth"]
        if "RUN_FIRST" in self.design.registers and rng.random() < 0.6:
            first, count = rng.choice([
                (rng.randrange(passes, 1 << 32), 0), (rng.randrange(passes, 64), rng.randrange(9)),
                (rng.randrange(passes), rng.randrange(passes + 1, 1 << 32))])
            await chip.write("RUN_FIRST", first)
            await chip.write("RUN_COUNT", count)
            status, wanted = await chip.command("run"), "RUN_RANGE"
        else:
            assert (await chip.command("run"))["done_run"]
            await chip.write("STORE_WORDS", rng.choice([depth + 1, rng.randrange(depth + 1, 1 << 32)]))
            chip.memory.stored = {}
            status, wanted = await chip.command("store"), "STORE_RANGE"
            if chip.memory.stored:
                raise Silent("words that do not exist were stored")
        if status["error"] != wanted:
            raise Silent(f"{wanted} is wanted: {status}")
        return "reported"

    async def busy(self):
        """Commands while another goes on: refused, and the one that goes on ends well."""
        chip = self.chip
        assert (await chip.load(self.images[0]))["done_load"]
        await chip.start("run")
        await ClockCycles(chip.dut.ap_clk, 1 + self.rng.randrange(self.batches[0].cycles // 2))
        await chip.write("CONTROL", self.rng.randrange(1, 8))
        status = await chip.status()
        if status["error"] != "BUSY":
            raise Silent(f"BUSY is wanted: {status}")
        for _ in range(400):
            status = await chip.status()
            if not status["busy_run"]:
                break
            await ClockCycles(chip.dut.ap_clk, 100)
        if not status["done_run"] or await chip.read("CYCLES") != self.batches[0].cycles:
            raise Silent(f"the run that went on: {status}")
        return await self.rest(0)


KINDS = {
    "clear": Play.clear, "reset": Play.reset, "run limit": Play.limit, "short watchdog": Play.watchdog,
    "read response": Play.read_response, "write response": Play.write_response, "early end": Play.early_end,
    "flipped bit": Play.flip, "flipped bit of a header": Play.flip_header, "damaged beats": Play.damage,
    "RLAST": Play.rlast, "silent memory": Play.silence, "ranges": Play.ranges, "busy": Play.busy}
