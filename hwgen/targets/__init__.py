"""One folder a target: a network and a board in, a build folder out. This file alone names the targets.

Everything else asks it, and knows a target by :class:`hwgen.targets.target.Target`.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import HwgenError

if TYPE_CHECKING:
    from ..network.network import Network
    from ..network.sample import Sample
    from .target import Target

__all__ = ["OPTIONS", "TARGETS", "Option", "check_accepted", "find_target"]

#: Names of the targets: each folder of that name has a module ``target`` with the object ``TARGET``.
TARGETS = ("banked", "lists")


@dataclass(frozen=True, kw_only=True)
class Option:
    """A wish that users may have of a design.

    Parameters
    ----------
    name : str
        Of a hardware parameter, or of a field of :class:`hwgen.flow.wishes.Wishes`.
    help : str
    targets : tuple of str
        Those that have it.
    values : tuple of int
        All that there are; none: any positive number.
    """

    name: str
    help: str
    targets: tuple[str, ...]
    values: tuple[int, ...] = ()

    @property
    def flag(self) -> str:
        """On the command line."""
        return f"--{self.name.replace('_', '-')}"


#: In the order of help and reports.
OPTIONS = (
    Option(name="groups", targets=("banked",), values=tuple(range(1, 17)), help="Groups of 16 processing elements."),
    Option(name="servers", targets=("banked",), values=(4, 8, 16), help="Requantize-and-combine units."),
    Option(name="digit", targets=("banked",), values=(1, 2, 4, 8),
           help="Bits of a code that are added per cycle; 1 is the bit-serial array."),
    Option(name="units", targets=("lists",), values=(1, 2, 4), help="Pipelines, each with a copy of the node buffer."),
    Option(name="lanes", targets=("lists",), values=tuple(range(8, 65, 8)),
           help="Channels of a buffer word and columns of the MAC array."),
    Option(name="requant_lanes", targets=("banked", "lists"), values=(1, 2, 4, 8, 16, 32),
           help="Requantizers of a server, at most 16, or of a pipeline."),
    Option(name="lane_sets", targets=("banked",), values=(1, 2),
           help="Sets of requantizers of a server; with 2 the stages around its MAC array do not share them."),
    Option(name="planes", targets=("banked",), values=(1, 2), help="Activation bit planes a cycle of the MAC array."),
    Option(name="bank_depth", targets=("banked",), help="Rows of a bank: a power of two."),
    Option(name="slots", targets=("banked",), help="Slots of the schedule memory."),
    Option(name="graphs", targets=("lists",), help="Graphs of mean size that a batch has room for."),
    Option(name="max_nodes", targets=TARGETS,
           help="Nodes of the largest graph that may come.  [default: 1.5 times those of the largest of a set]"),
    Option(name="max_edges", targets=TARGETS, help="Edges of the largest graph that may come, likewise."),
    Option(name="max_degree", targets=TARGETS, help="Most in-edges of a node, a self loop counted, likewise."),
    Option(name="windows", targets=("lists",), values=(0, 1), help="Run graphs by windows of rows, or never."),
)


def find_target(name: str) -> "Target":
    """A target by name.

    Raises
    ------
    HwgenError
        There is none of that name.
    """
    if name not in TARGETS:
        raise HwgenError(f"no target is called {name!r}", "--target", f"use {' or '.join(TARGETS)}")
    found: Target = import_module(f".{name}.target", __name__).TARGET
    return found


def check_accepted(network: "Network", sample: "Sample") -> None:
    """Refuse a network that no target runs on graphs like its sample.

    Raises
    ------
    HwgenError
        Why the most general target does not.
    """
    reason: HwgenError | None = None
    for name in reversed(TARGETS):
        found = find_target(name).accepts(network, sample)
        if found is None:
            return
        reason = reason or found
    assert reason is not None
    raise reason
