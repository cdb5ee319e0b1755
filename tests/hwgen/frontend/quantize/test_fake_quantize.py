"""Fake quantization against its equations: values, and the gradients of values, steps and bits."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hwgen.frontend.quantize.fake_quantize import fake_quantize, round_half_away, top_of


def test_halves_round_away_from_zero() -> None:
    values = torch.tensor([-2.5, -1.5, -0.5, -0.49, 0.0, 0.49, 0.5, 1.5, 2.5])
    assert round_half_away(values).tolist() == [-3, -2, -1, 0, 0, 0, 1, 2, 3]


def test_the_largest_code_of_a_width() -> None:
    bits = torch.tensor([0.0, 1.0, 2.0, 8.0])
    assert top_of(bits, signed=False).tolist() == [0, 1, 3, 255]
    assert top_of(bits, signed=True).tolist() == [0, 0, 1, 127]


@pytest.mark.slow
@given(st.integers(0, 2**31), st.integers(0, 8), st.booleans())
def test_forward_equals_its_equation(seed: int, bits: int, signed: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 3, (5, 4)).astype(np.float32)
    step = rng.uniform(0.1, 1.0, (1, 4)).astype(np.float32)
    top = max(0, 2 ** (bits - 1) - 1) if signed else 2**bits - 1
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
