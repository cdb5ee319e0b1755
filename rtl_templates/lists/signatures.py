"""Interfaces between the stages of a unit. Streams are ``amaranth.lib.stream``: valid, ready, payload."""

from amaranth import Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from ..cells.formats import RAW_BITS
from .formats import ACC_BITS, BEAT, COLUMN_ADDRESS, CONTEXT, ENTRY_BITS, PASS, PLACE, ROW_ADDRESS

__all__ = ["RowPort", "RowWrite", "accumulated_layout", "beat_layout", "coded_layout", "context_layout", "pass_layout"]

beat_layout = data.StructLayout(dict(BEAT))
pass_layout = data.StructLayout(dict(PASS))
context_layout = data.StructLayout(dict(CONTEXT))


def accumulated_layout(lanes: int) -> data.StructLayout:
    """One accumulated operand of one chunk, on its way into a requantizer; ``context`` counts where ``end`` does."""
    return data.StructLayout({
        "x": lanes * ACC_BITS, "column": COLUMN_ADDRESS, "bias": COLUMN_ADDRESS, "mid": 2, "join_max": 1, "first": 1,
        "last": 1, "end": 1, "row": ROW_ADDRESS, "context": context_layout,
    })


def coded_layout(lanes: int) -> data.StructLayout:
    """One chunk of a row's codes (or raw results); ``bits`` and ``context`` are the same in all chunks of a row."""
    return data.StructLayout({"data": lanes * RAW_BITS, "end": 1, "bits": 4, "context": context_layout})


class RowPort(wiring.PureInterface):
    """Signals of a word written to the node buffers, for annotations."""

    enable: Signal
    address: Signal
    data: Signal
    entry: Signal


class RowWrite(wiring.Signature):
    """A word written to every unit's node buffer: a word a cycle, no back-pressure."""

    def __init__(self, *, lanes: int, code_bits: int) -> None:
        super().__init__({"enable": Out(1), "address": Out(PLACE), "data": Out(lanes * code_bits),
                          "entry": Out(ENTRY_BITS)})
