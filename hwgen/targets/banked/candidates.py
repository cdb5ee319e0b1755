"""Which hardware parameters to try for a program on a board, best first, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import product

from boards import Board

from ...errors import HwgenError
from ...flow.resources import Resources
from .area import guess_cycles, guess_resources
from .hardware import Hardware
from .program import Program
from .sizes import check_capacity, choose

__all__ = ["Choice", "choices"]

#: Fraction of a resource that a chosen design may be expected to take, where it is not all: routers want room.
COMFORTABLE = {"lut": 0.85, "lutram": 0.9, "ff": 0.85}
#: A smaller design is preferred to one that is expected to be faster by less than this.
WORTH = 1.03
#: Parameters that trade area for speed, largest first.
SPACE = {"groups": (4, 3, 2, 1), "servers": (16, 8, 4), "requant_lanes": (8, 4, 2)}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Hardware parameters, and a sentence that says why they were chosen."""

    hardware: Hardware
    reason: str


def choices(program: Program, wanted: Mapping[str, int], board: Board | None = None) -> Iterator[Choice]:
    """Hardware parameters for a program, best first: whoever asks takes the first that turns out to fit.

    Of the designs expected to fit the board, the fastest comes first, and of those about as fast the smallest one. The
    last is the smallest design there is.

    Parameters
    ----------
    program : Program
    wanted : mapping
        Parameters that are not to be chosen. If it names all of them they are taken as they are.
    board : Board or None
        None: whatever the program can keep busy, on no board in particular.

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
        yield Choice(hardware=hardware, reason="every parameter was given")
        return
    largest = _complete(program, wanted)
    if board is None:
        yield Choice(hardware=largest, reason="no board was given")
        return
    space = [(wanted[name],) if name in wanted else tuple(value for value in values if value <= getattr(largest, name))
             for name, values in SPACE.items()]
    designs = [each for point in product(*space) if (each := _possible(program, {**wanted, **_named(point)}))]
    sizes = [guess_resources(each) for each in designs]
    shares = [size.fullest(board)[1] for size in sizes]
    speeds = [guess_cycles(program, each) for each in designs]
    expected = [index for index, size in enumerate(sizes) if _comfortable(size, board)]
    order: list[int] = []
    while expected:
        fastest = min(speeds[index] for index in expected)
        best = min((index for index in expected if speeds[index] <= WORTH * fastest), key=lambda index: shares[index])
        order.append(best)
        expected = [index for index in expected if shares[index] < shares[best]]
    for rank, index in enumerate(order):
        refused = f"Yosys found {rank} of them too large; " if rank else ""
        yield Choice(hardware=designs[index], reason=refused + _reason(designs, sizes[0], index, board))
    smallest = shares.index(min(shares))
    if smallest not in order:
        yield Choice(hardware=designs[smallest], reason=f"the smallest of {len(designs)} designs: none was expected "
                                                        f"to fit {board.title}")


def _comfortable(size: Resources, board: Board) -> bool:
    have, used = asdict(board.resources), asdict(size.total)
    return all(used[name] <= COMFORTABLE.get(name, 1.0) * have[name] for name in have)


def _reason(designs: list[Hardware], largest: Resources, index: int, board: Board) -> str:
    if len(designs) == 1:
        return "the parameters that trade area for speed were given"
    name, share = largest.fullest(board)
    first = designs[0]
    if index == 0:
        return f"the fastest of {len(designs)} designs, expected to take {share:.0%} of the {name.upper()}"
    return (f"the fastest of {len(designs)} designs that is expected to fit; {first.groups} groups, {first.servers} "
            f"servers and {first.requant_lanes} requantizer lanes would take about {share:.0%} of the {name.upper()}")


def _named(point: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(SPACE, point, strict=True))


def _possible(program: Program, wanted: Mapping[str, int]) -> Hardware | None:
    try:
        return _complete(program, wanted)
    except HwgenError:
        return None


def _complete(program: Program, wanted: Mapping[str, int]) -> Hardware:
    """Choose what is not wanted; parameters that follow from the program may be overridden afterwards."""
    choosable = choose.__kwdefaults__ or {}
    chosen = choose(program, **{name: value for name, value in wanted.items() if name in choosable})
    chosen = replace(chosen, **{name: value for name, value in wanted.items() if name not in choosable})
    chosen.verify()
    return chosen
