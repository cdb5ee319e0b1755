"""C++ to an executable: Verilator's output, its run-time library and cocotb's main program.

Not by make, which would need make and perl, and which compiles the run-time library anew for every design: its
objects are kept in hwgen's cache, where all designs share them.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cocotb
from cocotb_tools import config

from hwgen.cache import cache_folder
from hwgen.seals import is_whole, seal_folder
from hwgen.workshop import Command, Done, Workshop, processors, workshop

from .errors import SimError
from .toolchain import Tool

__all__ = ["FAST", "SLOW", "fingerprint", "ingredients", "link", "run_tool"]

FAST, SLOW = "-Og", "-O0"  # bench/cosim_speed.py measures the alternatives
UNIT = 2_000_000  # bytes of C++ that are compiled as one: every file alone reads the headers, a quarter of a second
_HEADER = "runtime.h"
_DEFINES = ("-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TIMING=0", "-DVM_TRACE_SAIF=0")
_TRACE_FIX = ("FST traces need zlib and lz4 with their headers: sudo apt-get install zlib1g-dev liblz4-dev; "
               "VCD traces need nothing")


def link(tool: Tool, cxx: Tool, trace: str | None, sources: Sequence[tuple[Path, str]], shop: Workshop,
         executable: Path, *, main: Path | None = None) -> None:
    """Compile ``sources`` (C++ file, optimisation) in a workshop and link them into ``executable``.

    Parameters
    ----------
    main : Path or None
        C++ of the main program; None: cocotb's, with cocotb's library.

    Raises
    ------
    SimError
        If the compiler or linker refuses something.
    """
    flags, folder = _flags(tool, trace), shop.path
    library = _runtime(tool, cxx, trace, flags)
    cocotbs_main = Path(config.share_dir) / "lib" / "verilator" / "verilator.cpp"
    parts = _units([*sources, (main or cocotbs_main, FAST if main else SLOW)], folder)
    objects = [path.with_suffix(".o") for path, _ in parts]
    _compile([([*cxx.words, *flags, level, "-I", str(folder), "-include", str(library / level / _HEADER),
                "-include", str(folder / "Vtop__pch.h"), "-c", str(path), "-o", str(each)], path)
              for (path, level), each in zip(parts, objects, strict=True)], shop)
    libraries = Path(config.libs_dir)
    cocotbs = [] if main else [f"-L{libraries}", f"-Wl,-rpath,{libraries}", "-lcocotbvpi_verilator"]
    run_tool(shop, [*cxx.words, "-o", str(executable), *map(str, objects), *map(str, sorted(library.glob("*.o"))),
              *cocotbs, "-pthread", *(["-lz", "-llz4"] if trace == "fst" else [])],
             "linker", _TRACE_FIX if trace == "fst" else "report this with the build folder")


def _units(sources: Sequence[tuple[Path, str]], folder: Path) -> list[tuple[Path, str]]:
    """Files that include some of the sources each, of one optimisation; large ones first keep all cores busy."""
    units: list[tuple[Path, str]] = []
    room: dict[Path, int] = {}
    for path, level in sorted(sources, key=lambda source: -source[0].stat().st_size):
        size = path.stat().st_size
        unit = next((unit for unit, own in units if own == level and room[unit] >= size), None)
        if unit is None:
            unit = folder / f"unit{len(units)}.cpp"
            units.append((unit, level))
        room[unit] = room.get(unit, UNIT) - size
        with unit.open("a") as file:
            file.write(f'#include "{path}"\n')
    return units


def ingredients(tool: Tool, cxx: Tool, trace: str | None) -> tuple[str, ...]:
    """What an executable is made of beside its sources: versions, flags, and where it looks for cocotb's libraries."""
    return (tool.version, cxx.version, *cxx.more, str(cocotb.__version__), str(config.libs_dir), *_flags(tool, trace))


def _flags(tool: Tool, trace: str | None) -> list[str]:
    include = Path(str(tool.root)) / "include"
    return ["-std=gnu++17", "-w", "-I", str(include), "-I", str(include / "vltstd"), *_DEFINES,
            f"-DVM_TRACE={int(trace is not None)}", f"-DVM_TRACE_VCD={int(trace == 'vcd')}",
            f"-DVM_TRACE_FST={int(trace == 'fst')}"]


def _runtime(tool: Tool, cxx: Tool, trace: str | None, flags: Sequence[str]) -> Path:
    """The folder of what all designs share, in the cache: objects of Verilator's run-time library, and its headers.

    Most of the time of a small C++ file goes into these headers: GCC reads them precompiled, one for each optimisation.
    """
    include = Path(str(tool.root)) / "include"
    names = ["verilated", "verilated_vpi", "verilated_threads"]
    names += {"vcd": ["verilated_vcd_c"], "fst": ["verilated_fst_c", "verilated_dpi"]}.get(trace or "", [])
    key = fingerprint(tool.version, cxx.version, *cxx.more, str(tool.path), *flags, FAST, SLOW)
    folder = cache_folder() / f"verilator-{key}"
    with _lock(folder.with_suffix(".lock")):
        if not is_whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            with workshop(folder.parent, "compile") as shop:
                done = shop.path / "done"
                jobs = [([*cxx.words, *flags, FAST, "-c", str(include / f"{name}.cpp"),
                          "-o", str(done / f"{name}.o")], include / f"{name}.cpp") for name in names]
                for level in sorted({FAST, SLOW}):
                    header = done / level / _HEADER
                    header.parent.mkdir(parents=True)
                    header.write_text('#include "verilated.h"\n#include "verilated_dpi.h"\n')
                    if "clang" not in cxx.version:  # clang looks for another name, and refuses where GCC reads the text
                        jobs.append(([*cxx.words, *flags, level, "-x", "c++-header", str(header),
                                      "-o", f"{header}.gch"], header))
                _compile(jobs, shop, _TRACE_FIX if trace == "fst" else None)
                seal_folder(done)
                done.rename(folder)
    return folder


def _compile(jobs: Sequence[tuple[list[str], Path]], shop: Workshop, fix: str | None = None) -> None:
    fix = fix or "check that the C++ compiler supports C++17; otherwise report this with the build folder"
    ended = shop.run_all([Command(words=words) for words, _ in jobs], processors())
    for (words, path), done in zip(jobs, ended, strict=True):
        _check(words, done, f"c++ {path.name}", fix)


def run_tool(shop: Workshop, words: Sequence[str], where: str, fix: str, **environment: str) -> None:
    """Run a tool in a workshop; SimError with its first complaint if it fails."""
    _check(words, shop.run(Command(words=words, environment={**os.environ, **environment})), where, fix)


def _check(words: Sequence[str], done: Done, where: str, fix: str) -> None:
    if done.code:
        lines = [line for line in done.text.splitlines() if line.strip()]
        what = next((line for line in lines if "rror:" in line or line.startswith("%Error")),
                    lines[0] if lines else "no message")
        raise SimError(f"{Path(words[0]).name} failed: {what.strip()[:400]}", where, fix)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fingerprint(*parts: str) -> str:
    """A short hash that names what was made of these parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
