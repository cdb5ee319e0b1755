"""Loops in C++, compiled once by the compiler that a simulation needs anyway, and kept in the cache."""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .cache import cache_folder, cache_folders
from .seals import is_whole, seal_folder
from .workshop import Command, workshop

__all__ = ["FLAGS", "NativeWarning", "find_cxx", "library", "numbers", "pointer"]

#: Nothing is fused: the same doubles as NumPy's, on every machine. No -march: a cache may serve several machines.
FLAGS = ("-O2", "-std=c++17", "-ffp-contract=off", "-shared", "-fPIC")

_FILE = "library.so"


class NativeWarning(UserWarning):
    """Python does what compiled code would do in less time."""


def find_cxx() -> list[str] | None:
    """The C++ compiler, path and further words: ``$CXX``, words as make takes them, else c++, g++ or clang++.

    Returns
    -------
    list of str or None
        None: there is none, or ``$CXX`` names none.

    Raises
    ------
    ValueError
        ``$CXX`` has a quotation mark that nothing closes.
    """
    named = os.environ.get("CXX", "").strip()
    for name, *more in [shlex.split(named)] if named else [["c++"], ["g++"], ["clang++"]]:
        path = shutil.which(name)
        if path is not None:
            return [path, *more]
    return None


@lru_cache(maxsize=8)
def library(source: Path) -> ctypes.CDLL | None:
    """A C++ file as a library; None, and a warning, where it cannot be had: callers have the same in Python.

    Parameters
    ----------
    source : Path
        Of functions with C linkage.
    """
    key = hashlib.sha256(b"\0".join((source.read_bytes(), *(word.encode() for word in (*FLAGS, platform.machine())))))
    name = f"native-{source.stem}-{key.hexdigest()[:16]}"
    for folder in cache_folders():
        if is_whole(folder / name):
            with suppress(OSError):  # made with another system's run-time library
                return ctypes.CDLL(str(folder / name / _FILE))
    problem = _compile(source, cache_folder() / name)
    if problem:
        warnings.warn(f"{problem}: Python does the work of {source.name}, which takes longer; "
                      "install a C++ compiler, for example with: sudo apt-get install g++", NativeWarning, stacklevel=2)
        return None
    return ctypes.CDLL(str(cache_folder() / name / _FILE))


def _compile(source: Path, folder: Path) -> str:
    """Make the folder with the library; what went wrong, or nothing."""
    try:
        words = find_cxx()
    except ValueError as error:
        return f"CXX is {os.environ['CXX']!r}: {error}"
    if words is None:
        return "no C++ compiler was found"
    with workshop(folder.parent, "native") as shop:
        made = shop.path / folder.name
        made.mkdir()
        done = shop.run(Command(words=[*words, *FLAGS, "-o", str(made / _FILE), str(source)]))
        if done.code:
            return f"{Path(words[0]).name} failed ({next(iter(done.text.splitlines()), 'no message')})"
        seal_folder(made)
        shutil.rmtree(folder, ignore_errors=True)  # damaged, or of another system
        with suppress(OSError):  # another process was first
            made.rename(folder)
    return ""


def numbers(*values: int) -> list[ctypes.c_int64]:
    """Integers as a compiled function takes them."""
    return [ctypes.c_int64(value) for value in values]


def pointer(array: NDArray[np.generic]) -> ctypes.c_void_p:
    """The memory of an array whose elements lie in order; whoever calls keeps the array."""
    assert array.flags.c_contiguous
    return array.ctypes.data_as(ctypes.c_void_p)
