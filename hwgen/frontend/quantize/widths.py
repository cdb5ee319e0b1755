"""Bits of single values: what a scheme's ``widths`` name, as layer-wise and component-wise granularity need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...errors import HwgenError
from ...schemes import Scheme
from ..traced import TracedNetwork, TracedValue

__all__ = ["Widths"]


class Widths:
    """The width of every value but the result: that of ``widths``, else the scheme's.

    Parameters
    ----------
    plan : TracedNetwork
    scheme : Scheme
    signed : mapping of name to bool
        Whether a value can be negative.

    Raises
    ------
    HwgenError
        A key that names no value and no layer, or a width that the value cannot have.
    """

    def __init__(self, plan: TracedNetwork, scheme: Scheme, signed: Mapping[str, bool]) -> None:
        self._scheme, self._given = scheme, dict[str, tuple[int, ...]]()
        stored = [value for value in plan.values if value.role != "result"]
        names = {value.name for value in stored}
        # A layer stands for all its values, those that are named for themselves: layers first, the outer ones before.
        for key in sorted(scheme.widths, key=lambda key: (key in names, len(key))):
            meant = [value for value in stored if value.name == key] or [
                value for value in stored if value.path == key or value.path.startswith(f"{key}.")]
            if not meant:
                raise HwgenError(f"widths name {key!r}, which is no value and no layer that stores one", "widths",
                                 f"use one of {', '.join(value.name for value in stored)}")
            given = scheme.widths[key]
            for value in meant:
                self._given[value.name] = self._fitting(given, value, signed[value.name])

    def of_message(self, value: TracedValue) -> int:
        """Of a message."""
        return self._given.get(value.name, (self._scheme.message_bits,))[0]

    def of_rows(self, value: TracedValue) -> Scheme:
        """The scheme with the widths of a value by row: one, or one for each bucket of degrees."""
        given = self._given.get(value.name, self._scheme.bucket_bits)
        if _by_degree(value, self._scheme):
            return replace(self._scheme, bucket_bits=given * (len(self._scheme.bucket_bits) // len(given)))
        return replace(self._scheme, bits=max(given)) if given else self._scheme  # graphs have no degree

    def _fitting(self, given: int | tuple[int, ...], value: TracedValue, signed: bool) -> tuple[int, ...]:
        scheme, widths = self._scheme, given if isinstance(given, tuple) else (given,)
        if len(widths) > 1 and not _by_degree(value, scheme):
            raise HwgenError(f"{len(widths)} widths of {value.name}, of which no row has its own", "widths",
                             "give it one width")
        least, most = 1 + int(signed), 8 if value.role == "message" else scheme.most
        if value.role == "activation" and scheme.least == 0:
            least = 0
        for bits in widths:
            if not least <= bits <= most:
                kind = "signed" if signed else "never negative"
                raise HwgenError(f"{bits} bits of {value.name}, which is {kind}", "widths",
                                 f"use {least} to {most} bits" + ("" if most == 8 else ", or raise most of the scheme"))
        return widths


def _by_degree(value: TracedValue, scheme: Scheme) -> bool:
    """Whether the rows of a value have widths by bucket."""
    return bool(scheme.splits) and value.role == "activation" and value.domain == "nodes"
