"""Batches of graphs as files: images, what they must write, and how many cycles that takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...network.batch import Batch
from ..run_folder import Files, batch_files
from .cycles import estimate
from .design import BatchDesign
from .execute import run as run_reference
from .golden import expected, pass_facts
from .images import BatchImage, batch_image, to_bytes
from .layout import Layout
from .windows.pack import DonePass

__all__ = ["UNIFORM", "Packed", "cycles_by_bits", "pack_batch"]

#: Bit widths that the learned ones are compared with.
UNIFORM = (2, 4, 8)


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What a design loads, runs and stores at once: a batch, or a window of one.

    Parameters
    ----------
    layout : Layout
    image : BatchImage
    passes : sequence of DonePass
        What each pass writes, of the reference, in the batch's order of rows.
    size : dict
        For reports: ``graphs``, ``nodes`` and ``edges``; of a window its number as ``window``, its ``pass``, ``rows``
        and list ``entries``.
    own_passes : bool
        Whether it brings its passes along: they then replace the model's.
    """

    layout: Layout
    image: BatchImage
    passes: Sequence[DonePass]
    size: Mapping[str, int]
    own_passes: bool = False

    @cached_property
    def cycles(self) -> dict[str, Any]:
        """The estimate: ``total``, ``counters``, and ``passes``."""
        return estimate(self.layout, self.image, [done.bits for done in self.passes]).to_dict()

    @property
    def facts(self) -> dict[str, Any]:
        """What reports say of it: its size, beats of 16 bytes that are loaded and stored, and its cycles."""
        return {**self.size, "load_beats": len(self.image.beats),
                "store_beats": self.image.result_words * self.layout.hardware.units, **self.cycles}

    @cached_property
    def files(self) -> Files:
        """``batch.bin``, ``layout.json`` and ``golden.npz``."""
        layout, image = self.layout, self.image
        return batch_files(
            to_bytes(image.beats), expected(layout, image, self.passes), result_words=image.result_words,
            units=layout.hardware.units, scale=layout.program.passes[-1].out.scale, cycles=self.cycles, size=self.size,
            passes=pass_facts(layout.program, layout.hardware) if self.own_passes else None)

    def cycles_with(self, bits: int) -> int:
        """What it would take if every row of the MAC array had one width."""
        steps = self.layout.program.passes
        if all(step.combine is None for step in steps):
            return int(self.cycles["total"])
        widths = [np.full_like(done.bits, bits) if step.combine is not None else done.bits
                  for step, done in zip(steps, self.passes, strict=True)]
        return estimate(self.layout, self.image, widths).total


def pack_batch(plan: BatchDesign, batch: Batch) -> Packed:
    """Pack a batch and run the reference on it.

    Raises
    ------
    CapacityError
        The batch exceeds the design; says which capacity, and by how much.
    """
    return Packed(layout=plan.layout, image=batch_image(plan.layout, batch),
                  passes=run_reference(plan.program, batch).passes,
                  size={"graphs": batch.graphs, "nodes": batch.num_nodes, "edges": int(batch.edges.shape[1])})


def cycles_by_bits(packed: Sequence[Packed]) -> dict[str, int]:
    """Total cycles of some batches with the learned bit widths, and with the same one for all rows."""
    totals = {"learned": sum(int(each.cycles["total"]) for each in packed)}
    return totals | {f"uniform {bits} bit": sum(each.cycles_with(bits) for each in packed) for bits in UNIFORM}
