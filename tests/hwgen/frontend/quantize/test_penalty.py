"""What bits cost, and whom that moves."""

import pytest
import torch

from hwgen.frontend.quantize.penalty import Stored, cost_of
from hwgen.schemes import Penalty


def stored(*bits: float, width: int, signed: bool = False) -> tuple[torch.Tensor, Stored]:
    """Rows of learned widths, and what is stored of them; the gradient passes the rounding."""
    raw = torch.tensor(bits, requires_grad=True)
    whole = raw + (raw.round() - raw).detach()
    return raw, Stored(bits=whole.sum(), learned=raw.sum(), rows=float(len(bits)), width=width, signed=signed)


@pytest.mark.parametrize("rounded", [False, True])
def test_bits_are_the_mean_over_rows_whatever_their_width(rounded: bool) -> None:
    first, a = stored(1.25, 3.0, width=16)
    second, b = stored(0.0, 2.0, 1.0, 5.25, width=8)
    size = 12 / 6 if rounded else 12.5 / 6
    cost = cost_of(Penalty(rounded=rounded, weight=100.0, target=0.5), [a, b])
    assert cost.item() == pytest.approx(100 * (size - 0.5) ** 2)
    cost.backward()
    assert first.grad is not None
    assert first.grad.tolist() == pytest.approx([100 * 2 * (size - 0.5) / 6] * 2)
    assert second.grad is not None
    assert second.grad.tolist() == pytest.approx([100 * 2 * (size - 0.5) / 6] * 4)


@pytest.mark.parametrize("rounded", [False, True])
def test_kilobytes_count_a_sign_bit_for_every_value_as_published(rounded: bool) -> None:
    first, a = stored(1.25, 3.0, width=16)
    _, b = stored(0.0, 2.0, width=8)
    _, c = stored(2.0, 4.0, width=8, signed=True)  # which have their sign already
    size = (16 * (2 + 4 + (0 if rounded else 0.25)) + 8 * (1 + 3) + 8 * (2 + 4)) / 8192
    cost = cost_of(Penalty(size="kilobytes", rounded=rounded, weight=2.5, target=0.01), [a, b, c])
    assert cost.item() == pytest.approx(2.5 * (size - 0.01) ** 2)
    cost.backward()
    assert first.grad is not None
    assert first.grad.tolist() == pytest.approx([2.5 * 2 * (size - 0.01) * 16 / 8192] * 2)


@pytest.mark.parametrize("size", ["bits", "kilobytes"])
def test_below_the_target_nothing_is_asked(size: str) -> None:
    raw, a = stored(1.0, 2.0, width=4)
    cost = cost_of(Penalty(size=size, weight=100.0, target=3.0), [a])
    assert cost.item() == 0
    cost.backward()
    assert raw.grad is not None
    assert raw.grad.tolist() == [0, 0]
