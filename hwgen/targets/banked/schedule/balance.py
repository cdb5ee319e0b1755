"""Items into bins with several loads to balance at once: a greedy start and swaps.

The same doubles on every processor, so that a build is: sums term by term, and no library's exponential, which differs
in its last bit.
"""

import numpy as np
from numpy.typing import NDArray

from ...arrays import Floats, Ints

__all__ = ["balance", "refine", "relative", "spread"]

STEEP = 29.0
"""Octaves by which the price of a bin grows up to its fair share; 17 to 43 balance Cora and CiteSeer within 1 % of each
other."""

ROUNDS = 300
"""Swaps tried by :func:`refine`."""

CANDIDATES = 512
"""Partners looked at in each."""

PATIENCE = 40
"""Fruitless swaps in a row after which it stops."""


def relative(demand: NDArray[np.generic]) -> Floats:
    """Scale each column to its share of the column's sum, so that every resource counts the same."""
    total = demand.sum(0)
    share: Floats = demand / np.where(total > 0, total, 1)
    return share


def power_of_two(exponent: Floats) -> Floats:
    """``2 ** exponent`` to 0.3 %: a parabola between integers, by operations that every processor rounds alike."""
    below = np.floor(exponent)
    part = exponent - below
    return np.ldexp(1 + part * (2 + part) / 3, below.astype(np.int64))


def _sum(terms: Floats) -> Floats:
    """The sum along the last axis, in order."""
    total = np.zeros(terms.shape[:-1])
    for index in range(terms.shape[-1]):
        total = total + terms[..., index]
    return total


def balance(demand: Floats, order: Ints, bins: int, limit: int, seed: int = 0) -> Ints:
    """The bin of each item: :func:`spread`, with its parameters, and :func:`refine`."""
    return refine(demand, spread(demand, order, bins, limit), bins, seed=seed)


def spread(demand: Floats, order: Ints, bins: int, limit: int) -> Ints:
    """Put items into bins, the next item always where it costs least.

    A bin of loads ``L`` (shares of all demand) prices resource d at ``2 ** (STEEP * (L_d / fair_d - 1))``, so
    that a resource near its fair share counts more than any number of idle ones, and an item of demand
    ``w`` goes where ``w · price`` is smallest (exponential prices: Aspnes et al. 1997, "On-line routing of
    virtual circuits with applications to load balancing and machine scheduling", §3).

    Parameters
    ----------
    demand : float64 [items, resources]
        Shares: every column sums to 1 (or 0).
    order : int64 [items]
        Items in the order in which they are placed.
    bins, limit : int
        Number of bins, and items that a bin can hold.

    Returns
    -------
    int64 [items]
        Bin of each item.
    """
    load = np.zeros((bins, demand.shape[1]))
    fair = np.maximum(1 / bins, demand.max(0, initial=0))  # of each resource; a giant item cannot be split
    price = power_of_two(STEEP * (load - 1))
    room = np.full(bins, limit)
    full = np.zeros(bins)
    where = np.empty(demand.shape[0], dtype=np.int64)
    for item in order.tolist():
        weight = demand[item]
        best = int((_sum(price * weight) + full).argmin())
        where[item] = best
        load[best] += weight
        price[best] = power_of_two(STEEP * (load[best] / fair - 1))
        room[best] -= 1
        if not room[best]:
            full[best] = np.inf
    return where


def refine(demand: Floats, where: Ints, bins: int, rounds: int = ROUNDS, seed: int = 0) -> Ints:
    """Swap items of unequal demand while that lowers the sum of all prices of :func:`spread`, twice as steep.

    Each round takes an item of the bin with the highest load (every other round: with the highest price) and the
    best of some random partners. Bins keep their numbers of items.

    Parameters
    ----------
    demand : float64 [items, resources]
        As for :func:`spread`.
    where : int64 [items]
        Bin of each item.
    bins, rounds, seed : int
        Number of bins, swaps to try, and what decides the random choices.

    Returns
    -------
    int64 [items]
        Bin of each item after the swaps.
    """
    if bins == 1 or where.size < 2:
        return where
    where, rng = where.copy(), np.random.default_rng(seed)
    fair = np.maximum(1 / bins, demand.max(0))
    ratio = np.zeros((bins, demand.shape[1]))
    np.add.at(ratio, where, demand / fair)

    def price(loads: Floats) -> Floats:
        return _sum(power_of_two(2 * STEEP * (loads - 1)))

    prices = price(ratio)
    fruitless = 0
    for index in range(rounds):
        if fruitless == PATIENCE:
            break
        hot = int(prices.argmax() if index % 2 else ratio.max(1).argmax())
        item = int(rng.choice(np.flatnonzero(where == hot)))
        partners = rng.integers(0, where.size, CANDIDATES)
        gain = (demand[partners] - demand[item]) / fair
        homes = where[partners]
        change = price(ratio[hot] + gain) + price(ratio[homes] - gain) - prices[hot] - prices[homes]
        best = int(np.where(homes == hot, 0, change).argmin())
        if homes[best] == hot or change[best] >= 0:
            fruitless += 1
            continue
        fruitless = 0
        partner, home = int(partners[best]), int(homes[best])
        ratio[hot] += gain[best]
        ratio[home] -= gain[best]
        prices[[hot, home]] = price(ratio[[hot, home]])
        where[item], where[partner] = home, hot
    return where
