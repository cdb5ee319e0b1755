"""AXI memory and AXI4-Lite master as testbenches for Amaranth's simulator, with random back-pressure and checks."""

import random
from collections import deque

from amaranth.sim import Simulator

__all__ = ["Memory", "lite_read", "lite_write", "simulate"]

PAGE = 4096


def simulate(dut, *benches, background=()):
    """Run testbenches to their end; ``background`` ones stop with them."""
    sim = Simulator(dut)
    sim.add_clock(1e-6)
    for bench in benches:
        sim.add_testbench(bench)
    for bench in background:
        sim.add_testbench(bench, background=True)
    sim.run()


class Memory:
    """Beats by address, answering after random pauses; every rule of AXI that a master can break is asserted.

    Parameters
    ----------
    seed : int
        Of the pauses.
    pause : float
        Probability that a channel rests in a cycle; 0 answers at full rate.
    bad_read, bad_write : int
        Number of the beat, or of the burst, that is answered with ``bad``; -1 for none.
    bad : int
        SLVERR (2), or another response.
    last : "right", "never", "always" or "early"
        RLAST, which a broken bus may get wrong.
    takes : "any", "address first" or "data first"
        Whether the first beat of a write waits until the address has come, or the address until the beat is there, as
        AXI allows a memory to do.
    """

    def __init__(self, *, seed=0, pause=0.0, latency=3, bad_read=-1, bad_write=-1, bad=2, last="right", takes="any"):
        self.beats: dict[int, int] = {}
        self.reads: list[tuple[int, int]] = []  # (address, beats) of every burst
        self.writes: list[tuple[int, int]] = []
        self.write_cycles: list[int] = []  # cycle of every W handshake
        self.deepest = 0  # most read bursts in flight
        self.random = random.Random(seed)
        self.pause, self.latency, self.bad_read, self.bad_write, self.bad = pause, latency, bad_read, bad_write, bad
        self.last, self.takes = last, takes

    def fill(self, base, beats):
        """Put beats at ``base`` and up."""
        for index, beat in enumerate(beats):
            self.beats[base + 16 * index] = beat

    def _rests(self):
        return self.random.random() < self.pause

    def _burst(self, ctx, axi, prefix):
        address, length = (ctx.get(getattr(axi, prefix + name)) for name in ("addr", "len"))
        assert address % 16 == 0
        assert address // PAGE == (address + 16 * length) // PAGE, "the burst crosses a 4 KiB boundary"
        assert ctx.get(getattr(axi, f"{prefix}size")) == 4
        assert ctx.get(getattr(axi, f"{prefix}burst")) == 1
        return address, length + 1

    def reader(self, axi):
        """Testbench of the read channels."""
        async def bench(ctx):
            waiting, cycle, given, held = deque(), 0, 0, None
            while True:
                ready = not self._rests()
                ctx.set(axi.arready, ready)
                show = bool(waiting) and waiting[0][2] <= cycle and (ctx.get(axi.rvalid) or not self._rests())
                if show:
                    address, left, _ = waiting[0]
                    ctx.set(axi.rdata, self.beats.get(address, 0xDEAD))
                    ctx.set(axi.rlast, {"right": left == 1, "never": 0, "always": 1, "early": left == 3}[self.last])
                    ctx.set(axi.rresp, self.bad if given == self.bad_read else given % 2)  # EXOKAY is as good as OKAY
                ctx.set(axi.rvalid, show)
                now = (ctx.get(axi.araddr), ctx.get(axi.arlen)) if ctx.get(axi.arvalid) else None
                assert held is None or now == held, "a valid address must stay"
                held = None if ready else now
                if ready and now:
                    self.reads.append(self._burst(ctx, axi, "ar"))
                    waiting.append((*self.reads[-1], cycle + self.latency))
                    self.deepest = max(self.deepest, len(waiting))
                taken = show and ctx.get(axi.rready)
                await ctx.tick()
                cycle += 1
                if taken:
                    given += 1
                    address, left, due = waiting.popleft()
                    if left > 1:
                        waiting.appendleft((address + 16, left - 1, due))
                    ctx.set(axi.rvalid, 0)
        return bench

    def writer(self, axi):
        """Testbench of the write channels."""
        async def bench(ctx):
            bursts, data, answers, cycle, held, held_address, answered = deque(), deque(), deque(), 0, None, None, 0
            while True:
                offered, address = ctx.get(axi.wvalid), ctx.get(axi.awvalid)
                w_ready = not self._rests() and not (self.takes == "address first" and not bursts)
                aw_ready = not self._rests() and not (self.takes == "data first" and not (offered or data))
                ctx.set(axi.awready, aw_ready)
                ctx.set(axi.wready, w_ready)
                answer = bool(answers) and answers[0] <= cycle and (ctx.get(axi.bvalid) or not self._rests())
                ctx.set(axi.bvalid, answer)
                ctx.set(axi.bresp, self.bad if answered == self.bad_write else answered % 2)
                now = (ctx.get(axi.wdata), ctx.get(axi.wlast)) if offered else None
                assert held is None or now == held, "a valid beat must stay"
                held = None if w_ready else now
                there = (ctx.get(axi.awaddr), ctx.get(axi.awlen)) if address else None
                assert held_address is None or there == held_address, "a valid address must stay"
                held_address = None if aw_ready else there
                if now is not None and w_ready:
                    assert ctx.get(axi.wstrb) == 0xFFFF
                    data.append(now)
                    self.write_cycles.append(cycle)
                if aw_ready and address:
                    self.writes.append(self._burst(ctx, axi, "aw"))
                    bursts.append(self.writes[-1])
                while data and bursts:
                    (word, last), (place, left) = data.popleft(), bursts.popleft()
                    assert last == (left == 1)
                    self.beats[place] = word
                    if left > 1:
                        bursts.appendleft((place + 16, left - 1))
                    else:
                        answers.append(cycle + self.latency)
                done = answer and ctx.get(axi.bready)
                await ctx.tick()
                cycle += 1
                if done:
                    answers.popleft()
                    answered += 1
                    ctx.set(axi.bvalid, 0)
        return bench


