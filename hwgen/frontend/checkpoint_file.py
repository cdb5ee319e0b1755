"""The file of a checkpoint: opened without running code, written whole or not at all."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from ..errors import HwgenError
from ..scratch import write_whole
from .user_file import is_user_file

__all__ = ["FORMAT", "SAVE", "VERSION", "open_checkpoint", "write_checkpoint"]

#: What a checkpoint says it is. The version changes with the format; no other is read.
FORMAT, VERSION = "hwgen", 3

SAVE = "write one with hwgen train, hwgen quantize or hwgen.save"


def write_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Replace a file whole or not at all; the same content gives the same bytes.

    Raises
    ------
    HwgenError
        If the path cannot be written.
    """
    # Through a buffer: torch names the archive after the file, and the same model shall give the same bytes.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    try:
        write_whole(path, buffer.getbuffer())
    except OSError as error:
        raise HwgenError(f"cannot write the checkpoint: {error.strerror}", str(path),
                         "name a file in a folder that exists and that you may write to") from error


def open_checkpoint(path: Path) -> dict[str, Any]:
    """The dictionary in a checkpoint, not yet checked further.

    Raises
    ------
    HwgenError
        Not a checkpoint, a pickled module, a truncated file, or another format version.
    """
    where = str(path)
    if is_user_file(where):
        raise HwgenError("a Python file, not a checkpoint", where,
                         f"make a checkpoint: hwgen quantize {where} --data DATA -o model.pt, then name model.pt")
    try:
        with path.open("rb") as file:
            head = file.read(4)
        whole = zipfile.is_zipfile(path)
    except OSError as error:
        raise HwgenError(f"cannot read the checkpoint: {error.strerror}", where,
                         "name an existing checkpoint file, such as model.pt") from error
    if head[:1] == b"\x80":
        raise _pickled(where)
    if not head:
        raise HwgenError("the file is empty", where, "write or copy it again")
    if head != b"PK\x03\x04":
        raise HwgenError("not a checkpoint", where, SAVE)
    try:
        if not whole:
            raise zipfile.BadZipFile("no directory at its end")
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
        if broken is not None:
            raise zipfile.BadZipFile(f"{broken} is damaged")
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise HwgenError(f"the file is truncated or damaged ({error})", where, "write or copy it again") from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _pickled(where) from error
    except (RuntimeError, ValueError, KeyError, EOFError) as error:
        raise HwgenError("not a checkpoint", where, SAVE) from error
    if isinstance(content, dict) and content and all(isinstance(each, torch.Tensor) for each in content.values()):
        raise HwgenError("weights of a PyTorch model, not an hwgen checkpoint", where,
                         f"make a checkpoint: hwgen quantize net.py:Net --weights {where} --data DATA -o model.pt")
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise HwgenError("a PyTorch file, but not an hwgen checkpoint", where, SAVE)
    if content.get("version") != VERSION:
        raise HwgenError(f"format version {content.get('version')!r}, and only {VERSION} is read",
                         f"{where}: version", "make the checkpoint again: " + SAVE)
    return content


def _pickled(where: str) -> HwgenError:
    return HwgenError("a pickled Python object, not a checkpoint", where,
                      "loading a pickle runs code that it holds: write the model with hwgen.save instead")
