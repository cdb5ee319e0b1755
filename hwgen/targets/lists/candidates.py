"""Designs for a network and its sample: for batches, of fewer and fewer graphs; then by windows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, replace
from functools import partial

from ...errors import CapacityError, HwgenError
from ...flow.wishes import Wishes, limits_of
from ...network.network import Network
from ...network.sample import Limits, Sample
from ..design import Hardware as AnyHardware
from ..target import Candidate, Target
from .choose import REQUANT_LANES, UNITS, Capacity, capacity_of, choose, hardware_for
from .cycles import guess_cycles
from .dense import with_rows, worth_rows
from .design import place_batches, place_windows, program_for
from .feature_rows import FeatureRows
from .hardware import Hardware
from .placement import arrange
from .program import Program
from .windows.candidates import window_candidates

__all__ = ["GRAPHS", "SPACE", "batch_candidate", "candidates", "fewer", "programs_within"]

#: Graphs of mean size that a batch has room for, unless the user says otherwise or the sample has fewer.
GRAPHS = 8

#: Parameters that trade area for speed, largest first.
SPACE = {"units": UNITS, "requant_lanes": REQUANT_LANES, "lanes": tuple(range(64, 0, -8))}


def candidates(target: Target, network: Network, sample: Sample, wishes: Wishes,
               fits: Callable[[AnyHardware], bool]) -> Iterator[Candidate]:
    """As :meth:`hwgen.targets.target.Target.candidates`; windows have the highest ranks.

    When no design for so many graphs fits, half as many are tried, and so on: never fewer than the largest one needs.
    For each number, room for larger graphs is tried before none.
    """
    programs = list(programs_within(network, limits_of(sample, wishes)))
    rows = FeatureRows(programs[0][1], sample.batch)
    total = Capacity.of([sample.batch], network.input_bits, network.edges)
    rank = 0
    if wishes.windows is not True:
        for each in _batches(target, network, programs, rows, sample, total, wishes):
            rank = each.rank + 1
            yield each
    if wishes.windows is not False:
        for limits, program in programs:
            for hardware in window_candidates(rows.least(program), total, wishes.hardware, fits):
                told, saved = _in_windows(rows, program, hardware)
                yield Candidate(target=target, hardware=hardware, runs="window", rank=rank, limits=limits,
                                cycles=guess_cycles(told, hardware, fewer(total, saved), 1),
                                design=partial(place_windows, network, told, hardware))
                rank += 1


def programs_within(network: Network, every: Sequence[Limits]) -> Iterator[tuple[Limits, Program]]:
    """Programs within limits; room for larger graphs is left out where no multiplier has it."""
    for limits in every:
        try:
            yield limits, program_for(network, limits)
        except HwgenError:
            if limits is every[-1]:
                raise


def _in_windows(rows: FeatureRows, program: Program, hardware: Hardware) -> tuple[Program, int]:
    """Sums of weight rows where they stay on the chip, and no more than there are features: nodes want the room."""
    stay = hardware.buffer_depth // (2 * max(1, rows.words_of_row(program, hardware.lanes)))
    return rows.most(program, min(stay, program.features))


def fewer(total: Capacity, saved: int) -> Capacity:
    """A sample whose features are told in so many entries less."""
    return replace(total, features=max(0, total.features - saved))


def _batches(target: Target, network: Network, programs: Sequence[tuple[Limits, Program]], rows: FeatureRows,
             sample: Sample, total: Capacity, wishes: Wishes) -> Iterator[Candidate]:
    """Designs that hold whole graphs."""
    graphs = wishes.graphs or min(GRAPHS, max(1, sample.batch.graphs))
    seen: set[Hardware] = set()
    any_dense = False
    worth = worth_rows(programs[0][1], total) if wishes.listed is None else not wishes.listed
    dense = {id(program): with_rows(program) if worth else None for _, program in programs}
    rank = 0
    while graphs:
        for limits, program in programs:
            room, refused = capacity_of(limits, graphs), None
            try:
                for told, hardware, saved in () if wishes.listed is False else _sized(program, rows, room, wishes):
                    if hardware not in seen:
                        seen.add(hardware)
                        yield batch_candidate(target, network, told, hardware, limits, fewer(total, saved), room, rank)
                if not seen and wishes.listed is not False:  # says what is wrong with the wish
                    choose(rows.least(program), room, wishes.hardware)
            except CapacityError as error:
                refused = error
            if (multiplied := dense[id(program)]) is not None:
                room = replace(room, features=0)
                with suppress(CapacityError):  # lists say what is too small
                    for hardware in hardware_for(multiplied, room, wishes.hardware):
                        any_dense = True
                        yield batch_candidate(target, network, multiplied, hardware, limits, replace(total, features=0),
                                              room, rank)
            last = graphs == 1 and limits is programs[-1][0]
            if refused is not None and last and not seen and not any_dense and not wishes.windows:
                raise refused
            rank += 1
        graphs //= 2


def batch_candidate(target: Target, network: Network, program: Program, hardware: Hardware, limits: Limits,
                    total: Capacity, room: Capacity, rank: int) -> Candidate:
    """A design for batches with guesses; ``total`` is the sample, ``room`` the largest batch."""
    return Candidate(target=target, hardware=hardware, runs="batch", rank=rank, limits=limits,
                     cycles=guess_cycles(program, hardware, total, _runs(total, room)),
                     design=partial(place_batches, network, program, hardware, room))


def _sized(program: Program, rows: FeatureRows, room: Capacity, wishes: Wishes) -> Iterator[
        tuple[Program, Hardware, int]]:
    """Hardware with each dictionary that it may hold, and the list entries that this saves."""
    least = rows.least(program)
    for hardware in hardware_for(least, room, wishes.hardware):
        words = arrange(least, hardware, **room.rows(least)).buffer_words
        yield from rows.sized(program, hardware, words, "buffer_depth" in wishes.hardware)


def _runs(total: Capacity, room: Capacity) -> int:
    """Batches that a sample takes, at least."""
    pairs: Iterator[tuple[int, int]] = zip(astuple(total), astuple(room), strict=True)
    return max(-(-have // max(1, each)) for have, each in pairs)
