"""Graphs larger than the chip: every window packed of the reference's rows, its cycles, and files of some windows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl_templates.shell.timing import load_cycles, store_cycles

from ....network.batch import Batch
from ...run_folder import numbered
from ..design import WindowDesign
from ..execute import Trace
from ..execute import run as run_reference
from ..hardware import Hardware
from ..packing import UNIFORM, Packed
from .run import Window, WindowedRun

__all__ = ["WindowedBatch", "pack_window", "pack_windows", "packed_passes", "reference_rows", "representative",
           "total_cycles", "whole_results"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class WindowedBatch:
    """A batch, packed by windows.

    Parameters
    ----------
    plan : WindowDesign
    trace : Trace
        Of the reference, on the whole batch.
    windows : list of dict
        Facts of each, as :attr:`hwgen.targets.lists.packing.Packed.facts`.
    by_bits : dict
        Cycles of running with learned and with uniform bit widths.
    files : mapping
        Of windows that were asked for, each in a folder of its number.
    """

    plan: WindowDesign
    trace: Trace
    windows: list[dict[str, Any]]
    by_bits: dict[str, int]
    files: Mapping[str, bytes | str]

    @property
    def hardware(self) -> Hardware:
        return self.plan.hardware


def pack_windows(plan: WindowDesign, batch: Batch, *, whole: bool = False) -> WindowedBatch:
    """Pack all windows of a batch, and run the reference on it.

    Parameters
    ----------
    whole : bool
        Whether files of all windows are wanted, or of a :func:`representative` choice.

    Raises
    ------
    CapacityError
        A row alone exceeds the design, or a list what ranges were proved for.
    """
    running = WindowedRun(plan.windows, batch)  # refuses lists in the words of builds
    trace = run_reference(plan.program, batch)
    windows, files = list[dict[str, Any]](), dict[str, bytes | str]()
    by_bits = dict.fromkeys(("learned", *(f"uniform {bits} bit" for bits in UNIFORM)), 0)
    for packed in packed_passes(running, trace):
        facts = [each.facts for each in packed]
        by_bits["learned"] += sum(int(each["total"]) for each in facts)
        for bits in UNIFORM:
            by_bits[f"uniform {bits} bit"] += sum(each.cycles_with(bits) for each in packed)
        wanted = range(len(packed)) if whole else representative(facts)
        files |= numbered({int(facts[place]["window"]): packed[place].files for place in wanted})
        windows += facts
    return WindowedBatch(plan=plan, trace=trace, windows=windows, by_bits=by_bits, files=files)


def packed_passes(running: WindowedRun, trace: Trace) -> Iterator[list[Packed]]:
    """All windows of a run, pass by pass, packed of what the reference wrote in the passes before."""
    number = 0
    while windows := running.next_pass():
        yield [pack_window(window, trace, number + place) for place, window in enumerate(windows)]
        for window in windows:
            running.feed(window, reference_rows(window, trace))
        number += len(windows)
    if not np.array_equal(running.results, trace.results):
        raise AssertionError("windows do not bring every row back")


def pack_window(window: Window, trace: Trace, number: int) -> Packed:
    """A window with what it must write."""
    return Packed(layout=window.layout, image=window.image, passes=window.expected(trace.passes[window.index]),
                  size={"window": number, "pass": window.index, "rows": len(window.rows), "entries": window.entries},
                  own_passes=True)


def reference_rows(window: Window, trace: Trace) -> bytes:
    """What the store unit writes for a window, by the reference."""
    return window.stored(window.expected(trace.passes[window.index])[-1].written[window.rows])


def whole_results(plan: WindowDesign, batch: Batch) -> Ints:
    """Results of a batch by the reference, which needs no windows: int64 [rows, classes]."""
    return run_reference(plan.program, batch).results


def representative(windows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Places of the windows that stand for all: of every pass the first, the last, and that with most list entries."""
    chosen: set[int] = set()
    for _, group in groupby(range(len(windows)), key=lambda place: windows[place]["pass"]):
        places = list(group)
        chosen |= {places[0], max(places, key=lambda place: int(windows[place]["entries"])), places[-1]}
    return sorted(chosen)


def total_cycles(windows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Cycles of all windows, one after the other: ``run``, ``load``, ``store``, and their sum ``total``."""
    parts = {"run": sum(int(each["total"]) for each in windows),
             "load": sum(load_cycles(int(each["load_beats"])) for each in windows),
             "store": sum(store_cycles(int(each["store_beats"])) for each in windows)}
    return {**parts, "total": sum(parts.values())}
