"""Quantizers of rows: bits, steps, which row takes which entry, and what hardware gets."""

import copy
import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from hwgen.errors import HwgenError
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.quantize import SCHEMES, Scheme
from hwgen.frontend.quantize.row_quantizer import RowQuantizer
from hwgen.frontend.quantize.rows import Nearest, PerDegree, PerNode, PerTensor, row_quantizer
from hwgen.network.granularity import Granularity

A2Q = SCHEMES["a2q"]


def nodes(count: int, edges: list[tuple[int, int]] | None = None) -> GraphBatch:
    pairs = np.array(edges or [], dtype=np.int64).reshape(-1, 2).T
    return GraphBatch(csr_array((count, 1)), pairs, np.zeros(count, np.int64), 1)


def per_node(count: int, *, signed: bool = False, **changes: Any) -> PerNode:
    return PerNode(dataclasses.replace(A2Q, **changes), count, signed=signed)


def test_each_granularity_has_its_class() -> None:
    for rows, kind in ((Granularity.PER_NODE, PerNode), (Granularity.PER_DEGREE, PerDegree),
                       (Granularity.NEAREST, Nearest), (Granularity.PER_TENSOR, PerTensor)):
        made = row_quantizer(Scheme(rows=rows), signed=False, of_graphs=False, nodes=5, degrees=3)
        assert type(made) is kind
        of_graphs = row_quantizer(Scheme(rows=rows), signed=False, of_graphs=True, nodes=5, degrees=3)
        assert type(of_graphs) is (Nearest if kind is Nearest else PerTensor)  # graphs have no node and no degree


def test_local_gradient_reaches_nodes_that_no_loss_reaches() -> None:
    rows = per_node(3, bits=1)
    out = rows(torch.tensor([[5.0, 1.0], [7.0, 2.0], [3.0, 3.0]]), nodes(3))
    out[0].sum().backward()
    assert rows.raw_bits.grad is not None
    assert (rows.raw_bits.grad < 0).all()  # every node clips, so every node wants more bits


def test_bits_round_half_to_even_of_the_signed_width() -> None:
    rows = per_node(6)
    rows.raw_bits.data[:, 0] = torch.tensor([-1.0, 0.4, 0.5, 1.5, 2.5, 9.0])
    assert rows.whole_bits[:, 0].tolist() == [0, 0, 1, 1, 3, 8]


def test_signed_rows_have_no_bits_or_two() -> None:
    rows = per_node(6, signed=True)
    rows.raw_bits.data[:, 0] = torch.tensor([-1.0, 0.9, 1.0, 2.4, 2.6, 9.0])
    assert rows.whole_bits[:, 0].tolist() == [0, 0, 2, 2, 3, 8]
    assert rows.top[:, 0].tolist() == [0, 0, 1, 1, 3, 127]
    at_least_one = PerNode(dataclasses.replace(A2Q, least=1), 2, signed=True)
    at_least_one.raw_bits.data.zero_()
    assert at_least_one.whole_bits[:, 0].tolist() == [2, 2]


@pytest.mark.parametrize("signed", [False, True])
def test_no_bits_store_nothing_and_may_come_back(signed: bool) -> None:
    rows = per_node(2, signed=signed, bits=0)
    out = rows(torch.full((2, 3), 9.0), nodes(2))
    assert torch.count_nonzero(out) == 0
    out.sum().backward()
    assert rows.raw_bits.grad is not None
    assert (rows.raw_bits.grad < 0).all()
    assert rows.export().bits.tolist() == [0, 0]


def test_zero_bits_need_a_step_of_their_own() -> None:
    with pytest.raises(HwgenError, match=r"^least is 0 with parametrization log_clip\n  at least\n  use 1"):
        Scheme(least=0)


def test_freezing_rounds_and_stops_learning() -> None:
    rows = per_node(2, bits=1.3)
    rows.raw_bits.grad = torch.ones(2, 1)
    rows.freeze()
    assert rows.frozen
    assert rows.raw_bits.tolist() == [[1.0], [1.0]]
    assert rows.raw_bits.grad is None
    rows(torch.ones(2, 3), nodes(2)).sum().backward()
    assert rows.raw_bits.grad is None
    assert rows.raw_size.grad is not None


def test_training_keeps_bit_widths_in_range() -> None:
    rows = per_node(2, bits=1)
    rows.raw_bits.data[:, 0] = torch.tensor([-3.0, 12.0])
    rows.eval()(torch.ones(2, 3), nodes(2))
    assert rows.raw_bits[:, 0].tolist() == [-3.0, 12.0]
    rows.train()(torch.ones(2, 3), nodes(2))
    assert rows.raw_bits[:, 0].tolist() == [0.0, 8.0]


def test_steps_of_nodes_stay_positive_and_within_the_row_multiplier() -> None:
    rows = per_node(101)
    rows.raw_size.data[:, 0] = torch.cat([torch.tensor([0.0, -0.5, 1e6]), torch.ones(98)])
    step = rows.step[:, 0].detach()
    assert step[:4].tolist() == [1 / 16, 0.5, 16.0, 1.0]
    assert float(step.max() / step.min()) <= 2**8


def test_nodes_without_bits_do_not_move_the_median_of_steps() -> None:
    rows = per_node(5, bits=1)
    rows.raw_size.data[:, 0] = torch.tensor([1e-6, 1e-6, 1e-6, 1.0, 1.0])
    rows.raw_bits.data[:3] = 0
    assert rows.step[:, 0].tolist() == [1 / 16, 1 / 16, 1 / 16, 1.0, 1.0]


