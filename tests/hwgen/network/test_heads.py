"""Heads are PyTorch's, of any result."""

from typing import get_args

import numpy as np
import pytest
import torch

from hwgen.frontend.original import with_head
from hwgen.frontend.traced import TracedNetwork
from hwgen.network.heads import HEADS, Head


@pytest.mark.parametrize("head", get_args(Head))
def test_heads_are_pytorchs(head: Head) -> None:
    results = np.array([[0.0, 1.5, -3.0], [900.0, -900.0, 0.0], [2.0, 2.0, 2.0]])
    wanted = with_head(TracedNetwork(features=1, values=(), head=head), torch.from_numpy(results))
    np.testing.assert_allclose(HEADS[head](results), wanted.numpy(), rtol=1e-12, atol=1e-15)
