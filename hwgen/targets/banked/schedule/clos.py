"""Routes through a group's three-stage Clos network, for all slots at once."""

import numpy as np

from ...arrays import Ints
from ..hardware import UNITS

__all__ = ["RADIX", "route"]

RADIX = 4


def route(bank: Ints) -> Ints:
    """Set the switches so that every processing element sees the bank it reads.

    A slot's reads are a partial permutation; idle elements are given the banks that are left, which makes
    it one. Which middle switch carries a read is an edge colouring of the 4-regular bipartite graph of
    input and output switches, found by splitting it in halves twice, each time by walking even cycles
    (Opferman & Tsao-Wu 1971, "On a class of rearrangeable switching networks", looping algorithm).

    Parameters
    ----------
    bank : int64 [slots, 16]
        Bank that each processing element reads, -1 for none; otherwise distinct within a slot.

    Returns
    -------
    int64 [slots, 16]
        ``route`` of each column of the schedule word: 2 bits a stage, the first stage lowest.
    """
    slots = bank.shape[0]
    source = _complete(bank)
    at = np.arange(slots)[:, None]
    ports = np.arange(UNITS)
    target = np.empty_like(source)  # the element that a bank feeds
    target[at, source] = ports

    # First split: the neighbours of a switch in pairs (0, 1) and (2, 3) go to different halves.
    half = _two_colour(source, target, ports[None, :] ^ 1, ports[None, :] ^ 1)
    # Second split, within a half: its two banks of an input switch, and its two elements of an output switch.
    half_of_bank = half[at, target]
    quarter = _two_colour(source, target, _partner(half), _partner(half_of_bank))
    middle = 2 * half + quarter  # of each element's read

    first, second, third = (np.empty_like(source) for _ in range(3))
    element = np.broadcast_to(ports, source.shape)
    inlet, outlet = source // RADIX, element // RADIX
    first[at, RADIX * inlet + middle] = source % RADIX
    second[at, RADIX * middle + outlet] = inlet
    third[at, element] = middle
    return first | second << 2 | third << 4


def _complete(bank: Ints) -> Ints:
    """Fill a partial permutation with the unused banks."""
    source = bank.copy()
    used = np.zeros(bank.shape, dtype=bool)
    slot, element = np.nonzero(bank >= 0)
    used[slot, bank[slot, element]] = True
    source[bank < 0] = np.nonzero(~used)[1]  # as many in each slot as idle elements
    return source


def _two_colour(source: Ints, target: Ints, element_partner: Ints, bank_partner: Ints) -> Ints:
    """Colour reads 0 and 1 so that partners differ, at the banks and at the elements.

    Walking from an element to its partner, to that one's bank, to that bank's partner and to its element
    passes two partnerships, so it arrives at the same colour: an orbit of this walk has one colour. Each
    orbit is named after its smallest element, found by pointer doubling; of the two orbits of a cycle the
    smaller name gets 0.
    """
    at = np.arange(source.shape[0])[:, None]
    partner = np.broadcast_to(element_partner, source.shape)
    mates = np.broadcast_to(bank_partner, source.shape)
    step = target[at, mates[at, source[at, partner]]]
    name = np.minimum(np.arange(UNITS), step)
    for _ in range(3):  # an orbit has at most 8 elements
        step = step[at, step]
        name = np.minimum(name, name[at, step])
    colour: Ints = (name > name[at, partner]).astype(np.int64)
    return colour


def _partner(colour: Ints) -> Ints:
    """For each port the other one of its colour at the same switch; each switch has two of each."""
    switches = colour.reshape(-1, RADIX)
    order = np.argsort(switches, axis=1, kind="stable")
    partner = np.empty_like(order)
    at = np.arange(order.shape[0])[:, None]
    partner[at, order] = order[:, [1, 0, 3, 2]]
    return partner.reshape(colour.shape) + np.arange(UNITS) // RADIX * RADIX
