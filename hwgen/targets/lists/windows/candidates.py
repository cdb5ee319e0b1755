"""Hardware for graphs by windows: what the model needs, and memories that windows share out.

The rule, the weightiest wish first: the lanes that rows like; a node buffer of :data:`ENOUGH` words or more; many
units; many requantizer lanes; a deep buffer. The other memories go with the depth D of the buffer: the list memories of
all units together hold 4 D entries, their descriptors D / 2 rows, their results D / 2 words, and each requantizer has
D / 8 row parameters beside the model's own. The longest list that the model is for always has room, and the buffer is
no deeper than all rows of the graph would need.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from rtl_templates.lists.formats import NULL_INDEX, PASS, ROW_ADDRESS

from ..choose import Capacity, longest_entries, narrowest
from ..hardware import Hardware
from ..program import Program
from .layout import window_hardware
from .passes import window_passes

__all__ = ["window_candidates"]

#: Words below which the buffer is deepened rather than another unit built: small windows load the same rows again and
#: again, and loading takes as long with many units as with one.
ENOUGH = 4096
CHUNKS = (1 << PASS["in_chunks"]) - 1  #: Of a row, at most: narrow lanes may need more.
LEAST, STEP, ROUND = 256, 1024, 64
LAST = (4096, 2048, 1024, 512, LEAST)  #: Depths of the last resort: a hub may need some of them.


def window_candidates(program: Program, capacity: Capacity, wanted: Mapping[str, int],
                      fits: Callable[[Hardware], bool]) -> Iterator[Hardware]:
    """Hardware parameters, best first: whoever asks takes the first that turns out to fit the board.

    Parameters
    ----------
    capacity : Capacity
        The graphs, whole.
    wanted : mapping
        Parameters that are not to be chosen.
    fits : callable
        Whether a design is expected to fit. The last candidates need not: they are the smallest, for whoever wants to
        know by how much nothing fits.

    Raises
    ------
    HwgenError
        A parameter in ``wanted`` that has a value that no template implements.
    """
    first = wanted.get("lanes") or narrowest(program, capacity)
    Hardware(**{"lanes": first, "requant_lanes": 1, **wanted}).verify()
    fewer = [] if "lanes" in wanted else [each for each in (16, 8) if each < first and
                                          each % wanted.get("requant_lanes", 1) == 0]
    bases = [_base(program, wanted, lanes) for lanes in (first, *fewer)]
    bases = [base for base in bases if base.chunks <= CHUNKS] or bases[:1]
    for base in bases:
        deep = [wanted["buffer_depth"]] if "buffer_depth" in wanted else _depths(program, capacity, base)
        enough = min(ENOUGH, deep[0])
        for depths in ([each for each in deep if each >= enough], [each for each in deep if each < enough]):
            for units in [wanted["units"]] if "units" in wanted else [4, 2, 1]:
                for lanes in [wanted["requant_lanes"]] if "requant_lanes" in wanted else [8, 4, 2]:
                    some = (_sized(program, base, wanted, units, lanes, depth) for depth in depths)
                    hardware = next((each for each in some if fits(each)), None)
                    if hardware is not None:
                        yield hardware
    most = _depths(program, capacity, bases[-1])[0]
    for depth in [wanted["buffer_depth"]] if "buffer_depth" in wanted else [each for each in LAST if each <= most]:
        yield _sized(program, bases[-1], wanted, wanted.get("units", 1), wanted.get("requant_lanes", 2), depth)


def _base(program: Program, wanted: Mapping[str, int], lanes: int) -> Hardware:
    """What the model needs at some lanes; ``param_depth`` are its own entries."""
    hardware = Hardware(lanes=lanes, requant_lanes=wanted.get("requant_lanes", 1), param_depth=0)
    return window_hardware(program, hardware)


def _depths(program: Program, capacity: Capacity, base: Hardware) -> list[int]:
    """Depths of the node buffer to be tried, the deepest first."""
    rows = {str(domain): count for domain, count in capacity.rows(program).items()}
    words = sum(sum(-(-block // base.lanes) for block in tensor.blocks)
                * (len(program.stored(k)) if tensor.rows is not None else rows[tensor.domain])
                for k, tensor in enumerate(program.tensors))
    most = min(NULL_INDEX + 1, max(LEAST, _rounded(words)))
    return [most, *(each for each in (*range(NULL_INDEX + 1, 0, -STEP), STEP // 2, LEAST) if each < most)]


def _sized(program: Program, base: Hardware, wanted: Mapping[str, int], units: int, requant_lanes: int,
           depth: int) -> Hardware:
    """A design with a node buffer of some depth."""
    entries = longest_entries(program)
    longest = max(sum(entries[name] for name in each.walked) for each in window_passes(program))
    chosen = {"units": units, "requant_lanes": requant_lanes, "buffer_depth": depth,
              "list_depth": _rounded(max(depth // (2 * units), -(-longest // 8))),
              "descriptor_depth": _rounded(depth // (4 * units)), "result_depth": _rounded(depth // (2 * units)),
              "param_depth": min(base.param_depth + _rounded(depth // 8), 1 << ROW_ADDRESS)}
    return replace(base, **{**chosen, **wanted})


def _rounded(words: int) -> int:
    return -(-words // ROUND) * ROUND
