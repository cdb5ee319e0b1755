"""Banked designs for a network and its sample: hardware parameters, what they cost, and how long they take."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import partial
from itertools import product

from ...errors import CapacityError, HwgenError
from ...flow.wishes import Wishes, limits_of
from ...network.dictionary import Dictionary
from ...network.network import Network
from ...network.sample import Sample
from ..target import Candidate, Target
from .area import SLOT_STEP, most_slots
from .cycles import guess_cycles
from .design import Design
from .feature_rows import dictionary_for, told_in
from .hardware import Hardware
from .network_to_program import lower
from .program import Program
from .schedule.schedule import ALL_SLOTS, BEST, QUICK, Method, schedule
from .session import GraphRun
from .sizes import capacity, check_capacity, choose, most_groups

__all__ = ["SPACE", "candidate", "candidates", "dictionary_of", "hardware_for", "program_for",
           "waits_for_planes"]

#: Parameters that trade area for speed, largest first.
SPACE = {"groups": (16, 12, 10, 8, 6, 5, 4, 3, 2, 1), "servers": (16, 8, 4), "requant_lanes": (16, 8, 4, 2),
         "lane_sets": (2, 1), "digit": (4, 2)}
#: Bit planes of a row for which a server does not wait: its digits take as many cycles.
FREE_PLANES = 2


def candidates(target: Target, network: Network, sample: Sample, wishes: Wishes) -> Iterator[Candidate]:
    """Every design of :data:`SPACE`, as :meth:`hwgen.targets.target.Target.candidates`."""
    program = program_for(network, sample, wishes)
    dictionary = dictionary_of(program, wishes.hardware)
    program = told_in(program, dictionary)
    for hardware in hardware_for(program, wishes.hardware):
        yield candidate(target, network, sample, program, dictionary, hardware, "slots" in wishes.hardware)


def program_for(network: Network, sample: Sample, wishes: Wishes) -> Program:
    """The program of the sample's graph, its first pass not yet told in a dictionary.

    Raises
    ------
    HwgenError
        A width that no requantizer has.
    CapacityError
        Room for other graphs was wished for.
    """
    if limits_of(sample, wishes)[0] != sample.limits:
        raise CapacityError("room for graphs that are larger than the model's own", "limits",
                            "leave --max-nodes, --max-edges and --max-degree out, or use --target lists")
    sum_bits = wishes.hardware.get("sum_bits")
    if sum_bits is not None:
        Hardware.verify_sum_bits(sum_bits)
    return lower(network, sample.batch, sum_bits)


def candidate(target: Target, network: Network, sample: Sample, program: Program, dictionary: Dictionary | None,
              hardware: Hardware, slots_given: bool) -> Candidate:
    """A design for a program that is told in a dictionary, with guesses."""
    make = partial(_design, network, sample, program, dictionary, hardware, slots_given)
    return Candidate(target=target, hardware=hardware, runs="graph", rank=0, limits=sample.limits,
                     cycles=guess_cycles(program, hardware), design=make,
                     quick=partial(make, QUICK))


def dictionary_of(program: Program, wanted: Mapping[str, int]) -> Dictionary | None:
    """A dictionary for the rows that the nodes leave: all designs have banks of one depth."""
    if program.passes[0].source is None:
        return None
    smallest = told_in(program, Dictionary.distinct(program.passes[0].source))
    return dictionary_for(program, next(hardware_for(smallest, wanted)))


def hardware_for(program: Program, wanted: Mapping[str, int]) -> Iterator[Hardware]:
    """Hardware parameters for a program, the largest design first; two bit planes a cycle last, where they may help.

    Parameters
    ----------
    wanted : mapping
        Parameters that are not to be chosen. If it names all of them they are taken as they are.

    Raises
    ------
    HwgenError
        A parameter that no template implements.
    CapacityError
        A parameter in ``wanted`` is too small for the program.
    """
    if set(wanted) == {field.name for field in fields(Hardware)}:
        hardware = Hardware(**wanted)
        hardware.verify()
        check_capacity(program, hardware)
        yield hardware
        return
    plain = choose(program, **wanted)
    most = {"groups": most_groups(program), "servers": plain.servers, "requant_lanes": plain.lanes,
            "lane_sets": 1 + any(step.combine is not None for step in program.passes), "digit": plain.digit}
    space = [(wanted[name],) if name in wanted else tuple(value for value in values if value <= most[name])
             for name, values in SPACE.items()]
    planes = [wanted["planes"]] if "planes" in wanted else [1, 2] if waits_for_planes(program) else [1]
    for each, point in product(planes, product(*space)):
        try:
            yield choose(program, **{**wanted, **dict(zip(SPACE, point, strict=True)), "planes": each})
        except HwgenError:  # such as more beats of few requantizer lanes than a task word can count
            continue


def waits_for_planes(program: Program) -> bool:
    """Whether servers may take fewer cycles with two bit planes a cycle: of dense features, or of wide rows."""
    for index, step in enumerate(program.passes):
        if step.combine is None:
            continue
        if step.q1 is None:  # dense
            bits = float(program.input_bits * FREE_PLANES)
        elif step.q1.row_bits is None:
            bits = float(step.q1.bits)
        else:
            bits = float(step.q1.row_bits[program.rows_of(index)].mean())
        if bits > FREE_PLANES:
            return True
    return False


def _design(network: Network, sample: Sample, program: Program, dictionary: Dictionary | None, hardware: Hardware,
            slots_given: bool, method: Method = BEST) -> Design:
    """Schedule the sample, which says how many slots the design needs."""
    if slots_given:
        placed = schedule(program, hardware, method)
    else:
        placed = schedule(program, replace(hardware, slots=ALL_SLOTS), method, room=most_slots(hardware))
        needed = -(-placed.slots_used // SLOT_STEP) * SLOT_STEP
        hardware = replace(hardware, slots=max(hardware.slots, needed))
    run = GraphRun(program=program, hardware=hardware, schedule=placed, edges=int(sample.batch.edges.shape[1]),
                   dictionary=dictionary)
    return Design(network=network, hardware=hardware, capacity=capacity(program, hardware), dictionary=dictionary,
                  scheduled=(sample.batch, run))
