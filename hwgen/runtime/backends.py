"""Three ways to execute batches; each gives the same integers."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import HwgenError
from ..flow.folder import write_files
from ..network.batch import Batch
from ..targets.lists.design import BatchDesign, WindowDesign
from ..targets.lists.execute import run as run_reference
from ..targets.lists.golden import read_results
from ..targets.lists.images import batch_image, to_bytes
from ..targets.lists.pipeline import Packed, pack_batch, verify
from ..targets.lists.windows.packing import pack_window
from ..targets.lists.windows.run import WindowedRun, WindowLayout
from ..targets.run_folder import numbered
from .device import Device, open_pynq

__all__ = ["Backend", "Board", "Reference", "Simulation"]

Ints = NDArray[np.int64]


class Backend(Protocol):
    """Executes batches of a plan."""

    def run(self, batches: Sequence[Batch]) -> list[Ints]:
        """Integer results, int64 [rows, classes] for each batch, in its own order of rows."""
        ...

    def run_windows(self, plan: WindowLayout, batch: Batch) -> Ints:
        """Integer results of a batch that the design need not hold."""
        ...


class Reference:
    """The integer program in NumPy; batches must fit the design here too."""

    def __init__(self, plan: BatchDesign | WindowDesign) -> None:
        self.plan = plan

    def run(self, batches: Sequence[Batch]) -> list[Ints]:
        """Execute in this process."""
        for batch in batches:
            batch_image(_whole(self.plan).layout, batch)  # refuses what the hardware would
        return [run_reference(self.plan.program, batch).results for batch in batches]

    def run_windows(self, plan: WindowLayout, batch: Batch) -> Ints:
        """Execute whole: windows change nothing."""
        return run_reference(plan.program, batch).results


class Simulation:
    """The build's RTL in Verilator, one simulator for all batches; every code is compared with the reference's."""

    def __init__(self, plan: BatchDesign | WindowDesign, build: Path) -> None:
        self.plan, self.build = plan, build

    def run(self, batches: Sequence[Batch]) -> list[Ints]:
        """Simulate.

        Raises
        ------
        HwgenError
            If the hardware differs from the model: never within a build that is whole.
        """
        plan = _whole(self.plan)
        packed = [pack_batch(plan, batch) for batch in batches]
        with tempfile.TemporaryDirectory(prefix="hwgen-") as scratch:
            return self._simulated(Path(scratch), packed, plan.model_files())

    def run_windows(self, plan: WindowLayout, batch: Batch) -> Ints:
        """Simulate every window, one simulator for those of a pass, fed with what the RTL stored.

        Raises
        ------
        HwgenError
            If the hardware differs from the model: never within a build that is whole.
        """
        trace, running, number = run_reference(plan.program, batch), WindowedRun(plan, batch), 0
        with tempfile.TemporaryDirectory(prefix="hwgen-") as scratch:
            while windows := running.next_pass():
                packed = [pack_window(window, trace, number + place) for place, window in enumerate(windows)]
                found = self._simulated(Path(scratch) / str(windows[0].index), packed, plan.model_files())
                for window, rows in zip(windows, found, strict=True):
                    running.feed(window, window.stored(rows[np.argsort(np.argsort(window.rows))]))
                number += len(windows)
        return running.results

    def _simulated(self, scratch: Path, packed: Sequence[Packed], model: Mapping[str, bytes | str]) -> list[Ints]:
        """Results of each batch, of nodes or graphs by their number: int64 [rows, classes]."""
        write_files(scratch, {name: (self.build / name).read_bytes() for name in ("design.v", "design.json")})
        write_files(scratch / "images", model)
        write_files(scratch / "batches", numbered({place: each.files for place, each in enumerate(packed)}))
        result = verify(scratch)
        if not result.ok:
            raise HwgenError(f"hardware and model differ: {result}", str(self.build), "build again")
        return [result.batches[f"{place:04d}"].logits for place in range(len(packed))]


class Board:
    """A device with the build's bitstream and, loaded, its model."""

    def __init__(self, plan: BatchDesign | WindowDesign, device: Device, model: bytes) -> None:
        self.plan, self.device, self.model = plan, device, model
        self.device.load(model)

    @classmethod
    def open(cls, plan: BatchDesign | WindowDesign, build: Path, bitstream: Path | str | None) -> "Board":
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
        plan, results = _whole(self.plan), []
        for batch in batches:
            image = batch_image(plan.layout, batch)
            self.device.load(to_bytes(image.beats))
            self.device.run()
            stored = self.device.store(image.result_words, plan.hardware.units)
            results.append(read_results(plan.layout, image, stored))
        return results

    def run_windows(self, plan: WindowLayout, batch: Batch) -> Ints:
        """Load, run and store each window; the build's own model is loaded again if they need another."""
        model = plan.model_words()
        if model != self.model:
            self.device.load(model)
        try:
            run = WindowedRun(plan, batch)
            while (window := run.next_window()) is not None:
                self.device.load(window.stream)
                self.device.run()
                run.feed(window, self.device.store(window.result_words, plan.hardware.units))
        finally:
            if model != self.model:
                self.device.load(self.model)
        return run.results


def _whole(plan: BatchDesign | WindowDesign) -> BatchDesign:
    """A plan for batches of whole graphs.

    Raises
    ------
    HwgenError
        The build has none.
    """
    if isinstance(plan, BatchDesign):
        return plan
    raise HwgenError("this build takes no batches: its graphs run by windows", f"network {plan.network.name}",
                     "use Accelerator.run or run_windows")
