"""Bits of single values: what a scheme's ``widths`` name, as layer-wise and component-wise granularity need it."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import HwgenError
from ...schemes import Scheme
from ..traced import TracedNetwork, TracedValue

__all__ = ["widths_of"]


def widths_of(plan: TracedNetwork, scheme: Scheme, signed: Mapping[str, bool]) -> dict[str, float]:
    """The width of every value but the result, by name: that of ``widths``, else the scheme's.

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
    stored = [value for value in plan.values if value.role != "result"]
    found: dict[str, float] = {value.name: scheme.message_bits if value.role == "message" else scheme.bits
                               for value in stored}
    names = {value.name for value in stored}
    # A layer stands for all its values, those that are named for themselves: layers first, the outer ones before.
    for key in sorted(scheme.widths, key=lambda key: (key in names, len(key))):
        meant = [value for value in stored if value.name == key] or [
            value for value in stored if value.path == key or value.path.startswith(f"{key}.")]
        if not meant:
            raise HwgenError(f"widths name {key!r}, which is no value and no layer that stores one", "widths",
                             f"use one of {', '.join(value.name for value in stored)}")
        for value in meant:
            found[value.name] = _fitting(scheme.widths[key], value, scheme, signed[value.name])
    return found


def _fitting(bits: int, value: TracedValue, scheme: Scheme, signed: bool) -> float:
    least, most = 1 + int(signed), 8 if value.role == "message" else scheme.most
    if value.role == "activation" and scheme.least == 0:
        least = 0
    if not least <= bits <= most:
        raise HwgenError(f"{bits} bits of {value.name}, which is {'signed' if signed else 'never negative'}", "widths",
                         f"use {least} to {most} bits" + ("" if most == 8 else ", or raise most of the scheme"))
    return bits
