"""Source files that are changed as they are imported: planted faults, reduced constants. Nothing is written."""

import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from .proof import Patch

__all__ = ["install"]

ROOT = Path(__file__).resolve().parents[1]


class _Loader(importlib.abc.SourceLoader):
    """Compile the changed text; without a bytecode file, since it has no time of its own."""

    def __init__(self, path: Path, patches: Sequence[Patch]) -> None:
        self._path, self._patches = path, patches

    def get_filename(self, fullname: str) -> str:
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:
        text = self._path.read_text(encoding="utf-8")
        for patch in self._patches:
            if text.count(patch.old) != 1:
                raise LookupError(f"{patch.file} has {text.count(patch.old)} times, not once: {patch.old}")
            text = text.replace(patch.old, patch.new)
        return text.encode()


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, modules: dict[str, tuple[Path, list[Patch]]]) -> None:
        self._modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._modules:
            return None
        return importlib.util.spec_from_loader(fullname, _Loader(*self._modules[fullname]))


def install(patches: Sequence[Patch]) -> None:
    """Change what is imported from now on.

    Raises
    ------
    LookupError
        On import: a file does not have a patch's old text exactly once.
    """
    modules: dict[str, tuple[Path, list[Patch]]] = {}
    for patch in patches:
        name = "rtl_templates." + patch.file.removesuffix(".py").replace("/", ".")
        if name in sys.modules:
            raise LookupError(f"{name} is imported already")
        modules.setdefault(name, (ROOT / "rtl_templates" / patch.file, []))[1].append(patch)
    sys.meta_path.insert(0, _Finder(modules))
