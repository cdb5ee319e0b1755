"""What bench/peers.py needs around its peers: other interpreters, Verilator, Yosys, and the parts of a load stream."""

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from synthesis import synthesize

from hwgen.flow.resources import Usage
from sim.toolchain import compiler, verilator

__all__ = ["count", "foreign", "read_output", "sections", "simulate", "versions"]

_DEFINES = ("VERILATOR=1", "VM_COVERAGE=0", "VM_SC=0", "VM_TIMING=1", "VM_TRACE=0", "VM_TRACE_FST=0", "VM_TRACE_VCD=0",
            "VM_TRACE_SAIF=0")


def foreign(python: Path, script: Path, *words: str) -> dict[str, Any]:
    """Run a script of this folder in another interpreter; the ``facts.json`` of its folder, the second word.

    Raises
    ------
    SystemExit
        It failed.
    """
    done = subprocess.run([str(python), str(script), *words], capture_output=True, text=True, check=False,
                          cwd=words[1], env={"OMP_NUM_THREADS": "1"})
    if done.returncode:
        raise SystemExit(f"{script.name} {' '.join(words)} failed in {python}:\n{done.stderr[-2000:]}")
    facts: dict[str, Any] = json.loads((Path(words[1]) / "facts.json").read_text())
    return facts


def sections(stream: bytes, names: Mapping[int, str]) -> Counter[str]:
    """Beats of a load stream by what they load, headers among them; END is its own."""
    words = np.frombuffer(stream, dtype="<u8").reshape(-1, 2)
    found: Counter[str] = Counter()
    at = 0
    while at < len(words):
        name = names[int(words[at, 0]) & 0xFF]
        size = 1 if name == "END" else 1 + (int(words[at, 1]) & 0xFFFFFFFF)
        found[name] += size
        at += size
    return found


def versions(python: Path, names: tuple[str, ...]) -> dict[str, str | None]:
    """Versions of packages in another interpreter; None: it is not there."""
    ask = ("import importlib.metadata as m, json, sys\n"
           "def v(n):\n"
           "    try: return m.version(n)\n"
           "    except m.PackageNotFoundError: return None\n"
           "print(json.dumps({n: v(n) for n in sys.argv[1:]}))")
    done = subprocess.run([str(python), "-c", ask, *names], capture_output=True, text=True, check=True)
    found: dict[str, str | None] = json.loads(done.stdout)
    return found


def simulate(folder: Path) -> tuple[int, int]:
    """Compile and run ``bench.v`` of a folder: cycles, and how many results are wrong."""
    tool, cxx = verilator(), compiler()
    objects, include = folder / "obj", Path(str(tool.root)) / "include"
    objects.mkdir(exist_ok=True)
    _run([*tool.words, "--cc", "--exe", "--main", "--timing", "--prefix", "Vtop", "--top-module", "bench", "--make",
          "json", "-Wno-fatal", "-Wno-lint", "--x-initial", "0", "-Mdir", "obj", "bench.v"], folder,
         VERILATOR_ROOT=str(tool.root))
    listed = json.loads((objects / "Vtop.json").read_text())["sources"]
    _run([*cxx.words, "-std=gnu++20", "-fcoroutines", "-O0", "-w", "-pthread", "-I", str(include), "-I",
          str(include / "vltstd"), "-I", "obj", *(f"-D{each}" for each in _DEFINES), "-include", "verilated.h",
          "-include", "obj/Vtop__pch.h", "-o", "run",
          *(path for group, paths in listed.items() if group != "deps" for path in paths)], folder)
    return read_output(_run(["./run"], folder))


def read_output(text: str) -> tuple[int, int]:
    """Cycles, and wrong results, of what a bench prints.

    Raises
    ------
    ValueError
        It ended before the results were compared.
    """
    found = [re.search(rf"^{name}\s+(\d+)\s*$", text, flags=re.MULTILINE) for name in ("cycles", "wrong")]
    if None in found:
        raise ValueError(f"a bench printed no cycles, or compared nothing:\n{text[-500:]}")
    cycles, wrong = (int(each[1]) for each in found if each is not None)
    return cycles, wrong


def count(verilog: Path, top: str) -> Usage:
    """Cells of a peer's design, by the command that counts hwgen's."""
    return synthesize([f"read_verilog {verilog}"], top)


def _run(words: list[str], folder: Path, **more: str) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, **more})
    if done.returncode:
        raise SystemExit(f"{Path(words[0]).name} failed in {folder}:\n{(done.stderr or done.stdout)[-2000:]}")
    return done.stdout
