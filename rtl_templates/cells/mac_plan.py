"""How a MAC array divides its inputs into tables and adds them, as plain integers: what RTL, loads and areas share."""

from collections.abc import Iterable, Iterator
from functools import cache, partial
from itertools import groupby
from typing import NamedTuple

from ..shell.words import BEAT_BITS

__all__ = ["CHUNK_SHIFT", "DEEPEST", "TABLE_WORDS", "MacPlan", "Slice", "Table", "Tree", "lutram", "mac_plan",
           "mac_tree"]

CHUNK_SHIFT = 5  #: Slice ``s`` of the columns of chunk ``c`` is load unit ``s + (c << CHUNK_SHIFT)``.
LARGEST = 6  # inputs of a table
DEEPEST = 256  # entries of a distributed memory: Yosys maps no deeper one with a single address
TABLE_WORDS = 32  #: Of a memory of look-up tables of six inputs; of four inputs it has 16.
TYPICAL = 5  # of the tables that latencies are made for


class Table(NamedTuple):
    """Sums over subsets of some inputs, of every column.

    Parameters
    ----------
    first, inputs : int
        Which inputs, one after the other.
    address_bits : int
        Of a page's entries: the inputs, the lowest first; above them, in the last table of signed arrays, negate.
    depth : int
        Entries of all pages.
    low, high : int
        What entries reach.
    block : bool
        Entries lie in block memories.
    """

    first: int
    inputs: int
    address_bits: int
    depth: int
    low: int
    high: int
    block: bool

    @property
    def width(self) -> int:
        """Bits of an entry, with a sign where there are negative ones."""
        return _width(self.low, self.high)


class Slice(NamedTuple):
    """Bits ``bit`` to ``bit + width - 1`` of the entries of a table: what a load unit fills."""

    table: int
    bit: int
    width: int


class Tree(NamedTuple):
    """A table of a plane, or the registered sum of two or three trees.

    Parameters
    ----------
    inputs : int
        By which trees are merged, the smallest first.
    plane, table : int
        Of a table; the lowest ones below a sum.
    parts : tuple of Tree
        None: a table.
    """

    inputs: int
    plane: int
    table: int
    parts: tuple["Tree", ...] = ()

    @property
    def levels(self) -> int:
        """Registered adders above the lowest table."""
        return 1 + max(part.levels for part in self.parts) if self.parts else 0


class MacPlan(NamedTuple):
    """Tables, load units and adders of an array.

    All tables but the last count from their smallest sum, so that their entries have no sign; the last one's entries
    contain what that lifts them by. In signed arrays a plane that is subtracted is inverted at the addresses:
    ``-sum w x = sum w (1 - x) - sum w``, and the second half of the last table, addressed by negate, contains the last
    sum. Weights of b bits reach ``±(2**(b - 1) - 1)``.

    Parameters
    ----------
    columns, pages : int
    tables : tuple of Table
    field : int
        Bits of a column in a load beat.
    chunk : int
        Columns of a load beat.
    slices : tuple of Slice
        Of the load units of a chunk, in order.
    roots : tuple of Tree
        One or two, which the accumulator adds.
    """

    columns: int
    pages: int
    tables: tuple[Table, ...]
    field: int
    chunk: int
    slices: tuple[Slice, ...]
    roots: tuple[Tree, ...]

    @property
    def chunks(self) -> range:
        """First columns of the chunks."""
        return range(0, self.columns, self.chunk)

    def depth(self, number: int) -> int:
        """Entries of a slice."""
        return self.tables[self.slices[number].table].depth

    def memories(self, planes: int, *, block: bool = False) -> Iterator[tuple[int, int]]:
        """Width and depth of the memories of one kind, of all planes, one a slice and chunk of columns."""
        for number, piece in enumerate(self.slices):
            if self.tables[piece.table].block == block:
                for first in self.chunks:
                    yield from [(piece.width * min(self.chunk, self.columns - first), self.depth(number))] * planes

    def reach(self, tree: Tree) -> tuple[int, int]:
        """Smallest and largest value of a tree."""
        if not tree.parts:
            table = self.tables[tree.table]
            return table.low << tree.plane, table.high << tree.plane
        ends = [self.reach(part) for part in tree.parts]
        return sum(low for low, _ in ends), sum(high for _, high in ends)

    def units(self) -> Iterator[tuple[range, int, int]]:
        """Load units: slices of equal depth, one after the other; of how many chunks; and that depth."""
        for depth, group in groupby(range(len(self.slices)), key=self.depth):
            numbers = list(group)
            yield range(numbers[0], numbers[-1] + 1), len(self.chunks), depth

    def width(self, tree: Tree) -> int:
        """Bits of what a tree reaches."""
        return _width(*self.reach(tree))

    def adder_bits(self, tree: Tree) -> int:
        """Bits of all adders of a tree."""
        return self.width(tree) + sum(map(self.adder_bits, tree.parts)) if tree.parts else 0


