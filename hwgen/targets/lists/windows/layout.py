"""A program prepared for windows: what stays on the chip, and each pass on its own."""

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from rtl_templates.lists.formats import NULL_INDEX

from ....network.batch import SetName
from ...arrays import Bytes, Ints
from ...run_folder import image_files
from ...words import to_bytes
from ..batch import Lists
from ..beats import emit_pass
from ..golden import pass_facts
from ..hardware import Hardware
from ..images import buffer_bytes, model_image
from ..layout import Layout, Place, positions
from ..program import Program, Tensor
from ..sizes import check_layout, needs
from ..tables import Tables
from .passes import Choice, WindowPass, window_passes

__all__ = ["ReadyPass", "WindowLayout", "first_entries", "plan_windows", "window_hardware"]


@dataclass(frozen=True, kw_only=True)
class WindowLayout:
    """A program on a design that need not hold its graphs.

    Parameters
    ----------
    program, hardware
    passes : tuple of WindowPass
    tables : Tables
        What the model image loads; windows add row parameters behind it.
    resident : dict of tensor to first word
        Weight rows that stay in the node buffer.
    resident_words : int
    """

    program: Program
    hardware: Hardware
    passes: tuple[WindowPass, ...]
    tables: Tables
    resident: dict[int, int]
    resident_words: int

    def chunks(self, tensor: int) -> int:
        """Words of a row."""
        return sum(-(-block // self.hardware.lanes) for block in self.program.tensors[tensor].blocks)

    @property
    def word_bytes(self) -> int:
        """Bytes of a word of the node buffer."""
        return self.hardware.lanes * self.hardware.code_bits // 8

    def model_words(self) -> bytes:
        """The load stream of the model."""
        layout = self._layout(tuple(self.program.tensors[k] for k in self.resident),
                              tuple(self.place(k, address) for k, address in self.resident.items()))
        return to_bytes(model_image(layout))

    def model_files(self) -> dict[str, bytes | str]:
        """``model.bin`` and ``layout.json``, as :func:`hwgen.targets.lists.golden.model_files` has them."""
        return image_files(pass_facts(self.program, self.hardware), self.model_words())

    def place(self, tensor: int, address: int) -> Place:
        """A tensor whose rows begin at some word."""
        return Place(address=address, chunks=self.chunks(tensor),
                     position=positions(self.program.tensors[tensor].blocks, self.hardware.lanes))

    def buffer_rows(self, tensor: int, codes: Ints) -> Bytes:
        """Rows of a tensor as they lie in the buffer.

        Parameters
        ----------
        codes : int64 [rows, width]

        Returns
        -------
        uint8 [rows, bytes]
        """
        place = self.place(tensor, 0)
        return buffer_bytes(codes, place.position, place.chunks, self.hardware).reshape(
            len(codes), place.chunks * self.word_bytes)

    def emitted(self, index: int, picks: dict[Choice, Ints], addresses: dict[int, int], tables: Tables) -> Layout:
        """One pass, placed, and the one behind it if it is kept; new row parameters go into ``tables``."""
        each, lanes = self.passes[index], self.hardware.lanes
        target = each.step.target
        places = tuple(self.place(k, addresses.get(k, 0)) for k in range(len(self.program.tensors)))
        steps = (each.numbered(picks), *([each.copied(self.program)] if each.kept else []))
        program = replace(self.program, passes=steps, sets=each.sets)
        passes, beats = list[dict[str, int]](), list[dict[str, int]]()
        for step in steps:
            row = positions([block.width for block in step.blocks], lanes)
            result = row if step.combine is None else np.arange(step.width)
            if step.name == each.step.name and target is not None:
                result = places[target].position
            fields, own = emit_pass(program, step, places, tables, lanes, row, result)
            passes.append(fields | {"beat_start": len(beats), "last": int(step is steps[-1])})
            beats += own
        return replace(self._layout(program.tensors, places), program=program, passes=tuple(passes),
                       beats=tuple(beats), tables=tables, result=result)

    def _layout(self, tensors: tuple[Tensor, ...], places: tuple[Place, ...]) -> Layout:
        program = replace(self.program, tensors=tensors, passes=())
        return Layout(program=program, hardware=self.hardware, nodes=0, graphs=0, edges=0, tensors=places,
                      buffer_words=self.resident_words, passes=(), beats=(), tables=self.tables,
                      result=np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, kw_only=True)
class ReadyPass:
    """A pass of a plan on a batch whose sources are known.

    Parameters
    ----------
    plan, index
    lists : dict of set name to Lists
        Of the batch.
    picks : dict of Choice to int64 [rows]
        Entry of each row of the batch.
    words : dict of tensor to uint8 [rows, bytes]
        Rows of sources as they lie in the buffer.
    """

    plan: WindowLayout
    index: int
    lists: dict[SetName, Lists]
    picks: dict[Choice, Ints]
    words: dict[int, Bytes]

    @property
    def task(self) -> WindowPass:
        return self.plan.passes[self.index]

    def key(self, rows: Ints) -> Ints:
        """A number of each row that is the same where all its entries are."""
        key = np.zeros(len(rows), dtype=np.int64)
        for entry in self.picks.values():
            key = key * (int(entry.max(initial=0)) + 1) + entry[rows]
        return key


def plan_windows(program: Program, hardware: Hardware) -> WindowLayout:
    """Prepare a program.

    Raises
    ------
    HwgenError
        If a pass cannot run by windows.
    CapacityError
        Naming the parameter of the hardware that is too small.
    """
    plan = _emit_all(program, hardware)
    for index in range(len(plan.passes)):
        check_layout(first_entries(plan, index, deepcopy(plan.tables)))
    return plan


def window_hardware(program: Program, hardware: Hardware) -> Hardware:
    """A design for a program, in windows: everything but the sizes of memories that windows share out.

    Parameters
    ----------
    hardware : Hardware
        ``units``, ``lanes``, ``requant_lanes``, ``buffer_depth``, ``list_depth``, ``descriptor_depth`` and
        ``result_depth`` stay; to ``param_depth`` the model's own entries are added.
    """
    plan = _emit_all(program, replace(hardware, levels=10))
    least = [needs(first_entries(plan, index, deepcopy(plan.tables))) for index in range(len(plan.passes))]
    chosen = {name: max(1, *(each[name][1] for each in least)) for name in (
        "chunks", "code_bits", "acc_bits", "pages", "column_depth", "tables", "passes", "beats")}
    chosen |= {name: max(each[name][1] for each in least) for name in (
        "levels", "leaky", "joined", "maxima", "weight_bits")}
    chosen["weight_bits"] = max(2, chosen["weight_bits"]) if chosen["weight_bits"] else 0
    return replace(hardware, **chosen, param_depth=hardware.param_depth + max(plan.tables.param_entries))


def first_entries(plan: WindowLayout, index: int, tables: Tables) -> Layout:
    """A pass where every table has a single entry."""
    single = {choice: np.zeros(1, dtype=np.int64) for choice in plan.passes[index].choices}
    return replace(plan.emitted(index, single, plan.resident, tables), nodes=1, graphs=1)


def _emit_all(program: Program, hardware: Hardware) -> WindowLayout:
    plan = WindowLayout(program=program, hardware=hardware, passes=window_passes(program),
                      tables=Tables(hardware.lanes, hardware.levels), resident={}, resident_words=0)
    for index in range(len(plan.passes)):
        first_entries(plan, index, plan.tables)
    weights = [k for k, tensor in enumerate(program.tensors) if tensor.rows is not None]
    words = [plan.chunks(k) * len(program.stored(k)) for k in weights]
    if not weights or 2 * sum(words) > hardware.buffer_depth or len(program.stored(weights[0])) > NULL_INDEX:
        return plan
    starts = (np.cumsum(words) - words).tolist()
    return replace(plan, resident=dict(zip(weights, starts, strict=True)), resident_words=sum(words))
