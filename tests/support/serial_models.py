"""The serial line's two ends: a host for Amaranth's simulator, and the bridge for a host's driver."""

import random
import zlib

from rtl_templates.serial.protocol import CHUNK, DEPTH, HEADER, HEADER_BYTES, Operation, hello
from rtl_templates.shell.words import pack, unpack

__all__ = ["BridgeModel", "Line", "Noise", "frame", "read_frame"]


def frame(operation, *, sequence, count=0, value=0, beats=()):
    """Bytes of a frame."""
    body = pack(HEADER, sequence=sequence, operation=operation, count=count, value=value).to_bytes(8, "little")
    body += b"".join(beat.to_bytes(16, "little") for beat in beats)
    return body + zlib.crc32(body).to_bytes(4, "little")


def read_frame(found):
    """Fields and beats of a whole frame; None where its checksum is wrong."""
    if len(found) < 12 or zlib.crc32(found[:-4]) != int.from_bytes(found[-4:], "little"):
        return None
    fields = unpack(HEADER, int.from_bytes(found[:HEADER_BYTES], "little"))
    words = found[HEADER_BYTES:-4]
    return fields, [int.from_bytes(words[at:at + 16], "little") for at in range(0, len(words), 16)]


class Line:
    """Both wires of a component, bit by bit.

    Parameters
    ----------
    dut
        With ``receive`` and ``transmit``.
    divisor : int
        Cycles of a bit.
    """

    def __init__(self, dut, divisor):
        self.dut, self.divisor, self.heard = dut, divisor, bytearray()

    async def send(self, ctx, content):
        """Put bytes on the wire."""
        for byte in content:
            for bit in (0, *(byte >> place & 1 for place in range(8)), 1):
                ctx.set(self.dut.receive, bit)
                await ctx.tick().repeat(self.divisor)

    async def listen(self, ctx):
        """Background: bytes from the other wire."""
        while True:
            if ctx.get(self.dut.transmit):
                await ctx.tick()
                continue
            await ctx.tick().repeat(self.divisor // 2)
            byte = 0
            for place in range(8):
                await ctx.tick().repeat(self.divisor)
                byte |= ctx.get(self.dut.transmit) << place
            await ctx.tick().repeat(self.divisor)
            assert ctx.get(self.dut.transmit), "the stop bit is high"
            self.heard.append(byte)

    async def ask(self, ctx, content, *, cycles=4000):
        """Send a frame; what was answered within so many cycles, as :func:`read_frame` has it, or b"" for nothing."""
        self.heard.clear()
        await self.send(ctx, content)
        for _ in range(cycles // 50):
            await ctx.tick().repeat(50)
            if len(self.heard) >= 12:
                fields = unpack(HEADER, int.from_bytes(self.heard[:HEADER_BYTES], "little"))
                more = 16 * fields["count"] if fields["operation"] == Operation.PULL else 0
                if len(self.heard) >= 12 + more:
                    return read_frame(bytes(self.heard))
        return bytes(self.heard) or None


class Noise:
    """Bytes lost, changed or added on the way, by chance.

    Parameters
    ----------
    seed : int
    rate : float
        Of bytes that something happens to.
    """

    def __init__(self, seed, rate):
        self.random, self.rate, self.done = random.Random(seed), rate, 0

    def __call__(self, content):
        """What arrives."""
        arrives = bytearray()
        for byte in content:
            chance = self.random.random() / self.rate if self.rate else 1
            if chance >= 1:
                arrives.append(byte)
                continue
            self.done += 1
            if chance >= 1 / 3:
                arrives.append(self.random.randrange(256))
            if chance >= 2 / 3:
                arrives.append(byte)
        return bytes(arrives)


class BridgeModel:
    """The bridge before a stand-in of an accelerator, as a line: whatever comes in one write is heard alone.

    A load begins with its command and ends when its beats have been pushed, as in hardware.
    """

    def __init__(self, board, there=lambda content: content, back=lambda content: content):
        self.board, self.there, self.back = board, there, back
        self.offsets = {name: offset for offset, name in reversed(board.names.items())}
        self.output, self.last = b"", 0
        self.restarts, self.operations = 0, []
        self._restart()

    def _restart(self):
        self.load, self.loading, self.results, self.head = b"", None, b"", 0
        self.board.status = 0
        self.board.machine = type(self.board.machine)(self.board.hardware)  # it forgets its model
        self.restarts += 1

    def reset_input_buffer(self):
        self.output = b""

    def write(self, content):
        heard = self.there(content)
        if (found := read_frame(heard)) is not None:
            fields, beats = found
            if 16 * fields["count"] * (fields["operation"] == Operation.PUSH) == 16 * len(beats):
                self.operations.append(fields["operation"])
                self.output += self.back(self._act(fields, beats))
                self.last = fields["sequence"]
        return len(content)

    def read(self, size=1):
        found, self.output = self.output[:size], self.output[size:]
        return found

    def _act(self, fields, beats):
        sequence, operation, count, value = fields.values()
        out = []
        if operation == Operation.HELLO:
            self._restart()
            value = hello()
        elif operation == Operation.READ:
            value = self.board.read(count)
        elif operation == Operation.WRITE and sequence != self.last:
            self._write(count, value)
        elif operation == Operation.PUSH:
            if value == len(self.load) // 16 and count <= DEPTH:
                self.load += b"".join(beat.to_bytes(16, "little") for beat in beats)
                self._go_on()
            value = len(self.load) // 16
        elif operation == Operation.PULL:
            tail = len(self.results) // 16
            fits = self.head <= value <= tail
            if fits:
                self.head = value
            count = min(count, CHUNK, tail - value) if fits else 0
            out = [int.from_bytes(self.results[16 * at:16 * at + 16], "little") for at in range(value, value + count)]
            value = tail
        return frame(operation, sequence=sequence, count=count, value=value, beats=out)

    def _write(self, offset, value):
        board = self.board
        if self.offsets["CONTROL"] == offset and value == 1 and not board.fail:
            base = board.values["LOAD_BASE_LOW"]
            self.loading, board.status = (base, base + 16 * board.values["LOAD_BEATS"]), 0
            self._go_on()
            return
        board.write(offset, value)
        if self.offsets["CONTROL"] == offset and value == 4 and not board.fail:
            base = board.values["STORE_BASE_LOW"]
            assert base == len(self.results), "results go where the last ones ended"
            self.results += board.memory[base]

    def _go_on(self):
        if self.loading is not None and len(self.load) >= self.loading[1]:
            (first, last), self.loading = self.loading, None
            self.board.memory[first] = self.load[first:last]
            self.board.write(self.offsets["CONTROL"], 1)
