"""``testbench/``: a bench of plain Verilog that plays the golden vectors of a build in a user's own simulator.

Load streams are read out of ``images/`` and ``batches/``, as a board loads them; what is added is one ``.hex`` file a
run: for every word of results what it must be, and which of its bits are compared.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from ..driver.runs import RunFolder
from .template import fill

__all__ = ["MOST_BYTES", "bench_files"]

#: Of all ``.hex`` files together; the first run has its own however large it is.
MOST_BYTES = 1 << 20

_WORD_TEXT = 33  # characters of a word of 16 bytes, with its end of line
#: Registers and fields that the bench writes or polls.
_REGISTERS = ("CONTROL", "STATUS", "WATCHDOG", "LOAD_BASE_LOW", "LOAD_BASE_HIGH", "LOAD_BEATS", "STORE_BASE_LOW",
              "STORE_BASE_HIGH", "STORE_WORDS")
_FIELDS = (("CONTROL", "load"), ("CONTROL", "run"), ("CONTROL", "store"), ("STATUS", "done_load"),
           ("STATUS", "done_run"), ("STATUS", "done_store"), ("STATUS", "error"))


def bench_files(design: Mapping[str, Any], verilog: str, model: bytes, runs: Sequence[RunFolder]) -> dict[str, str]:
    """``tb.v`` and a ``.hex`` file for each run that it plays: the first ones, below :data:`MOST_BYTES`.

    Parameters
    ----------
    design : mapping
        The content of ``design.json``.
    verilog : str
        That of ``design.v``.
    model : bytes
        The load stream before all runs; empty where there is none.
    runs : sequence of RunFolder
        Those of ``batches/``.
    """
    sizes = accumulate(2 * _WORD_TEXT * run.words * run.units for run in runs)
    played = [run for place, (run, size) in enumerate(zip(runs, sizes, strict=True))
              if not place or size <= MOST_BYTES]
    ports = [port for port in design["ports"] if port["name"] not in (design["clock"], design["reset"]["name"])]
    tb = fill("tb.v", {
        "PARAMETERS": "\n".join(f"  localparam {name} = {value};"
                                for name, value in _parameters(design, model, played)),
        "SIGNALS": "\n".join(f"  {_signal(port, design['control'])}" for port in ports),
        "TOP": design["top"],
        "CONNECTIONS": ",\n".join(f"    .{name}({signal})" for name, signal in (
            (design["clock"], "clk"), (design["reset"]["name"], "rst_n"),
            *((port["name"], port["name"]) for port in ports))),
        "POWER_UP": "\n".join(f"    {line}" for line in _power_up(verilog, design["top"])),
        "PLAY": "\n".join(f"    {line}" for line in _play(design, model, played))})
    return {"tb.v": tb, **{f"{run.name}.hex": _hex(run) for run in played}}


def _parameters(design: Mapping[str, Any], model: bytes, runs: Sequence[RunFolder]) -> Iterator[tuple[str, str]]:
    registers = {entry["name"]: entry for entry in design["registers"]}
    for name in _REGISTERS:
        yield name, f"32'h{registers[name]['offset']:03X}"
    for name, field in _FIELDS:
        found = next(each for each in registers[name]["fields"] if each["name"] == field)
        yield f"{name}_{field.upper()}_LOW", str(found["low"])
        yield f"{name}_{field.upper()}_MASK", f"32'h{((1 << found['width']) - 1) << found['low']:X}"
    yield "LOAD_MAX", str(max(len(stream) // 16 for stream in (model, *(run.stream for run in runs))))
    yield "STORE_MAX", str(max(1, *(run.words * run.units for run in runs)))


def _signal(port: Mapping[str, Any], control: str) -> str:
    """The declaration of what a port is connected to; the bench drives the master's side of the registers."""
    size = f"[{port['width'] - 1}:0] " if port["width"] > 1 else ""
    if port["direction"] == "output" or not port["name"].startswith(control):
        return f"wire {size}{port['name']};"
    always = port["name"].endswith(("bready", "rready", "wstrb"))  # every byte is written, every answer is taken
    return f"reg {size}{port['name']} = {(1 << port['width']) - 1 if always else 0};"


def _play(design: Mapping[str, Any], model: bytes, runs: Sequence[RunFolder]) -> Iterator[str]:
    """Statements: check the constants, load the model, then load, run, store and compare every run."""
    registers = {entry["name"]: entry for entry in design["registers"]}

    def expect(name: str, value: int, index: int = 0) -> str:
        return f'expect_register("{name}", 32\'h{registers[name]["offset"] + 4 * index:03X}, {value});'

    for name in ("ID", "VERSION"):
        yield expect(name, registers[name]["value"])
    yield "write_register(WATCHDOG, 4096);"
    for base in ("LOAD_BASE", "STORE_BASE"):
        yield f"write_register({base}_LOW, {base}[31:0]);"
        yield f"write_register({base}_HIGH, {base}[63:32]);"
    if model:
        yield f'load("images/model.bin", {len(model) // 16});'
    for run in runs:
        yield f'load("batches/{run.name}/batch.bin", {len(run.stream) // 16});'
        yield f"run({'5000000' if run.cycles is None else f'{2 * run.cycles} + SLACK'});"
        if run.words:
            yield f'store("testbench/{run.name}.hex", {run.words}, {run.words * run.units});'
        if run.cycles is not None:
            yield expect("CYCLES", run.cycles)
        for index, stamp in enumerate(accumulate(run.pass_cycles or ())):
            yield expect("PASS_CYCLES", stamp, index)
        for name, value in run.counters.items():
            yield expect(name, value)


def _power_up(verilog: str, top: str) -> Iterator[str]:
    """Statements that fill every memory with zeros, as an FPGA does, unless the simulator has two states only.

    What they hold does not matter, but a simulator of four states takes the wrong branch where X is compared.
    """
    modules = {found[1]: found[0] for found in re.finditer(r"^module (\S+) ?\(.*?^endmodule", verilog, re.M | re.S)}
    yield "`ifndef VERILATOR"
    for path, low, high in _memories(modules, top, "dut."):
        yield f"for (beat = {low}; beat <= {high}; beat = beat + 1) {path}[beat] = 0;"
    yield "`endif"


def _memories(modules: Mapping[str, str], module: str, path: str) -> Iterator[tuple[str, int, int]]:
    """Hierarchical name, lowest and highest address of each memory below a module, of Verilog that Yosys wrote."""
    memories = re.findall(r"^  reg (?:signed )?(?:\[\d+:0\] )?(\S+) +\[(\d+):(\d+)\];", modules[module], re.M)
    for name, one, other in memories:
        yield path + _escaped(name), min(int(one), int(other)), max(int(one), int(other))
    for kind, name in re.findall(r"^  (\S+) +(\S+) +\($", modules[module], re.M):
        if kind in modules:
            yield from _memories(modules, kind, f"{path}{_escaped(name)}.")


def _escaped(name: str) -> str:
    """A name of Verilog; one that is escaped ends with a space."""
    return f"{name} " if name.startswith("\\") else name


def _hex(run: RunFolder) -> str:
    """Two lines of 128 bits for each word: what it must be, and which bits are compared."""
    wanted, compared = run.results.wanted(run.words * run.units)
    return "".join(f"{code[::-1].astype('>u2').tobytes().hex()}\n{mask[::-1].astype('>u2').tobytes().hex()}\n"
                   for code, mask in zip(wanted, compared, strict=True))
