"""A batch on its way through a design that need not hold it: windows, pass by pass."""

from collections.abc import Sequence

import numpy as np

from ....network.batch import Batch
from ....network.network import Network
from ...arrays import Ints
from ...design import Run
from ..session import BatchRun, Reference
from .layout import WindowLayout
from .pack import Window
from .run import WindowedRun

__all__ = ["WindowSession", "window_run"]


class WindowSession(Reference):
    """One batch, of any size.

    Parameters
    ----------
    network : Network
    layout : WindowLayout
    batch : Batch
    order : int64 [nodes] or None
        As of :class:`hwgen.targets.lists.windows.run.WindowedRun`.

    Raises
    ------
    HwgenError
        The batch does not go with the network.
    CapacityError
        A row alone exceeds a memory, or a list what ranges were proved for.
    """

    def __init__(self, network: Network, layout: WindowLayout, batch: Batch, *, order: Ints | None = None) -> None:
        self._running = WindowedRun(layout, batch, order=order)
        super().__init__(network=network, program=layout.program, batch=batch)
        self._windows: dict[int, Window] = {}  # of runs that were not fed yet, by number
        self._count = 0

    @property
    def results(self) -> Ints:
        return self._running.results

    def next_runs(self) -> Sequence[Run]:
        windows = self._running.next_pass()
        runs = [window_run(window, self, self._count + place) for place, window in enumerate(windows)]
        self._windows = {run.size["window"]: window for run, window in zip(runs, windows, strict=True)}
        self._count += len(windows)
        return runs

    def feed(self, run: Run, results: Ints) -> None:
        assert isinstance(run, BatchRun)
        window = self._windows.pop(run.size["window"])
        place = np.argsort(np.argsort(window.rows))  # of each row of the window among its rows by number
        self._running.feed(window, results[place])


def window_run(window: Window, reference: Reference, number: int) -> BatchRun:
    """A window with what it must write; ``number`` counts windows of all passes."""
    return BatchRun(layout=window.layout, image=window.image, part=window.index,
                    done=lambda: window.expected(reference.trace.passes[window.index]),
                    size={"window": number, "pass": window.index, "rows": len(window.rows), "entries": window.entries})
