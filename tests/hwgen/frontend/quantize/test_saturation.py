"""A value that saturates: its codes end where it does, whatever the scheme and however steps learn."""

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv
from user_modules import graphs, middle, randomise

from hwgen.errors import HwgenError
from hwgen.frontend.data.batching import union_of
from hwgen.frontend.quantize import SCHEMES, QuantizedNetwork
from hwgen.frontend.quantize.prepare import quantize
from hwgen.frontend.quantize.row_quantizer import RowQuantizer
from hwgen.network.execute import Lists, store
from hwgen.network.granularity import Granularity
from hwgen.network.reach import largest_of

X, EDGES, _ = graphs()


def model(scheme: str) -> QuantizedNetwork:
    """A message that saturates at 0.5, and a row that does at 6, signed and not; both are wider without."""
    own = randomise(middle(lambda s, h, e, b: s.c((3 * h).clamp(-0.5, 0.5), e) + s.d(s.a(9 * h)), c=GCNConv(6, 5),
                           a=nn.ReLU6(), d=nn.Linear(6, 5)))
    return quantize(own, scheme, data=Data(x=X, edge_index=EDGES))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_code_is_beyond(scheme: str) -> None:
    """Also once steps have grown, and their gradient still reaches them."""
    found = model(scheme)
    caps = {value.name: value.cap for value in found.plan.values if value.cap is not None}
    assert sorted(caps.values()) == [0.5, 6.0]
    for _ in range(2):
        for value in found.export().values:
            if value.name in caps:
                assert 0.2 * caps[value.name] < largest_of(value.quantizer).max() <= caps[value.name] * (1 + 1e-6)
        assert found.quantizers is not None
        for value in (value for value in found.plan.values if value.name in caps):
            found.quantizers.of(value).scale_steps(torch.full((1, 1), 50.0))
    found().square().sum().backward()
    learned = [row.raw_size.grad for row in found.rows if isinstance(row, RowQuantizer)]
    assert all(grad is not None and grad.abs().sum() > 0 for grad in learned)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_codes_are_those_of_the_value_that_saturates(scheme: str) -> None:
    """The exported network has no word for it: codes of what goes beyond are codes of where it ends.

    By nearest a row chooses its entry by what it is before it saturates, in PyTorch as in hardware.
    """
    found, lists = model(scheme), Lists(union_of([Data(x=X, edge_index=EDGES)], model(scheme).input))
    values = {value.name: value for value in found.export().values}
    for name, cap in ((value.name, value.cap) for value in found.plan.values if value.cap is not None):
        quantizer = values[name].quantizer
        assert quantizer is not None
        real = values[name].activation.real(np.random.default_rng(1).normal(0, 3 * cap, (len(X), 6)))
        ends = np.clip(real, -cap, cap)
        assert (real != ends).mean() > 0.1
        if quantizer.granularity is not Granularity.NEAREST:
            assert np.array_equal(*(store(each, quantizer, lists).codes for each in (real, ends)))


def test_a_quantizer_that_goes_beyond_is_refused() -> None:
    found = model("nns")
    assert found.quantizers is not None
    for each in found.quantizers.every_step():
        each.cap = None
        each.scale_steps(torch.full((1, 1), 50.0))
    with pytest.raises(HwgenError, match=r"codes reach .*, and the value saturates at"):
        found.export()
