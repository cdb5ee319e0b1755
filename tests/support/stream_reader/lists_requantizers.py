"""Both requantizers and the MAC array of the edge-list hardware, as docs/lists.md states them, on loaded memories."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwgen.targets.lists.arithmetic import activate, encode, round_value
from rtl_templates.cells.formats import Kind
from rtl_templates.lists.formats import (
    ACC_BITS,
    BIAS_SHIFT,
    COLUMN_BITS,
    MID_BITS,
    MID_SHIFTS,
    P_BITS,
    PARAM,
    V_BITS,
    Select,
    Target,
    weight_plan,
)
from rtl_templates.shell.words import unpack

from .lists_memories import Memories
from .memories import ImageError

__all__ = ["Context", "Requantizers", "fits", "select_row"]

Ints = NDArray[np.int64]


@dataclass
class Context:
    """What is known of a row on its way."""

    degree: int = 0
    node: int = 0
    entry: int = 0


class Requantizers:
    """What happens to a row behind its sums."""

    def __init__(self, memories: Memories) -> None:
        self.memories = memories

    def final(self, task: dict[str, int], name: str, stage: int, values: list[Ints],
               context: Context) -> tuple[Ints, int]:
        """Codes of a row, int64 [chunks * lanes], and their width; the entry goes into the context."""
        value = activate(fits(np.concatenate(values), V_BITS, "V"), task[f"{name}_slope"])
        if task[f"{name}_kind"] == Kind.RAW:
            return value, 0
        select, base = task[f"{name}_select"], task[f"{name}_base"]
        if select == Select.NEAREST:
            context.entry = self._nearest(task[f"{name}_table"], stage, int(np.abs(value).max()))
            address = base + context.entry
        else:
            address, context.entry = select_row(select, base, task[f"{name}_limit"], context)
        param = self.param(stage, address)
        codes = encode(value[None], np.array([param["multiplier"]]), np.array([param["bits"]]),
                       signed=task[f"{name}_kind"] == Kind.SIGNED)
        return codes[0], param["bits"]

    def _nearest(self, table: int, stage: int, peak: int) -> int:
        prefix = 0
        for level in range(self.memories.hardware.levels):
            threshold = self.memories.word(Target.THRESHOLD, 16 * stage + level, table << level | prefix)
            prefix = prefix << 1 | int(peak > threshold)
        return prefix

    def combine(self, task: dict[str, int], codes: Ints, bits: int, context: Context) -> Ints:
        """The MAC array and the second requantizer."""
        lanes = self.memories.hardware.lanes
        multiplier = self.param(1, select_row(task["row_select"], task["row_base"], task["row_limit"], context)[0])
        values, plan = [], weight_plan(self.memories.hardware.to_dict())
        for out in range(task["out_chunks"]):
            x = np.zeros(lanes, dtype=np.int64)
            for chunk in range(task["in_chunks"]):
                page = task["page"] + out * task["in_chunks"] + chunk
                for plane in range(bits):
                    negate = int(task["q1_kind"] == Kind.SIGNED and plane == bits - 1)
                    x += np.array(self.memories.plane_sums(
                        Target.TABLE, plan, page, (codes[chunk * lanes : (chunk + 1) * lanes] >> plane & 1).tolist(),
                        negate)) << plane
            fits(x, ACC_BITS, "x")
            column = self.memories.lanes(Target.COLUMN, 1, task["column"] + out, COLUMN_BITS)
            mid = fits(x * column >> MID_SHIFTS[task["mid"]], MID_BITS, "mid")
            bias = self.memories.biases(1, task["bias"] + out) << BIAS_SHIFT
            values.append(round_value(fits(mid * multiplier["multiplier"] + bias, P_BITS, "P")))
        return self.final(task, "q2", 1, values, context)[0]

    def param(self, stage: int, address: int) -> dict[str, int]:
        return unpack(PARAM, self.memories.word(Target.PARAM, stage, address))


def select_row(select: int, base: int, limit: int, context: Context) -> tuple[int, int]:
    """Address of a row parameter, and the entry that it is."""
    entry = {Select.CONSTANT: 0, Select.DEGREE: min(context.degree, limit), Select.NODE: context.node,
             Select.ENTRY: context.entry}[Select(select)]
    return base + entry, entry


def fits(values: Ints, bits: int, name: str) -> Ints:
    """The values, which must be signed numbers of so many bits."""
    if values.size and (values.min() < -(1 << (bits - 1)) or values.max() >= 1 << (bits - 1)):
        raise ImageError(f"{name} reaches {values.min()} or {values.max()}, beyond {bits} bits")
    return values
