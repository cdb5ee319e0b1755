"""Quantizers against their equations."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hwgen.frontend.quantizers import (
    ColumnQuantizer,
    NodeQuantizer,
    fake_quantize,
    mean_bits,
    memory_kilobytes,
    round_half_away,
)


def test_halves_round_away_from_zero() -> None:
    values = torch.tensor([-2.5, -1.5, -0.5, -0.49, 0.0, 0.49, 0.5, 1.5, 2.5])
    assert round_half_away(values).tolist() == [-3, -2, -1, 0, 0, 0, 1, 2, 3]


@given(st.integers(0, 2**31), st.integers(2, 8), st.booleans())
def test_forward_equals_its_equation(seed: int, bits: int, signed: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 3, (5, 4)).astype(np.float32)
    step = rng.uniform(0.1, 1.0, (1, 4)).astype(np.float32)
    top = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    ratio = x / step
    code = np.clip(np.sign(ratio) * np.floor(np.abs(ratio) + np.float32(0.5)), -top if signed else 0, top)
    out = fake_quantize(torch.from_numpy(x), torch.from_numpy(step), torch.tensor(float(bits)), signed=signed,
                        gradient="task")
    np.testing.assert_array_equal(out.numpy(), code * step)


def slopes(x: float, step: float, bits: int, signed: bool) -> tuple[float, float, float]:
    """Code, v_s and v_b of one value, written out with plain Python's numbers."""
    top = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    code = np.sign(x) * np.floor(abs(x / step) + 0.5)
    if abs(x / step) <= top:
        return float(code), float(code - x / step), 0.0
    return float(np.sign(x) * top), float(np.sign(x) * top), float(np.sign(x) * (top + 1) * np.log(2) * step)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("gradient", ["local", "task"])
