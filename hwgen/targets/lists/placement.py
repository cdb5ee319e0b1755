"""Place a program: buffer words, tables, pages, beats and pass words.

Nothing here depends on a graph, but for the numbers of nodes, graphs and edges that a batch may have.
"""

import numpy as np

from ...errors import CapacityError, HwgenError
from .beats import emit_pass
from .hardware import Hardware
from .layout import Layout, Place, positions
from .program import Program
from .sizes import check_layout
from .tables import Tables

__all__ = ["arrange", "place", "tensor_places"]


def place(program: Program, hardware: Hardware, *, nodes: int, graphs: int, edges: int = 0) -> Layout:
    """Place a program on a design that has room for it.

    Parameters
    ----------
    nodes, graphs, edges : int
        Most rows of a batch. The places of tensors depend on them, so batches are packed for the same numbers.

    Raises
    ------
    CapacityError
        Naming the parameter of the hardware that is too small.
    HwgenError
        When a pass is of a shape that no pass word can state.
    """
    layout = arrange(program, hardware, nodes=nodes, graphs=graphs, edges=edges)
    check_layout(layout)
    return layout


def arrange(program: Program, hardware: Hardware, *, nodes: int, graphs: int, edges: int = 0) -> Layout:
    """Place a program whatever it takes; of the hardware only ``lanes`` and ``levels`` count."""
    domains = {step.domain for step in program.passes}
    if len(domains) > 2:
        raise CapacityError("rows of nodes, graphs and edges in a batch, and a design counts two of them",
                            f"program {program.name}", "use windows")
    tensors, words = tensor_places(program, hardware.lanes, nodes, graphs, edges)
    tables = Tables(hardware.lanes, hardware.levels)
    passes: list[dict[str, int]] = []
    beats: list[dict[str, int]] = []
    for index, step in enumerate(program.passes):
        if (step.target is None) != (index == len(program.passes) - 1):
            raise HwgenError("the result is written by another pass than the last", step.name, "lower the model again")
        row = positions([block.width for block in step.blocks], hardware.lanes)
        result = row if step.combine is None else np.arange(step.width)
        fields, own = emit_pass(program, step, tensors, tables, hardware.lanes, row,
                                result if step.target is None else tensors[step.target].position)
        passes.append(fields | {"beat_start": len(beats), "last": int(index == len(program.passes) - 1)})
        beats += own
    layout = Layout(program=program, hardware=hardware, nodes=nodes, graphs=graphs, edges=edges, tensors=tensors,
                    buffer_words=words, passes=tuple(passes), beats=tuple(beats), tables=tables, result=result)
    return layout


def tensor_places(program: Program, lanes: int, nodes: int, graphs: int,
                  edges: int = 0) -> tuple[tuple[Place, ...], int]:
    """Places of all tensors, and the words that they take together.

    Weight rows stay, and what a batch brings along is there from the start; of the others, a tensor may lie where one
    lay whose last reader has finished. Each takes the lowest words that are free from the pass that first writes it to
    the last one that reads it, both included: no pass writes where it reads.
    """
    life = [(0 if tensor.given else step_of[0], step_of[-1]) if step_of else (0, -1)
            for tensor, step_of in zip(program.tensors, _uses(program), strict=True)]
    taken: list[tuple[int, int, int, int]] = []  # first word, end, first pass, last pass
    addresses = [0] * len(program.tensors)
    chunks = [sum(-(-block // lanes) for block in tensor.blocks) for tensor in program.tensors]
    rows = {"nodes": nodes, "graphs": graphs, "edges": edges}
    whole = (0, len(program.passes))
    order = sorted(range(len(chunks)), key=lambda k: (program.tensors[k].rows is None, life[k][0]))
    for k in order:
        tensor = program.tensors[k]
        size = chunks[k] * (len(program.stored(k)) if tensor.rows is not None else rows[tensor.domain])
        begin, end = life[k] if tensor.rows is None else whole
        at = 0
        for first, after, since, until in sorted(taken):
            if since <= end and begin <= until and at < after and first < at + size:
                at = after
        addresses[k] = at
        taken.append((at, at + size, begin, end))
    places = tuple(Place(address=address, chunks=count, position=positions(tensor.blocks, lanes))
                   for address, count, tensor in zip(addresses, chunks, program.tensors, strict=True))
    return places, max((end for _, end, _, _ in taken), default=0)


def _uses(program: Program) -> list[list[int]]:
    """Passes that touch each tensor, ascending."""
    uses: list[list[int]] = [[] for _ in program.tensors]
    for index, step in enumerate(program.passes):
        touched = {operand.source for block in step.blocks for operand in block.operands} | {step.target}
        for tensor in touched - {None}:
            assert tensor is not None
            uses[tensor].append(index)
    return uses
