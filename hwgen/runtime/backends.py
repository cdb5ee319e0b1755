"""Three ways to execute batches; each gives the same integers."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..emit.write import write_if_changed
from ..errors import HwgenError
from ..ir.stream import Batch
from ..lower.stream.golden import read_results
from ..lower.stream.images import BatchImage, batch_image, to_bytes
from ..reference.stream.execute import run as run_reference
from ..stream_pipeline import pack_batch, verify
from ..stream_planning import StreamPlan
from .device import Device, open_pynq

__all__ = ["Backend", "Board", "Reference", "Simulation"]

Ints = NDArray[np.int64]


class Backend(Protocol):
    """Executes batches of a plan."""

    def run(self, batches: Sequence[Batch]) -> list[Ints]:
        """Integer results, int64 [rows, classes] for each batch, in its own order of rows."""
        ...


class Reference:
    """The integer program in NumPy; batches must fit the design here too."""

    def __init__(self, plan: StreamPlan) -> None:
        self.plan = plan

    def run(self, batches: Sequence[Batch]) -> list[Ints]:
        """Execute in this process."""
        for batch in batches:
            batch_image(self.plan.layout, batch)  # refuses what the hardware would
        return [run_reference(self.plan.program, batch).results for batch in batches]


class Simulation:
    """The build's RTL in Verilator, one simulator for all batches; every code is compared with the reference's."""

    def __init__(self, plan: StreamPlan, build: Path) -> None:
        self.plan, self.build = plan, build

    def run(self, batches: Sequence[Batch]) -> list[Ints]:
        """Simulate.

        Raises
        ------
        HwgenError
            If the hardware differs from the model: never within a build that is whole.
        """
        images: dict[str, tuple[BatchImage, Batch]] = {}
        with tempfile.TemporaryDirectory(prefix="hwgen-") as scratch:
            folders = []
            for index, batch in enumerate(batches):
                folder = Path(scratch) / f"{index:06d}"
                for name, content in pack_batch(self.plan, batch).files.items():
                    write_if_changed(folder / name, content)
                images[folder.name] = (batch_image(self.plan.layout, batch), batch)
                folders.append(folder)
            result = verify(self.build, batches=folders)
        if not result.ok:
            raise HwgenError(f"hardware and model differ: {result.mismatch}", str(self.build), "build again")
        return [_in_order(self.plan, images[folder.name][0], result.batches[folder.name].logits) for folder in folders]


class Board:
    """A device with the build's bitstream."""

    def __init__(self, plan: StreamPlan, device: Device) -> None:
        self.plan, self.device = plan, device

    @classmethod
    def open(cls, plan: StreamPlan, build: Path, bitstream: Path | str | None) -> "Board":
        """Program the FPGA of a PYNQ board and load the model.

        Raises
        ------
        ToolError
            This is no PYNQ board.
        HwgenError
            No bitstream.
        """
        path = Path(bitstream) if bitstream is not None else build / "vivado" / "accelerator.bit"
        device = Device(open_pynq(path), build)
        device.load((build / "images" / "model.bin").read_bytes())
        return cls(plan, device)

    def run(self, batches: Sequence[Batch]) -> list[Ints]:
        """Load, run and store each batch."""
        units, results = self.plan.hardware.units, []
        for batch in batches:
            image = batch_image(self.plan.layout, batch)
            self.device.load(to_bytes(image.beats))
            self.device.run()
            words = int(image.layout["result_words"])
            results.append(read_results(self.plan.layout, image, self.device.store(words, units)))
        return results


def _in_order(plan: StreamPlan, image: BatchImage, rows: Ints) -> Ints:
    """Results of the hardware's rows, positions included, as rows and classes of the batch."""
    results = np.empty((len(rows), len(plan.layout.result)), dtype=np.int64)
    results[np.array(image.layout["order"], dtype=np.int64)] = rows[:, plan.layout.result]
    return results
