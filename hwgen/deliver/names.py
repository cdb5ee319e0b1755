"""Names of the vendor's that generated files may use, each with the public file or document that has it."""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

__all__ = ["table", "vlnv"]


@lru_cache(maxsize=1)
def table() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """``names.json``: kind, name, facts; ``source`` of a name is a key of ``sources``."""
    found: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(
        (files(__package__) / "names.json").read_text(encoding="utf-8"))
    return found


def vlnv(library: str, name: str) -> tuple[str, str, str, str]:
    """Vendor, library, name and version of one of Xilinx' bus definitions.

    Raises
    ------
    KeyError
        The table has none of that name.
    """
    found = "xilinx.com", library, name, "1.0"
    if ":".join(found) not in table()["vlnv"]:
        raise KeyError(":".join(found))
    return found
