"""The integer program of edge lists: passes over rows, exact, independent of any graph and of the hardware.

docs/lists.md has the arithmetic. A source or target is a tensor, by number; tensors hold codes and an entry per row.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...network.activation import Activation
from ...network.batch import SetName
from ...network.dictionary import Dictionary
from ...network.edges import EdgeQuantizers
from ...network.equation import Domain
from ...numeric import IntRange
from ..arrays import Floats, Ints

__all__ = ["ORDER", "Block", "Combine", "Operand", "Pass", "Program", "Requantizer", "Row", "Tensor"]

#: In which sets are packed.
ORDER: tuple[SetName, ...] = ("edges", "looped", "closed", "weighted", "normed", "features", "members", "sources",
                              "incoming")


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """Codes of one value, or a weight matrix whose rows are gathered.

    Parameters
    ----------
    name, path : str
    domain : "nodes", "graphs", "edges" or "weights"
    width : int
    signed : bool
    bits : int
        Largest width of a code.
    blocks : tuple of int
        Channels of each block; a block begins with a new chunk. Most tensors are one block of ``width`` channels;
        concatenations, and what is added to them, have several.
    rows : int64 [f, width] or None
        Content, of weights.
    given : bool
        Whether a batch brings the rows along: the codes of its features. No pass writes them.
    """

    name: str
    path: str
    domain: Domain | Literal["weights"]
    width: int
    signed: bool
    bits: int
    blocks: tuple[int, ...]
    rows: Ints | None = None
    given: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row multiplier R.

    Parameters
    ----------
    select : "constant", "degree", "node" or "entry"
    table : int64 [entries]
        By degree: indexed by ``min(d, entries - 1)``.
    of : set whose length is the degree
    """

    select: Literal["constant", "degree", "node", "entry"]
    table: Ints
    of: SetName = "edges"


@dataclass(frozen=True, kw_only=True)
class Operand:
    """One beat.

    Parameters
    ----------
    kind : "self", "list" or "one"
    source : int or None
        Tensor; None for "one".
    via : set of a list
    op : "sum" or "max"
    column : int64 [k]
        C.
    mid : int
        Number of the shift, an index of MID_SHIFTS.
    row : Row
        R. Select "entry" is that of the source's own row; only of "self".
    x : IntRange
        Proved range of the accumulator.
    start : int
        First channel of the source that is read; a block of the source begins there, as wide as the block.
    """

    kind: Literal["self", "list", "one"]
    source: int | None
    via: SetName = "edges"
    op: Literal["sum", "max"] = "sum"
    column: Ints
    mid: int
    row: Row
    x: IntRange
    start: int = 0


@dataclass(frozen=True, kw_only=True)
class Block:
    """Channels that the same operands make up; a row of Q1 is the concatenation of blocks, each from a new chunk on.

    Where a pass writes the codes of Q1, its blocks are the blocks of the target.

    Parameters
    ----------
    operands : tuple of Operand
    join : "sum" or "max"
    bias : int64 [k]
        B; zeros where joined by maximum.
    """

    operands: tuple[Operand, ...]
    join: Literal["sum", "max"]
    bias: Ints

    @property
    def width(self) -> int:
        return int(self.bias.shape[0])


