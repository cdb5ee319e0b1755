"""Batches of graphs as files: images, what they must write, and how many cycles that takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..estimate.stream import estimate
from ..ir.stream import Batch
from ..lower.stream.golden import image_files
from ..lower.stream.images import BatchImage, batch_image
from ..reference.stream.execute import Trace
from ..reference.stream.execute import run as run_reference
from .planning import StreamPlan

__all__ = ["UNIFORM", "Packed", "batch_folders", "cycles_by_bits", "numbered", "pack_batch"]

#: Bit widths that the learned ones are compared with.
UNIFORM = (2, 4, 8)


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A batch, packed.

    Parameters
    ----------
    plan : StreamPlan
    batch : Batch
    image : BatchImage
    trace : Trace
        Of the reference, in the batch's order of rows.
    """

    plan: StreamPlan
    batch: Batch
    image: BatchImage
    trace: Trace

    @property
    def results(self) -> NDArray[np.int64]:
        """The reference's, in the batch's order: int64 [rows, classes]."""
        return self.trace.results

    @cached_property
    def cycles(self) -> dict[str, Any]:
        """The estimate: ``total``, ``counters``, and ``passes``."""
        return estimate(self.plan.layout, self.image, [step.bits for step in self.trace.passes]).to_dict()

    @property
    def facts(self) -> dict[str, Any]:
        """What reports say of it: its size, beats of 16 bytes that are loaded and stored, and its cycles."""
        return {"graphs": self.batch.graphs, "nodes": self.batch.num_nodes, "edges": int(self.batch.edges.shape[1]),
                "load_beats": int(self.image.layout["load_beats"]),
                "store_beats": int(self.image.layout["result_words"]) * self.plan.hardware.units, **self.cycles}

    @cached_property
    def files(self) -> Mapping[str, bytes | str]:
        """``batch.bin``, ``layout.json`` and ``golden.npz``."""
        facts = self.facts
        timing = {"cycles": facts["total"], "pass_cycles": [step["cycles"] for step in facts["passes"]],
                  "counters": {name.upper(): value for name, value in facts["counters"].items()},
                  **{name: facts[name] for name in ("graphs", "nodes", "edges", "store_beats")}}
        return image_files(self.plan.layout, self.image, self.trace, timing)

    def cycles_with(self, bits: int) -> int:
        """What it would take if every row of the MAC array had one width."""
        widths = [np.full_like(done.bits, bits) if step.combine is not None else done.bits
                  for step, done in zip(self.plan.program.passes, self.trace.passes, strict=True)]
        return estimate(self.plan.layout, self.image, widths).total


def pack_batch(plan: StreamPlan, batch: Batch) -> Packed:
    """Pack a batch and run the reference on it.

    Raises
    ------
    CapacityError
        The batch exceeds the design; says which capacity, and by how much.
    """
    return Packed(plan=plan, batch=batch, image=batch_image(plan.layout, batch),
                  trace=run_reference(plan.program, batch))


def cycles_by_bits(packed: Sequence[Packed]) -> dict[str, int]:
    """Total cycles of some batches with the learned bit widths, and with the same one for all rows."""
    totals = {"learned": sum(int(each.cycles["total"]) for each in packed)}
    return totals | {f"uniform {bits} bit": sum(each.cycles_with(bits) for each in packed) for bits in UNIFORM}


def numbered(packed: Sequence[Packed]) -> dict[str, bytes | str]:
    """Files of batches, each in a folder of its number."""
    return {f"{index:04d}/{name}": content for index, each in enumerate(packed)
            for name, content in each.files.items()}


def batch_folders(folder: Path) -> list[Path]:
    """Folders of batches below a folder, in order."""
    return sorted(path.parent for path in folder.glob("*/batch.bin"))
