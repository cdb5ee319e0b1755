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
from ..lower.stream.windows import WindowedRun, WindowPlan
from ..reference.stream.execute import run as run_reference
from ..stream.pipeline import pack_batch, verify
from ..stream.planning import StreamPlan
from .device import Device, open_pynq

__all__ = ["Backend", "Board", "Reference", "Simulation"]

Ints = NDArray[np.int64]


class Backend(Protocol):
    """Executes batches of a plan."""

    def run(self, batches: Sequence[Batch]) -> list[Ints]:
        """Integer results, int64 [rows, classes] for each batch, in its own order of rows."""
        ...

    def run_windows(self, plan: WindowPlan, batch: Batch) -> Ints:
        """Integer results of a batch that the design need not hold."""
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

    def run_windows(self, plan: WindowPlan, batch: Batch) -> Ints:
        """Execute whole: windows change nothing."""
        return run_reference(plan.program, batch).results


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

    def run_windows(self, plan: WindowPlan, batch: Batch) -> Ints:
        """Refused: the golden codes of windows are the bench's work."""
        raise HwgenError("windows are not simulated from here", "backend simulation",
                         "use backend reference or pynq; bench/windows.py simulates windows")


class Board:
    """A device with the build's bitstream and, loaded, its model."""

    def __init__(self, plan: StreamPlan, device: Device, model: bytes) -> None:
        self.plan, self.device, self.model = plan, device, model
        self.device.load(model)

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
        return cls(plan, Device(open_pynq(path), build), (build / "images" / "model.bin").read_bytes())

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

    def run_windows(self, plan: WindowPlan, batch: Batch) -> Ints:
        """Load, run and store each window; the build's own model is loaded again afterwards."""
        self.device.load(plan.model_stream())
        try:
            run = WindowedRun(plan, batch)
            while (window := run.next_window()) is not None:
                self.device.load(window.stream)
                self.device.run()
                run.feed(window, self.device.store(window.result_words, plan.hardware.units))
        finally:
            self.device.load(self.model)
        return run.results


def _in_order(plan: StreamPlan, image: BatchImage, rows: Ints) -> Ints:
    """Results of the hardware's rows, positions included, as rows and classes of the batch."""
    results = np.empty((len(rows), len(plan.layout.result)), dtype=np.int64)
    results[np.array(image.layout["order"], dtype=np.int64)] = rows[:, plan.layout.result]
    return results
