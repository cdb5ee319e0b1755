"""Verilog to an executable simulation with cocotb inside, which is kept.

Any number of graphs run on it, whatever folder the design lies in.
"""

import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hwgen.workshop import Workshop

from .cxx import FAST, SLOW, fingerprint, ingredients, link, run_tool
from .errors import SimError
from .folder import Design
from .kept import find_kept, keep
from .toolchain import Tool, compiler, verilator
from .wrapper import BENCH, bench_verilog

__all__ = ["QUIET", "TRACES", "Model", "compile_model", "translate"]

TRACES = {"vcd": "--trace-vcd", "fst": "--trace-fst"}

SPLIT = 60_000  # size of a C++ file, in Verilator's units: small enough for two cores to share the work
FEW = 25_000  # up to so many cycles optimising C++ takes longer than it saves; bench/cosim_speed.py has the figures

# What Yosys writes on purpose and Verilator's lint does not like; everything else it warns about is an error.
_EXPECTED = ("WIDTH", "CASEOVERLAP", "CASEINCOMPLETE", "UNSIGNED", "CMPCONST", "SYMRSVDWORD")
QUIET = tuple(f"-Wno-{name}" for name in _EXPECTED)

# What netlists and models of cells add: open pins, carries that run through one vector, first values of registers.
_OF_CELLS = ("PINMISSING", "UNOPTFLAT", "COMBDLY", "INITIALDLY")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A compiled design.

    Parameters
    ----------
    executable : Path
    compile_s : float
        Seconds it took; zero when it was there already.
    peak_bytes : int
        Largest memory of any one process of the compilation.
    """

    executable: Path
    compile_s: float
    peak_bytes: int


def compile_model(design: Design, work: Path | None = None, *, trace: str | None = None, cycles: int | None = None,
                  progress: Callable[[str], None] | None = None) -> Model:
    """Compile a design, or find it compiled.

    Parameters
    ----------
    design : Design
        What to compile.
    work : Path or None
        Folder for compiled designs; None: the cache, which holds the last ones.
    trace : "vcd", "fst" or None
        Format of traces that the executable can write. It also runs without one: for None any format will do.
    cycles : int or None
        How many are to be simulated, about; None: many. For few the C++ is not optimised.
    progress : callable or None
        Told what goes on.

    Raises
    ------
    ToolMissing
        If Verilator or the compiler is missing.
    SimError
        If one of them refuses the design.
    """
    tool, cxx = verilator(), compiler()
    wrapper, texts = bench_verilog(design), [path.read_text() for path in _sources(design)]
    level = FAST if cycles is None or cycles > FEW else SLOW
    keys = {(form, each): fingerprint(*texts, wrapper, each, SLOW, *_options(form), *ingredients(tool, cxx, form))
            for form in ((trace, *TRACES) if trace is None else (trace,)) for each in dict.fromkeys((level, FAST))}
    if found := find_kept(list(keys.values()), work):
        return Model(executable=found, compile_s=0.0, peak_bytes=0)
    started = time.perf_counter()

    def make(shop: Workshop, executable: Path) -> None:
        (shop.path / "bench.sv").write_text(wrapper)
        if progress:
            progress("verilator: translating the design")
        flags = [*_options(trace), *(f"-Wno-{name}" for name in _OF_CELLS if not design.watched)]
        sources = translate(tool, flags, [shop.path / "bench.sv", *_sources(design)], shop, level)
        if progress:
            progress(f"c++: compiling {len(sources)} files")
        link(tool, cxx, trace, sources, shop, executable)

    executable = keep(keys[trace, level], make, work)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return Model(executable=executable, compile_s=time.perf_counter() - started, peak_bytes=peak)


def _sources(design: Design) -> list[Path]:
    """The design's Verilog, and of a netlist what its cells do."""
    return [design.verilog] if design.cells is None else [design.verilog, design.cells]


def _options(trace: str | None) -> list[str]:
    if trace is not None and trace not in TRACES:
        raise SimError(f"no such trace format: {trace!r}", "--trace", f"use one of {', '.join(TRACES)}")
    return [
        "--cc", "--vpi", "--prefix", "Vtop", "--top-module", BENCH, "--make", "json", "--quiet",
        "--output-split", str(SPLIT), "--x-initial", "0", "--no-timing", *QUIET,
        *([TRACES[trace]] if trace else []),
    ]


def translate(tool: Tool, options: Sequence[str], verilog: Sequence[Path], shop: Workshop,
              level: str = FAST) -> list[tuple[Path, str]]:
    """Run Verilator; return the C++ files it wrote with their optimisation: a level for what runs every cycle."""
    run_tool(shop, [*tool.words, *options, "-Mdir", str(shop.path), *map(str, verilog)],
             "verilator", "report this with the build folder: the design's Verilog is not clean",
             VERILATOR_ROOT=str(tool.root))
    sources = json.loads((shop.path / "Vtop.json").read_text())["sources"]
    return [(Path(path), level if group.endswith("fast") else SLOW)
            for group, paths in sources.items() if group not in ("global", "deps") for path in paths]
