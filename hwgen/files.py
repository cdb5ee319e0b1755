"""Files that hold representations: archives of plain arrays, JSON facts beside them, and what reading one may meet.

Arrays are stored without pickling. Equal content gives equal bytes.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .errors import HwgenError
from .kinds import shown
from .scratch import write_whole

__all__ = ["check_archive", "feature_arrays", "malformed", "npz_bytes", "read_npz", "write_file", "write_json",
           "write_npz"]

Arrays = Mapping[str, NDArray[Any]]

BUILD = "build it again"
#: Archives that unpack to more bytes than LARGE are refused where that is MOST_PACKED times their size.
LARGE, MOST_PACKED = 64 << 20, 100


def write_json(path: Path, facts: Mapping[str, Any]) -> None:
    """Write facts, in a folder made for them where it is missing."""
    write_file(path, (json.dumps(facts, indent=2) + "\n").encode())


@contextmanager
def malformed(where: str, fix: str = BUILD) -> Iterator[None]:
    """Name the entry where facts or arrays lack something, or hold something of another type.

    Raises
    ------
    HwgenError
        In place of what taking such an entry apart raises.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise HwgenError(f"entry {error} is missing or malformed", where, fix) from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file, in a folder made for it where it is missing; HwgenError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise HwgenError(f"cannot write: {error.strerror}", str(path), "choose an output you may write") from error


def write_npz(path: Path, arrays: Arrays) -> None:
    """Write an archive of plain arrays."""
    write_file(path, npz_bytes(arrays))


def npz_bytes(arrays: Arrays) -> bytes:
    """A compressed archive without time stamps; ``np.savez`` stamps the clock."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[key]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


def check_archive(path: Path, what: str, fix: str) -> None:
    """Look at the directory of an archive, before anything is unpacked; ``what`` is said of one that is none.

    Raises
    ------
    HwgenError
        No such file, no archive, or one that unpacks to far more than its size.
    """
    if path.exists() and not path.is_file():  # a pipe is never read to its end
        raise HwgenError("cannot read: not a file", str(path), fix)
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked, packed = sum(each.file_size for each in archive.infolist()), path.stat().st_size
            if unpacked > LARGE and unpacked > MOST_PACKED * packed:
                raise HwgenError(f"{packed:,} bytes that unpack to {unpacked:,}", str(path),
                                 "write it without compression, such as with numpy.savez")
            broken = archive.testzip()  # torch does not look at the checksums
    except OSError as error:
        raise HwgenError(f"cannot read: {error.strerror or error}", str(path), "name an existing file") from error
    except HwgenError:
        raise
    except Exception as error:  # whatever a damaged directory leads to
        raise HwgenError(f"{what}: {error}", str(path), fix) from error
    if broken is not None:
        raise HwgenError(f"{what}: {shown(broken)} is damaged", str(path), fix)


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read an archive of plain arrays."""
    what, fix = "not an .npz of plain arrays", "write it with numpy.savez, without object arrays"
    check_archive(path, what, fix)
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except Exception as error:  # whatever NumPy meets in a file that is damaged
        raise HwgenError(f"{what}: {error}", str(path), fix) from error


def feature_arrays(matrix: csr_array) -> dict[str, NDArray[Any]]:
    """A feature matrix as four arrays."""
    features = csr_array(matrix)
    features.sort_indices()
    return {"features.indptr": features.indptr.astype(np.int64),
            "features.indices": features.indices.astype(np.int64), "features.data": features.data,
            "features.shape": np.array(features.shape, dtype=np.int64)}
