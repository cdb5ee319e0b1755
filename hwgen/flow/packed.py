"""Batches as a design runs them: files of its runs, exact cycles, and what the reference computes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ..errors import CapacityError
from ..network.batch import Batch
from ..network.bits import UNIFORM_WIDTHS, Bits
from ..network.sample import Sample
from ..report.cycles import Ran
from ..targets.design import Design
from ..targets.run_folder import Files
from .misfit import misfit

__all__ = ["Packed", "accuracy_by_bits", "pack_batches", "representative"]

#: Bit widths that the learned ones are compared with; 0 stands for these.
UNIFORM = {0: "learned", **{bits: f"uniform {bits} bit" for bits in UNIFORM_WIDTHS}}


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Batches, one after the other.

    Parameters
    ----------
    runs : sequence of Ran
        Every run of every batch, in order.
    files : mapping of int to dict
        Of each run by its number, or of a :func:`representative` choice.
    by_bits : mapping
        Cycles of running with learned and with uniform bit widths.
    bits : mapping of value to int64 [rows]
        Width that each row of a value has in the hardware.
    results : sequence of int64 [rows, classes]
        Of each batch, by the reference.
    scales : sequence of float64 [classes]
        Real value of result code 1 in each batch.
    """

    runs: Sequence[Ran]
    files: Mapping[int, Files]
    by_bits: Mapping[str, int]
    bits: Bits
    results: Sequence[NDArray[np.int64]]
    scales: Sequence[NDArray[np.float64]]

    @property
    def integer(self) -> NDArray[np.float64]:
        """All results in real units: float64 [rows, classes]."""
        return np.concatenate([results * scale for results, scale in zip(self.results, self.scales, strict=True)])


def pack_batches(design: Design, batches: Sequence[Batch], *, whole: bool = False, uniform: bool = True) -> Packed:
    """Pack batches for a design, and run the reference on them.

    Parameters
    ----------
    whole : bool
        Whether files of all runs are wanted; else windows have those of a :func:`representative` choice.
    uniform : bool
        Whether cycles with uniform bit widths are wanted, which take as long each as those with learned ones.

    Raises
    ------
    CapacityError
        A graph exceeds the design; says which, which capacity, and by how much.
    """
    runs, files, bits = list[Ran](), dict[int, Files](), dict[str, list[NDArray[np.int64]]]()
    by_bits = {name: 0 for width, name in UNIFORM.items() if uniform or not width}
    results, scales = list[NDArray[np.int64]](), list[NDArray[np.float64]]()
    first = 0
    for batch in batches:
        try:
            session = design.session(batch)
        except CapacityError as error:
            raise misfit(design, batch, first, error) from None
        first += batch.graphs
        while some := session.next_runs():
            own = [run.ran for run in some]
            standing = representative([(ran.part, ran.sizes.get("entries", 0)) for ran in own])
            wanted = range(len(some)) if whole else standing
            files |= {len(runs) + place: some[place].files for place in wanted}
            for width, name in ((width, name) for width, name in UNIFORM.items() if name in by_bits):
                by_bits[name] += (sum(run.cycles_with(width) for run in some) if width else
                                  sum(step.cycles for ran in own for step in ran.passes))
            for run in some:
                session.feed(run, run.expected)
            runs += own
        if not np.array_equal(session.results, session.reference):
            raise AssertionError("runs do not bring every row back")
        for name, widths in session.bits.items():
            bits.setdefault(name, []).append(widths)
        results.append(session.reference)
        scales.append(session.scale)
    return Packed(runs=runs, files=files, by_bits=by_bits, results=results, scales=scales,
                  bits={name: np.concatenate(each) for name, each in bits.items()})


def accuracy_by_bits(sample: Sample) -> dict[str, tuple[float, float]]:
    """Validation and test accuracy of models that were trained alike with other widths, by the names of ``by_bits``."""
    known = sample.accuracy_by_width
    return {} if known is None else {UNIFORM[int(bits)]: (validation, test) for bits, validation, test in known.tolist()
                                     if int(bits) in UNIFORM}


def representative(runs: Sequence[tuple[int | None, int]]) -> list[int]:
    """Places of the runs that stand for all.

    Of windows: of every pass the first, the last, and that with most list entries. Of whole graphs: all.

    Parameters
    ----------
    runs : sequence of (int or None, int)
        The pass that a run is a part of, None if it is of all; and its list entries.
    """
    chosen: set[int] = set()
    for part, group in groupby(range(len(runs)), key=lambda place: runs[place][0]):
        places = list(group)
        fullest = max(places, key=lambda place: runs[place][1])
        chosen |= set(places) if part is None else {places[0], fullest, places[-1]}
    return sorted(chosen)
