"""Labels and masks in any type and shape that holds them are the same, for training and for figures."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from training_graphs import small_data

from hwgen.frontend.training.examples import PARTS, OneGraph
from hwgen.network.labels import Labels
from hwgen.network.reader import read_graphs
from hwgen.network.reader.fields import MASKS

NODES = 40
NAN = float("nan")
#: Values of labels, results of a row, and types of tensor that hold them exactly.
KINDS: dict[str, tuple[list[float], int, list[torch.dtype]]] = {
    "classes": ([0, 1, 2], 3, [torch.int8, torch.uint8, torch.int16, torch.int64, torch.float16, torch.bfloat16,
                               torch.float64]),
    "classes, some missing": ([0, 1, 2, -1], 3, [torch.int8, torch.int32, torch.float16, torch.float32]),
    "classes, some NaN": ([0, 1, 2, NAN], 3, [torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    "signs": ([-1, 1], 1, [torch.int8, torch.int64, torch.float16, torch.float64]),
    "0 and 1": ([0, 1], 1, [torch.bool, torch.uint8, torch.int32, torch.float16, torch.float32]),
    "real values": ([0.5, -2.25, 3, NAN], 1, [torch.float16, torch.bfloat16, torch.float32, torch.float64]),
}
LABELS = {"[n]": lambda y: y, "[n, 1]": lambda y: y[:, None], "NumPy": lambda y: y.float().numpy(),
          "list": lambda y: y.tolist(), "with a gradient": lambda y: y.double().requires_grad_()}
MASK_FORMS = {"bool": lambda m: m, "0 and 1": lambda m: m.to(torch.uint8), "real": lambda m: m.half(),
              "[n, 1]": lambda m: m[:, None], "numbers": lambda m: torch.nonzero(m)[:, 0],
              "numbers of 32 bits": lambda m: torch.nonzero(m)[:, 0].int().flip(0), "NumPy": lambda m: m.numpy(),
              "list": lambda m: m.tolist()}


def known(data: Any, width: int) -> list[NDArray[Any]]:
    """What is learned and what figures count."""
    graphs = read_graphs(data)
    labels = Labels.of(graphs.labels, width, NODES, graphs.masks["test_mask"])
    examples = OneGraph(graphs, labels=Labels.of(graphs.labels, width, NODES))
    parts = [examples.part(part)[0] for part in PARTS]
    return [labels.known, labels.counted, *(each.labels.double().numpy() for each in parts),
            *(each.rows.numpy() for each in parts if isinstance(each.rows, Tensor))]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30)
@given(choice=st.data())
def test_forms_of_labels_and_masks(kind: str, choice: st.DataObject) -> None:
    values, width, types = KINDS[kind]
    wanted = torch.tensor(values, dtype=torch.float64)[torch.arange(NODES) % len(values)]
    wanted = wanted[torch.randperm(NODES, generator=torch.Generator().manual_seed(choice.draw(st.integers(0, 99))))]
    data = small_data(nodes=NODES)
    data.y = wanted
    expected = known(data, width)
    form = LABELS[choice.draw(st.sampled_from(sorted(LABELS)))]
    data.y = form(wanted.to(choice.draw(st.sampled_from(types))))
    for name in MASKS:
        data[name] = MASK_FORMS[choice.draw(st.sampled_from(sorted(MASK_FORMS)))](data[name])
    for mine, theirs in zip(known(data, width), expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)