async def lite_write(ctx, bus, address, value, *, strobe=0xF, pause=lambda: False, deadline=200):
    """One AXI4-Lite write; address and data start after independent pauses."""
    ctx.set(bus.awaddr, address)
    ctx.set(bus.wdata, value)
    ctx.set(bus.wstrb, strobe)
    address_done = data_done = False
    for _ in range(deadline):
        ctx.set(bus.awvalid, not address_done and (ctx.get(bus.awvalid) or not pause()))
        ctx.set(bus.wvalid, not data_done and (ctx.get(bus.wvalid) or not pause()))
        address_takes = ctx.get(bus.awvalid) and ctx.get(bus.awready)
        data_takes = ctx.get(bus.wvalid) and ctx.get(bus.wready)
        ctx.set(bus.bready, not pause())
        answered = ctx.get(bus.bvalid) and ctx.get(bus.bready)
        await ctx.tick()
        address_done |= address_takes
        data_done |= data_takes
        if address_takes:
            ctx.set(bus.awvalid, 0)
        if data_takes:
            ctx.set(bus.wvalid, 0)
        if answered:
            ctx.set(bus.bready, 0)
            assert address_done
            assert data_done
            return
    raise AssertionError(f"no write response from 0x{address:x} in {deadline} cycles")


async def lite_read(ctx, bus, address, *, pause=lambda: False, deadline=200):
    """One AXI4-Lite read."""
    ctx.set(bus.araddr, address)
    ctx.set(bus.arvalid, 1)
    for _ in range(deadline):
        ctx.set(bus.rready, not pause())
        taken = ctx.get(bus.arvalid) and ctx.get(bus.arready)
        value = ctx.get(bus.rdata) if ctx.get(bus.rvalid) and ctx.get(bus.rready) else None
        await ctx.tick()
        if taken:
            ctx.set(bus.arvalid, 0)
        if value is not None:
            ctx.set(bus.rready, 0)
            return value
    raise AssertionError(f"no read data from 0x{address:x} in {deadline} cycles")
