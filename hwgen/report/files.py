"""The files of ``report/``: facts to text by name, and the facts of a folder back."""

import json
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ..errors import HwgenError
from ..files import read_json
from .facts import Report
from .finn import finn_files
from .html import render

__all__ = ["read_report", "report_files"]


def report_files(report: Report) -> dict[str, str]:
    """File name -> text: ``report.json`` with all facts, FINN's views of them, and ``report.html``."""
    files: dict[str, Any] = {"report.json": report.to_dict(), **finn_files(report)}
    text = {name: json.dumps(content, indent=2) + "\n" for name, content in files.items()}
    return {**text, "report.html": render(report)}


def read_report(build: Path) -> Report:
    """``report/report.json`` of a build folder.

    Raises
    ------
    HwgenError
        No such file, or one that this version of hwgen did not write.
    """
    path = build / "report" / "report.json"
    content = read_json(path)
    try:
        found = _read(Report, content, "the report")
    except ValueError as error:
        raise HwgenError(f"{error}: not a report of this version of hwgen", str(path), "build again") from None
    assert isinstance(found, Report)
    return found


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Field -> type; a report may have thousands of runs."""
    return get_type_hints(kind)


def _read(kind: Any, data: Any, name: str) -> Any:
    """Plain data as the type that an annotation names; ValueError says what does not fit it."""
    if kind is object:
        return data
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        if not isinstance(data, dict) or data.keys() != hints.keys():
            keys = sorted(hints.keys() ^ set(data)) if isinstance(data, dict) else [repr(data)]
            raise ValueError(f"{name} has {', '.join(keys)} missing or unknown")
        return kind(**{key: _read(hint, data[key], key) for key, hint in hints.items()})
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if data is None else _read(next(each for each in inner if each is not type(None)), data, name)
    if origin is Literal:
        good = data in inner
    elif origin is tuple:
        kinds = inner[:1] * len(data) if inner[-1] is ... and isinstance(data, list) else inner
        if isinstance(data, list) and len(data) == len(kinds):
            return tuple(_read(each, value, name) for each, value in zip(kinds, data, strict=True))
        good = False
    elif origin is dict:
        if isinstance(data, dict):
            return {key: _read(inner[1], value, name) for key, value in data.items()}
        good = False
    else:
        good = isinstance(data, (int, float) if kind is float else kind)
    if not good:
        raise ValueError(f"{name} is {data!r}")
    return data
