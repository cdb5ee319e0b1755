"""Steps and bit widths read off an FP32 model: the starting point that measured best (and needs no learning rate)."""

import torch
from torch import Tensor

from .fake_quantize import TINY, round_half_away

__all__ = ["allocate_bits", "best_steps"]

#: Steps that are tried, as shares of the one that just avoids clipping.
GRID = tuple(0.2 + 0.1 * k for k in range(9))


def best_steps(x: Tensor, bits: int, *, signed: bool, axis: int) -> Tensor:
    """Search the step of least squared error over a grid, for each column or each row.

    Parameters
    ----------
    x : Tensor float [n, k]
        Values to quantize.
    bits : int
        Stored bits; at least 1, or 2 when signed.
    signed : bool
        Signed symmetric codes, or unsigned ones.
    axis : int
        The axis that shares a step: 0 gives a step a column, 1 a step a row.

    Returns
    -------
    Tensor float, [1, k] or [n, 1]
        Rows or columns of zeros get the median of the others.
    """
    return _search(x, bits, signed=signed, axis=axis)[0]


def allocate_bits(x: Tensor, target: float, *, signed: bool = False, largest: int = 4) -> tuple[Tensor, Tensor]:
    """Spread a budget of bits over nodes: minimise Σ_i (E_i(b_i) + λ·b_i), λ such that the mean width is ``target``.

    ``E_i(b)`` is node i's squared quantization error at b bits and its best step. Nodes whose choice flips at the
    last λ are taken in order of gain, so that the mean is met to within one node.

    Parameters
    ----------
    x : Tensor float [n, k]
        The FP32 model's activations.
    target : float
        Mean stored bits; 0 to ``largest``.
    signed : bool
        Signed symmetric codes, whose sign counts as a bit: none has 1 bit, which stores as little as 0.
    largest : int
        No node gets more bits.

    Returns
    -------
    bits : Tensor float [n, 1]
    steps : Tensor float [n, 1]
    """
    least = 2 if signed else 1
    found = [_search(x, bits, signed=signed, axis=1) for bits in range(least, largest + 1)]
    nothing = (x**2).sum(1)
    errors = torch.stack([nothing] * least + [error[:, 0] for _, error in found], 1).double()
    steps = torch.cat([found[0][0]] * least + [step for step, _ in found], 1)
    # The lower convex hull of a node's errors turns the choice into increments, each bought when its gain per bit
    # exceeds λ; sorted by that gain, the budget cuts them exactly.
    bits = torch.zeros(len(x), dtype=torch.long)
    budget = round(target * len(x))
    gains, nodes, sizes = _increments(errors)
    closed = torch.zeros(len(x), dtype=torch.bool)
    for index in torch.argsort(gains, descending=True, stable=True).tolist():
        if gains[index] <= 0 or sizes[index] > budget or closed[nodes[index]]:
            closed[nodes[index]] = True  # a later increment starts where this one ends
            continue
        bits[nodes[index]] += sizes[index]
        budget -= int(sizes[index])
    return bits[:, None].float(), steps.gather(1, bits[:, None])


def _increments(errors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Steps along each node's lower convex hull: gain per bit, node, bits."""
    nodes = len(errors)
    widths = torch.arange(errors.shape[1]).double()
    at = torch.zeros(nodes, dtype=torch.long)
    gains, owners, sizes = [], [], []
    for _ in range(errors.shape[1] - 1):
        here = errors.gather(1, at[:, None])
        slope = (here - errors) / (widths - at[:, None]).clamp_min(1.0)
        slope[widths[None, :] <= at[:, None]] = -torch.inf
        gain, to = slope.max(1)
        more = gain > 0
        owners.append(torch.nonzero(more)[:, 0])
        gains.append(gain[more])
        sizes.append((to - at)[more])
        at = torch.where(more, to, at)
    return torch.cat(gains), torch.cat(owners), torch.cat(sizes)


def _search(x: Tensor, bits: int, *, signed: bool, axis: int) -> tuple[Tensor, Tensor]:
    top = 2 ** (bits - 1 if signed else bits) - 1
    limit = x.abs().amax(axis, keepdim=True)
    best = error = None
    for share in GRID:
        step = (limit * share / top).clamp_min(TINY)
        code = round_half_away((x / step).clamp(-top if signed else 0, top))
        here = ((code * step - x) ** 2).sum(axis, keepdim=True)
        if best is None or error is None:
            best, error = step, here
        else:
            best, error = torch.where(here < error, step, best), torch.minimum(here, error)
    assert best is not None
    assert error is not None
    alive = limit > TINY
    if alive.any():
        best = torch.where(alive, best, best[alive].median())
    return best, error
