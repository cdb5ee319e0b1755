"""Executables that were compiled once and are kept: each in a folder named after all that went into it."""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from hwgen.cache import cache_folder, cache_folders
from hwgen.seals import is_whole, seal_folder
from hwgen.workshop import Workshop, workshop

from .errors import SimError

__all__ = ["EXECUTABLE", "find_kept", "keep"]

EXECUTABLE = "simulation"
KEPT = 64  # executables in the cache, a few megabytes each; those used longest ago go first

#: Makes an executable, in a workshop, at a path.
Make = Callable[[Workshop, Path], None]


def find_kept(keys: Sequence[str], own: Path | None = None) -> Path | None:
    """The executable of the first of these keys that was compiled before; None: there is none.

    Parameters
    ----------
    keys : sequence of str
        Fingerprints of all that goes into it.
    own : Path or None
        Folder to look in; None: the caches.
    """
    homes = [root / "models" for root in cache_folders()] if own is None else [own]
    for key in keys:
        for home in homes:
            found = _folder(home, key) / EXECUTABLE
            if _is_there(found):
                with suppress(OSError):  # a cache that may only be read
                    os.utime(found)
                return found
    return None


def keep(key: str, make: Make, own: Path | None = None) -> Path:
    """Make an executable and keep it; of those in the cache the last :data:`KEPT` stay.

    Parameters
    ----------
    key : str
        Fingerprint of all that goes into it.
    make : callable
    own : Path or None
        Folder to keep it in, whatever else lies there; None: the cache.

    Raises
    ------
    SimError
        The folder cannot be written.
    """
    home = cache_folder() / "models" if own is None else own
    folder = _folder(home, key)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise SimError(f"cannot write there: {wrong.strerror}", str(folder.parent),
                       "name a folder where you may write, by the environment variable HWGEN_CACHE") from None
    with workshop(folder.parent, "compile") as shop:
        done = shop.path / "done"
        done.mkdir()
        make(shop, done / EXECUTABLE)
        seal_folder(done)
        if not _is_there(folder / EXECUTABLE):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            done.rename(folder)
        except OSError:  # another process was faster
            if not _is_there(folder / EXECUTABLE):
                raise
    if own is None:
        _forget(folder.parent)
    return folder / EXECUTABLE


def _is_there(executable: Path) -> bool:
    return executable.is_file() and is_whole(executable.parent)


def _folder(home: Path, key: str) -> Path:
    # the tools run in folders of their own: a relative path would lead elsewhere
    return home.resolve() / f"simulation-{key}"


def _forget(home: Path) -> None:
    """Delete the executables beyond :data:`KEPT` that were used longest ago."""
    with suppress(FileNotFoundError):  # another process deletes them
        by_use = sorted(home.glob(f"simulation-*/{EXECUTABLE}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for executable in by_use[KEPT:]:
            shutil.rmtree(executable.parent)
