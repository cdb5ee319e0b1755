"""Facts of a build and of a cosimulation, put together from what a target and the simulation say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from boards import Board

from ..flow.families import family_of
from ..flow.resources import Resources
from ..network.batch import Batch
from ..network.dictionary import Dictionary, planes_of
from .facts import ComponentFacts, ResourceFacts, RowsFacts, Share, Verification, VerifiedRun

__all__ = ["resource_facts", "rows_facts", "verification_of"]


def rows_facts(dictionary: Dictionary | None, batch: Batch, input_bits: int) -> RowsFacts | None:
    """What a design's dictionary holds, and what it saves on some graphs."""
    if dictionary is None:
        return None
    lists = planes_of(batch.lists("features"), input_bits)
    return RowsFacts(
        features=len(dictionary.of), zeros=int((dictionary.of < 0).sum()), different=dictionary.base,
        sums=len(dictionary.rows) - dictionary.base, entries=int(lists.sum()),
        reads=int(dictionary.encode(lists).sum()))


def resource_facts(resources: Resources, board: Board) -> ResourceFacts:
    """Components, their sum, and its share of the board."""
    return ResourceFacts(
        method=resources.method,
        components=tuple(ComponentFacts(name=part.name, count=part.count, one=asdict(part.one))
                         for part in resources.components),
        total=asdict(resources.total),
        utilisation={name: Share(used=used, available=have, share=share)
                     for name, (used, have, share) in resources.utilisation(board).items()},
        units=dict(family_of(board).units))


def verification_of(results: Mapping[str, Mapping[str, Any]], estimated: Mapping[str, int], *, what: str, graphs: int,
                    of: int, mismatch: Mapping[str, int | str | None] | None) -> Verification:
    """What a cosimulation found out.

    Parameters
    ----------
    results : mapping of name to dict
        Of each run that was simulated: ``cycles``, ``load_cycles``, ``store_cycles``, ``rows_compared``,
        ``codes_compared``, ``pass_cycles`` and ``counters``.
    estimated : mapping of name to int
        Cycles that were expected of each that was to run.
    what, graphs, of, mismatch
        As in :class:`hwgen.report.facts.Verification`.
    """
    def total(key: str) -> int:
        return sum(int(each[key]) for each in results.values())

    runs = tuple(VerifiedRun(name=name, cycles=int(each["cycles"]), estimated_cycles=estimated[name],
                             difference=estimated[name] - int(each["cycles"])) for name, each in results.items())
    return Verification(
        bit_exact=mismatch is None and not any(run.difference for run in runs), what=what, of=of,
        chosen=tuple(estimated), graphs=graphs, runs=runs, cycles=total("cycles"),
        estimated_cycles=sum(run.estimated_cycles for run in runs), load_cycles=total("load_cycles"),
        store_cycles=total("store_cycles"), rows_compared=total("rows_compared"),
        codes_compared=total("codes_compared"), pass_cycles=_sums([each["pass_cycles"] for each in results.values()]),
        counters=_counters([each["counters"] for each in results.values()]),
        mismatch=dict(mismatch) if mismatch else None)


def _sums(lists: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Cycles of each pass; those that a run did not reach are left out."""
    return tuple(sum(map(int, each)) for each in zip(*lists, strict=False))


def _counters(counters: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Sum of each; PASS, the pass that runs at the moment, adds up to nothing."""
    return {name: sum(int(each.get(name, 0)) for each in counters) for name in (counters[0] if counters else {})
            if name != "PASS"}
