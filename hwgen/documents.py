"""JSON and TOML of ours: out of a regular file, and held against the type that an annotation names.

Every reader of such a file goes through here: no depth, size, number or name in it may do harm. A type is a dataclass,
a TypedDict, or what these are made of; numbers are finite and within 64 bit, or ``Annotated`` with :class:`Within`;
text is printable.
"""

import json
import math
import os
import re
import reprlib
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    BinaryIO,
    Literal,
    NotRequired,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from .errors import HwgenError

__all__ = ["MOST_TOML", "Count", "Within", "open_regular", "parse_json", "parse_toml", "read_as", "read_json",
           "read_text", "shown"]

T = TypeVar("T")

#: Bytes of a file of JSON, and of TOML, whose reader takes the square of the time.
MOST_JSON, MOST_TOML = 32 << 20, 16 << 10
_MOST_TEXT, MOST_KEY = 100_000, 500

_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxtuple, _SHORT.maxdict, _SHORT.maxstring = 3, 4, 4, 4, 80


@dataclass(frozen=True)
class Within:
    """Bounds of a number, both included."""

    low: float
    high: float


Count = Annotated[int, Within(0, (1 << 53) - 1)]
"""A number of things."""


def shown(value: object) -> str:
    """A value for messages: short, whatever it is."""
    return _SHORT.repr(value).encode("ascii", "backslashreplace").decode()


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


def read_as(kind: type[T], data: object, where: str, fix: str | None = None) -> T:
    """Plain data as a type: dataclasses are made, all else stays as it is, tuples made of lists.

    Parameters
    ----------
    where : str
        File, for messages.
    fix : str or None
        What mends it; None: to make the entry what it should be.

    Raises
    ------
    HwgenError
        Names the key: it is missing, unknown, or holds something else.
    """
    try:
        found: T = _read(kind, data, "")
    except _WrongError as wrong:
        place = f"{where}: {wrong.key}" if wrong.key else where
        raise HwgenError(wrong.what, place, fix or f"make it {wrong.noun}") from None
    return found


class _WrongError(Exception):
    def __init__(self, key: str, what: str, noun: str) -> None:
        self.key, self.what, self.noun = key, what, noun
        super().__init__(what)


@cache
def _hints(kind: Callable[..., Any]) -> dict[str, Any]:
    """Field -> type; a report may have thousands of runs."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: get_args(hint)[0] if get_origin(hint) is NotRequired else hint for name, hint in hints.items()}


def _read(kind: Any, data: Any, key: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        value = _read(inner[0], data, key)
        if any(isinstance(each, Within) and not each.low <= value <= each.high for each in inner[1:]):
            raise _wrong(kind, data, key)
        return value
    if is_dataclass(kind) or is_typeddict(kind):
        return _record(kind, data, key)
    if origin in (UnionType, Union):
        return _choice(inner, data, key)
    if origin in (tuple, list) and isinstance(data, list):
        kinds = inner[:1] * len(data) if origin is list or inner[-1] is ... else inner
        if len(data) == len(kinds):
            made = [_read(each, value, f"{key}[{index}]")
                    for index, (each, value) in enumerate(zip(kinds, data, strict=True))]
            return made if origin is list else tuple(made)
    elif origin in (dict, Mapping) and isinstance(data, dict):
        return {_read(str, name, key): _read(inner[1], value, _below(key, name)) for name, value in data.items()}
    elif (origin is Literal and isinstance(data, str | int) and data in inner) or _is_plain(kind, data):
        return data
    raise _wrong(kind, data, key)


def _record(kind: Callable[..., Any], data: Any, key: str) -> Any:
    """A dataclass, or a mapping with the keys of a TypedDict."""
    if not isinstance(data, dict):
        raise _wrong(kind, data, key)
    hints = _hints(kind)
    for name in data:
        if name not in hints:
            known = ", ".join(_below(key, each) for each in hints)
            raise _WrongError(key, f"unknown key {_below(key, shown(name)[1:-1])}", f"one of {known}")
    made = {}
    for name, hint in hints.items():
        optional = name in getattr(kind, "__optional_keys__", ())
        if name in data:
            made[name] = _read(hint, data[name], _below(key, name))
        elif not optional:
            raise _WrongError(key, f"key {_below(key, name)} is missing", f"complete: {name} is {_noun(hint)}")
    return made if is_typeddict(kind) else kind(**made)


def _choice(kinds: tuple[Any, ...], data: Any, key: str) -> Any:
    """The first of some types that fits; what is wrong with the only one that could."""
    records = [each for each in kinds if each is not NoneType]
    if data is None and NoneType in kinds:
        return None
    if len(records) == 1:
        return _read(records[0], data, key)
    for each in records:
        try:
            return _read(each, data, key)
        except _WrongError:
            continue
    raise _wrong(Union[kinds], data, key)  # noqa: UP007


def _is_plain(kind: Any, data: Any) -> bool:
    if kind is str:
        return isinstance(data, str) and data.isprintable() and len(data) <= _MOST_TEXT
    if kind is bool or isinstance(data, bool):
        return kind is bool and isinstance(data, bool)
    if kind is int or isinstance(data, int):
        return kind in (int, float) and isinstance(data, int) and -(1 << 63) <= data < 1 << 63
    return kind is float and isinstance(data, float) and math.isfinite(data)


def _wrong(kind: Any, data: object, key: str) -> _WrongError:
    return _WrongError(key, f"{key or 'the content'} is {shown(data)}", _noun(kind))


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _noun(kind: Any) -> str:
    """What a type is, for messages."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        bounds = next(each for each in inner[1:] if isinstance(each, Within))
        return f"{_noun(inner[0])} from {bounds.low:g} to {bounds.high:g}"
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if origin in (UnionType, Union):
        return " or ".join(_noun(each) for each in inner)
    nouns = {str: "printable text", int: "an integer", float: "a finite number", bool: "true or false",
             NoneType: "null"}
    return nouns.get(kind, "a list" if origin in (tuple, list) else "a table")


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")
