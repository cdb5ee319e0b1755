"""Program to hardware parameters: the smallest design that fits, and what a design can still take."""

from dataclasses import dataclass

import numpy as np

from rtl_templates.banked.formats import TASK

from ...errors import CapacityError, HwgenError
from ...numeric import IntRange
from .bias_classes import classes_of
from .hardware import MAX_GROUPS, UNITS, WORD_BITS, Hardware, result_parts
from .program import Gather, Pass, Program, Requant

__all__ = ["Needs", "capacity", "check_capacity", "choose", "most_groups", "needs"]

LARGE = 256  #: Nodes from which a graph gets all 16 servers and, with enough work, more than one group.
BUSY = 8192  #: Reads from which more than one group is worth it.
DEFAULT_GROUPS = 4  #: Of a large graph where nothing else is said.
SLOT_MARGIN = 1.15  #: Schedule memory over the bound: the scheduler reaches 85 % of it and more.


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a program needs of a design of given groups, servers, requantizer lanes and planes.

    Fields are named after :class:`~.hardware.Hardware`'s; ``slots`` is a bound that no schedule beats,
    ``half_rows`` the rows of one half of a bank.
    """

    lanes: int
    code_bits: int
    acc_bits: int
    bank_depth: int
    half_rows: int
    slots: int
    param_depth: int
    result_depth: int
    feature_depth: int
    mac_columns: int
    weight_bits: int
    pages: int
    column_depth: int
    bias_depth: int
    sum_bits: int
    zero_points: int


def needs(program: Program, *, groups: int, servers: int, requant_lanes: int, planes: int,
          lanes: int | None = None) -> Needs:
    """Measure a program; ``lanes`` None takes the narrowest row that holds every channel.

    Widths are exact. Memories count every node of the fullest bank, as the owner map fills them: ``⌈n/16⌉``.
    """
    passes, n = program.passes, program.num_nodes
    rows = -(-n // UNITS)
    nodes = rows * (UNITS // servers)  # of the server with most
    combines = [step.combine for step in passes if step.combine is not None]
    widest = max([step.width for step in passes] + [
        combine.shape[0] for step, combine in ((step, step.combine) for step in passes)
        if combine is not None and step.kind != "dense"] + [
        step.source.shape[1] for step in passes if step.source is not None])
    source = None if program.gathered is None else program.gathered.rows
    lanes = lanes or _round_up(widest, requant_lanes)
    widths = [IntRange.of(step.source).signed_bits for step in passes if step.source is not None] + [
        step.out.stored_bits for step in passes if step.out.kind != "raw"]
    code_bits = 4 if max(widths) <= 4 else 8
    dense_pages = [-(-step.combine.shape[0] // lanes) for step in passes
                   if step.kind == "dense" and step.combine is not None]
    dense_steps = -(-program.input_bits // planes)
    chunks = -(-passes[-1].width // requant_lanes)
    stages = [stage for step in passes for stage in (step.q1, step.q2) if stage is not None]
    source_rows = 0 if source is None else len(source)
    return Needs(
        lanes=max(lanes, widest),
        code_bits=code_bits,
        acc_bits=max([code_bits + 1, *(step.accumulate.signed_bits for step in passes if step.kind != "dense")]),
        bank_depth=max(2 * rows, -(-(int(program.written.sum()) + source_rows) // UNITS)),
        half_rows=rows,
        slots=sum(_slot_bound(gather, groups) for gather in program.schedules),
        param_depth=len(passes) * nodes + len(dense_pages),
        result_depth=nodes * chunks * result_parts(requant_lanes),
        feature_depth=sum(nodes * dense_steps * pages for pages in dense_pages),
        mac_columns=max((combine.shape[1] for combine in combines), default=1),
        weight_bits=max([2, *(1 + int(abs(combine).max(initial=0)).bit_length() for combine in combines)]),
        pages=max(1, sum(dense_pages) + len(combines) - len(dense_pages)),
        column_depth=sum(-(-len(stage.column) // requant_lanes) for stage in stages),
        bias_depth=sum(-(-len(stage.column) // requant_lanes) * _classes(stage) for stage in stages),
        sum_bits=program.sum_bits,
        zero_points=int(any(stage.kind == "affine" for stage in stages)),
    )


def _classes(stage: Requant) -> int:
    """Bias classes that a stage gets room for: other graphs have other degrees; a prompt of messages has one."""
    return classes_of(len(stage.column)) if stage.bias.any() and stage.kind in ("unsigned", "raw") else 1


def most_groups(program: Program) -> int:
    """Groups that a graph may keep busy."""
    busy = sum(int(gather.reads.sum()) for gather in program.schedules) >= BUSY
    return MAX_GROUPS if program.num_nodes >= LARGE and busy else 1


def choose(
    program: Program,
    *,
    groups: int | None = None,
    digit: int | None = None,
    servers: int | None = None,
    requant_lanes: int = 8,
    planes: int = 1,
    bank_depth: int | None = None,
    slots: int | None = None,
    param_depth: int | None = None,
    result_depth: int | None = None,
    feature_depth: int | None = None,
) -> Hardware:
    """The smallest parameters that fit a program.

    Parameters
    ----------
    program : Program
        What must fit.
    groups, servers : int or None
        None: 4 groups and 16 servers where the graph keeps them busy, else 1 and 4.
    digit : int or None
        None: 4 bits a cycle, fewer where a row of such digits exceeds a word.
    requant_lanes, planes : int
        As in :class:`Hardware`.
    bank_depth : int or None
        None: the smallest power of two from 512 on that holds the rows.
    slots : int or None
        None: an estimate, 15 % over the bound; the scheduler's own count should replace it.
    param_depth, result_depth, feature_depth : int or None
        None: what this graph needs, rounded up to 64 words. Larger ones take larger graphs.

    Raises
    ------
    HwgenError
        If a parameter has a value that no template implements.
    CapacityError
        If a parameter given is too small for the program.
    """
    Hardware.verify_choices({"groups": groups, "servers": servers, "digit": digit, "requant_lanes": requant_lanes,
                             "planes": planes})
    for name, value in (("bank_depth", bank_depth), ("slots", slots)):
        if value is not None and value < 1:
            raise HwgenError(f"{name} is {value}", f"hardware.{name}", "use 1 or more, or leave it out")
    groups = groups or min(DEFAULT_GROUPS, most_groups(program))
    servers = servers or (16 if program.num_nodes >= LARGE else 4)
    need = needs(program, groups=groups, servers=servers, requant_lanes=requant_lanes, planes=planes)
    hardware = Hardware(
        groups=groups, servers=servers, lanes=need.lanes, code_bits=need.code_bits,
        digit=digit or next((size for size in (4, 2) if size * need.lanes <= WORD_BITS), 1),
        acc_bits=need.acc_bits,
        bank_depth=bank_depth or max(512, 1 << (max(need.bank_depth, 2 * need.half_rows) - 1).bit_length()),
        slots=slots or _round_up(int(need.slots * SLOT_MARGIN) + 16, 128),
        param_depth=param_depth or _round_up(need.param_depth, 64),
        result_depth=result_depth or _round_up(need.result_depth, 64),
        feature_depth=feature_depth or _round_up(need.feature_depth, 64),
        requant_lanes=requant_lanes, mac_columns=min(need.lanes, _round_up(need.mac_columns, min(requant_lanes, 8))),
        weight_bits=need.weight_bits, planes=planes, pages=need.pages, column_depth=need.column_depth,
        bias_depth=need.bias_depth, sum_bits=need.sum_bits, zero_points=need.zero_points,
    )
    hardware.verify()
    check_capacity(program, hardware)
    return hardware


def check_capacity(program: Program, hardware: Hardware) -> None:
    """Refuse a program that exceeds a design, naming the capacity and by how much.

    Raises
    ------
    CapacityError
        For the first of: nodes, edges, features, degree, widths, tables. Slots are compared with their bound;
        the scheduler, which knows the exact count, has the last word.
    """
    need = needs(program, groups=hardware.groups, servers=hardware.servers, lanes=hardware.lanes,
                 requant_lanes=hardware.requant_lanes, planes=hardware.planes)
    edges, nnz = int(program.neighbours.sum()), int(program.features.nnz)
    stored = 0 if program.gathered is None else len(program.gathered.rows)
    degree = int(program.neighbours.sum(axis=1).max()) if program.num_nodes else 0
    nodes, limit = program.num_nodes, capacity(program, hardware)
    columns, biases, pages = 1 << TASK["q1_column"], 1 << TASK["q1_bias"], 1 << TASK["page"]
    rows = f"{nodes} nodes (max_nodes {limit['nodes']})"
    reads = f"{edges} edges and {nnz} features (max_edges {limit['edges']}, max_nonzeros {limit['nonzeros']})"
    checks = (
        (rows, "half_rows", need.half_rows, hardware.bank_depth // 2),
        (f"{rows} and {stored} different weight rows", "bank_depth", need.bank_depth, hardware.bank_depth),
        (rows, "param_depth", need.param_depth, hardware.param_depth),
        (rows, "result_depth", need.result_depth, hardware.result_depth),
        (f"{rows} of dense input", "feature_depth", need.feature_depth, hardware.feature_depth),
        (reads, "slots", need.slots, hardware.slots),
        (f"sums over up to {degree} rows (max_degree {limit['degree']} of any codes)", "acc_bits",
         need.acc_bits, hardware.acc_bits),
        ("a row of channels", "lanes", need.lanes, hardware.lanes),
        ("codes", "code_bits", need.code_bits, hardware.code_bits),
        ("outputs of a combination", "mac_columns", need.mac_columns, hardware.mac_columns),
        ("weights of a combination", "weight_bits", need.weight_bits, hardware.weight_bits),
        ("weight matrices", "pages", need.pages, min(hardware.pages, pages)),
        ("column constants", "column_depth", need.column_depth, min(hardware.column_depth, columns)),
        ("biases", "bias_depth", need.bias_depth, min(hardware.bias_depth, biases)),
        ("sums of a combination", "sum_bits", need.sum_bits, hardware.sum_bits),
        ("codes with a zero point", "zero_points", need.zero_points, hardware.zero_points),
    )
    for subject, name, wanted, have in checks:
        if wanted > have:
            raise CapacityError(
                f"{subject} need {name} {wanted}; the design has {have}, {wanted - have} too few",
                f"program {program.name}, hardware.{name}",
                f"build a design with {name} {wanted} or more, or use a smaller graph or model")


def capacity(program: Program, hardware: Hardware) -> dict[str, int]:
    """What a design states it takes of programs with these passes.

    Returns
    -------
    dict
        ``nodes``: a larger graph leaves fewer sums of weight rows in the banks, never fewer different rows; ``edges``
        (self loops included) and ``nonzeros`` (non-zero binary features), for graphs that divide the schedule as this
        one does, and whose features the dictionary tells in as few reads, at 85 % of its slots; ``degree`` (self loop
        included): rows of the largest codes that the accumulator holds.
    """
    sources = 0 if program.gathered is None else -(-program.gathered.least // UNITS)
    chunks = -(-program.passes[-1].width // hardware.requant_lanes) * hardware.result_parts
    dense = [step for step in program.passes if step.kind == "dense" and step.combine is not None]
    rows = [hardware.bank_depth // 2, (hardware.bank_depth - sources) // 2,
            (hardware.param_depth - len(dense)) // len(program.passes) // hardware.banks_per_server,
            hardware.result_depth // chunks // hardware.banks_per_server]
    for step in dense:
        rows.append(hardware.feature_depth // _feature_words(step, program.input_bits, hardware)
                    // hardware.banks_per_server)
    reads = sum(int(gather.reads.sum()) for gather in program.schedules)
    usable = int(hardware.slots * hardware.groups * UNITS / SLOT_MARGIN)
    ranges = [step.out.code_range for step in program.passes if step.out.kind in ("signed", "affine")]
    largest = max(max(-codes.low, codes.high) for codes in ranges)
    nodes = max(0, min(rows)) * UNITS
    return {
        "nodes": nodes,
        "edges": usable * int(program.neighbours.sum()) // max(reads, 1),
        "nonzeros": usable * int(program.features.sum()) // max(reads, 1) if program.gathered is not None
                    else nodes * int(program.features.shape[1]),
        "degree": ((1 << (hardware.acc_bits - 1)) - 1) // largest,
    }


def _feature_words(step: Pass, input_bits: int, hardware: Hardware) -> int:
    assert step.combine is not None
    return -(-input_bits // hardware.planes) * -(-len(step.combine) // hardware.lanes)


def _slot_bound(gather: Gather, groups: int) -> int:
    """Reads over processing elements, the busiest node, the most popular row spread over the groups' banks."""
    slots = gather.slots
    popular = int(np.asarray(gather.reads.sum(axis=0)).max(initial=0))
    return max(-(-int(slots.sum()) // (groups * UNITS)), int(slots.max(initial=0)), -(-popular // groups))


def _round_up(value: int, multiple: int) -> int:
    return int(-(-value // multiple) * multiple)
