"""Steps of least error, and budgets of bits."""

import itertools

import torch

from hwgen.frontend.quantize.fake_quantize import round_half_away
from hwgen.frontend.quantize.step_search import GRID, allocate_bits, best_steps


def error(x: torch.Tensor, step: float, low: int, top: int) -> float:
    return float(((round_half_away(x / step).clamp(low, top) * step - x) ** 2).sum())


def test_best_step_of_each_column_is_the_best_of_the_grid() -> None:
    torch.manual_seed(0)
    x = torch.randn(50, 3) * torch.tensor([0.1, 1.0, 10.0])
    found = best_steps(x, 4, signed=True, axis=0)
    assert found.shape == (1, 3)
    for k in range(3):
        tried = [error(x[:, k], float(x[:, k].abs().max()) * share / 7, -7, 7) for share in GRID]
        assert error(x[:, k], float(found[0, k]), -7, 7) <= min(tried) * (1 + 1e-5)


def test_rows_of_zeros_get_the_median_step() -> None:
    x = torch.tensor([[3.0, 0.0], [0.0, 0.0], [6.0, 6.0], [9.0, 9.0]])
    steps = best_steps(x, 1, signed=False, axis=1)[:, 0]
    assert steps[1] == steps[[0, 2, 3]].median()


def test_all_zeros_get_a_positive_step() -> None:
    assert (best_steps(torch.zeros(3, 2), 2, signed=False, axis=1) > 0).all()


def test_budget_is_met_exactly_at_every_target() -> None:
    torch.manual_seed(0)
    x = torch.randn(200, 8).relu()
    for target in (0.0, 0.25, 0.5, 0.75, 1.0, 2.0):
        bits, steps = allocate_bits(x, target)
        assert bits.sum() == round(target * 200)
        assert (steps > 0).all()


def test_allocation_is_as_good_as_trying_everything() -> None:
    torch.manual_seed(3)
    x = torch.rand(5, 4) * torch.tensor([[0.1], [1.0], [2.0], [4.0], [8.0]])
    cost = [[float((row**2).sum())] + [error(row, float(best_steps(row[None], b, signed=False, axis=1)), 0, 2**b - 1)
                                        for b in (1, 2)] for row in x]
    bits, _ = allocate_bits(x, 0.8, largest=2)
    best = min(sum(c[b] for c, b in zip(cost, choice, strict=True))
               for choice in itertools.product(range(3), repeat=5) if sum(choice) == 4)
    mine = sum(c[int(b)] for c, b in zip(cost, bits[:, 0], strict=True))
    assert mine <= best * 1.02  # optimal on the convex hull; a budget that cuts a jump may cost a little


def test_zero_rows_get_no_bits_while_others_want_them() -> None:
    x = torch.cat([torch.zeros(10, 4), torch.rand(10, 4) + 0.1])
    bits, _ = allocate_bits(x, 0.5)
    assert bits[:10].sum() == 0
    assert bits[10:].sum() == 10


def test_signed_rows_get_two_bits_or_none_whatever_is_left() -> None:
    """One bit stores nothing; what is left of a budget goes to a node that has some."""
    for seed in range(20):
        x = torch.randn(9, 6, generator=torch.Generator().manual_seed(seed))
        for budget in range(1, 27, 2):
            bits, steps = allocate_bits(x, budget / 9, signed=True)
            assert not (bits == 1).any()
            assert budget - 1 <= int(bits.sum()) <= budget
            assert (steps > 0).all()
