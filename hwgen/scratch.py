"""Temporary files and folders beside what they become.

A file or a folder is whole under its own name, or absent. Each temporary one is locked as long as its process lives:
what a killed process left is swept by the next one that writes to the same place.
"""

import contextlib
import ctypes
import errno
import fcntl
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replace_folder", "scratch_folder", "sweep", "write_whole"]

#: Seconds before what nobody holds counts as left: a process that begins has not locked its own at once.
YOUNG_S = 20.0
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Replace a file at once; it is never half written.

    Raises
    ------
    OSError
        It cannot be written; nothing is left of it.
    """
    sweep(path.parent, path.name)
    handle, name = tempfile.mkstemp(prefix=_begins(path.name), dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            _lock(file.fileno())
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def scratch_folder(parent: Path | None = None, name: str = "") -> Iterator[Path]:
    """A folder that is removed at the end, unless it was renamed.

    Parameters
    ----------
    parent : Path or None
        Where it is made; None: the system's folder of temporary files.
    name : str
        What it is to become.
    """
    home = Path(tempfile.gettempdir()) if parent is None else parent
    sweep(home, name)
    path = Path(tempfile.mkdtemp(prefix=_begins(name), dir=home))
    handle = os.open(path, os.O_RDONLY)
    try:
        _lock(handle)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


def replace_folder(fresh: Path, target: Path) -> None:
    """Give a folder the name of another, which takes its name: at once where the system can, else by two renames."""
    if not target.exists():
        fresh.rename(target)
        return
    with contextlib.suppress(AttributeError):  # a C library without it
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        if rename(_AT_FDCWD, os.fsencode(fresh), _AT_FDCWD, os.fsencode(target), _RENAME_EXCHANGE) == 0:
            return
        if ctypes.get_errno() not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(target))
    aside = Path(tempfile.mkdtemp(prefix=_begins(target.name), dir=target.parent))
    aside.rmdir()
    target.rename(aside)
    try:
        fresh.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    aside.rename(fresh)


def _begins(name: str) -> str:
    """How names of temporary files and folders begin, and no others."""
    return f".{name}.hwgen-scratch-"


def sweep(parent: Path, name: str) -> None:
    """Remove what was to become ``name`` and belongs to no process that lives."""
    for path in parent.glob(glob.escape(_begins(name)) + "*"):
        with contextlib.suppress(OSError):
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                continue
            if time.time() - path.stat().st_mtime < YOUNG_S:
                continue
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                if not _lock(handle):
                    continue
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
            finally:
                os.close(handle)


def _lock(handle: int) -> bool:
    """Hold a file or folder as long as it is open here; whether nobody else does."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True
