"""Tables of scikit-learn as one graph each."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from hwgen.frontend import load_data
from hwgen.frontend.quantize.input import input_of


def test_digits_are_integers_on_a_symmetric_graph() -> None:
    data = load_data("Digits")
    found = input_of(csr_array(data.x.numpy()), data.input_scale)
    assert (data.name, data.classes, data.x.shape) == ("digits", 10, (1797, 64))
    assert (found.exact, found.bits, found.unit) == (True, 5, 1 / 16)
    assert data.x.max() == 16
    edges = set(map(tuple, data.edge_index.t().tolist()))
    assert len(edges) == data.edge_index.shape[1]
    assert all((b, a) in edges and a != b for a, b in edges)
    assert np.bincount(data.edge_index[1]).min() >= 5


def test_digits_are_split_alike_for_every_class_and_for_ever() -> None:
    data, again = load_data("digits"), load_data("digits")
    assert torch.equal(data.train_mask, again.train_mask)
    masks = torch.stack([data.train_mask, data.val_mask, data.test_mask])
    assert (masks.sum(0) == 1).all()
    assert torch.bincount(data.y[data.train_mask]).tolist() == [20] * 10
    assert torch.bincount(data.y[data.val_mask]).tolist() == [50] * 10


@pytest.mark.parametrize(("name", "shape", "parts"), [
    ("breast_cancer", (569, 30), (40, 100, 429)), ("wine", (178, 13), (60, 30, 88)),
    ("diabetes", (442, 10), (240, 80, 122))])
def test_tables_of_real_values_are_standardised(name: str, shape: tuple[int, int], parts: tuple[int, ...]) -> None:
    data = load_data(name)
    assert tuple(data.x.shape) == shape
    assert tuple(int(mask.sum()) for mask in (data.train_mask, data.val_mask, data.test_mask)) == parts
    assert torch.allclose(data.x.mean(0), torch.zeros(shape[1]), atol=1e-5)
    assert torch.allclose(data.x.std(0, correction=0), torch.ones(shape[1]), atol=1e-5)
    assert "input_scale" not in data
    if name == "diabetes":
        assert (data.y.dtype, "classes" in data) == (torch.float32, False)
        assert abs(float(data.y.mean())) < 1e-5
    else:
        assert (data.y.dtype, data.classes) == (torch.int64, int(data.y.max()) + 1)
