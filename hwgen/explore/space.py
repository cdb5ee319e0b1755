"""What is free of all targets that run a network: knobs named ``TARGET.PARAMETER``; an assignment is of one target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from ..errors import HwgenError
from ..flow.wanted import candidate_targets
from ..flow.wishes import Wishes
from ..network.network import Network
from ..network.sample import Sample
from ..studies.study import Assignment
from ..targets.design import Design
from ..targets.target import Candidate, Space

__all__ = ["Designs"]


@dataclass(frozen=True, kw_only=True)
class Designs:
    """Every design of every target.

    Parameters
    ----------
    spaces : mapping
        Target -> what is free of it.
    choices : mapping
        Knob -> values; those of a target lie together.
    """

    spaces: Mapping[str, Space]
    choices: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, network: Network, sample: Sample, wishes: Wishes, hardware: Mapping[str, int]) -> "Designs":
        """The designs for a network.

        Parameters
        ----------
        hardware : mapping
            Parameters that follow from the board's family.

        Raises
        ------
        HwgenError
            No target runs the network, or has what was wished for.
        """
        wishes = replace(wishes, hardware={**hardware, **wishes.hardware})
        spaces: dict[str, Space] = {}
        refused: HwgenError | None = None
        for target in candidate_targets(network, sample, wishes):
            try:
                spaces[target.name] = target.explored(network, sample, wishes)
            except HwgenError as error:
                refused = refused or error
        if not spaces:
            assert refused is not None
            raise refused
        return cls(spaces=spaces, choices={f"{name}.{knob}": values for name, space in spaces.items()
                                           for knob, values in space.choices.items()})

    def knobs(self, target: str) -> Mapping[str, Sequence[int]]:
        """Those of a target."""
        return {name: values for name, values in self.choices.items() if name.startswith(f"{target}.")}

    def candidate(self, assignment: Assignment) -> Candidate:
        """The design of an assignment.

        Raises
        ------
        HwgenError
            Values that do not go together.
        """
        target = target_of(assignment)
        return self.spaces[target].candidate({name.partition(".")[2]: value for name, value in assignment.items()})

    def parameters(self, target: str, design: Design) -> dict[str, int]:
        """What is free of a design and has a name outside its target, with its value."""
        known = {**design.capacity, **design.hardware.to_dict()}
        return {name: known[name] for knob, values in self.knobs(target).items()
                if (name := knob.partition(".")[2]) in known and len(values) > 1}

    def like(self, target: str, design: Design) -> list[Assignment]:
        """Assignments that a design may have: with its parameters, and whatever else these leave free."""
        if target not in self.spaces:
            return []
        known = {f"{target}.{name}": value for name, value in self.parameters(target, design).items()}
        free = {name: [known[name]] if known.get(name) in values else values
                for name, values in self.knobs(target).items()}
        return [dict(zip(free, point, strict=True)) for point in product(*free.values())]


def target_of(assignment: Assignment) -> str:
    """Whose knobs an assignment has."""
    return next(iter(assignment)).partition(".")[0]
