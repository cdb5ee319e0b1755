"""Plain data held against the type that an annotation names: a dataclass, a TypedDict, or what these are made of.

Numbers are finite and within 64 bit, or ``Annotated`` with :class:`Within`; text is printable.
"""

import math
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
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

__all__ = ["Count", "Within", "read_as", "shown"]

T = TypeVar("T")

MOST_TEXT = 100_000

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


def read_as(kind: type[T], data: object, where: str, fix: str | None = None) -> T:
    """Plain data as a type: dataclasses are made, all else stays as it is, tuples made of lists.

    A dataclass's field whose default is None may be missing.

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
        optional = name in getattr(kind, "__optional_keys__", ()) or (
            is_dataclass(kind) and getattr(kind, name, hint) is None)
        if name in data:
            made[name] = _read(hint, data[name], _below(key, name))
        elif not optional:
            raise _WrongError(key, f"key {_below(key, name)} is missing", f"complete: {name} is {_noun(hint)}")
    return made if is_typeddict(kind) else kind(**made)


def _choice(kinds: tuple[Any, ...], data: object, key: str) -> Any:
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


def _is_plain(kind: Any, data: object) -> bool:
    if kind is str:
        return isinstance(data, str) and data.isprintable() and len(data) <= MOST_TEXT
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
