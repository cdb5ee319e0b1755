"""A file for each block that is proved, each with ``PROOFS``."""

import importlib
import pkgutil

from ..proof import Proof

__all__ = ["find"]


def find() -> list[tuple[str, Proof]]:
    """All proofs, with the module that each is in.

    Raises
    ------
    ValueError
        Two have one name, or one has no fault that it refutes.
    """
    found = []
    for info in pkgutil.iter_modules(__path__):
        module = f"{__name__}.{info.name}"
        found += [(module, proof) for proof in importlib.import_module(module).PROOFS]
    names = [proof.name for _, proof in found]
    double = sorted({name for name in names if names.count(name) > 1})
    bare = [proof.name for _, proof in found if not proof.mutants or not proof.cover]
    if double or bare:
        raise ValueError(f"proofs of one name: {double}; without a fault to refute or a cover: {bare}")
    return found
