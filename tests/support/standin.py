"""A tiny accelerator with the real shell: it copies what was loaded, pass after pass, and writes it back.

Three passes over ``n`` loaded words: passes 0 and 1 write each word's low 64 bits, with ``pass`` added to every code,
as rows of 16 codes; pass 2 writes them as result words of 4 codes. Two servers write in every cycle. With ``lists``
it has the register map and the probes of edge lists: servers are units, the word of row i in pass p is ``64 * p + i``,
its entry the lowest 12 bits of the word, and there is a model to load. A word of its own asks it to misbehave:
:class:`Fault`.
"""

import json
from enum import IntFlag

import numpy as np
from amaranth import Cat, ClockDomain, ClockSignal, Const, Module, Mux, ResetSignal, Shape, Signal
from amaranth.back import rtlil
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from rtl_templates.banked.formats import Target
from rtl_templates.banked.registers import REGISTERS
from rtl_templates.lists.registers import REGISTERS as LISTS_REGISTERS
from rtl_templates.shell.axi import AxiRead, AxiWrite
from rtl_templates.shell.axi_lite import AxiLite, RegisterFile
from rtl_templates.shell.checksum import end_beat
from rtl_templates.shell.control import Control
from rtl_templates.shell.load_map import LoadMemory
from rtl_templates.shell.loader import Loader
from rtl_templates.shell.registers import constants, to_dict
from rtl_templates.shell.status import Error, Stage
from rtl_templates.shell.store import Store
from rtl_templates.shell.words import BEAT_BITS

SERVERS, DEPTH, PASSES = 4, 64, 3
HARDWARE = {"servers": SERVERS, "code_bits": 4, "lanes": 16, "requant_lanes": 4}
MEMORIES = [LoadMemory(Target.BANK, DEPTH, needed=True), LoadMemory(Target.TASK, 1)]
LISTS_HARDWARE = {"units": SERVERS, "code_bits": 4, "lanes": 16}


class Fault(IntFlag):
    """How to misbehave from that load on: each is one thing that the bench must notice."""

    HANG = 1  # write no rows
    STORE_MORE = 2  # store a word too many of each server
    STORE_FEWER = 4  # leave the last word of each server out
    LOAD_MORE = 8  # read a beat behind the end of the next load


