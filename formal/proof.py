"""What a proof is: a component with its assumptions and properties, a depth, and faults that it must refute."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .harness import Harness

__all__ = ["Mutant", "Patch", "Proof"]


class Patch(NamedTuple):
    """A text that occurs once in a source file, and what it becomes before the file is run.

    Parameters
    ----------
    file : str
        Below ``rtl_templates``.
    old, new : str
    """

    file: str
    old: str
    new: str


class Mutant(NamedTuple):
    """A fault that the proof must refute with a trace from power-up.

    Parameters
    ----------
    what : str
        What goes wrong.
    patch : Patch
    depth : int
        Cycles in which it shows; 0: the proof's own depth.
    """

    what: str
    patch: Patch
    depth: int = 0


class Proof(NamedTuple):
    """One harness.

    Parameters
    ----------
    name : str
        For ``--only``; unique.
    block : str
        File below ``rtl_templates``, and the class where the file has several.
    size : str
        Parameters that it is proved at.
    says : str
        What is proved, in a sentence.
    build : callable
        Fills a harness.
    depth : int
        Cycles of the base case, and of the induction where there is one.
    mutants : sequence of Mutant
    induction : bool
        The properties are proved for all time; else for ``depth`` cycles from power-up.
    cover : int
        Cycles in which all that the harness covers is reached; 0: it covers nothing.
    reduced : sequence of Patch
        Constants of formats that are smaller than in any design, so that the solver can multiply.
    cells : sequence of str
        Models of vendor cells: modules of Yosys' ``xilinx/cells_sim.v``, or Verilog files of this repository.
    script : sequence of str
        Yosys commands before the design goes to the solver.
    """

    name: str
    block: str
    size: str
    says: str
    build: Callable[[Harness], None]
    depth: int
    mutants: Sequence[Mutant]
    induction: bool = True
    cover: int = 0
    reduced: Sequence[Patch] = ()
    cells: Sequence[str] = ()
    script: Sequence[str] = ()

    @property
    def method(self) -> str:
        """How it is proved."""
        return f"induction, k = {self.depth}" if self.induction else f"{self.depth} cycles from power-up"