@cache
def mac_plan(*, lanes: int, columns: int, weight_bits: int, planes: int = 1, pages: int = 1, signed: bool = False,
             block: int = 0, words: int = TABLE_WORDS) -> MacPlan:
    """The division of ``lanes`` inputs that takes the fewest look-up tables for entries and adders.

    Look-up tables are memories of ``words`` words. The last ``block`` inputs have tables in block memories, and are
    divided to take the fewest of these. Parameters as of :class:`rtl_templates.cells.mac.MacArray`.
    """
    levels = mac_tree(lanes, planes)

    def cheapest(divisions: Iterable[list[int]], by_blocks: bool) -> MacPlan:
        plans = (_plan(sizes, columns, weight_bits, planes, pages, signed, block) for sizes in divisions)
        return min((plan for plan in plans if len(plan.slices) <= 1 << CHUNK_SHIFT
                    and max(root.levels for root in plan.roots) <= levels), key=partial(cost, by_blocks=by_blocks))

    def cost(plan: MacPlan, by_blocks: bool) -> tuple[int, int]:
        adders = columns * sum(plan.adder_bits(root) for root in plan.roots)
        if by_blocks:
            return sum(_blocks(*memory) for memory in plan.memories(planes, block=True)), adders
        return sum(lutram(*memory, words) for memory in plan.memories(planes)) + adders, len(plan.tables)

    if not block:
        return cheapest(_sizes(lanes, signed), by_blocks=False)
    others = lanes - block  # divided anyhow at first: what is in block memories does not depend on it
    some = _even(others, -(-others // TYPICAL)) if others else []
    plan = cheapest(([*some, *sizes] for sizes in _sizes(block, signed)), by_blocks=True)
    own = [table.inputs for table in plan.tables if table.block]
    return cheapest(([*sizes, *own] for sizes in _sizes(others, False)), by_blocks=False) if others else plan


@cache
def mac_tree(lanes: int, planes: int = 1) -> int:
    """Registered levels of adders between tables and accumulator: what tables of five inputs need."""
    return max(root.levels for root in _roots(_even(lanes, -(-lanes // TYPICAL)), planes))


def lutram(width: int, depth: int, words: int = TABLE_WORDS) -> int:
    """Look-up tables of a distributed memory with one address.

    Of six inputs: 16 bits of 32 entries take eight, a bit of 64 one. Of four inputs (``words`` 16): 4 bits of 16
    entries take four and two for the write port; a bit of a deeper memory takes one to choose between any two.
    """
    if words == 16:
        blocks = -(-depth // words)
        return 6 * blocks * -(-width // 4) + (blocks - 1) * width
    return 8 * -(-width // 16) if depth <= 32 else width * -(-depth // 64)


def _blocks(width: int, depth: int) -> int:
    """Halves of a block memory, 512 words of 36 bits, and half the bits for double the words."""
    return -(-width // max(1, 36 * 512 // max(512, 1 << (depth - 1).bit_length())))


def _even(lanes: int, count: int) -> list[int]:
    """So many sizes that differ by one at most, the smallest last."""
    return [(lanes + index) // count for index in reversed(range(count))]


def _sizes(lanes: int, signed: bool) -> Iterator[list[int]]:
    """Inputs of every table: divisions to choose from."""
    for count in range(-(-lanes // LARGEST), min(lanes, 1 << CHUNK_SHIFT) + 1):
        sizes = _even(lanes, count)
        yield sizes
        if signed and 1 < sizes[-1] and 1 < count:  # an input less, since negate takes its place in the address
            smaller = [*_even(lanes - sizes[-1] + 1, count - 1), sizes[-1] - 1]
            if smaller[0] <= LARGEST:
                yield smaller


def _roots(sizes: list[int], planes: int) -> tuple[Tree, ...]:
    """Sums of tables until two are left: the smallest three together, first two if one would be left over.

    The last tables, which have a sign, come last.
    """
    lanes, last = sum(sizes), len(sizes) - 1
    trees = sorted(Tree(inputs if table < last else lanes, plane, table)
                   for plane in range(planes) for table, inputs in enumerate(sizes))
    while len(trees) > 2:
        parts = tuple(trees[:2 if len(trees) % 2 else 3])
        total = Tree(sum(part.inputs for part in parts), parts[0].plane, parts[0].table, parts)
        trees = sorted([*trees[len(parts):], total])
    return tuple(trees)


def _plan(sizes: list[int], columns: int, weight_bits: int, planes: int, pages: int, signed: bool,
          block: int) -> MacPlan:
    """The plan with these inputs of every table."""
    lanes, last, top = sum(sizes), len(sizes) - 1, (1 << weight_bits - 1) - 1
    tables = []
    for index, inputs in enumerate(sizes):
        bits = inputs + (signed and index == last)
        first = sum(sizes[:index])
        tables.append(Table(first, inputs, bits, pages << bits, -top * lanes if index == last else 0, top * inputs,
                            first >= lanes - block))
    field = max(table.width for table in tables[:last] or tables)
    slices = tuple(Slice(index, bit, min(field, table.width - bit)) for index, table in enumerate(tables)
                   for bit in range(0, table.width, field))
    chunks = -(-columns // (BEAT_BITS // field))
    return MacPlan(columns, pages, tuple(tables), field, -(-columns // chunks), slices, _roots(sizes, planes))


def _width(low: int, high: int) -> int:
    """Bits that hold ``low`` to ``high``, without a sign where nothing is negative."""
    if low >= 0:
        return max(1, high.bit_length())
    return max(high.bit_length(), (-1 - low).bit_length()) + 1
