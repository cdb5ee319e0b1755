"""Modules of a user that are called like some of ours: while the user's code runs, these are what it imports."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ..neighbours import NEIGHBOURS, ROOT

__all__ = ["note_folder", "their_modules"]

#: Name -> the user's folder that has a module or package of it.
_folders: dict[str, Path] = {}
#: What the user's code imported of these.
_theirs: dict[str, ModuleType] = {}


def note_folder(folder: Path) -> None:
    """Code from this folder will run."""
    for name in NEIGHBOURS if folder != ROOT else ():
        if (folder / f"{name}.py").is_file() or (folder / name).is_dir():
            _folders[name] = folder


@contextmanager
def their_modules() -> Iterator[None]:
    """Let imports find theirs; ours come back at the end."""
    if not _folders:
        yield
        return
    ours, folders = _taken(), [str(folder) for folder in dict.fromkeys(_folders.values())]
    sys.modules.update(_theirs)
    sys.path[:0] = folders
    try:
        yield
    finally:
        _theirs.update(_taken())
        sys.modules.update(ours)
        for folder in folders:
            if folder in sys.path:
                sys.path.remove(folder)


def _taken() -> dict[str, ModuleType]:
    """Take the modules of these names out of what Python knows."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in _folders}
