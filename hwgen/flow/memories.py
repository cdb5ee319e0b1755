"""Memories as Yosys maps them: how many of a family's cells one takes, and what chooses between them.

Yosys (``memory_libmap``) lays a memory into the cheapest of the shapes that a cell has. Words beyond a cell's depth
begin a further section, sections lie one behind the other in the bits of the cells, and look-up tables choose between
them. All of it follows from width, depth and the family's table of shapes: nothing here is fitted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

__all__ = ["OLD_WORDS", "Mapped", "block", "chosen", "distributed"]

#: Families whose block memory cannot read the old word of an address that is written.
OLD_WORDS = frozenset({"ecp5", "gw5a"})

_SELECT = 0.5  # what Yosys takes a bit that is chosen between sections for, beside the costs of cells


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """What a memory takes.

    Parameters
    ----------
    bram36 : float
        Blocks of 36 kbit; pairs of 18 kbit where a family has only these.
    lutram, lut : int
        Look-up tables that are memory; all that the memory's cells take, those of write ports included.
    selected : int
        About the look-up tables that choose between sections: of six inputs one takes four bits, of four inputs two.
    ff : int
        Where a family's block memory cannot read the old word of an address that is written: a write comes a cycle
        late, and what is read in that cycle is kept beside the memory.
    """

    bram36: float = 0
    lutram: int = 0
    lut: int = 0
    selected: int = 0
    ff: int = 0


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """A cell in one of its shapes.

    Parameters
    ----------
    width, words : int
    cost, scaled : float
        Yosys's cost of a cell, of which ``scaled`` counts by the share of the width that is used.
    amount : float
        Of the resource that a cell takes.
    byte : int
        A section begins with a byte of so many bits, where that is less than the width; 0: with a cell.
    bits : bool
        Cells of one bit each: only bits that are used count.
    """

    width: int
    words: int
    cost: float
    amount: float
    scaled: float = 0
    byte: int = 0
    bits: bool = False


def _blocks() -> Iterator[_Shape]:
    """Of Xilinx: halves of 18 kbit, and whole ones, which cost a little less than two halves."""
    for bits, cost, amount in ((14, 129, 0.5), (15, 257, 1.0)):
        for step, width in enumerate((1, 2, 4, 9, 18, 36, 72)[:6 if amount < 1 else 7]):
            yield _Shape(width=width, words=1 << bits - step, cost=cost, amount=amount, byte=9)


_HALVES = tuple(_Shape(width=width, words=1 << 14 - step, cost=128, amount=0.5, byte=9)
                for step, width in enumerate((1, 2, 4, 9, 18, 36)))
_BLOCK = {"xcup": tuple(_blocks()), "xc7": tuple(_blocks()), "ecp5": _HALVES, "gw5a": _HALVES}

#: Of memories with one address, and with an address to write and one to read.
_ONE = {
    "xcup": (_Shape(width=16, words=32, cost=16, scaled=16, amount=8),
             *(_Shape(width=width, words=words, cost=16, scaled=16, amount=8 / width, bits=True)
               for width, words in ((8, 64), (4, 128), (2, 256)))),
    "xc7": (_Shape(width=8, words=32, cost=8, scaled=8, amount=4),
            *(_Shape(width=width, words=words, cost=8, scaled=8, amount=4 / width, bits=True)
              for width, words in ((4, 64), (2, 128), (1, 256)))),
}
_FOURS = {"ecp5": (_Shape(width=4, words=16, cost=4, amount=4),),
          "gw5a": (_Shape(width=4, words=16, cost=4, scaled=4, amount=4),)}
_TWO = {
    "xcup": (_Shape(width=14, words=32, cost=16, scaled=16, amount=8),
             _Shape(width=7, words=64, cost=16, scaled=16, amount=8)),
    "xc7": (_Shape(width=6, words=32, cost=8, scaled=7, amount=4),
            _Shape(width=3, words=64, cost=8, scaled=7, amount=4)),
    **_FOURS,
}
_WRITE = {"ecp5": 6 / 4, "gw5a": 6 / 4}  # look-up tables of a memory's cell by those that are memory


@cache
def block(width: int, depth: int, family: str = "xcup") -> Mapped:
    """A memory of block memories."""
    cells, sections, shape = _laid(width, depth, _BLOCK[family])
    choice = (sections - 1).bit_length()
    return Mapped(bram36=cells * shape.amount, selected=width * chosen(sections, family),
                  ff=choice + (2 * width + (depth - 1).bit_length() + 2 if family in OLD_WORDS else 0))


@cache
def distributed(width: int, depth: int, family: str = "xcup", *, one: bool = False) -> Mapped:
    """A memory of look-up tables; ``one``: it is written and read at one address."""
    cells, sections, shape = _laid(width, depth, ({**_FOURS, **_ONE} if one else _TWO)[family])
    lutram = int(sections * width * shape.amount if shape.bits else cells * shape.amount)
    return Mapped(lutram=lutram, lut=int(lutram * _WRITE.get(family, 1)), selected=width * chosen(sections, family))


def chosen(choices: int, family: str) -> int:
    """Look-up tables for a bit that is one of so many."""
    if family in _WRITE:
        return choices - 1
    return -(-choices // 4) + chosen(-(-choices // 16), family) if choices > 1 else 0


def _laid(width: int, depth: int, shapes: tuple[_Shape, ...]) -> tuple[int, int, _Shape]:
    """Cells, sections and shape of the cheapest way; of equal ones the first."""
    def way(shape: _Shape) -> tuple[float, int, int, _Shape]:
        sections, byte = -(-depth // shape.words), min(shape.byte or shape.width, shape.width)
        cells = -(-sections * -(-width // byte) * byte // shape.width)
        cost = (shape.cost - shape.scaled) * cells + shape.scaled * sections * width / shape.width
        cost += _SELECT * ((sections - 1) * width + (sections if sections > 1 else 0))
        return cost, cells, sections, shape

    _, cells, sections, shape = min(map(way, shapes), key=lambda each: each[0])
    return cells, sections, shape
