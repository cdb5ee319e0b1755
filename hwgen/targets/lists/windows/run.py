"""Graphs larger than the chip: pass by pass, window of destination rows by window, each as a batch of its own.

A window's image brings one pass, numbered row parameters, lists that name rows of the node buffer, and those rows of
the pass's sources that its lists name. The pass writes its rows as results, of which later windows are packed. The
model image holds what all windows share: constants of channels, weight pages, searches, and weight rows where they
leave half of the node buffer. To the hardware all that is one more batch: load, run, store.
"""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from ....errors import HwgenError
from ....network.batch import Batch, SetName, check_batch
from ....network.equation import Domain
from ...arrays import Bytes, Ints
from ..batch import Lists, batch_lists
from ..images import check_lists
from .cut import window_ends
from .layout import ReadyPass, WindowLayout
from .pack import Packer, Window
from .passes import Choice

__all__ = ["WindowedRun", "near_order"]


def near_order(batch: Batch) -> Ints:
    """Nodes such that neighbours are near each other, and share sources in a window: reverse Cuthill-McKee.

    Returns
    -------
    int64 [nodes]
        The node at each place.
    """
    n = batch.num_nodes
    if not batch.edges.size:
        return np.arange(n)
    matrix = csr_array((np.ones(batch.edges.shape[1], dtype=bool), (batch.edges[1], batch.edges[0])), shape=(n, n))
    return np.asarray(reverse_cuthill_mckee(matrix, symmetric_mode=False), dtype=np.int64)


class WindowedRun:
    """A batch on its way through a plan: take a window, run it, feed its results, until there is none.

    ::

        run = WindowedRun(plan, batch)
        while (window := run.next_window()) is not None:
            stored = device.run(window.stream, window.image.result_words)
            run.feed(window, read_rows(window.layout, len(window.rows), stored))
        logits = run.results

    Windows of one pass do not depend on each other: any number may be taken before the first is fed, until
    ``next_window`` would begin the next pass, which raises ValueError. ``next_pass`` takes all of a pass.

    Parameters
    ----------
    order : int64 [nodes] or None
        Permutation in which nodes are cut into windows; None takes :func:`near_order`.

    Raises
    ------
    HwgenError
        If the batch does not go with the model.
    CapacityError
        If a row alone exceeds a memory, or a list what ranges were proved for.
    """

    def __init__(self, plan: WindowLayout, batch: Batch, *, order: Ints | None = None) -> None:
        check_batch(plan.program, batch)
        self.plan, self.batch = plan, batch
        self.lists: dict[SetName, Lists] = batch_lists(batch, plan.program.sets, plan.program.input_bits,
                                                        plan.program.edges, plan.program.dictionary)
        check_lists(plan.program, self.lists)
        self.order = near_order(batch) if order is None else np.asarray(order, dtype=np.int64)
        if not np.array_equal(np.sort(self.order), np.arange(batch.num_nodes)):
            raise HwgenError("the order of nodes is no permutation", f"program {plan.program.name}, order",
                             "name every node once")
        self.results: Ints = np.zeros((0, 0), dtype=np.int64)
        self._words: dict[int, Bytes] = {
            index: plan.buffer_rows(index, plan.program.stored(index))
            for index, tensor in enumerate(plan.program.tensors) if tensor.rows is not None}
        self._entries: dict[int, Ints] = {}
        self._awaited: set[int] = set()  # first rows of windows that were not fed yet
        self._begin(0)

    def next_window(self) -> Window | None:
        """The next window; None when all results are there."""
        while self._number == len(self._ends) - 1:
            if self._awaited:
                raise ValueError("the pass goes on: feed its windows first")
            if self._ready.index == len(self.plan.passes) - 1:
                return None
            self._begin(self._ready.index + 1)
        return self._take()

    def next_pass(self) -> list[Window]:
        """All windows of the next pass, whose predecessor was fed; none when all results are there."""
        first = self.next_window()
        windows = [] if first is None else [first]
        while first is not None and self._number < len(self._ends) - 1:
            windows.append(self._take())
        return windows

    def feed(self, window: Window, codes: Ints) -> None:
        """Take the results of a window, int64 [rows, classes], in the order of its rows."""
        self._awaited.remove(int(window.rows[0]))
        each = self.plan.passes[window.index]
        target = each.step.target
        if target is None:
            self.results[window.rows] = codes
            return
        if each.kept:
            self._entries[target][window.rows], codes = codes[:, -1], codes[:, :-1]
        self._words[target][window.rows] = self.plan.buffer_rows(target, codes)

    def _take(self) -> Window:
        begin, end = self._ends[self._number : self._number + 2]
        self._number += 1
        window = self._packer.window(self._rows[begin:end])
        self._awaited.add(int(window.rows[0]))
        return window

    def _begin(self, index: int) -> None:
        """Cut a pass into windows."""
        plan, each = self.plan, self.plan.passes[index]
        self._rows = self._order_of(each.step.domain)
        target, count = each.step.target, len(self._rows)
        if target is None:
            self.results = np.zeros((count, each.step.width), dtype=np.int64)
        else:
            self._words[target] = np.zeros((count, plan.chunks(target) * plan.word_bytes), dtype=np.uint8)
            self._entries[target] = (np.zeros(count, dtype=np.int64) if each.written is None
                                     else self._chosen(each.written))
        self._ready = ReadyPass(plan=plan, index=index, lists=self.lists, words=self._words,
                                picks={choice: self._chosen(choice) for choice in each.choices})
        self._packer = Packer(self._ready)
        self._ends, self._number = window_ends(self._ready, self._rows), 0

    def _order_of(self, domain: Domain) -> Ints:
        """Rows in the order in which they are cut: edges as the nodes that they lead to."""
        if domain == "graphs":
            return np.arange(self.batch.graphs)
        if domain == "nodes":
            return self.order
        program = self.plan.program
        return batch_lists(self.batch, ("incoming",), program.input_bits, program.edges)["incoming"].taken(
            self.order).index

    def _chosen(self, choice: Choice) -> Ints:
        """Entry of each row of the batch."""
        if choice.kind == "degree":
            assert choice.of
            return np.minimum(self.lists[choice.of].length, choice.limit)
        return self.batch.node if choice.kind == "node" else self._entries[choice.tensor]
