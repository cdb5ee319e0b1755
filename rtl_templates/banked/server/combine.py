"""What a server feeds its MAC array: planes of a node's activations or, in dense passes, feature words."""

from collections.abc import Mapping

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.utils import exact_log2

from ...cells.add_memory import add_memory
from ...cells.mac import MacArray
from ...cells.multiplex import multiplex
from ...cells.structure import structure
from ..formats import Target
from ..requantize import CODE_BITS, Requantizer
from ..requantize_timing import REQUANT_MULTIPLIER
from .issue import ServerPick
from .queues import Flight
from .timing import SERVER_MAC

__all__ = ["features", "planes_of"]


def planes_of(m: Module, task: data.View, requantizer: Requantizer, mac: MacArray, flight: Flight, act_valid: Signal,
              act_data: Signal) -> tuple[Value, Value]:
    """Activation register, its planes, and their sequence.

    Returns
    -------
    running, left
        Whether the MAC array works on a node, and how many cycles are left after this one.
    """
    flags, place, width = flight.flags, flight.place, len(requantizer.code)
    chunks = mac.lanes * CODE_BITS // width
    codes = structure(data.ArrayLayout(width, chunks), reset_less=True)  # chunks as they come
    held = Signal(mac.lanes * CODE_BITS, reset_less=True)  # a whole node, while its planes are read
    for k in range(chunks):
        with m.If(flags.pre & (place == k)):
            m.d.sync += codes[k].eq(requantizer.code)
        if k:  # last, since a flip-flop's reset comes before its enable
            with m.If(flags.pre & (place == 0)):
                m.d.sync += codes[k].eq(0)

    # The occupation travels to the cycle in which the activations are complete.
    begin, count = flight.pre_ends & (task.combine | task.dense), flight.occupation
    for k in range(SERVER_MAC - 1 - REQUANT_MULTIPLIER):
        later, number = Signal(name=f"begin{k}"), Signal.like(flight.occupation, name=f"occupation{k}", reset_less=True)
        m.d.sync += [later.eq(begin), number.eq(count)]
        begin, count = later, number
    running, left = Signal(), Signal.like(flight.occupation)
    with m.If(begin):
        m.d.sync += [running.eq(1), left.eq(count - 1), held.eq(codes.as_value())]
    with m.Elif(left == 0):
        m.d.sync += running.eq(0)
    with m.Else():
        m.d.sync += left.eq(left - 1)
    m.d.sync += act_valid.eq(begin & ~task.dense)
    m.d.comb += act_data.eq(held)

    # The plane pair or plane number `left`; zero above the codes' eight bits.
    planes = Signal(mac.planes * mac.lanes, reset_less=True)
    steps = CODE_BITS // mac.planes
    chosen = left[:exact_log2(steps)]
    for plane in range(mac.planes):
        for lane in range(mac.lanes):
            code = held.word_select(lane, CODE_BITS)
            m.d.sync += planes[plane * mac.lanes + lane].eq(multiplex(
                m, f"plane{plane}_{lane}", [code[k * mac.planes + plane] for k in range(steps)], chosen,
                primitives=mac.primitives))
    with m.If(~running | task.dense | (left >= steps)):
        m.d.sync += planes.eq(0)
    m.d.sync += [mac.enable.eq(running), mac.last.eq(running & (left == 0))]
    m.d.comb += mac.x.eq(planes)
    if mac.pages > 1:
        m.d.sync += mac.page.eq(task.page)
    return running, left


def features(m: Module, task: data.View, run_start: Value, load: Mapping[str, Value], pick: ServerPick, mac: MacArray,
             running: Value, left: Value, depth: int) -> None:
    """Dense passes: a feature word a cycle in place of the planes, page by page within a step.

    Parameters
    ----------
    load : mapping of str to Value
        The registered load bus.
    running, left : Value
        Of :func:`planes_of`.
    depth : int
        Words of the feature memory, more than 0.
    """
    store = add_memory(m, "features", mac.planes * mac.lanes, depth, "block")
    write, read = store.write_port(), store.read_port()
    pointer, page = Signal(range(depth)), Signal(8)
    fetch, fetched = Signal(), Signal()
    m.d.comb += [
        fetch.eq(running & task.dense & (left < pick.words)), read.en.eq(fetch), read.addr.eq(pointer),
        write.en.eq(load["valid"] & (load["target"] == Target.FEATURE)),
        write.addr.eq(load["address"]), write.data.eq(load["data"]),
        mac.other.eq(Mux(fetched, read.data, 0)),
    ]
    m.d.sync += fetched.eq(fetch)
    with m.If(run_start):
        m.d.sync += pointer.eq(0)
    with m.Elif(fetch):
        m.d.sync += pointer.eq(pointer + 1)
    with m.If(fetch):
        m.d.sync += page.eq(Mux(page == task.dense_pages - 1, 0, page + 1))
    with m.Elif(~running):
        m.d.sync += page.eq(0)
    if mac.pages > 1:
        with m.If(task.dense):
            m.d.sync += [mac.page.eq(task.page + page), mac.hold.eq(page != 0)]
        with m.Else():
            m.d.sync += mac.hold.eq(0)
