"""Steps for each channel."""

import pytest
import torch

from hwgen.frontend.quantize.channels import ChannelSteps


def test_linear_steps_of_dead_channels_stay_positive() -> None:
    steps = ChannelSteps(3, 4, signed=True, gradient="task", linear=True)
    steps.raw_step.data[0] = torch.tensor([0.0, 2.0, -1.0])
    assert steps.step[0].tolist() == [2 / 256, 2.0, 1.0]
    steps.raw_step.data.zero_()
    assert float(steps.step.detach().min()) > 0


@pytest.mark.parametrize("linear", [False, True])
def test_codes_are_what_forward_uses(linear: bool) -> None:
    torch.manual_seed(1)
    steps = ChannelSteps(4, 3, signed=True, gradient="task", linear=linear)
    steps.raw_step.data.uniform_(0.1, 0.6)
    weight = torch.randn(20, 4) * 3
    codes = steps.codes(weight)
    assert (codes.min(), codes.max()) == (-3, 3)
    assert torch.equal(codes * steps.step, steps(weight))


@pytest.mark.parametrize("linear", [False, True])
def test_channels_of_zeros_get_the_finest_step(linear: bool) -> None:
    steps = ChannelSteps(4, 4, signed=False, gradient="local", linear=linear)
    steps.calibrate(torch.tensor([[0.0, 1.5, 0.03, 0.0], [0.0, 0.1, 0.01, 0.0]]))
    found = steps.step[0].tolist()
    assert found[0] == found[3] == found[2] < found[1]
    before = steps.step.clone()
    steps.calibrate(torch.zeros(2, 4))
    assert torch.equal(steps.step, before)


@pytest.mark.parametrize("linear", [False, True])
def test_steps_scale_and_are_drawn(linear: bool) -> None:
    steps = ChannelSteps(400, 4, signed=True, gradient="task", linear=linear)
    steps.scale_steps(torch.full((1, 400), 3.0))
    assert torch.allclose(steps.step, torch.tensor(3.0))
    torch.manual_seed(0)
    steps.randomise()
    assert float(steps.step.detach().min()) == pytest.approx(1e-3)
    assert float(steps.step.detach().mean()) == pytest.approx(0.0117, rel=0.1)  # of |N(0.01, 0.01)|


def test_linear_and_logarithmic_steps_learn_differently() -> None:
    """The gradient of a logarithm is the step's own, times the step."""
    grads = []
    for linear in (True, False):
        steps = ChannelSteps(1, 4, signed=True, gradient="task", linear=linear)
        steps.scale_steps(torch.full((1, 1), 0.25))
        steps(torch.tensor([[0.3], [5.0]])).sum().backward()
        assert steps.raw_step.grad is not None
        grads.append(float(steps.raw_step.grad))
    assert grads[1] == pytest.approx(grads[0] * 0.25)
