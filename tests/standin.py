"""A tiny accelerator with the real shell: it copies what was loaded, pass after pass, and writes it back.

Three passes over ``n`` loaded words: passes 0 and 1 write each word's low 64 bits, with ``pass`` added to every code,
as rows of 16 codes; pass 2 writes them as result words of 4 codes. Two servers write in every cycle.
"""

import json

import numpy as np
from amaranth import Cat, ClockDomain, ClockSignal, Const, Module, Mux, ResetSignal, Shape, Signal
from amaranth.back import rtlil
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from rtl_templates.axi import AxiRead, AxiWrite
from rtl_templates.axi_lite import AxiLite, RegisterFile
from rtl_templates.control import Control
from rtl_templates.formats import BEAT_BITS, Target
from rtl_templates.loader import Loader
from rtl_templates.registers import REGISTERS, Error, Stage, constants, to_dict
from rtl_templates.store import Store

SERVERS, DEPTH, PASSES = 4, 64, 3
HARDWARE = {"servers": SERVERS, "code_bits": 4, "lanes": 16, "requant_lanes": 4}


class Rows(wiring.Component):
    """Writes the rows: two a cycle, servers ``2k`` and ``2k+1`` in turn."""

    def __init__(self):
        super().__init__({
            "run": In(1), "words": In(range(DEPTH + 1)), "hang": In(1), "address": Out(range(DEPTH)),
            "pair": In(2 * BEAT_BITS), "busy": Out(1), "done": Out(1), "index": Out(4), "cycles": Out(32),
            "valid": Out(SERVERS), "row_address": Out(16), "even": Out(64), "odd": Out(64),
        })

    def elaborate(self, platform):
        m = Module()
        at, fetched, last = Signal(range(DEPTH)), Signal(), Signal()
        place, number = Signal(16), Signal(4)
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

    def __init__(self):
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
        m.submodules.registers = registers = RegisterFile(constants=_constants())
        m.submodules.control = control = Control()
        m.submodules.loader = loader = Loader()
        m.submodules.store = store = Store(servers=SERVERS, word_bits=64, address_bits=16)
        m.submodules.rows = rows = Rows()
        for bus, prefix in ((registers.bus, "s_axi_control_"), (loader.axi, "m_axi_gmem_"), (store.axi, "m_axi_gmem_")):
            for name, member in bus.signature.members.items():
                outer, inner = getattr(self, prefix + name), getattr(bus, name)
                m.d.comb += inner.eq(outer) if (member.flow is In) else outer.eq(inner)
        words, hang = Signal(range(DEPTH + 1)), Signal()
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
            m.d.sync += hang.eq(loader.load.data[0])
        self._results(m, rows, store)
        probes = {"probe_row_valid": rows.valid}
        for server in range(SERVERS):
            probes |= {f"probe_row_bank_{server}": Const(0, 2), f"probe_row_address_{server}": rows.row_address,
                       f"probe_row_data_{server}": rows.odd if server % 2 else rows.even}
        for name, value in probes.items():
            m.d.comb += Signal(len(value), name=name).eq(value)
            self.probes.append({"name": name, "path": name, "width": len(value)})
        stamps = memory.Memory(shape=32, depth=16, init=[])
        m.submodules.stamps = stamps
        stamp, look = stamps.write_port(), stamps.read_port(domain="comb")
        m.d.comb += [
            rows.run.eq(control.start[1]), rows.words.eq(words), rows.hang.eq(hang),
            loader.start.eq(control.start[0]), store.start.eq(control.start[2]),
            loader.base.eq(Cat(registers.load_base_low, registers.load_base_high)),
            store.base.eq(Cat(registers.store_base_low, registers.store_base_high)),
            loader.beats.eq(registers.load_beats), store.words.eq(registers.store_words),
            control.command.eq(registers.control), control.limit.eq(registers.watchdog),
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


def _constants():
    return constants({entry.name.lower(): 0 for entry in REGISTERS if entry.access == "const"})


def write_design(build):
    """Write design.v and design.json into a folder."""
    from pyosys import libyosys

    dut = Standin()
    (build / "design.il").write_text(rtlil.convert(dut, name="standin"))
    design = libyosys.Design()
    for step in (f"read_rtlil {build}/design.il", "proc", "delete t:$meminit*",
                 f"write_verilog -noattr {build}/design.v"):
        libyosys.run_pass(f"tee -q {step}", design)
    ports = [{"name": name, "direction": "input" if member.flow is In else "output",
              "width": Shape.cast(member.shape).width} for name, member in dut.signature.members.items()]
    (build / "design.json").write_text(json.dumps({
        "top": "standin", "ports": ports, "registers": to_dict(), "hardware": HARDWARE, "probes": dut.probes,
        "errors": {code.name: code.value for code in Error}, "stages": {code.name: code.value for code in Stage}}))


def write_run(run, codes, *, hang=False):
    """Write images/ and vectors/ for these codes (int64 [n, 16], 4 bits each, n even and at most 64)."""
    n = len(codes)
    node = np.arange(n)
    for name in ("images", "vectors"):
        (run / name).mkdir(parents=True, exist_ok=True)
    words = [sum(int(code) << 4 * lane for lane, code in enumerate(row)) for row in codes]
    beats = [header(Target.TASK, 1), int(hang), header(Target.BANK, n), *words, header(Target.END, 0)]
    (run / "images" / "load.bin").write_bytes(b"".join(beat.to_bytes(16, "little") for beat in beats))
    (run / "images" / "layout.json").write_text(json.dumps({"cycles": 2 * n + 10, "passes": [
        {"name": f"pass{index}", "to_result": index == PASSES - 1} for index in range(PASSES)],
        "classes": 4, "words_per_result": 1, "result_words": -(-n // SERVERS), "load_beats": len(beats),
        "server": (node % SERVERS).tolist(), "word": (node // SERVERS).tolist()}))
    logits = np.array([[(word >> 16 * lane) & 0xFFFF for lane in range(4)] for word in words]).astype(np.int16)
    for index in range(PASSES):
        last = index == PASSES - 1
        np.savez(run / "vectors" / f"pass{index}.npz", node=node, server=node % SERVERS, bank=0 * node,
                 address=node // SERVERS + (16 if index == 1 else 0),
                 codes=logits if last else (codes + index) % 16)
    np.save(run / "vectors" / "logits.npy", logits.astype(np.int64))


def header(target, count):
    """Header beat of the load stream."""
    return int(target) | count << 64
