"""Program and batch capacity -> hardware parameters: the smallest memories that hold both."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from rtl_templates.lists.formats import NULL_INDEX, SETUP, weight_blocks

from ...errors import CapacityError, HwgenError
from ...network.batch import Batch, owner_of
from ...network.edges import NO_EDGES, EdgeQuantizers
from ...network.equation import Domain
from ...network.sample import Limits
from ...network.walks import edge_limits
from .batch import batch_lists
from .hardware import Hardware
from .placement import arrange, place
from .program import Pass, Program
from .rules import longest
from .sizes import needs

__all__ = ["LANES", "REQUANT_LANES", "UNITS", "Capacity", "capacity_of", "choose", "hardware_for", "longest_entries",
           "narrowest", "tables_of"]

LANES = range(8, 65, 8)
UNITS = (4, 2, 1)
REQUANT_LANES = (32, 16, 8, 4, 2)
NARROWER = (32, 16, 8)  #: Lanes that are tried beside the best ones, for smaller boards.
LUT_SHARES = (3 / 8, 5 / 8)  #: Of a MAC array's inputs, to be look-up tables where the others are block memories.
ENTRIES = 8  #: List entries in a word.
PLANES = 4  #: Planes that a row is taken to have in the MAC array.
ROUND = {"buffer_depth": 64, "list_depth": 64, "descriptor_depth": 64, "result_depth": 64, "param_depth": 64,
         "column_depth": 16}


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The largest batch that a design shall take.

    Parameters
    ----------
    nodes, graphs : int
    edges : int
        Directed, as the user gives them.
    features : int
        List entries of all nodes' features: non-zero ones, of several bits every set bit. 0: features are rows.
    weighed : int
        List entries of all edges that weigh.
    """

    nodes: int
    graphs: int
    edges: int
    features: int = 0
    weighed: int = 0

    @classmethod
    def of(cls, batches: "list[Batch]", input_bits: int, edges: EdgeQuantizers = NO_EDGES) -> "Capacity":
        """What the largest of some batches needs, figure by figure."""
        entries = [len(batch_lists(batch, ("features",), input_bits, edges)["features"].index) for batch in batches]
        return cls(nodes=max(batch.num_nodes for batch in batches), graphs=max(batch.graphs for batch in batches),
                   edges=max(batch.edges.shape[1] for batch in batches), features=max(entries),
                   weighed=max(int(edge_limits(batch, edges)[1].sum()) for batch in batches))

    @property
    def entries(self) -> dict[str, int]:
        """Entries of all lists of each set."""
        own = self.edges + self.nodes  # the node itself in every list
        return {"edges": self.edges, "looped": own, "closed": own, "incoming": own, "weighted": self.weighed,
                "normed": self.weighed, "sources": self.weighed, "features": self.features, "members": self.nodes}

    def rows(self, program: Program) -> dict[Domain, int]:
        """Most rows that a program computes; of edges, if it has such, self loops among them."""
        return {"nodes": self.nodes, "graphs": self.graphs,
                "edges": self.entries["incoming"] if program.has_edge_rows else 0}

    def to_dict(self) -> dict[str, int]:
        """By the names of builds: features are counted by those that are not zero."""
        return {_NAMES.get(name, name): int(value) for name, value in asdict(self).items()
                if value or name not in _NAMES}

    @classmethod
    def from_dict(cls, values: Mapping[str, int]) -> "Capacity":
        """Inverse of :meth:`to_dict`."""
        names = {given: name for name, given in _NAMES.items()}
        return cls(**{names.get(name, name): value for name, value in values.items()})


_NAMES = {"features": "nonzeros", "weighed": "edge_entries"}


def capacity_of(limits: Limits, graphs: int) -> Capacity:
    """Room for so many graphs of mean size, and for the largest one."""
    def room(largest: int, mean: float) -> int:
        return max(1, largest, math.ceil(graphs * mean))

    return Capacity(nodes=room(limits.nodes, limits.mean_nodes), graphs=graphs,
                    edges=room(limits.edges, limits.mean_edges), features=room(limits.entries, limits.mean_entries),
                    weighed=room(limits.weighed, limits.mean_weighed) if limits.weighed else 0)


