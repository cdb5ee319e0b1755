"""Ways to execute batches; each gives the same integers."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..driver import Device
from ..errors import HwgenError
from ..flow.folder import write_files
from ..flow.verify import simulate
from ..scratch import scratch_folder
from ..targets.design import Design, Session
from ..targets.run_folder import numbered, run_name

__all__ = ["Backend", "Board", "Reference", "Simulation"]

Ints = NDArray[np.int64]


class Backend(Protocol):
    """Executes batches of a design."""

    def run(self, design: Design, session: Session) -> Ints:
        """Integer results of a batch that was begun on a design: int64 [rows, classes]."""
        ...


class Reference:
    """The integer program in NumPy; batches must fit the design here too."""

    def run(self, design: Design, session: Session) -> Ints:
        """Execute in this process."""
        return session.reference


class Simulation:
    """The build's RTL in Verilator; every code is compared with the reference's."""

    def __init__(self, build: Path) -> None:
        self.build = build

    def run(self, design: Design, session: Session) -> Ints:
        """Simulate all runs, one simulator for those that do not depend on each other, fed with what the RTL stored.

        Raises
        ------
        HwgenError
            If the hardware differs from the model: never within a build that is whole.
        """
        model = design.model_files()
        while runs := session.next_runs():
            with scratch_folder() as scratch:
                write_files(scratch, {part: (self.build / part).read_bytes() for part in ("design.v", "design.json")})
                write_files(scratch / "images", model)
                write_files(scratch / "batches", numbered({place: run.files for place, run in enumerate(runs)}))
                folders = [scratch / "batches" / run_name(place) for place in range(len(runs))]
                result = simulate(scratch, folders)
            if not result.ok:
                raise HwgenError(f"hardware and model differ: {result}", str(self.build), "build again")
            for place, run in enumerate(runs):
                session.feed(run, result.batches[run_name(place)].logits)
        return session.results


class Board:
    """A device with the build's bitstream and, loaded, its model."""

    def __init__(self, device: Device, design: Design) -> None:
        self.device = device
        device.load_model(_model(design))

    def run(self, design: Design, session: Session) -> Ints:
        """Load, run and store each run; another model is loaded before where the batch needs one.

        Raises
        ------
        HwgenError
            The device reports an error. All that it held counts as lost: the next batch loads the model again.
        """
        model = _model(design)
        while runs := session.next_runs():
            for run in runs:
                session.feed(run, run.read(self.device.execute(model, run.stream, run.result_words, run.units)))
        return session.results


def _model(design: Design) -> bytes:
    """The load stream that comes before all batches; empty where batches bring everything along."""
    content = design.model_files().get("model.bin", b"")
    assert isinstance(content, bytes)
    return content
