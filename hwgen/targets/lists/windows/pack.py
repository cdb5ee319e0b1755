"""One window as a load stream."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rtl_templates.cells.formats import RAW_BITS
from rtl_templates.lists.formats import NULL_INDEX, PARAM, Target

from ....network.batch import SetName
from ....network.equation import Domain
from ...arrays import Ints
from ...words import Beats, ended, pack_fields, section, to_bytes
from ..batch import Lists, deal
from ..execute import PassTrace
from ..images import BatchImage, program_words, row_words, unit_words
from ..layout import Layout
from ..tables import Tables
from .layout import ReadyPass
from .passes import Choice, WindowPass

__all__ = ["Packer", "Window"]

#: Lists name rows of the buffer already.
NUMBERS: Mapping[Domain, NDArray[np.uint16]] = dict.fromkeys(
    ("nodes", "edges"), np.arange(NULL_INDEX + 1, dtype=np.uint16))


@dataclass(frozen=True, kw_only=True)
class Window:
    """One load, run and store.

    Parameters
    ----------
    index : int
        The pass.
    rows : int64 [rows]
        Nodes, graphs or edges of the batch, in the hardware's order.
    layout, image
        As of a batch whose program is this pass; two hardware passes where entries are kept.
    """

    index: int
    rows: Ints
    layout: Layout
    image: BatchImage

    @property
    def stream(self) -> bytes:
        """What is loaded."""
        return to_bytes(self.image.beats)

    @property
    def entries(self) -> int:
        """List entries that its units walk."""
        return sum(len(each.index) for each in self.image.lists.values())

    def expected(self, done: PassTrace) -> tuple[PassTrace, ...]:
        """What each hardware pass of the window writes, for :mod:`golden`: one, or two where entries are kept.

        Parameters
        ----------
        done : PassTrace
            The pass on the whole batch, of the reference.
        """
        if len(self.layout.passes) == 1:
            return (done,)
        rows = np.concatenate([done.written, done.written_entry[:, None]], axis=1)
        return done, replace(done, written=rows, written_entry=np.zeros_like(done.written_entry),
                             bits=np.full_like(done.written_entry, RAW_BITS))


class Packer:
    """Packs windows of one pass."""

    def __init__(self, ready: ReadyPass) -> None:
        self.ready, self.plan = ready, ready.plan

    def window(self, given: Ints) -> Window:
        """A window of some rows, int64 [rows]."""
        plan, each, units = self.plan, self.ready.task, self.plan.hardware.units
        lists = {name: self.ready.lists[name].taken(given) for name in each.walked}
        work = sum((one.count for one in lists.values()), np.zeros(len(given), dtype=np.int64))
        dealt = deal(work, units)
        rows = given[dealt]
        lists = {name: one.taken(dealt) for name, one in lists.items()}
        addresses, loads = dict(plan.resident), self._sources(each, rows, lists)
        free, rows_words = plan.resident_words, list[Beats]()
        for tensor, wanted in loads:
            addresses[tensor] = free
            words = self.ready.words[tensor][wanted].reshape(-1, plan.word_bytes)
            rows_words += row_words(words, free)
            free += len(words)
        if each.kept and each.step.target is not None:
            addresses[each.step.target] = free
        numbers, picks = self._numbers(rows)
        tables = deepcopy(plan.tables)
        layout = plan.emitted(self.ready.index, picks, addresses, tables)
        if not each.walked:
            lists = {name: _empty(len(rows)) for name in each.sets}
        return Window(index=self.ready.index, rows=rows, layout=layout, image=self._image(
            layout, rows, lists, numbers, [*program_words(layout), *_added(tables, plan.tables), *rows_words]))

    def _sources(self, each: WindowPass, rows: Ints, lists: dict[SetName, Lists]) -> list[tuple[int, Ints]]:
        """Tensors, and the rows of each that are loaded; lists then name those."""
        loads = [(tensor, rows) for tensor in each.own]
        for domain, names, tensors in each.gathered(self.plan.program):
            wanted = _renamed(lists, names, rows if domain == each.step.domain and each.both else rows[:0])
            loads += [(tensor, wanted) for tensor in tensors]
        local = [tensor for tensor in each.weights if tensor not in self.plan.resident]
        if local:
            wanted = _renamed(lists, ["features"], rows[:0])
            loads += [(tensor, wanted) for tensor in local]
        return loads

    def _numbers(self, rows: Ints) -> tuple[Ints, dict[Choice, Ints]]:
        """Number of each row among those that differ in a choice, and the entries that numbers stand for."""
        _, first, numbers = np.unique(self.ready.key(rows), return_index=True, return_inverse=True)
        return np.asarray(numbers, dtype=np.int64), {
            choice: entry[rows[first]] for choice, entry in self.ready.picks.items()}

    def _image(self, layout: Layout, rows: Ints, lists: dict[SetName, Lists], numbers: Ints,
               stream: list[Beats]) -> BatchImage:
        nothing, units = rows[:0], self.plan.hardware.units
        domain = layout.program.passes[0].domain
        trained: dict[Domain, Ints] = {"nodes": nothing, "graphs": nothing, domain: numbers}
        for unit in range(units):
            stream += unit_words(layout, unit, lists, NUMBERS, trained)
        beats = ended(stream)
        return BatchImage(beats=beats, **{"nodes": nothing, "graphs": nothing, domain: rows}, lists=lists, order=rows,
                          result_words=-(-len(rows) // units) * layout.result_words)


def _renamed(lists: dict[SetName, Lists], names: Sequence[SetName], first: Ints) -> Ints:
    """Let lists name rows of the buffer: ``first``, then whatever else they name; returns these, in that order."""
    everything = np.concatenate([lists[name].index for name in names])
    kept = everything[everything != NULL_INDEX]
    number = np.full(int(max(kept.max(initial=0), first.max(initial=0))) + 1, -1, dtype=np.int64)
    number[first] = np.arange(len(first))
    used = np.zeros(len(number), dtype=bool)
    used[kept] = True
    used[first] = False
    others = np.flatnonzero(used)
    number[others] = len(first) + np.arange(len(others))
    for name in names:
        index = lists[name].index
        null = index == NULL_INDEX
        lists[name] = replace(lists[name], index=np.where(null, NULL_INDEX, number[np.where(null, 0, index)]))
    return np.concatenate([first, others])


def _empty(rows: int) -> Lists:
    zeros = np.zeros(rows, dtype=np.int64)
    return Lists(length=zeros, count=zeros, index=zeros[:0], double=np.zeros(0, dtype=bool))


def _added(tables: Tables, before: Tables) -> list[Beats]:
    """Row parameters beyond those of the model image."""
    stream: list[Beats] = []
    for stage, count in enumerate(before.param_entries):
        params = zip(tables.param_table(stage)[count:].T, PARAM.values(), strict=True)
        stream += section(Target.PARAM, stage, count, pack_fields(list(params)))
    return stream
