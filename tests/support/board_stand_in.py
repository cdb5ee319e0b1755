"""What stands in for a board: registers and memory around the interpreters of load streams."""

import numpy as np
from stream_reader.banked import execute as execute_stream
from stream_reader.lists import Machine

from rtl_templates.lists.formats import Target
from rtl_templates.lists.registers import REGISTERS
from rtl_templates.shell import registers

__all__ = ["BankedMachine", "ListsMachine", "StandIn", "is_model"]


def is_model(data):
    """Whether a load stream brings channel constants, as models do and batches do not."""
    beats, at, targets = np.frombuffer(data, dtype="<u4").reshape(-1, 4), 0, set()
    while (target := int(beats[at, 0]) & 0xFF) != Target.END:
        targets.add(target)
        at += 1 + int(beats[at, 2])
    return Target.COLUMN in targets


class BankedMachine:
    """A design that loads everything with every graph."""

    units_of = "servers"

    def __init__(self, hardware):
        self.hardware = hardware

    def load(self, data):
        self.beats = np.frombuffer(data, dtype="<u8").reshape(-1, 2)

    def run(self):
        last = execute_stream(self.beats, self.hardware)[-1]
        return {(server, word): sum((int(code) & 0xFFFF) << 16 * lane for lane, code in enumerate(codes))
                for server, word, codes in zip(last.server, last.address, last.codes, strict=True)}


class ListsMachine:
    """A design that loads its model once, and batches after it."""

    units_of = "units"

    def __init__(self, hardware):
        self.hardware, self.machine = hardware, None

    def load(self, data):
        if is_model(data):
            self.machine = Machine(self.hardware, data)
        else:
            self.batch = data

    def run(self):
        return self.machine.run(self.batch)[-1].results


class StandIn:
    """A board: registers and memory around the interpreter of load streams."""

    watchdog = 1 << 20

    def __init__(self, hardware, machine, design):
        self.hardware, self.machine, self.memory, self.values = hardware, machine(hardware), {}, {}
        self.names = {entry["offset"] + 4 * index: entry["name"] for entry in design["registers"]
                      for index in range(entry["count"])}
        self.fixed = {entry["name"]: entry["value"] for entry in design["registers"] if "value" in entry}
        self.status, self.fail, self.done = 0, 0, False
        self.fields = {field.name: field for field in registers.register("STATUS", REGISTERS).fields}

    def read(self, offset):
        name = self.names[offset]
        return self.status if name == "STATUS" else self.fixed.get(name, self.values.get(name, 0))

    def write(self, offset, value):
        name = self.names[offset]
        self.values[name] = value
        if name != "CONTROL":
            return
        if self.fail:
            self.status = self.fail << self.fields["error"].low
            if self.done:
                self.status |= sum(1 << self.fields[f"done_{name}"].low for name in ("load", "run", "store"))
            return
        for bit, command in enumerate(("load", "run", "store")):
            if value >> bit & 1:
                getattr(self, f"_{command}")()
                self.status = 1 << self.fields[f"done_{command}"].low

    def _load(self):
        data = self.memory[self.values["LOAD_BASE_LOW"] | self.values["LOAD_BASE_HIGH"] << 32]
        assert len(data) == 16 * self.values["LOAD_BEATS"]
        self.machine.load(data)

    def _run(self):
        assert {self.values[name] for name in ("RUN_FIRST", "RUN_COUNT") if name in self.names.values()} <= {0}
        self.results = self.machine.run()

    def _store(self):
        words = self.values["STORE_WORDS"]
        data = b"".join(int(self.results.get((unit, word), 0)).to_bytes(16, "little")
                        for unit in range(self.hardware.to_dict()[self.machine.units_of]) for word in range(words))
        self.memory[self.values["STORE_BASE_LOW"] | self.values["STORE_BASE_HIGH"] << 32] = data

    def send(self, data):
        self.memory[0x1_0000_0000] = data
        return 0x1_0000_0000

    def move(self):
        return False

    def recover(self):
        """Nothing is left over."""

    def reserve(self, size):
        return 0x2_0000_0010

    def receive(self, size):
        assert len(self.memory[0x2_0000_0010]) == size
        return self.memory[0x2_0000_0010]
