"""The file of a checkpoint: opened without running code, written whole or not at all."""

import io
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch
from numpy.typing import NDArray

from ..documents import open_regular
from ..errors import HwgenError
from ..kinds import shown
from ..scratch import write_whole
from .user_file import is_user_file

__all__ = ["FORMAT", "SAVE", "VERSION", "open_checkpoint", "plain_arrays", "write_checkpoint"]

#: Bytes of a checkpoint, and of its names and numbers: these become objects of many times their size.
MOST_BYTES, MOST_PICKLE = 1 << 29, 8 << 20

#: What arrays of a checkpoint are made of.
DTYPES = (torch.float32, torch.float64, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool)

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
    with open_regular(path, MOST_BYTES, "a checkpoint", "name an existing checkpoint file, such as model.pt") as file:
        _check_archive(file, where)
        content = _unpickled(file, where)
    if isinstance(content, dict) and content and all(isinstance(each, torch.Tensor) for each in content.values()):
        raise HwgenError("weights of a PyTorch model, not an hwgen checkpoint", where,
                         f"make a checkpoint: hwgen quantize net.py:Net --weights {where} --data DATA -o model.pt")
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise HwgenError("a PyTorch file, but not an hwgen checkpoint", where, SAVE)
    if content.get("version") != VERSION:
        raise HwgenError(f"format version {shown(content.get('version'))}, and only {VERSION} is read",
                         f"{where}: version", "make the checkpoint again: " + SAVE)
    return content


def _check_archive(file: BinaryIO, where: str) -> None:
    """Look at the directory before anything is unpacked: nothing is larger inside than the file, or damaged."""
    head = file.read(4)
    if head[:1] == b"\x80":
        raise _pickled(where)
    if not head:
        raise HwgenError("the file is empty", where, "write or copy it again")
    if head != b"PK\x03\x04":
        raise HwgenError("not a checkpoint", where, SAVE)
    try:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - 22))
        if file.read(4) != b"PK\x05\x06":
            raise zipfile.BadZipFile("it does not end where its directory ends")
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if sum(each.file_size for each in members) > size:
                raise HwgenError("larger inside than the file, which hwgen writes without compression", where, SAVE)
            large = [each for each in members if each.filename.endswith(".pkl") and each.file_size > MOST_PICKLE]
            if large:
                raise HwgenError(f"{large[0].file_size:,} bytes in place of names and numbers", where, SAVE)
            broken = archive.testzip()
        if broken is not None:
            raise zipfile.BadZipFile(f"{shown(broken)} is damaged")
    except HwgenError:
        raise
    except Exception as error:  # whatever a damaged directory leads to
        raise HwgenError(f"the file is truncated or damaged ({error})", where, "write or copy it again") from error


def _unpickled(file: BinaryIO, where: str) -> object:
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of kinds of tensors that hwgen refuses anyway
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _pickled(where) from error
    except Exception as error:  # a pickle that is cut or made up raises anything
        raise HwgenError("not a checkpoint", where, SAVE) from error


def plain_arrays(tensors: object, where: str) -> dict[str, NDArray[Any]]:
    """Arrays out of a dictionary of plain tensors; others may be larger than they look, or no numbers at all.

    Raises
    ------
    HwgenError
        Names the entry.
    """
    if not isinstance(tensors, dict):
        raise HwgenError(f"a {type(tensors).__name__}, not a dictionary of tensors", where, SAVE)
    arrays = {}
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not name.isprintable():
            raise HwgenError(f"an entry is called {shown(name)}", where, SAVE)
        wrong = _odd(tensor)
        if wrong:
            raise HwgenError(f"entry {name} is {wrong}, not a plain tensor", f"{where}: {name}", SAVE)
        arrays[name] = tensor.numpy()
    if sum(array.size for array in arrays.values()) * 8 > MOST_BYTES:  # many may share what the file holds once
        raise HwgenError("more numbers than a checkpoint may hold", where, SAVE)
    return arrays


def _odd(tensor: object) -> str:
    """Why a value is none of the tensors that hwgen writes; empty if it is one."""
    if type(tensor) is not torch.Tensor:
        return f"a {type(tensor).__name__}"
    if tensor.layout is not torch.strided or tensor.device.type != "cpu" or tensor.dtype not in DTYPES:
        return f"{tensor.layout}, {tensor.dtype} on {tensor.device.type}"
    if tensor.requires_grad or tensor.is_conj() or tensor.is_neg():
        return "part of a computation"
    there = tensor.untyped_storage().nbytes() // tensor.element_size()
    return "" if tensor.numel() <= there else f"{tuple(tensor.shape)}, of which the file has {there}"


def _pickled(where: str) -> HwgenError:
    return HwgenError("a pickled Python object, not a checkpoint", where,
                      "loading a pickle runs code that it holds: write the model with hwgen.save instead")
