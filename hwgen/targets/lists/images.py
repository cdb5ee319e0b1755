"""A placed program and a batch -> load streams.

docs/lists.md, "Words", has the formats. The model image is loaded once, a batch image before every run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtl_templates.lists.formats import (
    BEAT,
    BIAS_BITS,
    BIAS_HALF,
    COLUMN_BITS,
    DESCRIPTOR,
    LIST_ENTRY,
    NULL_INDEX,
    PARAM,
    PASS,
    SETUP,
    V_BITS,
    Target,
    weight_plan,
)
from rtl_templates.shell.words import BEAT_BITS, pack

from ...errors import CapacityError
from ...network.batch import Batch, SetName, check_batch, named_by, owner_of
from ...network.edges import CODED
from ...network.equation import Domain
from ..arrays import Bytes, Ints
from ..mac_tables import subset_sums
from ..words import Beats, ended, pack_fields, section, split
from .batch import Lists, batch_lists, deal
from .beats import SET_OF
from .hardware import Hardware
from .layout import Layout
from .program import Program
from .rules import longest as longest_of

__all__ = ["BatchImage", "batch_image", "buffer_bytes", "check_lists", "model_image", "program_words", "row_words",
           "unit_words"]

LANES = 4  #: Channels of C or B in a beat.
ENTRIES = 8  #: Entries of a list in a beat.


@dataclass(frozen=True, kw_only=True)
class BatchImage:
    """What a design loads for one batch.

    Parameters
    ----------
    beats : uint64 [m, 2]
        The load stream, END header included; lower half of a beat first.
    nodes, graphs, edges : int64 [n], int64 [g], int64 [e]
        Which node, graph or row by edge of the batch is row i of the hardware.
    lists : dict of set name to Lists
        In the hardware's order of rows, but naming nodes of the batch: for whoever counts cycles.
    order : int64 [rows]
        Which node or graph each row of results is.
    result_words : int
        How many the store unit writes of every unit.
    """

    beats: Beats
    nodes: Ints
    graphs: Ints
    lists: dict[SetName, Lists]
    order: Ints
    result_words: int
    edges: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def rows(self, domain: Domain) -> Ints:
        """Those of one kind."""
        return self.nodes if domain == "nodes" else self.graphs if domain == "graphs" else self.edges


def model_image(layout: Layout) -> Beats:
    """Everything that no batch changes: uint64 [m, 2], END included."""
    stream = program_words(layout)
    tables, hardware = layout.tables, layout.hardware
    for stage in (0, 1):
        for target, table, width in ((Target.COLUMN, tables.column_table(stage), COLUMN_BITS),
                                     (Target.BIAS, tables.bias_table(stage) + BIAS_HALF, BIAS_BITS)):
            for group in range(hardware.lanes // LANES):
                fields = [(lane, width) for lane in table[:, group * LANES : (group + 1) * LANES].T]
                stream += section(target, 16 * stage + group, 0, pack_fields(fields))
        params = zip(tables.param_table(stage).T, PARAM.values(), strict=True)
        stream += section(Target.PARAM, stage, 0, pack_fields(list(params)))
        stream += _thresholds(tables.threshold_table(stage), stage, hardware)
    if tables.page_count:
        stream += subset_sums(tables.page_table(), weight_plan(hardware.to_dict()), Target.TABLE)
    for index, (tensor, place) in enumerate(zip(layout.program.tensors, layout.tensors, strict=True)):
        if tensor.rows is not None:
            rows = layout.program.stored(index)
            stream += row_words(buffer_bytes(rows, place.position, place.chunks, hardware), place.address)
    return ended(stream)


def batch_image(layout: Layout, batch: Batch) -> BatchImage:
    """Everything that a batch brings along.

    Raises
    ------
    HwgenError
        If the batch does not go with the model.
    CapacityError
        Naming the capacity that it exceeds.
    """
    program, units = layout.program, layout.hardware.units
    check_batch(program, batch)
    n = batch.num_nodes
    _capacity(program.name, "nodes in a batch", "batch_nodes", n, layout.nodes)
    _capacity(program.name, "graphs in a batch", "max_graphs", batch.graphs, layout.graphs)
    lists = batch_lists(batch, program.sets, program.input_bits, program.edges, program.dictionary)
    check_lists(program, lists)
    counts: dict[Domain, int] = {"nodes": n, "graphs": batch.graphs}
    if program.has_edge_rows:
        counts["edges"] = batch.rows("edges", program.edges)
        _capacity(program.name, "rows by edge in a batch", "batch_edges", counts["edges"], layout.edges)
    rows = {domain: deal(_work(layout, lists, domain, count), units) for domain, count in counts.items()}
    lists = {name: each.taken(rows[owner_of(name)]) for name, each in lists.items()}
    numbers = dict[Domain, NDArray[np.uint16]]()  # row of the hardware by node, and by edge
    for domain in rows.keys() - {"graphs"}:
        numbers[domain] = np.empty(NULL_INDEX + 1, dtype=np.uint16)
        numbers[domain][rows[domain]] = np.arange(counts[domain])
    trained = {domain: np.zeros_like(dealt) for domain, dealt in rows.items()}
    if program.trained_nodes:
        trained["nodes"] = batch.node[rows["nodes"]]

    stream = _given_rows(layout, batch, rows["nodes"])
    for unit in range(units):
        stream += unit_words(layout, unit, lists, numbers, trained)
    order = rows[program.passes[-1].domain]
    beats = ended(stream)
    return BatchImage(beats=beats, **rows, lists=lists, order=order,
                      result_words=-(-len(order) // units) * layout.result_words)


def _given_rows(layout: Layout, batch: Batch, nodes: Ints) -> list[Beats]:
    """Features as buffer words, where the program multiplies them as rows."""
    program = layout.program
    if program.given is None:
        return []
    codes = batch.features[nodes]
    _capacity(program.name, _LIMITS["features"][0], "max_node_nonzeros",
              int(np.diff(codes.indptr).max(initial=0)), program.max_features)
    place = layout.tensors[program.given]
    return row_words(buffer_bytes(codes.toarray(), place.position, place.chunks, layout.hardware), place.address)


def program_words(layout: Layout) -> list[Beats]:
    """Pass words and beats."""
    stream: list[Beats] = []
    for half in (0, 1):
        words = [pack(PASS, **fields) >> BEAT_BITS * half for fields in layout.passes]
        stream += section(Target.PASS, half, 0, split(words))
    return stream + section(Target.BEAT, 0, 0, split([pack(BEAT, **fields) for fields in layout.beats]))


def check_lists(program: Program, lists: Mapping[SetName, Lists]) -> None:
    """Refuse lists that ranges were not proved for.

    Raises
    ------
    CapacityError
    """
    most_of = longest_of(program)
    for name, (what, limit) in _LIMITS.items():
        if name in lists:
            longest = int(lists[name].length.max(initial=0))
            _capacity(program.name, what, limit, longest, most_of[name])


def buffer_bytes(codes: Ints, position: Ints, chunks: int, hardware: Hardware) -> Bytes:
    """Rows of codes as buffer words: uint8 [rows * chunks, lanes * code_bits / 8], the first lane lowest."""
    whole = np.zeros((len(codes), chunks * hardware.lanes), dtype=np.uint8)
    whole[:, position] = codes.astype(np.uint8)
    whole = whole.reshape(len(codes) * chunks, hardware.lanes)
    return whole if hardware.code_bits == 8 else np.bitwise_or(whole[:, ::2] & 15, whole[:, 1::2] << 4)


_LIMITS: dict[SetName, tuple[str, str]] = {
    "edges": ("neighbours of a node", "max_degree"),
    **dict.fromkeys(("looped", "closed", "incoming"), ("neighbours of a node, itself included", "max_degree")),
    **dict.fromkeys(CODED, ("as the sum of the weights of a node's edges, in codes", "max_edge_sum")),
    "sources": ("as the code of an edge", "max_edge_sum"),
    "members": ("nodes of a graph", "max_nodes"), "features": ("non-zero features of a node", "max_node_nonzeros")}


#: How a build is asked for more.
_OPTION = {"batch_nodes": "--max-nodes {}", "max_graphs": "--graphs {}", "max_nodes": "--max-nodes {}",
           "max_degree": "--max-degree {}", "max_node_nonzeros": "limits.max_node_nonzeros {} in --config",
           "max_edge_sum": "limits.max_edge_sum {} in --config", "batch_edges": "a larger --max-edges",
           "list_depth": "a larger --max-edges", "descriptor_depth": "a larger --max-nodes"}


def _capacity(program: str, what: str, name: str, wanted: int, have: int) -> None:
    """Refuse what exceeds a capacity."""
    if wanted > have:
        raise CapacityError(f"{wanted} {what}; the design takes {name} {have}, {wanted - have} too few",
                            f"program {program}", f"use smaller batches, or build with {_OPTION[name].format(wanted)}")


def _thresholds(tables: Ints, stage: int, hardware: Hardware) -> list[Beats]:
    """Sorted thresholds as the levels of a search tree."""
    stream: list[Beats] = []
    for level in range(hardware.levels if len(tables) else 0):
        step = 1 << (hardware.levels - level)
        stream += section(Target.THRESHOLD, 16 * stage + level, 0,
                          pack_fields([(tables[:, step // 2 - 1 :: step].reshape(-1), V_BITS)]))
    return stream


def row_words(words: Bytes, address: int) -> list[Beats]:
    """Buffer words, uint8 [words, bytes], in chunks of 128 bits."""
    size = BEAT_BITS // 8
    count = -(-words.shape[1] // size)
    whole = np.zeros((len(words), count * size), dtype=np.uint8)
    whole[:, : words.shape[1]] = words
    beats = whole.view("<u8").astype(np.uint64)
    return [each for chunk in range(count)
            for each in section(Target.ROWS, chunk, address, beats[:, 2 * chunk : 2 * chunk + 2])]


def _work(layout: Layout, lists: dict[SetName, Lists], domain: Domain, rows: int) -> Ints:
    """Buffer reads that each row's lists ask for, over all passes of a domain."""
    walks = dict.fromkeys(lists, 0)
    for step in layout.program.passes:
        if step.domain == domain:
            for block in step.blocks:
                for operand in block.operands:
                    if operand.kind == "list":
                        walks[operand.via] += -(-block.width // layout.hardware.lanes)
    return sum((count * lists[name].count for name, count in walks.items() if count), np.zeros(rows, dtype=np.int64))


def _coded(name: SetName, lists: Lists, numbers: Mapping[Domain, NDArray[np.uint16]]) -> NDArray[np.uint16]:
    """List entries as they are stored."""
    number = numbers[named_by(name)]
    if name == "features":
        index = lists.index.astype(np.uint16)
    elif name in CODED:
        index = np.where(lists.index == NULL_INDEX, np.uint16(NULL_INDEX), number[lists.index])
    else:
        index = number[lists.index]
    return index | lists.double.astype(np.uint16) << np.uint16(LIST_ENTRY["index"])


def unit_words(layout: Layout, unit: int, lists: Mapping[SetName, Lists],
               numbers: Mapping[Domain, NDArray[np.uint16]], trained: Mapping[Domain, Ints]) -> list[Beats]:
    """SETUP, descriptors and lists of one unit.

    Parameters
    ----------
    lists : mapping of set name to Lists
        Of all units.
    numbers : mapping of domain to uint16 [rows]
        Row of the hardware by what lists name.
    trained : mapping of domain to int64 [rows]
        What descriptors have as NODE; as many as there are rows. The hardware counts nodes, and graphs or edges.
    """
    program, hardware = layout.program, layout.hardware
    other: Domain = "edges" if "edges" in trained else "graphs"
    setup = {"nodes": len(trained["nodes"][unit :: hardware.units]),
             "graphs": len(trained[other][unit :: hardware.units])}
    descriptors = [np.empty(0, dtype=np.uint64)]
    entries = [np.empty(0, dtype=np.uint16)]
    words = used = 0
    for name, each in lists.items():
        rows = np.arange(unit, len(each.count), hardware.units)
        mine = each.taken(rows)
        start, count = (mine.start + used).astype(np.uint64), mine.count.astype(np.uint64)
        node = trained[owner_of(name)][rows].astype(np.uint64)
        packed = np.zeros(len(rows) + len(rows) % 2, dtype=np.uint64)
        packed[: len(rows)] = (start | count << np.uint64(DESCRIPTOR["start"])
                               | node << np.uint64(DESCRIPTOR["start"] + DESCRIPTOR["count"]))
        setup[SET_OF[name].name.lower()] = words
        words += len(packed) // 2
        used += len(mine.index)
        descriptors.append(packed)
        entries.append(_coded(name, mine, numbers))
    _capacity(program.name, f"words of lists in unit {unit}", "list_depth", -(-used // ENTRIES), hardware.list_depth)
    _capacity(program.name, f"words of descriptors in unit {unit}", "descriptor_depth", words,
              hardware.descriptor_depth)
    listed = np.zeros(-(-used // ENTRIES) * ENTRIES, dtype="<u2")
    listed[:used] = np.concatenate(entries)
    return [*section(Target.SETUP, unit, 0, split([pack(SETUP, **setup)])),
            *section(Target.DESCRIPTOR, unit, 0, np.concatenate(descriptors).reshape(-1, 2)),
            *section(Target.LIST, unit, 0, listed.view("<u8").astype(np.uint64).reshape(-1, 2))]
