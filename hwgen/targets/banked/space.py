"""Everything that is free of a banked design, also what the search of a build leaves as it is: digits, banks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...flow.wishes import Wishes
from ...network.dictionary import Dictionary
from ...network.network import Network
from ...network.sample import Sample
from ..target import Candidate, Target
from .candidates import candidate, dictionary_of, program_for
from .feature_rows import told_in
from .hardware import WORD_BITS
from .program import Program
from .sizes import choose, most_groups

__all__ = ["Space"]

#: Depths of banks: so many times the smallest that holds the rows; more sums of rows have room in deeper ones.
DEEPER = (1, 2, 4)


class Space:
    """As :class:`hwgen.targets.target.Space`.

    ``slots`` follow from the schedule. What changes cycles in a way that no formula sees, such as the sums that an
    element keeps for its server, stays as it is.

    Parameters
    ----------
    target : Target
    network : Network
    sample : Sample
        Of one graph.
    wishes : Wishes
        Hardware parameters among them are not free.
    """

    def __init__(self, target: Target, network: Network, sample: Sample, wishes: Wishes) -> None:
        self._target, self._network, self._sample, self._wanted = target, network, sample, wishes.hardware
        self._program = program = program_for(network, sample, wishes)
        self._told: dict[int, tuple[Program, Dictionary | None]] = {}
        plain = choose(told_in(program, dictionary_of(program, self._wanted)), **self._wanted)
        sums = program.passes[0].source is not None
        free: dict[str, Sequence[int]] = {
            "groups": range(1, most_groups(program) + 1),
            "servers": (4, 8, 16),
            "digit": [each for each in (1, 2, 4, 8) if each <= plain.code_bits and each * plain.lanes <= WORD_BITS],
            "requant_lanes": [each for each in (1, 2, 4, 8, 16) if each <= plain.lanes],
            "lane_sets": (1, 2) if any(step.combine is not None for step in program.passes) else (1,),
            "planes": (1, 2),
            "bank_depth": [times * plain.bank_depth for times in (DEEPER if sums else (1,))],
        }
        self.choices = {name: (self._wanted[name],) if name in self._wanted else tuple(values)
                        for name, values in free.items()}

    def candidate(self, point: Mapping[str, int]) -> Candidate:
        wanted = {**self._wanted, **point}
        program, dictionary = self._in_banks_of(wanted["bank_depth"])
        found = candidate(self._target, self._network, self._sample, program, dictionary, choose(program, **wanted),
                          "slots" in wanted)
        return replace(found, longest=found.cycles)

    def _in_banks_of(self, depth: int) -> tuple[Program, Dictionary | None]:
        """The program in as many sums of rows as banks of a depth have room for."""
        if depth not in self._told:
            dictionary = dictionary_of(self._program, {**self._wanted, "bank_depth": depth})
            self._told[depth] = told_in(self._program, dictionary), dictionary
        return self._told[depth]
