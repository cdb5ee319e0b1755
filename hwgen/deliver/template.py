"""Texts that lie beside this file, with ``@NAME@`` where a build puts something in."""

import re
from collections.abc import Mapping
from importlib.resources import files

__all__ = ["fill", "text"]


def text(name: str) -> str:
    """The content of a file of ``hwgen/deliver/files``."""
    return (files(__package__) / "files" / name).read_text(encoding="utf-8")


def fill(name: str, values: Mapping[str, object]) -> str:
    """A file of ``hwgen/deliver/files`` with every ``@NAME@`` replaced.

    Raises
    ------
    ValueError
        A name of the file has no value, or a value no name.
    """
    template = text(name)
    wanted = set(re.findall(r"@([A-Z_]+)@", template))
    if wanted != set(values):
        raise ValueError(f"{name} has {sorted(wanted)}, given are {sorted(values)}")
    return re.sub(r"@([A-Z_]+)@", lambda found: str(values[found[1]]), template)
