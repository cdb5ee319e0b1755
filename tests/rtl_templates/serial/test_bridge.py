# amaranth: UnusedElaboratable=no
"""The bridge against a host on its wires, registers and memory masters behind it."""

import random

import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from axi_models import simulate
from serial_models import Line, frame

from rtl_templates.serial.bridge import Bridge
from rtl_templates.serial.protocol import Operation, hello
from rtl_templates.shell.axi_lite import RegisterFile
from rtl_templates.shell.registers import Field, Register

pytestmark = pytest.mark.slow

DIVISOR, PATIENCE, CHUNK, DEPTH = 4, 100, 8, 16
MAP = (Register("ID", 0x0, "const", ""), Register("GO", 0x4, "command", "", (Field("x", 0, 4, ""),)),
       Register("LENGTH", 0x8, "rw", ""))


class Board(wiring.Component):
    """The bridge before a register file; its memory buses are the test's."""

    def __init__(self):
        self.bridge = Bridge(divisor=DIVISOR, patience=PATIENCE, chunk=CHUNK, depth=DEPTH)
        self.registers = RegisterFile(constants={"ID": 0x600D_F00D}, registers=MAP)
        super().__init__({"receive": In(1, init=1), "transmit": Out(1), "go": Out(4)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.bridge, m.submodules.registers = bridge, registers = self.bridge, self.registers
        wiring.connect(m, bridge.control, registers.bus)
        m.d.comb += [bridge.receive.eq(self.receive), self.transmit.eq(bridge.transmit), self.go.eq(registers.go)]
        return m


def play(script, *background):
    """Run a script (board, line, ctx) to its end."""
    board = Board()
    line = Line(board, DIVISOR)

    async def bench(ctx):
        await script(board, line, ctx)

    simulate(board, bench, background=[line.listen, *(each(board) for each in background)])


def answer(operation, sequence, *, count=0, value=0, beats=()):
    fields = {"sequence": sequence, "operation": operation, "count": count, "value": value}
    return fields, list(beats)


def test_registers_are_read_and_written_once():
    pulses = []

    def watch(board):
        async def bench(ctx):
            while True:
                _, _, go = await ctx.tick().sample(board.go)
                if go:
                    pulses.append(go)
        return bench

    async def script(board, line, ctx):
        ask = line.ask
        assert await ask(ctx, frame(1, sequence=9)) == answer(1, 9, value=hello(CHUNK, DEPTH))
        assert await ask(ctx, frame(2, sequence=10)) == answer(2, 10, value=0x600D_F00D)
        write = frame(Operation.WRITE, sequence=11, count=8, value=0x1234_5678)
        assert await ask(ctx, write) == answer(3, 11, count=8, value=0x1234_5678)
        assert await ask(ctx, frame(2, sequence=12, count=8)) == answer(2, 12, count=8, value=0x1234_5678)
        go = frame(Operation.WRITE, sequence=13, count=4, value=5)
        for _ in range(3):  # its answer was lost: sent again, done once
            assert await ask(ctx, go) == answer(3, 13, count=4, value=5)
        assert pulses == [5]
        assert await ask(ctx, frame(3, sequence=14, count=4, value=2)) == answer(3, 14, count=4, value=2)
        assert pulses == [5, 2]
        assert await ask(ctx, frame(1, sequence=15)) == answer(1, 15, value=hello(CHUNK, DEPTH))

    play(script, watch)


def test_what_is_damaged_or_cut_has_no_effect_and_no_answer():
    async def script(board, line, ctx):
        assert await line.ask(ctx, frame(1, sequence=1)) == answer(1, 1, value=hello(CHUNK, DEPTH))
        whole = frame(Operation.WRITE, sequence=2, count=8, value=77)
        rng = random.Random(3)
        for at in range(0, len(whole), 3):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << rng.randrange(8)
            assert await line.ask(ctx, damaged, cycles=PATIENCE + 100) is None
        for cut in (1, 8, 11):
            assert await line.ask(ctx, whole[:cut], cycles=PATIENCE + 100) is None
        assert await line.ask(ctx, whole[1:], cycles=PATIENCE + 100) is None
        assert await line.ask(ctx, frame(2, sequence=3, count=8)) == answer(2, 3, count=8)
        assert await line.ask(ctx, whole) == answer(3, 2, count=8, value=77)
        assert await line.ask(ctx, frame(2, sequence=5, count=8)) == answer(2, 5, count=8, value=77)

    play(script)


async def read_burst(ctx, axi, position, length):
    """A read burst of ``length`` beats; what came, with its responses."""
    ctx.set(axi.araddr, 16 * position)
    ctx.set(axi.arlen, length - 1)
    ctx.set(axi.arvalid, 1)
    while not ctx.get(axi.arready):
        await ctx.tick()
    await ctx.tick()
    ctx.set(axi.arvalid, 0)
    ctx.set(axi.rready, 1)
    found = []
    while len(found) < length:
        if ctx.get(axi.rvalid):
            found.append((ctx.get(axi.rdata), ctx.get(axi.rresp), ctx.get(axi.rlast)))
        await ctx.tick()
    ctx.set(axi.rready, 0)
    return found


def test_a_load_stream_comes_in_order_and_once():
    rng = random.Random(5)
    stream = [rng.getrandbits(128) for _ in range(14)]
    got, begun = [], []

    def loader(board):
        async def bench(ctx):
            while not begun:
                await ctx.tick()
            at = 0
            for length in (1, 5, 8):
                got.extend(await read_burst(ctx, board.bridge.read, at, length))
                at += length
        return bench

    async def script(board, line, ctx):
        await line.ask(ctx, frame(1, sequence=1))
        begun.append(True)
        push = frame(4, sequence=2, count=3, value=0, beats=stream[:3])
        damaged = bytearray(push)
        damaged[30] ^= 4
        assert await line.ask(ctx, damaged, cycles=PATIENCE + 100) is None
        for _ in range(2):
            assert await line.ask(ctx, push) == answer(4, 2, count=3, value=3)
        skipped = frame(4, sequence=3, count=1, value=4, beats=stream[4:5])
        assert await line.ask(ctx, skipped) == answer(4, 3, count=1, value=3)
        assert await line.ask(ctx, frame(4, sequence=4, count=0, value=3)) == answer(4, 4, value=3)
        long = frame(4, sequence=5, count=CHUNK + 1, value=3, beats=[1] * (CHUNK + 1))
        assert await line.ask(ctx, long, cycles=PATIENCE + 100) is None
        for number, at, size in ((6, 3, 8), (7, 11, 3)):
            rest = frame(4, sequence=number, count=size, value=at, beats=stream[at:at + size])
            assert await line.ask(ctx, rest) == answer(4, number, count=size, value=at + size)
        await ctx.tick().repeat(200)
        assert [(data, response) for data, response, _ in got] == [(beat, 0) for beat in stream]
        assert [place for place, (_, _, last) in enumerate(got) if last] == [0, 5, 13]

    play(script, loader)


def test_a_full_queue_takes_no_more_until_it_is_read():
    async def script(board, line, ctx):
        await line.ask(ctx, frame(1, sequence=0))
        for at in range(0, DEPTH, CHUNK):
            push = frame(4, sequence=at // CHUNK + 1, count=CHUNK, value=at, beats=range(at, at + CHUNK))
            assert await line.ask(ctx, push) == answer(4, at // CHUNK + 1, count=CHUNK, value=at + CHUNK)
        more = frame(4, sequence=9, count=2, value=DEPTH, beats=[DEPTH, DEPTH + 1])
        assert await line.ask(ctx, more) == answer(4, 9, count=2, value=DEPTH)
        assert (await read_burst(ctx, board.bridge.read, 0, 2))[1] == (1, 0, 1)
        assert await line.ask(ctx, more) == answer(4, 9, count=2, value=DEPTH + 2)
        assert [beat for beat, _, _ in await read_burst(ctx, board.bridge.read, 2, DEPTH)] == list(range(2, DEPTH + 2))

    play(script)


def test_a_burst_from_elsewhere_is_an_error_and_takes_nothing():
    async def script(board, line, ctx):
        await line.ask(ctx, frame(1, sequence=0))
        await line.ask(ctx, frame(4, sequence=1, count=2, value=0, beats=[7, 8]))
        for position in (1, 1 << 32, 1 << 59):
            assert [response for _, response, _ in await read_burst(ctx, board.bridge.read, position, 3)] == [2, 2, 2]
        assert await read_burst(ctx, board.bridge.read, 0, 2) == [(7, 0, 0), (8, 0, 1)]

    play(script)


async def write_burst(ctx, axi, position, beats):
    """A write burst; its response."""
    ctx.set(axi.awaddr, 16 * position)
    ctx.set(axi.awlen, len(beats) - 1)
    ctx.set(axi.awvalid, 1)
    ctx.set(axi.bready, 1)
    sent = 0
    while True:
        ctx.set(axi.wvalid, sent < len(beats))
        if sent < len(beats):
            ctx.set(axi.wdata, beats[sent])
        addressed, taken = ctx.get(axi.awready), ctx.get(axi.wready) and sent < len(beats)
        response = ctx.get(axi.bresp) if ctx.get(axi.bvalid) else None
        await ctx.tick()
        if addressed:
            ctx.set(axi.awvalid, 0)
        sent += bool(taken)
        if response is not None:
            return response


def test_results_are_sent_until_the_host_has_them():
    rng = random.Random(8)
    stored = [rng.getrandbits(128) for _ in range(9)]
    responses = []

    def store(board):
        async def bench(ctx):
            for at, length in ((0, 1), (5, 2), (1, 8)):  # the second is not what comes next
                responses.append(await write_burst(ctx, board.bridge.write, at, stored[at:at + length]))
        return bench

    async def script(board, line, ctx):
        ask = line.ask
        await ctx.tick().repeat(100)
        assert responses == [0, 2, 0]
        assert await ask(ctx, frame(5, sequence=1, count=4)) == answer(5, 1, count=4, value=9, beats=stored[:4])
        assert await ask(ctx, frame(5, sequence=2, count=2)) == answer(5, 2, count=2, value=9, beats=stored[:2])
        assert await ask(ctx, frame(5, sequence=3, count=99, value=4)) == answer(5, 3, count=5, value=9,
                                                                                beats=stored[4:])
        assert await ask(ctx, frame(5, sequence=4, count=4, value=3)) == answer(5, 4, value=9)  # gone
        assert await ask(ctx, frame(5, sequence=5, count=4, value=10)) == answer(5, 5, value=9)  # not there
        assert await ask(ctx, frame(5, sequence=6, count=1, value=4)) == answer(5, 6, count=1, value=9,
                                                                               beats=stored[4:5])
        assert await ask(ctx, frame(5, sequence=7, count=1, value=9)) == answer(5, 7, value=9)

    play(script, store)


def test_a_store_waits_for_the_host():
    done = []

    def store(board):
        async def bench(ctx):
            done.append(await write_burst(ctx, board.bridge.write, 0, list(range(12))))
            done.append(await write_burst(ctx, board.bridge.write, 12, list(range(12, 27))))
        return bench

    async def script(board, line, ctx):
        await ctx.tick().repeat(100)
        assert done == [0]
        found = []
        for number in range(4):
            _, beats = await line.ask(ctx, frame(5, sequence=number, count=CHUNK, value=len(found)), cycles=9000)
            found += beats
        assert done == [0, 0]
        assert found == list(range(27))

    play(script, store)


def test_hello_forgets_everything():
    async def script(board, line, ctx):
        await line.ask(ctx, frame(4, sequence=1, count=2, value=0, beats=[1, 2]))
        assert await write_burst(ctx, board.bridge.write, 0, [5]) == 0
        assert await line.ask(ctx, frame(1, sequence=2)) == answer(1, 2, value=hello(CHUNK, DEPTH))
        assert await line.ask(ctx, frame(5, sequence=3, count=4)) == answer(5, 3)
        assert await line.ask(ctx, frame(4, sequence=4, count=1, value=0, beats=[3])) == answer(4, 4, count=1, value=1)
        assert await read_burst(ctx, board.bridge.read, 0, 1) == [(3, 0, 1)]

    play(script)
