"""Hardware parameters of a design of edge lists: what the RTL is sized for. Everything else is an image."""

from dataclasses import asdict, dataclass

from rtl_templates.cells.mac_plan import TABLE_WORDS
from rtl_templates.lists.formats import (
    ACC_BITS,
    CODE_BITS,
    COLUMN_ADDRESS,
    PASS,
    PASSES,
    PLACE,
    ROW_ADDRESS,
    weight_blocks,
    weight_plan,
)

from ...errors import HwgenError

__all__ = ["Hardware"]

@dataclass(frozen=True, kw_only=True)
class Hardware:
    """Parameters of :class:`rtl_templates.lists.accelerator.Accelerator`, field by field.

    Parameters
    ----------
    units : int
        Copies of the node buffer, each with its pipeline: 1, 2 or 4.
    lanes : int
        Channels of a buffer word, and columns of the MAC array; a multiple of 8, 8 to 64.
    code_bits : int
        Stored width of a code, 4 or 8.
    acc_bits : int
        Signed bits of the accumulators of rows, more than ``code_bits``, 24 at most.
    requant_lanes : int
        Channels requantized a cycle; divides ``lanes``.
    chunks : int
        Longest row, in words, before and after the MAC array.
    weight_bits : int
        Of the MAC array, 2 to 8; 0: no MAC array.
    pages : int
        Weight pages (lanes × lanes) that stay resident.
    buffer_depth : int
        Words of the node buffer: all tensors, and weight rows.
    list_depth : int
        Words of 8 list entries, each unit.
    descriptor_depth : int
        Words of 2 descriptors, each unit.
    column_depth : int
        Chunks of column constants of each requantizer.
    param_depth : int
        Row parameters of each requantizer.
    levels : int
        Steps of the search for the nearest entry, at most 10; 0: no search.
    tables : int
        Tables of thresholds of each requantizer.
    passes, beats : int
        Longest program.
    result_depth : int
        Words of 8 results, each unit.
    leaky : int
        1 where slopes other than 0 and 1 occur.
    joined : int
        1 where chunks have several operands.
    maxima : int
        1 where a list or an operand takes a maximum.
    lut_inputs : int
        Of the MAC array, less than ``lanes``: with 8 pages and more, where tables are block memories, those of so many
        inputs are look-up tables all the same.
    table_words : int
        Words of a memory of look-up tables, for which the MAC array is divided: 32; 16 where look-up tables have four
        inputs. It follows from the board.
    """

    units: int = 1
    lanes: int = 32
    code_bits: int = 8
    acc_bits: int = 24
    requant_lanes: int = 8
    chunks: int = 4
    weight_bits: int = 4
    pages: int = 8
    buffer_depth: int = 4096
    list_depth: int = 1024
    descriptor_depth: int = 1024
    column_depth: int = 64
    param_depth: int = 1024
    levels: int = 6
    tables: int = 16
    passes: int = 16
    beats: int = 64
    result_depth: int = 512
    leaky: int = 0
    joined: int = 1
    maxima: int = 0
    lut_inputs: int = 0
    table_words: int = TABLE_WORDS

    def verify(self) -> None:
        """Refuse values that no template implements.

        Raises
        ------
        HwgenError
        """
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise HwgenError(f"{name} is {getattr(self, name)}", f"hardware.{name}",
                                 f"use one of {', '.join(map(str, values))}")
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise HwgenError(f"{name} is {getattr(self, name)}", f"hardware.{name}", f"use {low} to {high}")
        if self.lanes % self.requant_lanes:
            raise HwgenError(f"{self.requant_lanes} requantizer lanes do not divide {self.lanes} lanes",
                             "hardware.requant_lanes", "use a divisor of the lanes")
        if self.lut_inputs >= self.lanes:
            raise HwgenError(f"lut_inputs is {self.lut_inputs} of {self.lanes} lanes", "hardware.lut_inputs",
                             f"use 0 to {self.lanes - 1}")
        if self.weight_bits == 1:
            raise HwgenError("weight_bits is 1", "hardware.weight_bits", "use 0 (no MAC array) or 2 to 8")
        if self.lut_inputs and weight_blocks(self.to_dict()):
            try:
                weight_plan(self.to_dict())
            except ValueError:
                raise HwgenError(f"no tables of {self.lanes} lanes have {self.lut_inputs} inputs in look-up tables and "
                                 "the others in block memories", "hardware.lut_inputs",
                                 f"use 0 or {3 * self.lanes // 8}") from None

    def to_dict(self) -> dict[str, int]:
        """Plain integers, as templates and config.json take them."""
        return asdict(self)


_CHOICES = {"units": (1, 2, 4), "lanes": tuple(range(8, 65, 8)), "code_bits": (4, CODE_BITS), "leaky": (0, 1),
            "joined": (0, 1), "maxima": (0, 1), "table_words": (16, TABLE_WORDS)}
_RANGES = {
    "acc_bits": (CODE_BITS + 1, ACC_BITS), "requant_lanes": (1, 64), "chunks": (1, (1 << PASS["in_chunks"]) - 1),
    "weight_bits": (0, 8), "pages": (1, 1 << PASS["page"]), "buffer_depth": (2, 1 << PLACE),
    "list_depth": (2, 1 << 21), "descriptor_depth": (2, 1 << 16), "column_depth": (1, 1 << COLUMN_ADDRESS),
    "param_depth": (1, 1 << ROW_ADDRESS), "levels": (0, 10), "tables": (1, 1 << PASS["q1_table"]),
    "passes": (1, PASSES), "beats": (1, 1 << PASS["beat_start"]), "result_depth": (2, 1 << 16),
    "lut_inputs": (0, 63),
}
