"""Everything that is free of a design for batches: what users choose, and what a build tries beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from ...flow.wishes import Wishes, limits_of
from ...network.network import Network
from ...network.sample import Limits, Sample
from ..target import Candidate, Target
from .candidates import GRAPHS, batch_candidate, fewer, programs_within
from .choose import LANES, LUT_SHARES, UNITS, Capacity, capacity_of, choose, narrowest, tables_of
from .cycles import guess_cycles
from .dense import with_rows, worth_rows
from .feature_rows import SHARES, FeatureRows
from .hardware import Hardware
from .placement import arrange
from .program import Program

__all__ = ["Space"]

#: Of a pipeline.
REQUANT_LANES = (1, 2, 4, 8, 16, 32)


class Space:
    """As :class:`hwgen.targets.target.Space`.

    Beside the options: ``lut_share``, which of :data:`.choose.LUT_SHARES` of the MAC array's tables are look-up tables,
    0: as they come; ``sum_share``, how deep the node buffer is, 0: for most sums of weight rows; ``feature_rows``,
    whether features go through the MAC array as rows.

    Parameters
    ----------
    target : Target
    network : Network
    sample : Sample
    wishes : Wishes
        Hardware parameters and ``graphs`` among them are not free.
    """

    def __init__(self, target: Target, network: Network, sample: Sample, wishes: Wishes) -> None:
        self._target, self._network, self._wanted = target, network, wishes.hardware
        self._limits, self._program = next(programs_within(network, limits_of(sample, wishes)))
        self._total = Capacity.of([sample.batch], network.input_bits, network.edges)
        self._own = Limits.of(sample.batch, network.input_bits, network.edges)
        self._rows = FeatureRows(self._program, sample.batch)
        self._least = self._rows.least(self._program)
        worth = worth_rows(self._program, self._total) if wishes.listed is None else not wishes.listed
        self._dense = with_rows(self._program) if worth else None
        graphs = sample.batch.graphs
        room = capacity_of(self._limits, min(GRAPHS, graphs))
        widest = max(narrowest(each, room) for each in (self._least, self._dense) if each is not None)
        multiplies = self._dense is not None or any(step.combine is not None for step in self._program.passes)
        free: dict[str, Sequence[int]] = {
            "units": sorted(UNITS),
            "lanes": [each for each in LANES if each <= widest],  # wider ones would be padding
            "requant_lanes": [each for each in REQUANT_LANES if each <= widest],
            "graphs": sorted({min(GRAPHS, graphs), *(1 << power for power in range(graphs.bit_length()))}),
            "lut_share": range(1 + len(LUT_SHARES)) if multiplies else (0,),
            "sum_share": range(1 + len(SHARES)) if self._program.feature_rows is not None else (0,),
            "feature_rows": [each for each in (0, 1) if (self._dense is not None or not each)
                             and wishes.listed in (None, not each)],
        }
        fixed = dict(self._wanted) if wishes.graphs is None else {**self._wanted, "graphs": wishes.graphs}
        self.choices = {name: (fixed[name],) if name in fixed else tuple(values) for name, values in free.items()}

    def candidate(self, point: Mapping[str, int]) -> Candidate:
        room, most = (capacity_of(limits, point["graphs"]) for limits in (self._limits, self._own))
        total, dense = self._total, self._dense if point["feature_rows"] else None
        longest = Capacity(**{name: min(each, getattr(total, name)) for name, each in asdict(most).items()})
        if dense is not None:
            room, longest, total = (replace(each, features=0) for each in (room, longest, total))
        program, hardware, saved = self._sized(dense, room, point)
        found = batch_candidate(self._target, self._network, program, hardware, self._limits, fewer(total, saved),
                                room, 0)
        share = longest.features / max(1, total.features)
        return replace(found, longest=guess_cycles(program, hardware, fewer(longest, int(saved * share)), 1))

    def _sized(self, dense: Program | None, room: Capacity, point: Mapping[str, int]) -> tuple[Program, Hardware, int]:
        """The program with its dictionary, hardware for both, and the list entries that the dictionary saves."""
        chosen = {name: point[name] for name in ("units", "lanes", "requant_lanes")}
        base = choose(dense or self._least, room, {**self._wanted, **chosen})
        every = list(tables_of(base, self._wanted))
        hardware = every[min(point["lut_share"], len(every) - 1)]
        if dense is not None:
            return dense, hardware, 0
        words = arrange(self._least, hardware, **room.rows(self._least)).buffer_words
        sized = list(self._rows.sized(self._program, hardware, words, "buffer_depth" in self._wanted))
        return sized[min(point["sum_share"], len(sized) - 1)]