def test_gradients_equal_their_equations(gradient: str, signed: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(6, 5, dtype=torch.float64)
    x = (x if signed else x.abs()).requires_grad_()
    step = (torch.rand(6, 1, dtype=torch.float64) + 0.2).requires_grad_()
    bits = torch.tensor([[1.0], [2.0], [3.0], [2.0], [1.0], [4.0]], dtype=torch.float64) + signed
    bits.requires_grad_()
    upstream = torch.randn(6, 5, dtype=torch.float64)
    fake_quantize(x, step, bits, signed=signed, gradient=gradient).backward(upstream)
    by_step, by_bits = np.zeros(6), np.zeros(6)
    for i in range(6):
        for k in range(5):
            value, size = float(x[i, k].detach()), float(step[i].detach())
            code, slope, bit_slope = slopes(value, size, int(bits[i].detach()), signed)
            factor = np.sign(code * size - value) / 5 if gradient == "local" else float(upstream[i, k])
            by_step[i] += factor * slope
            by_bits[i] += factor * bit_slope
    assert step.grad is not None
    assert bits.grad is not None
    np.testing.assert_allclose(step.grad[:, 0], by_step, rtol=1e-12)
    np.testing.assert_allclose(bits.grad[:, 0], by_bits, rtol=1e-12)
    assert np.abs(by_bits).max() > 0
    assert torch.equal(x.grad, upstream)  # the straight-through estimator is the identity


def test_local_gradient_reaches_nodes_that_no_loss_reaches() -> None:
    quantizer = NodeQuantizer(3, bits=1)
    out = quantizer(torch.tensor([[5.0, 1.0], [7.0, 2.0], [3.0, 3.0]]))
    out[0].sum().backward()
    assert quantizer.raw_bits.grad is not None
    assert (quantizer.raw_bits.grad < 0).all()  # every node clips, so every node wants more bits


def test_node_quantizer_bits_round_half_to_even_of_the_signed_width() -> None:
    quantizer = NodeQuantizer(6, bits=2)
    quantizer.raw_bits.data[:, 0] = torch.tensor([-1.0, 0.4, 0.5, 1.5, 2.5, 9.0])
    assert quantizer.whole_bits[:, 0].tolist() == [0, 0, 1, 1, 3, 8]


def test_no_bits_store_nothing() -> None:
    quantizer = NodeQuantizer(2, bits=0)
    assert torch.count_nonzero(quantizer(torch.full((2, 3), 9.0))) == 0


def test_freezing_rounds_and_stops_learning() -> None:
    quantizer = NodeQuantizer(2, bits=1.3)
    quantizer.raw_bits.grad = torch.ones(2, 1)
    quantizer.freeze()
    assert quantizer.frozen
    assert quantizer.raw_bits.tolist() == [[1.0], [1.0]]
    assert quantizer.raw_bits.grad is None
    quantizer(torch.ones(2, 3)).sum().backward()
    assert quantizer.raw_bits.grad is None
    assert quantizer.raw_step.grad is not None


def test_training_keeps_bit_widths_in_range() -> None:
    quantizer = NodeQuantizer(2, bits=1)
    quantizer.raw_bits.data[:, 0] = torch.tensor([-3.0, 12.0])
    quantizer.train()(torch.ones(2, 3))
    assert quantizer.raw_bits[:, 0].tolist() == [0.0, 8.0]


def test_steps_stay_positive_and_within_the_row_multiplier() -> None:
    quantizer = NodeQuantizer(101, bits=2)
    quantizer.raw_step.data[:, 0] = torch.cat([torch.tensor([0.0, -0.5, 1e6]), torch.ones(98)])
    step = quantizer.step[:, 0].detach()
    assert step[:4].tolist() == [1 / 16, 0.5, 16.0, 1.0]
    assert float(step.max() / step.min()) <= 2**8


def test_nodes_without_bits_do_not_move_the_median_of_steps() -> None:
    quantizer = NodeQuantizer(5, bits=1)
    quantizer.raw_step.data[:, 0] = torch.tensor([1e-6, 1e-6, 1e-6, 1.0, 1.0])
    quantizer.raw_bits.data[:3] = 0
    assert quantizer.step[:, 0].tolist() == [1 / 16, 1 / 16, 1 / 16, 1.0, 1.0]


def test_column_steps_of_dead_columns_stay_positive() -> None:
    quantizer = ColumnQuantizer(3, 4, "task")
    quantizer.raw_step.data[0] = torch.tensor([0.0, 2.0, -1.0])
    assert quantizer.step[0].tolist() == [2 / 256, 2.0, 1.0]


def test_column_codes_are_what_forward_uses() -> None:
    torch.manual_seed(1)
    quantizer = ColumnQuantizer(4, 3, "task")
    quantizer.raw_step.data.uniform_(0.1, 0.6)
    weight = torch.randn(20, 4)
    codes = quantizer.codes(weight)
    assert codes.min() == -3
    assert codes.max() == 3
    assert torch.equal(codes * quantizer.step, quantizer(weight))


def one(bits: list[float], width: int) -> tuple[NodeQuantizer, int]:
    quantizer = NodeQuantizer(len(bits), bits=0)
    quantizer.raw_bits.data = torch.tensor(bits)[:, None]
    return quantizer, width


def gradient_of(value: Tensor, quantizer: NodeQuantizer) -> list[float]:
    value.backward()
    assert quantizer.raw_bits.grad is not None
    return quantizer.raw_bits.grad[:, 0].tolist()


def test_memory_counts_the_sign_bit_as_published() -> None:
    first, second = one([1.0, 3.0], 16), one([0.0, 2.0], 8)
    size = memory_kilobytes([first, second])
    assert size.item() == (16 * (2 + 4) + 8 * (1 + 3)) / 8192
    assert gradient_of(size, first[0]) == [16 / 8192] * 2


def test_mean_bits_weighs_channels() -> None:
    first, second = one([1.0, 3.0], 16), one([-1.0, 2.0], 8)
    mean = mean_bits([first, second])
    assert mean.item() == pytest.approx((16 * 4 + 8 * 2) / 48)
    assert gradient_of(mean, second[0]) == [0.0, pytest.approx(8 / 48)]
