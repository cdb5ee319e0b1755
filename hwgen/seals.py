"""Hashes of what was written, and whether it is still that: of facts in a file, of files, of whole folders."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["SEAL", "file_hash", "is_whole", "seal_folder", "seal_of", "sealed"]

#: The key of facts under which their own hash lies.
SEAL = "sha256"
_SUMS = "SHA256SUMS"


def seal_of(facts: Mapping[str, Any]) -> str:
    """The hash of facts, that of their seal left out: the same for the same JSON, in any order."""
    rest = {key: value for key, value in facts.items() if key != SEAL}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def sealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with their own hash."""
    return {**facts, SEAL: seal_of(facts)}


def file_hash(path: Path) -> str:
    """The hash of a file's bytes.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal_folder(folder: Path) -> None:
    """Write down the hash of every file of a folder that is complete."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / _SUMS)
    (folder / _SUMS).write_text("".join(f"{file_hash(path)}  {path.relative_to(folder)}\n" for path in files))


def is_whole(folder: Path) -> bool:
    """Whether a folder holds what was there when it was sealed."""
    try:
        pairs = [line.split("  ", 1) for line in (folder / _SUMS).read_text().splitlines()]
        return bool(pairs) and all(file_hash(folder / name) == wanted for wanted, name in pairs)
    except (OSError, ValueError):
        return False
