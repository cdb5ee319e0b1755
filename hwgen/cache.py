"""The folder of what can be computed or downloaded again: resource counts, compiled simulators, data sets.

A cache is a convenience: where the user's cannot be written, a temporary folder serves, and work goes on.
"""

import os
import shutil
import stat
import tempfile
import warnings
from functools import lru_cache
from pathlib import Path

__all__ = ["CacheWarning", "cache_folder", "cache_folders", "wanted_folder"]

#: Bytes that must be free where something is to be kept.
ROOM = 64 << 20


class CacheWarning(UserWarning):
    """The cache that was asked for cannot be used; work is slower."""


def wanted_folder() -> Path | None:
    """``$HWGEN_CACHE``, or ``hwgen`` in the user's cache folder; None: the user has no home."""
    if own := os.environ.get("HWGEN_CACHE"):
        return Path(own)
    if home := os.environ.get("XDG_CACHE_HOME"):
        return Path(home) / "hwgen"
    try:
        return Path.home() / ".cache" / "hwgen"
    except RuntimeError:  # an unknown user without $HOME, as in containers
        return None


def cache_folder() -> Path:
    """The folder to write to: the wanted one, or a temporary one of the user's own, which is said once."""
    return _writable(wanted_folder())


def cache_folders() -> tuple[Path, ...]:
    """Folders to look in, the wanted one first: one that may only be read serves too."""
    wanted, used = wanted_folder(), cache_folder()
    return (used,) if wanted is None or wanted == used else (wanted, used)


@lru_cache(maxsize=8)
def _writable(wanted: Path | None) -> Path:
    why = "the user has no home" if wanted is None else _problem(wanted)
    if wanted is not None and not why:
        return wanted
    own = Path(tempfile.gettempdir()) / f"hwgen-{os.getuid()}"
    if _problem(own) or not _is_ours(own):
        own = Path(tempfile.mkdtemp(prefix="hwgen-cache-"))
    warnings.warn(f"no cache ({why}): {own} serves instead, and work may be slower; HWGEN_CACHE names another folder",
                  CacheWarning, stacklevel=3)
    return own


def _problem(folder: Path) -> str:
    """Why nothing can be kept there; empty where it can."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return f"{folder}: {free >> 20} MiB are free" if free < ROOM else ""


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can write to it."""
    facts = folder.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o022