@pytest.mark.parametrize("parametrization", ["step", "log_step"])
def test_steps_of_tables_stay_within_the_span(parametrization: str) -> None:
    rows = PerDegree(Scheme(rows=Granularity.PER_DEGREE, parametrization=parametrization, span=8.0), 3, signed=False)
    rows.scale_steps(torch.tensor([[1.0], [100.0], [16.0]]) / rows.step)
    assert rows.step[:, 0].tolist() == pytest.approx([12.5, 100.0, 16.0])


@pytest.mark.parametrize("parametrization", ["step", "log_step", "log_clip"])
def test_more_bits_widen_the_reach_or_refine_the_step(parametrization: str) -> None:
    rows = PerNode(Scheme(rows=Granularity.PER_NODE, parametrization=parametrization, bits=2), 1, signed=False)
    rows.scale_steps(torch.full((1, 1), 0.5) / rows.step)
    before = float((rows.step * rows.top).detach())
    rows.raw_bits.data.fill_(4.0)
    if parametrization == "log_clip":
        assert float((rows.step * rows.top).detach()) == pytest.approx(before)
    else:
        assert float(rows.step.detach()) == pytest.approx(0.5)


def test_a_row_takes_the_entry_of_its_node_degree_or_magnitude() -> None:
    batch = nodes(4, [(0, 1), (2, 1), (3, 1), (0, 2)])
    x = torch.tensor([[0.1, -8.0], [1.0, 0.0], [-2.2, 0.0], [0.0, 0.0]])
    assert per_node(4).choose(x, batch).tolist() == [0, 1, 2, 3]
    by_degree = PerDegree(Scheme(rows=Granularity.PER_DEGREE), 3, signed=True)
    assert by_degree.choose(x, batch).tolist() == [0, 2, 1, 0]  # degrees 0, 3, 1, 0; the last entry is for 2 and more
    table = Nearest(Scheme(entries=3, bits=2), 3, signed=True)
    table.scale_steps(torch.tensor([[4.0], [1.0], [2.0]]) / table.step)  # so is the reach, of 2 signed bits
    assert table.choose(x, batch).tolist() == [0, 1, 2, 1]
    exported = table.export()
    assert exported.clip_value is not None
    assert exported.clip_value.tolist() == pytest.approx([1.0, 2.0, 4.0])
    assert exported.step.tolist() == pytest.approx([1.0, 2.0, 4.0])


def test_all_rows_may_share_one_step() -> None:
    rows = PerTensor(SCHEMES["uniform"], signed=False)
    rows.calibrate(torch.tensor([[0.0, 2.55], [1.0, 0.5]]), nodes(2))
    exported = rows.export()
    assert (exported.granularity, exported.step.shape) == (Granularity.PER_TENSOR, (1,))
    assert exported.bits.tolist() == [8]
    assert rows.frozen
    assert exported.step[0] == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("signed", [False, True])
def test_allocation_meets_its_mean_and_is_frozen(signed: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(200, 8) if signed else torch.randn(200, 8).relu()
    rows = per_node(200, signed=signed)
    rows.allocate(x, nodes(200), 0.7)
    assert float(rows.whole_bits.sum()) == 140
    assert rows.frozen
    assert set(rows.whole_bits[:, 0].tolist()) == ({0.0, 2.0, 3.0} if signed else {0.0, 1.0, 2.0})


def test_calibration_takes_the_best_step_of_each_node() -> None:
    torch.manual_seed(0)
    x = torch.rand(30, 16) * torch.rand(30, 1)
    for parametrization in ("step", "log_step", "log_clip"):
        least = 1 if parametrization == "log_clip" else 0
        rows = per_node(30, parametrization=parametrization, least=least)
        rows.calibrate(x, nodes(30))
        step = rows.step.detach()
        error = ((rows(x, nodes(30)) - x) ** 2).sum(1)
        for factor in (0.8, 1.25):
            rows.scale_steps(torch.full((30, 1), factor))
            worse = ((rows(x, nodes(30)) - x) ** 2).sum(1)
            assert (worse >= error * 0.999).float().mean() > 0.8
            rows.scale_steps(step / rows.step)


def test_what_was_stored_is_counted_with_multiplicity() -> None:
    rows = per_node(3)
    rows.raw_bits.data[:, 0] = torch.tensor([1.25, 2.0, 4.25])
    rows(torch.ones(3, 5), nodes(3), torch.tensor([[1.0], [1.0], [10.0]]))
    assert rows.stored is not None
    assert (float(rows.stored.learned.detach()), float(rows.stored.bits.detach())) == (45.75, 43.0)
    assert (rows.stored.rows, rows.stored.width, rows.stored.signed) == (12.0, 5, False)


def test_a_quantizer_is_copied_after_it_was_called() -> None:
    rows: RowQuantizer = per_node(3)
    rows(torch.ones(3, 5), nodes(3))
    assert copy.deepcopy(rows).stored is None


def test_nodes_in_another_order_take_their_own_entries() -> None:
    rows = per_node(3)
    rows.raw_bits.data[:, 0] = torch.tensor([0.0, 1.0, 4.0])
    shuffled = GraphBatch(csr_array((3, 1)), np.zeros((2, 0), np.int64), np.zeros(3, np.int64), 1,
                          node=np.array([2, 0, 1]))
    x = torch.full((3, 2), 20.0)
    assert rows(x, nodes(3)).tolist() == [[0.0, 0.0], [1.0, 1.0], [15.0, 15.0]]
    assert rows(x, shuffled).tolist() == [[15.0, 15.0], [0.0, 0.0], [1.0, 1.0]]
    assert rows(x[:2], nodes(2)).tolist() == [[0.0, 0.0], [1.0, 1.0]]  # of some nodes alone