def choose(program: Program, capacity: Capacity, wanted: Mapping[str, int] | None = None) -> Hardware:
    """Hardware parameters for a program.

    Parameters
    ----------
    program : Program
    capacity : Capacity
    wanted : mapping
        Parameters that are not to be chosen.

    Raises
    ------
    HwgenError
        A parameter that has a value that no template implements.
    CapacityError
        A parameter in ``wanted`` is too small.
    """
    wanted = dict(wanted or {})
    several = math.lcm(8, max(1, wanted.get("requant_lanes", 1)))
    several = several if several in LANES else 8  # what divides no lanes is refused below
    lanes = wanted.get("lanes") or -(-narrowest(program, capacity) // several) * several
    requant = max(value for value in (8, 4, 2, 1) if lanes % value == 0)
    hardware = Hardware(**{"lanes": lanes, "requant_lanes": requant, "levels": 10, **wanted})
    hardware.verify()
    rows = capacity.rows(program)
    layout = arrange(program, hardware, **rows)
    need = {name: wanted_of for name, (_, wanted_of) in needs(layout).items()} | _lists(program, capacity, hardware)
    chosen = {name: -(-max(1, value) // ROUND.get(name, 1)) * ROUND.get(name, 1) for name, value in need.items()}
    chosen |= {name: need[name] for name in ("levels", "leaky", "joined", "maxima")} | {
        "weight_bits": max(2, need["weight_bits"]) if need["weight_bits"] else 0}
    hardware = replace(hardware, **{**chosen, **wanted})
    if rows["edges"] > NULL_INDEX:
        raise CapacityError(f"batches of {rows['edges']} rows by edge; a list names one of {NULL_INDEX} at most",
                            "capacity", "use smaller batches, or windows")
    if capacity.nodes > NULL_INDEX or max(capacity.nodes, capacity.graphs) >= 1 << SETUP["nodes"]:
        raise CapacityError(f"batches of {capacity.nodes} nodes and {capacity.graphs} graphs; a design takes at most "
                            f"{NULL_INDEX} and {(1 << SETUP['graphs']) - 1}", "capacity", "use smaller batches")
    place(program, hardware, **rows)
    _verify(hardware, wanted)
    for name, value in _lists(program, capacity, hardware).items():
        have = hardware.to_dict()[name]
        if value > have:
            raise CapacityError(f"lists of {capacity.nodes} nodes need {name} {value}; the design has {have}, "
                                f"{value - have} too few", f"program {program.name}, hardware.{name}",
                                f"build a design with {name} {value} or more, or use smaller batches")
    return hardware


def _verify(hardware: Hardware, wanted: Mapping[str, int]) -> None:
    """Refuse values beyond the templates; what nobody asked for is too large a batch."""
    try:
        hardware.verify()
    except HwgenError as error:
        if error.where.removeprefix("hardware.") in wanted:
            raise
        raise CapacityError(error.what, error.where, "use smaller batches, or windows") from None


def hardware_for(program: Program, capacity: Capacity, wanted: Mapping[str, int]) -> Iterator[Hardware]:
    """Hardware parameters for a program, the largest design first.

    Fewer units and fewer requantized channels a cycle make a design smaller; the last ones have fewer lanes too. Tables
    of a MAC array that are look-up tables, in place of block memories, trade one for the other.

    Raises
    ------
    HwgenError
        A parameter in ``wanted`` that has a value that no template implements.
    CapacityError
        A parameter in ``wanted`` is too small.
    """
    seen: set[tuple[tuple[str, int], ...]] = set()
    first = choose(program, capacity, wanted).lanes
    for lanes in [wanted["lanes"]] if "lanes" in wanted else [first, *(each for each in NARROWER if each < first)]:
        if "lanes" not in wanted and lanes % wanted.get("requant_lanes", 1):
            continue
        requants = [each for each in REQUANT_LANES if lanes % each == 0]
        for units in [wanted["units"]] if "units" in wanted else UNITS:
            for requant in [wanted["requant_lanes"]] if "requant_lanes" in wanted else requants:
                try:
                    each = choose(program, capacity, {**wanted, "lanes": lanes, "units": units,
                                                      "requant_lanes": requant})
                except CapacityError:  # narrow lanes need longer rows than a word can say
                    continue
                for tables in tables_of(each, wanted):
                    key = tuple(tables.to_dict().items())
                    if key not in seen:
                        seen.add(key)
                        yield tables


def tables_of(hardware: Hardware, wanted: Mapping[str, int]) -> Iterator[Hardware]:
    """A design with more and more of its MAC array's tables in look-up tables, if any are block memories."""
    yield hardware
    if "lut_inputs" not in wanted and weight_blocks(hardware.to_dict()):
        yield from (replace(hardware, lut_inputs=int(share * hardware.lanes)) for share in LUT_SHARES)


def longest_entries(program: Program) -> dict[str, int]:
    """Entries of the longest list of each set: of codes, every bit may be one; and of signs a turn a plane."""
    found = longest(program)
    weighed: dict[str, int] = {
        "sources" if each.by_row else name: (1 if each.by_row else program.max_degree) * each.bits + each.bits + 1
        for name, each in program.edges.items()}
    return {**found, "features": found["features"] * program.input_bits, **weighed}


def _lists(program: Program, capacity: Capacity, hardware: Hardware) -> dict[str, int]:
    """Words of lists and of descriptors of one unit.

    Rows are dealt so that units differ by about the heaviest row; a unit gets an eighth more than its share, and the
    longest list of every set on top, though never more than all there is.
    """
    units, entries = hardware.units, capacity.entries
    most = longest_entries(program)
    total = sum(entries[name] for name in program.sets)
    share = total if units == 1 else min(
        total, -(-total * 9 // (units * 8)) + sum(most[name] for name in program.sets))
    rows = capacity.rows(program)
    return {"list_depth": -(-share // ENTRIES),
            "descriptor_depth": sum(-(-rows[owner_of(name)] // (2 * units)) for name in program.sets)}


def narrowest(program: Program, capacity: Capacity) -> int:
    """Lanes: the narrowest of the widths at which rows take the fewest cycles: wider ones would be padding."""
    return min(LANES, key=lambda lanes: (sum(
        _cycles(step, capacity, capacity.rows(program)[step.domain], lanes) for step in program.passes), lanes))


def _cycles(step: Pass, capacity: Capacity, rows: int, lanes: int) -> int:
    """Buffer reads and planes of a pass, about."""
    rows, listed = max(1, rows), capacity.entries
    reads = chunks = 0
    for block in step.blocks:
        own = -(-block.width // lanes)
        chunks += own
        reads += own * sum(max(rows, listed[operand.via]) if operand.kind == "list" else rows
                           for operand in block.operands)
    return reads + (0 if step.combine is None else rows * PLANES * chunks * -(-step.width // lanes))
