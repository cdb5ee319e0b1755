"""Words of the load stream as plain data: the width of a beat, its header, and fields packed into words."""

from collections.abc import Mapping

__all__ = ["BEAT_BITS", "END", "HEADER", "pack", "unpack"]

BEAT_BITS = 128
END = 0  # target that ends a load; the other targets are of whoever listens

#: A header beat, lowest field first: name -> width.
HEADER: Mapping[str, int] = {"target": 8, "unit": 16, "reserved": 8, "address": 32, "count": 32}


def pack(layout: Mapping[str, int], **values: int) -> int:
    """Pack fields into one integer, lowest field first; every value must fit its field."""
    word = offset = 0
    for name, width in layout.items():
        value = values.pop(name, 0)
        if not 0 <= value < 1 << width:
            raise ValueError(f"{name} is {value}, which does not fit {width} bits")
        word |= value << offset
        offset += width
    if values:
        raise ValueError(f"unknown fields {sorted(values)}")
    return word


def unpack(layout: Mapping[str, int], word: int) -> dict[str, int]:
    """Inverse of :func:`pack`."""
    fields = {}
    for name, width in layout.items():
        fields[name] = word & ((1 << width) - 1)
        word >>= width
    return fields
