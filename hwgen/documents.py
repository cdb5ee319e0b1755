"""JSON and TOML of ours, out of regular files.

Every reader of such a file goes through here and :mod:`.kinds`: no depth, size, number or name in it may do harm.
"""

import json
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import BinaryIO, TypeVar, get_type_hints

from .errors import HwgenError
from .kinds import read_as

__all__ = ["MOST_TOML", "open_regular", "parse_json", "parse_toml", "read_json", "read_text"]

T = TypeVar("T")

#: Bytes of a file of JSON, and of TOML, whose reader takes the square of the time.
MOST_JSON, MOST_TOML = 32 << 20, 16 << 10
#: Parts of a key of TOML.
MOST_KEY = 500


def open_regular(path: Path, most: int, what: str, fix: str) -> BinaryIO:
    """Open a regular file, or a link to one; never a pipe or a device, which may have no end.

    Parameters
    ----------
    most : int
        Bytes that it may have.
    what : str
        What it should be, for messages.

    Raises
    ------
    HwgenError
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise HwgenError(f"cannot be read: {why}", str(path), fix) from None
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > most:
        os.close(handle)
        found = "not a regular file" if not stat.S_ISREG(facts.st_mode) else (
            f"{facts.st_size:,} bytes, and {what} has {most:,} at most")
        raise HwgenError(found, str(path), fix)
    return os.fdopen(handle, "rb")


def read_text(path: Path, fix: str, most: int = MOST_JSON) -> str:
    """The text of a regular file.

    Raises
    ------
    HwgenError
        There is none, it is no such file, too large, or no UTF-8.
    """
    with open_regular(path, most, "a file of this kind", fix) as file:
        try:
            return file.read(most + 1).decode()
        except (OSError, ValueError) as error:
            raise HwgenError(f"no text: {error}", str(path), fix) from None


def parse_json(text: str, where: str, fix: str) -> object:
    """JSON; infinities and NaN are refused, as is what is nested too deep, and numbers of thousands of digits.

    Raises
    ------
    HwgenError
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise HwgenError("nested too deep", where, fix) from None
    except ValueError as error:
        raise HwgenError(f"not JSON: {str(error)[:200]}", where, fix) from None


def parse_toml(text: str, where: str, fix: str) -> object:
    """TOML, with the same limits.

    Raises
    ------
    HwgenError
    """
    try:
        if max(map(len, re.findall(r"(?:\.\s*[\w\"'-]+\s*)+", text)), default=0) > MOST_KEY:
            raise RecursionError  # a key of thousands of parts, for which the reader takes the square of the time
        return tomllib.loads(text)
    except RecursionError:
        raise HwgenError("nested too deep", where, fix) from None
    except ValueError as error:
        raise HwgenError(f"not TOML: {str(error)[:200]}", where, fix) from None


def read_json(kind: type[T], path: Path, fix: str, *, more: bool = False) -> T:
    """A file of JSON as a type.

    Parameters
    ----------
    more : bool
        Whether the file may have further keys, for others to read.

    Raises
    ------
    HwgenError
        No such file, or one that holds something else; names the key.
    """
    data = parse_json(read_text(path, fix), str(path), fix)
    if more and isinstance(data, dict):
        known = get_type_hints(kind)
        data = {key: value for key, value in data.items() if key in known}
    return read_as(kind, data, str(path), fix)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")
