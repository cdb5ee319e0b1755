"""Raw files of data sets that PyG reads, and a copy to work on."""

import contextlib
import importlib
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...cache import cache_folder
from ...errors import HwgenError
from ...scratch import scratch_folder

__all__ = ["read_raw"]


def read_raw(collection: str, name: str, file: str, root: Path | str | None) -> tuple[Any, Path]:
    """What PyG's class makes of a data set's raw files.

    Parameters
    ----------
    collection : str
        PyG's class, which also names a folder: ``Planetoid`` or ``TUDataset``.
    name : str
    file : str
        One of the raw files: a folder that has it has them all.
    root : Path or None
        Folder that holds ``<name>/raw`` or ``<collection>/<name>/raw``; it is only read, unless the files are missing
        and PyG downloads them there. Default: ``$HWGEN_DATA``, else a cache folder of hwgen's own.

    Returns
    -------
    dataset, raw
        PyG's object, and the folder of raw files.

    Raises
    ------
    HwgenError
        Files neither found nor downloaded.
    """
    kind: Callable[[str, str], Any] = getattr(importlib.import_module("torch_geometric.datasets"), collection)
    given = root if root is not None else os.environ.get("HWGEN_DATA")
    home = Path(given) if given is not None else cache_folder() / "datasets"
    own = home / collection / name / "raw"
    raw = next((folder for folder in (home / name / "raw", own) if (folder / file).is_file()), None)
    if raw is None:
        try:
            kind(str(home / collection), name)
        except Exception as error:  # whatever the network, the disk or the server may raise: the fix is the same
            raise HwgenError(f"{name} is not there and cannot be downloaded ({error})", str(home),
                             f"put the {collection} files in {own}, or name their folder with HWGEN_DATA") from error
        raw = own
    # PyG writes its processed form beside the raw files: work on a copy, so that the user's folder stays as it is.
    with scratch_folder() as scratch:
        shutil.copytree(raw, Path(scratch, name, "raw"))
        with contextlib.redirect_stderr(io.StringIO()):
            return kind(str(scratch), name), raw
