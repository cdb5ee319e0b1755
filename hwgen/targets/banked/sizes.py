"""Program to hardware parameters: the smallest design that fits, and what a design can still take."""

from dataclasses import replace

from rtl_templates.banked.formats import TASK

from ...errors import CapacityError, HwgenError
from ...numeric import IntRange
from .bias_classes import classes_of
from .hardware import MAX_GROUPS, UNITS, WORD_BITS, Hardware, result_parts
from .program import Gather, Pass, Program, Requant

__all__ = ["capacity", "check_capacity", "choose", "most_groups", "needs"]

LARGE = 256  #: Nodes from which a graph gets all 16 servers and, with enough work, more than one group.
BUSY = 8192  #: Reads from which more than one group is worth it.
DEFAULT_GROUPS = 4  #: Of a large graph where nothing else is said.
SLOT_MARGIN = 1.15  #: Schedule memory over the bound: the scheduler reaches 85 % of it and more.


def needs(program: Program, *, groups: int, servers: int, requant_lanes: int, planes: int,
          lanes: int | None = None) -> dict[str, int]:
    """What a program needs of a design of given groups, servers, requantizer lanes and planes, by parameter.

    Names are :class:`~.hardware.Hardware`'s; ``slots`` is a bound that no schedule beats, ``half_rows`` the rows of one
    half of a bank. ``lanes`` None takes the narrowest row that holds every channel.

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
    return {
        "lanes": max(lanes, widest),
        "code_bits": code_bits,
        "acc_bits": max([code_bits + 1, *(step.accumulate.signed_bits for step in passes if step.kind != "dense")]),
        "bank_depth": max(2 * rows, -(-(int(program.written.sum()) + source_rows) // UNITS)),
        "half_rows": rows,
        "slots": sum(_slot_bound(gather, groups) for gather in program.schedules),
        "param_depth": len(passes) * nodes + len(dense_pages),
        "result_depth": nodes * chunks * result_parts(requant_lanes),
        "feature_depth": sum(nodes * dense_steps * pages for pages in dense_pages),
        "mac_columns": max((combine.shape[1] for combine in combines), default=1),
        "weight_bits": max([2, *(1 + int(abs(combine).max(initial=0)).bit_length() for combine in combines)]),
        "pages": max(1, sum(dense_pages) + len(combines) - len(dense_pages)),
        "column_depth": sum(-(-len(stage.column) // requant_lanes) for stage in stages),
        "bias_depth": sum(-(-len(stage.column) // requant_lanes) * _classes(stage) for stage in stages),
        "sum_bits": program.sum_bits,
        "zero_points": int(any(stage.kind == "affine" for stage in stages)),
    }


def _classes(stage: Requant) -> int:
    """Bias classes that a stage gets room for: other graphs have other degrees; a prompt of messages has one."""
    return classes_of(len(stage.column)) if stage.bias.any() and stage.kind in ("unsigned", "raw") else 1


def most_groups(program: Program) -> int:
    """Groups that a graph may keep busy."""
    busy = sum(gather.count for gather in program.schedules) >= BUSY
    return MAX_GROUPS if program.num_nodes >= LARGE and busy else 1


def choose(program: Program, **wanted: int) -> Hardware:
    """The smallest parameters that fit a program, but for those that are wanted.

    Of the others:

    groups, servers
        4 and 16 where the graph keeps them busy, else 1 and 4.
    digit
        4 bits a cycle, fewer where a row of such digits exceeds a word.
    requant_lanes, planes
        8 and 1.
    bank_depth
        The smallest power of two from 512 on that holds the rows.
    slots
        An estimate, 15 % over the bound; the scheduler's own count should replace it.
    param_depth, result_depth, feature_depth
        What this graph needs, rounded up to 64 words. Larger ones take larger graphs.

    All else follows from the program; if it is wanted all the same, it replaces what was chosen in the end.

    Raises
    ------
    HwgenError
        If a parameter has a value that no template implements.
    CapacityError
        If a parameter given is too small for the program.
    """
    Hardware.verify_choices({name: wanted[name] for name in (
        "groups", "servers", "digit", "requant_lanes", "planes") if name in wanted})
    for name in ("bank_depth", "slots"):
        if wanted.get(name, 1) < 1:
            raise HwgenError(f"{name} is {wanted[name]}", f"hardware.{name}", "use 1 or more, or leave it out")
    chosen = {"groups": min(DEFAULT_GROUPS, most_groups(program)), "servers": 16 if program.num_nodes >= LARGE else 4,
              "requant_lanes": 8, "planes": 1}
    chosen |= {name: wanted[name] for name in chosen if name in wanted}
    need = needs(program, **chosen)
    lanes = need["lanes"]
    depths = {
        "digit": next((size for size in (4, 2) if size * lanes <= WORD_BITS), 1),
        "bank_depth": max(512, 1 << (max(need["bank_depth"], 2 * need["half_rows"]) - 1).bit_length()),
        "slots": _round_up(int(need["slots"] * SLOT_MARGIN) + 16, 128),
        **{name: _round_up(need[name], 64) for name in ("param_depth", "result_depth", "feature_depth")}}
    chosen |= {name: wanted.get(name) or value for name, value in depths.items()}
    follows = {name: need[name] for name in ("lanes", "code_bits", "acc_bits", "weight_bits", "pages", "column_depth",
                                             "bias_depth", "sum_bits", "zero_points")}
    columns = min(lanes, _round_up(need["mac_columns"], min(chosen["requant_lanes"], 8)))
    hardware = Hardware(**chosen, **follows, mac_columns=columns)
    hardware.verify()
    check_capacity(program, hardware)
    hardware = replace(hardware, **{name: value for name, value in wanted.items() if name not in chosen})
    hardware.verify()
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
    holds = hardware.to_dict() | {"half_rows": hardware.bank_depth // 2} | {
        name: min(getattr(hardware, name), 1 << TASK[field])
        for name, field in (("pages", "page"), ("column_depth", "q1_column"), ("bias_depth", "q1_bias"))}
    rows = f"{nodes} nodes (max_nodes {limit['nodes']})"
    reads = f"{edges} edges and {nnz} features (max_edges {limit['edges']}, max_nonzeros {limit['nonzeros']})"
    subjects = {
        "half_rows": rows, "bank_depth": f"{rows} and {stored} different weight rows", "param_depth": rows,
        "result_depth": rows, "feature_depth": f"{rows} of dense input", "slots": reads,
        "acc_bits": f"sums over up to {degree} rows (max_degree {limit['degree']} of any codes)",
        "lanes": "a row of channels", "code_bits": "codes", "mac_columns": "outputs of a combination",
        "weight_bits": "weights of a combination", "pages": "weight matrices", "column_depth": "column constants",
        "bias_depth": "biases", "sum_bits": "sums of a combination", "zero_points": "codes with a zero point"}
    for name, subject in subjects.items():
        wanted, have = need[name], holds[name]
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
    reads = sum(gather.count for gather in program.schedules)
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
    return max(-(-int(slots.sum()) // (groups * UNITS)), int(slots.max(initial=0)), -(-gather.most_of_a_row // groups))


def _round_up(value: int, multiple: int) -> int:
    return int(-(-value // multiple) * multiple)
