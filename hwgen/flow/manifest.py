"""``manifest.json``: what a build is, and the hash of every file that a build is made of.

A folder is taken as it was written or not at all: a file that was changed since is damage, and never a difference of
the hardware. Reports are written anew by each verification and carry a seal of their own.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from ..documents import parse_json, read_text
from ..errors import HwgenError
from ..kinds import Count, read_as
from ..seals import file_hash, seal_of, sealed
from .folder import to_json

__all__ = ["MANIFEST", "Manifest", "check_build", "manifest_text", "read_manifest"]

#: Below a build folder.
MANIFEST = "manifest.json"

#: Folders that no manifest lists: made anew, made later, or where a vendor's tool works, of which hwgen reads nothing.
NOT_LISTED = ("bitstream", "report", "runs", "sim", "vivado")

#: Folders that hold nothing else than what a manifest lists.
CLOSED = ("batches", "images", "model")

AGAIN = "build it again, or copy it again from where it is whole"


class Manifest(TypedDict):
    """The content of the file; ``sha256`` is its own seal."""

    hwgen: str
    model: str
    board: str
    target: str
    inputs: dict[str, str]
    capacities: dict[str, Count]
    cycles: list[Count]
    files: dict[str, str]
    sha256: str


def manifest_text(folder: Path, facts: Mapping[str, object]) -> str:
    """The manifest of a folder whose other files are complete."""
    return to_json(sealed({**facts, "files": {name: file_hash(folder / name) for name in _listed(folder)}}))


def read_manifest(build: Path) -> Manifest:
    """The manifest of a build folder.

    Raises
    ------
    HwgenError
        There is none, or it is not what was written.
    """
    path = build / MANIFEST
    fix = "name a folder that hwgen build wrote with this version"
    content = parse_json(read_text(path, fix), str(path), fix)
    manifest = read_as(Manifest, content, str(path), fix)
    if manifest["sha256"] != seal_of(manifest):
        raise HwgenError("was changed since hwgen build wrote it", str(path), AGAIN)
    return manifest


def check_build(build: Path) -> None:
    """Hold every file of a build against its hash; one that has not been touched since it was is not read again.

    Raises
    ------
    HwgenError
        Not a build; a file is missing, or it is not what was written.
    """
    state = tuple(_states(build))
    if _whole.get(build) == state:
        return
    files = read_manifest(build)["files"]
    for name in _listed(build):
        if name not in files and Path(name).parts[0] in CLOSED:
            raise HwgenError("does not belong to the build", str(build / name), "move it elsewhere")
    for name, wanted in files.items():
        path = build / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise HwgenError(f"file {name!r} lies elsewhere", str(build / MANIFEST), AGAIN)
        if not path.is_file():
            raise HwgenError("is missing", str(path), AGAIN)
        try:
            found = file_hash(path)
        except OSError as error:
            raise HwgenError(f"cannot be read: {error.strerror}", str(path), AGAIN) from None
        if found != wanted:
            raise HwgenError("the file is damaged, or was changed since hwgen build wrote it", str(path), AGAIN)
    _whole[build] = state


_whole: dict[Path, tuple[tuple[str, int, int], ...]] = {}


def _states(build: Path) -> Iterator[tuple[str, int, int]]:
    """What tells that a file has been touched."""
    for name in [MANIFEST, *_listed(build)]:
        try:
            facts = (build / name).stat()
        except OSError:
            continue
        yield name, facts.st_size, facts.st_mtime_ns


def _listed(folder: Path) -> list[str]:
    """Files that a manifest lists."""
    found = []
    for home, folders, names in os.walk(folder):
        here = Path(home).relative_to(folder)
        if not here.parts:
            folders[:] = [name for name in folders if name not in NOT_LISTED]
        found += [str(here / name) for name in names if str(here / name) != MANIFEST]
    return sorted(found)