@dataclass(frozen=True, kw_only=True)
class Requantizer:
    """From values to codes.

    Parameters
    ----------
    activation : Activation
    kind : "unsigned", "signed" or "raw"
    select : "constant", "degree", "node", "entry" or "nearest"
    multiplier, bits : int64 [entries]
        Q and widths; empty for raw.
    thresholds : int64 [entries - 1]
        Ascending, of nearest.
    of : set whose length is the degree
    v : IntRange
        Proved range of V, before the activation.
    scale : float64 [k] or None
        Real value of code 1 of each channel where it does not depend on the row, for reports.
    """

    activation: Activation
    kind: Literal["unsigned", "signed", "raw"]
    select: Literal["constant", "degree", "node", "entry", "nearest"]
    multiplier: Ints
    bits: Ints
    thresholds: Ints
    of: SetName = "edges"
    v: IntRange
    scale: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class Combine:
    """The MAC array and the requantizer behind it.

    Parameters
    ----------
    weight : int64 [in, out]
        ``in`` is the sum of the blocks' widths.
    bits : int
        Width of its codes.
    column, bias : int64 [out]
    mid : int
    row : Row
        Select "entry" is the entry that Q1 chose.
    final : Requantizer
    x : IntRange
        Proved range of the products.
    """

    weight: Ints
    bits: int
    column: Ints
    bias: Ints
    mid: int
    row: Row
    final: Requantizer
    x: IntRange

    def as_block(self) -> Block:
        """The products as the only operand of Q2."""
        operand = Operand(kind="self", source=None, column=self.column, mid=self.mid, row=self.row, x=self.x)
        return Block(operands=(operand,), join="sum", bias=self.bias)


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over the nodes, the graphs or the edges of a batch.

    Parameters
    ----------
    name : str
        The user's layer path and what is done there.
    domain : "nodes", "graphs" or "edges"
    blocks : tuple of Block
    final : Requantizer
        Of Q1; may be raw only without ``combine``.
    combine : Combine or None
    target : int or None
        Tensor written; None: the result.
    """

    name: str
    domain: Domain
    blocks: tuple[Block, ...]
    final: Requantizer
    combine: Combine | None
    target: int | None

    @property
    def out(self) -> Requantizer:
        return self.final if self.combine is None else self.combine.final

    @property
    def width(self) -> int:
        """Channels written."""
        if self.combine is not None:
            return int(self.combine.column.shape[0])
        return sum(block.width for block in self.blocks)


@dataclass(frozen=True, kw_only=True)
class Program:
    """A model, ready for any graph within ``max_degree`` and ``max_members``.

    Parameters
    ----------
    name : str
    features, input_bits : int
    tensors : tuple of Tensor
    passes : tuple of Pass
    sets : tuple of set names
        Lists that a batch brings.
    max_degree, max_members, max_features : int
        Longest lists that ranges were proved for: ``max_degree`` bounds edges, looped and closed lists, the node
        itself included, ``max_features`` the non-zero features of a node.
    max_weight : int
        Largest sum of the magnitudes of a list whose edges weigh, in codes; of rows by edge the largest code.
    edges : mapping of EdgeCodes
        Of such lists.
    trained_nodes : int
    dictionary : Dictionary or None
        What lists of features name, and node buffers hold, in place of the rows of all weights that features gather,
        side by side: the same sums. None: these rows.
    """

    name: str
    features: int
    input_bits: int
    tensors: tuple[Tensor, ...]
    passes: tuple[Pass, ...]
    sets: tuple[SetName, ...]
    max_degree: int
    max_members: int
    max_features: int
    trained_nodes: int
    max_weight: int = 0
    edges: EdgeQuantizers = field(default_factory=dict)
    dictionary: Dictionary | None = None

    @property
    def feature_rows(self) -> Ints | None:
        """Rows of all weights that features gather, side by side: int64 [features, k]; None where there are none."""
        found = [tensor.rows for tensor in self.tensors if tensor.rows is not None]
        return np.concatenate(found, axis=1) if found else None

    def stored(self, index: int) -> Ints:
        """Rows of a tensor of weights as node buffers hold them: int64 [rows, width]."""
        rows = self.tensors[index].rows
        assert rows is not None
        if self.dictionary is None:
            return rows
        start = sum(tensor.width for tensor in self.tensors[:index] if tensor.rows is not None)
        return self.dictionary.rows[:, start:start + rows.shape[1]]

    @property
    def has_edge_rows(self) -> bool:
        """Whether passes go over edges."""
        return any(step.domain == "edges" for step in self.passes)

    @property
    def given(self) -> int | None:
        """The tensor that a batch brings along, where features are rows and no lists."""
        return next((number for number, tensor in enumerate(self.tensors) if tensor.given), None)

    def reads_input(self, step: Pass) -> bool:
        """Whether a pass multiplies the rows of features that a batch brings along."""
        return self.given is not None and step.blocks[0].operands[0].source == self.given

    @property
    def scale(self) -> Floats:
        """Real value of result code 1 of each class: float64 [classes]."""
        scale = self.passes[-1].out.scale
        assert scale is not None  # results do not depend on the row
        return scale
