"""Files that hold representations: archives of plain arrays, JSON facts beside them, and what reading one may meet.

Arrays are stored without pickling. Equal content gives equal bytes.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .errors import HwgenError
from .scratch import write_whole

__all__ = ["feature_arrays", "malformed", "npz_bytes", "read_edges", "read_features", "read_integers",
           "read_npz", "write_json", "write_npz"]

Arrays = Mapping[str, NDArray[Any]]

BUILD = "build it again"


def write_json(path: Path, facts: Mapping[str, Any]) -> None:
    """Write facts, in a folder made for them where it is missing."""
    _write(path, (json.dumps(facts, indent=2) + "\n").encode())


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


def _write(path: Path, content: bytes) -> None:
    """Write a file, in a folder made for it where it is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise HwgenError(f"cannot write: {error.strerror}", str(path), "choose an output you may write") from error


def write_npz(path: Path, arrays: Arrays) -> None:
    """Write an archive of plain arrays."""
    _write(path, npz_bytes(arrays))


def npz_bytes(arrays: Arrays) -> bytes:
    """A compressed archive without time stamps; ``np.savez`` stamps the clock."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[key]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read an archive of plain arrays."""
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise HwgenError("one array, not an archive of them", str(path), "write it with numpy.savez")
            with archive:
                return {key: archive[key] for key in archive.files}
    except OSError as error:
        raise HwgenError(f"cannot read: {error.strerror or error}", str(path), "name an existing .npz file") from error
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise HwgenError(f"not an .npz of plain arrays: {error}", str(path),
                         "write it with numpy.savez, without object arrays") from error


def read_integers(arrays: Arrays, key: str, where: str) -> NDArray[np.int64]:
    """An integer array that must be there."""
    if key not in arrays:
        raise HwgenError(f"array {key} is missing", where, f"store {key}; there are {', '.join(sorted(arrays))}")
    value = arrays[key]
    if value.dtype.kind not in "iub":
        raise HwgenError(f"{key} is {value.dtype}, not integer", where, "store integer codes and indices")
    return value.astype(np.int64)


def read_edges(arrays: Arrays, where: str) -> NDArray[np.int64]:
    """Edges, sources above destinations: int64 [2, e]."""
    edges = read_integers(arrays, "edges", where)
    if edges.ndim != 2 or edges.shape[0] != 2:
        raise HwgenError(f"edges has shape {edges.shape}, not (2, e)", where,
                         "store source nodes above destination nodes")
    return edges


def feature_arrays(matrix: csr_array) -> dict[str, NDArray[Any]]:
    """A feature matrix as :func:`read_features` takes it."""
    features = csr_array(matrix)
    features.sort_indices()
    return {"features.indptr": features.indptr.astype(np.int64),
            "features.indices": features.indices.astype(np.int64), "features.data": features.data,
            "features.shape": np.array(features.shape, dtype=np.int64)}


def read_features(arrays: Arrays, where: str) -> csr_array:
    """Integer features, dense or in CSR form: int64 [n, f]."""
    if "features" in arrays:
        dense = read_integers(arrays, "features", where)
        if dense.ndim != 2:
            raise HwgenError(f"features has shape {dense.shape}, not (nodes, features)", where,
                             "store one row of integer codes per node")
        return csr_array(dense)
    parts = {key: read_integers(arrays, f"features.{key}", where) for key in ("data", "indices", "indptr", "shape")}
    try:
        matrix = csr_array((parts["data"], parts["indices"], parts["indptr"]), shape=tuple(parts["shape"].tolist()))
        matrix.check_format(full_check=True)
        matrix.sum_duplicates()
    except ValueError as error:
        raise HwgenError(f"features are not a CSR matrix: {error}", where,
                         "store indptr, indices, data and shape of scipy.sparse.csr_array") from error
    return matrix