class Rows(wiring.Component):
    """Writes the rows: two a cycle, servers ``2k`` and ``2k+1`` in turn."""

    def __init__(self):
        super().__init__({
            "run": In(1), "words": In(range(DEPTH + 1)), "hang": In(1), "address": Out(range(DEPTH)),
            "pair": In(2 * BEAT_BITS), "busy": Out(1), "done": Out(1), "index": Out(4), "cycles": Out(32),
            "valid": Out(SERVERS), "row_address": Out(16), "even": Out(64), "odd": Out(64),
            "number": Out(4),
        })

    def elaborate(self, platform):
        m = Module()
        at, fetched, last = Signal(range(DEPTH)), Signal(), Signal()
        place, number = Signal(16), self.number
        m.d.comb += [self.address.eq(at), last.eq(at + 2 >= self.words), self.done.eq(0)]
        m.d.sync += [fetched.eq(0), self.valid.eq(0)]
        with m.If(self.run & ~self.busy):
            m.d.sync += [self.busy.eq(1), at.eq(0), self.index.eq(0), self.cycles.eq(0)]
        with m.If(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
            with m.If((self.index != PASSES) & ~self.hang):
                m.d.sync += [at.eq(Mux(last, 0, at + 2)), self.index.eq(self.index + last), fetched.eq(1),
                             place.eq(Cat(at[2:], self.index[0] & (self.index != PASSES - 1))), number.eq(self.index)]
            with m.Elif((self.index == PASSES) & ~fetched & ~self.valid.any()):
                m.d.comb += self.done.eq(1)
                m.d.sync += self.busy.eq(0)
        side = Signal()
        m.d.sync += side.eq(at[1])
        with m.If(fetched):
            m.d.sync += [self.valid.eq(Mux(side, 0b1100, 0b0011)), self.row_address.eq(place)]
            for word, out in ((self.pair[:64], self.even), (self.pair[BEAT_BITS:BEAT_BITS + 64], self.odd)):
                added = Cat((word.word_select(lane, 4) + number)[:4] for lane in range(16))
                m.d.sync += out.eq(Mux(number == PASSES - 1, word, added))
        return m


class Standin(wiring.Component):
    """Shell and rows behind the accelerator's ports."""

    def __init__(self, lists=False):
        self.lists = lists
        self.registers = LISTS_REGISTERS if lists else REGISTERS
        members = {"ap_clk": In(1), "ap_rst_n": In(1), "interrupt": Out(1)}
        members |= {f"s_axi_control_{name}": member.flip() for name, member in AxiLite().members.items()}
        for axi in (AxiRead(), AxiWrite()):
            members |= {f"m_axi_gmem_{name}": member for name, member in axi.members.items()}
        self.probes = []
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.ap_clk), ResetSignal().eq(~self.ap_rst_n)]
        m.submodules.registers = registers = RegisterFile(
            constants=_constants(self.registers), registers=self.registers)
        m.submodules.control = control = Control(pass_bits=4)
        m.submodules.loader = loader = Loader(memories=MEMORIES)
        m.submodules.store = store = Store(servers=SERVERS, word_bits=64, depth=DEPTH // SERVERS)
        m.submodules.rows = rows = Rows()
        for bus, prefix in ((registers.bus, "s_axi_control_"), (loader.axi, "m_axi_gmem_"), (store.axi, "m_axi_gmem_")):
            for name, member in bus.signature.members.items():
                outer, inner = getattr(self, prefix + name), getattr(bus, name)
                m.d.comb += inner.eq(outer) if (member.flow is In) else outer.eq(inner)
        words, fault = Signal(range(DEPTH + 1)), Signal(4)
        even, odd = (memory.Memory(shape=BEAT_BITS, depth=DEPTH // 2, init=[]) for _ in range(2))
        m.submodules.even, m.submodules.odd = even, odd
        bank = loader.load.valid & (loader.load.target == Target.BANK)
        for parity, mem in enumerate((even, odd)):
            write, read = mem.write_port(), mem.read_port()
            m.d.comb += [write.en.eq(bank & (loader.load.address[0] == parity)),
                         write.addr.eq(loader.load.address[1:]), write.data.eq(loader.load.data),
                         read.addr.eq(rows.address[1:]),
                         rows.pair.word_select(parity, BEAT_BITS).eq(read.data)]
        with m.If(bank):
            m.d.sync += words.eq(loader.load.address + 1)
        with m.If(loader.load.valid & (loader.load.target == Target.TASK)):
            m.d.sync += fault.eq(loader.load.data)
        self._results(m, rows, store)
        late = Signal(4)
        m.d.sync += late.eq(rows.number)
        probes = {"probe_row_valid": Mux(late == PASSES - 1, 0, rows.valid) if self.lists else rows.valid}
        for server in range(SERVERS):
            word = rows.odd if server % 2 else rows.even
            more = {"bank": Const(0, 2), "address": rows.row_address}
            if self.lists:
                more = {"address": Cat(Const(server, 2), rows.row_address[:4], late), "entry": word[:12]}
            probes |= {f"probe_row_{name}_{server}": value for name, value in {**more, "data": word}.items()}
        for name, value in probes.items():
            m.d.comb += Signal(len(value), name=name).eq(value)
            self.probes.append({"name": name, "path": name, "width": len(value)})
        stamps = memory.Memory(shape=32, depth=16, init=[])
        m.submodules.stamps = stamps
        stamp, look = stamps.write_port(), stamps.read_port(domain="comb")
        m.d.comb += [
            rows.run.eq(control.start[1]), rows.words.eq(words), rows.hang.eq((fault & Fault.HANG).any()),
            loader.start.eq(control.start[0]), store.start.eq(control.start[2]),
            loader.base.eq(Cat(registers.load_base_low, registers.load_base_high)),
            store.base.eq(Cat(registers.store_base_low, registers.store_base_high)),
            loader.beats.eq(registers.load_beats + (fault & Fault.LOAD_MORE).any()),
            store.words.eq(registers.store_words + (fault & Fault.STORE_MORE).any()
                           - (fault & Fault.STORE_FEWER).any()),
            control.command.eq(registers.control), control.limit.eq(registers.watchdog),
            control.run_limit.eq(registers.run_limit), control.cycles.eq(rows.cycles), loader.abort.eq(control.abort),
            control.run_refusal.eq(Mux(loader.loaded, 0, Error.NOT_LOADED)),
            control.store_refusal.eq(Mux(store.outside, Error.STORE_RANGE, 0)),
            control.busy.eq(Cat(loader.busy, rows.busy, store.busy)),
            control.done.eq(Cat(loader.done, rows.done, store.done)),
            control.load_error.eq(loader.error), control.store_error.eq(store.error),
            control.progress.eq(loader.beat | store.beat | rows.valid.any()), control.index.eq(rows.index),
            registers.status.eq(control.status), registers.interrupt_status_set.eq(control.interrupt),
            registers.cycles.eq(rows.cycles), getattr(registers, "pass").eq(rows.index),
            self.interrupt.eq((registers.interrupt_status & registers.interrupt_enable).any()),
            stamp.en.eq(rows.busy), stamp.addr.eq(rows.index), stamp.data.eq(rows.cycles + 1),
            look.addr.eq(registers.pass_cycles_index), registers.pass_cycles.eq(look.data),
        ]
        return m

    def _results(self, m, rows, store):
        address = Signal.like(store.result_address)
        m.d.sync += address.eq(store.result_address)
        for server in range(SERVERS):
            mem = memory.Memory(shape=64, depth=DEPTH // SERVERS, init=[])
            m.submodules[f"results{server}"] = mem
            write, read = mem.write_port(), mem.read_port()
            m.d.comb += [write.en.eq(rows.valid[server]), write.addr.eq(rows.row_address),
                         write.data.eq(rows.odd if server % 2 else rows.even), read.addr.eq(address),
                         store.result_data[server].eq(read.data)]


def _constants(registers):
    return constants({entry.name.lower(): 0 for entry in registers if entry.access == "const"}, registers)


def write_design(build, *, lists=False):
    """Write design.v, design.json and images/ into a folder."""
    from pyosys import libyosys

    dut = Standin(lists)
    (build / "design.il").write_text(rtlil.convert(dut, name="standin"))
    design = libyosys.Design()
    for step in (f"read_rtlil {build}/design.il", "proc", "delete t:$meminit*",
                 f"write_verilog -noattr {build}/design.v"):
        libyosys.run_pass(f"tee -q {step}", design)
    ports = [{"name": name, "direction": "input" if member.flow is In else "output",
              "width": Shape.cast(member.shape).width} for name, member in dut.signature.members.items()]
    fixed = _constants(dut.registers)
    (build / "design.json").write_text(json.dumps({
        "top": "standin", "clock": "ap_clk", "reset": {"name": "ap_rst_n", "active": 0, "synchronous": True},
        "control": "s_axi_control", "memory": "m_axi_gmem", "ports": ports,
        "registers": [{**entry, **({"value": fixed[entry["name"]]} if entry["name"] in fixed else {})}
                      for entry in to_dict(dut.registers)], "probes": dut.probes,
        "row_fields": ["address", "data", "entry"] if lists else ["bank", "address", "data"],
        "hardware": LISTS_HARDWARE if lists else HARDWARE,
        "errors": {code.name: code.value for code in Error},
        "meanings": {code.name: code.meaning for code in Error},
        "stages": {code.name: code.value for code in Stage}}))
    write_images(build, lists=lists)


def write_images(build, *, lists=False, fault=Fault(0)):  # noqa: B008 - a flag never changes
    """Write images/ of a build: the passes, and of one for lists a model, which only says how to misbehave."""
    (build / "images").mkdir(exist_ok=True)
    if lists:
        _write_words(build / "images" / "model.bin", [header(Target.TASK, 1), int(fault)])
    passes = []
    for index in range(PASSES):
        last = index == PASSES - 1
        width = 4 if last else 16
        passes.append({"name": f"pass{index}", "to_result": last, "domain": "graphs" if lists and index else "nodes",
                       "code_bits": 64 // width, "word_codes": width, "channels": width, "signed": last})
    (build / "images" / "layout.json").write_text(json.dumps({"passes": passes, "model_beats": 3 * lists}))


def write_batch(batch, codes, *, lists=False, fault=Fault(0)):  # noqa: B008 - a flag never changes
    """Write a batch's folder for these codes (int64 [n, 16], 4 bits each, n even and at most 64)."""
    n = len(codes)
    batch.mkdir(parents=True, exist_ok=True)
    words, row, each = _words(codes), np.arange(n), -(-n // SERVERS)
    task = [] if lists else [header(Target.TASK, 1), int(fault)]
    _write_words(batch / "batch.bin", [*task, header(Target.BANK, n), *words])
    (batch / "layout.json").write_text(json.dumps({
        "cycles": PASSES * n // 2 + 3, "pass_cycles": [n // 2] * PASSES, "counters": {}, "result_words": each}))
    golden = {"results": _results(words), "results_row": row, "results_word": row % SERVERS * each + row // SERVERS,
              "results_column": np.arange(4)}
    for index in range(PASSES):
        last = index == PASSES - 1
        kept = row[:0] if last and lists else row
        written = (words if last else _words((codes + index) % 16))[:len(kept)]
        own = {"address": 64 * index + kept, "entry": np.array([word & 0xFFF for word in written], dtype=np.int64)}
        if not lists:
            own = {"address": kept // SERVERS + (16 if index == 1 else 0), "bank": 0 * kept}
        data = np.array([list(word.to_bytes(8, "little")) for word in written], dtype=np.uint8).reshape(-1, 8)
        golden |= {f"p{index}_{name}": array for name, array in
                   {**own, "unit": kept % SERVERS, "row": kept, "chunk": 0 * kept, "data": data}.items()}
    np.savez(batch / "golden.npz", **golden)


def _write_words(path, beats):
    path.write_bytes(b"".join(beat.to_bytes(16, "little") for beat in [*beats, end_beat(beats)]))


def _words(codes):
    return [sum(int(code) << 4 * lane for lane, code in enumerate(row)) for row in codes]


def _results(words):
    return np.array([[(word >> 16 * lane) & 0xFFFF for lane in range(4)] for word in words]).astype(np.int16)


def header(target, count):
    """Header beat of the load stream."""
    return int(target) | count << 64
