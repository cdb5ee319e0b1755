"""Real features: the input that is read off them, the quantized module and its network, and hardware."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from designs import counted_as
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch_geometric.data import Data
from training_graphs import pooled, several, small_data
from user_modules import MODELS, graphs, randomise

import hwgen
from hwgen.errors import HwgenError
from hwgen.flow import resources
from hwgen.frontend.data.batching import prepared
from hwgen.frontend.quantize import QuantizedNetwork
from hwgen.frontend.quantize.input import calibrated, input_of
from hwgen.frontend.tracing import plan_of
from hwgen.network.execute import run_network
from hwgen.network.input import Input
from hwgen.network.reader import read_graphs
from hwgen.network.rules import check_network
from hwgen.schemes import SCHEMES

Floats = NDArray[np.float64]


def real_values(shape: tuple[int, int], seed: int = 0) -> torch.Tensor:
    """Dense columns of both signs, sparse ones of both signs, positive ones, and one that is always 0."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, shape)
    x[:, 1::5] *= rng.random(x[:, 1::5].shape) < 0.2
    x[:, 2::5] = np.abs(x[:, 2::5])
    x[:, 3::5] += 7
    x[:, 4] = 0
    return torch.from_numpy(x).float()


def with_real_values(data: list[Data]) -> list[Data]:
    values = real_values((sum(len(each.x) for each in data), data[0].x.shape[1]))
    parts = values.split([len(each.x) for each in data])
    return [Data(x=x, edge_index=each.edge_index, y=each.y) for x, each in zip(parts, data, strict=True)]


def column(values: list[float], bits: int = 4, **options: Any) -> tuple[Input, Floats]:
    """The input for one feature, and the values that its codes stand for."""
    x = csr_array(np.array(values)[:, None])
    found = calibrated(x, bits, **options)
    back = np.zeros(len(values))
    np.add.at(back.reshape(-1, 1), (slice(None), found.column * 0), found.levels(x).toarray() * found.scale)
    return found, back


def test_what_is_a_code_already_stays_as_it_is() -> None:
    whole = csr_array(np.array([[0, 3], [1, 7]]))
    found = input_of(whole, 0.5)
    assert (found.exact, found.bits, found.unit, found.is_plain) == (True, 3, 0.5, True)
    assert input_of(whole, 0.5, 3).exact
    coarser = input_of(whole, 0.5, 2)
    assert (coarser.exact, coarser.bits) == (False, 2)
    assert not input_of(csr_array(np.array([[0.5, 1]])), 1.0).exact


@pytest.mark.parametrize("values", [
    [0, 1, 0, 0, 1], [0, 0.25, 0.75, 0, 0.5], [-1, 1, 0, -1, 1],
    [1990, 2005, 1991, 1999, 2001], [-3, -3, -3, -3, -3.0]])
def test_multiples_of_one_number_are_those_codes(values: list[float]) -> None:
    found, back = column(values)
    assert np.allclose(back, values, rtol=1e-6)
    assert found.width == 1


def test_a_binary_feature_among_others_costs_one_bit() -> None:
    rng = np.random.default_rng(0)
    x = csr_array(np.c_[rng.normal(0, 1, 50), rng.random(50) < 0.5])
    assert calibrated(x, 8).codes(x)[:, [1]].toarray().max() == 1


def test_zeros_cost_nothing_where_most_values_are_zero() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, 200) * (rng.random(200) < 0.3)
    found, back = column(values.tolist())
    codes = found.codes(csr_array(values[:, None]))
    assert (found.column.tolist(), found.zero_point.tolist()) == ([0, 0], [0, 0])
    assert found.scale[0] > 0 > found.scale[1]
    assert codes.nnz <= np.count_nonzero(values)
    assert np.abs(back - values).max() < 0.25 * np.abs(values).max()


@pytest.mark.parametrize("shift", [-40.0, -1.0, 0.0, 3.0, 1000.0])
def test_dense_values_use_every_code_wherever_they_lie(shift: float) -> None:
    values = np.random.default_rng(2).normal(shift, 1, 300)
    found, back = column(values.tolist())
    assert (found.width, len(np.unique(back.round(6)))) == (1, 16)
    assert np.sqrt(np.mean((back - np.float32(values)) ** 2)) < 0.12


def test_without_zero_points_the_real_0_is_code_0() -> None:
    found, back = column(np.random.default_rng(3).normal(0, 1, 99).tolist(), zero_points=False)
    assert found.column.tolist() == [0, 0]
    assert not found.zero_point.any()
    assert 0.05 < np.abs(back).max()


@pytest.mark.parametrize("name", MODELS)
def test_a_quantized_module_is_its_network_on_real_values(name: str) -> None:
    """Every value, in float64, with zero points, columns for either sign, and scales of columns."""
    x, edges, batch = graphs()
    values = real_values((len(x), x.shape[1]))
    plan = plan_of(randomise(MODELS[name]))
    found = calibrated(csr_array(values.numpy()), 4, zero_points=plan.takes_zero_points)
    model = QuantizedNetwork(plan, SCHEMES["uniform"], nodes=len(x), given=found)
    given = read_graphs(Data(x=values, edge_index=edges, batch=batch, num_graphs=4))
    prepared_batch = prepared(given)
    model.calibrate(prepared_batch)
    model.double().eval()
    network = model.export("m")
    check_network(network)
    with torch.no_grad():
        ours = {each: out.numpy() for each, out in model.trace(prepared_batch).items()}
    theirs = run_network(network, given.batch(found.codes(given.real)), given=ours)
    for value in network.values:
        computed, tie = theirs[value.name], False
        if value.quantizer is not None:  # halves of integers fall to either side
            scaled = computed.real / value.quantizer.step
            tie = np.abs(scaled - np.floor(scaled) - 0.5) < 1e-9
        assert np.allclose(np.where(tie, computed.stored, ours[value.name]), computed.stored, rtol=1e-5, atol=1e-5)


def test_fp32_is_that_of_the_real_values() -> None:
    data = with_real_values(several())
    module = pooled()
    model = hwgen.quantize(module, "nns", data=data, input_bits=2)
    want = torch.cat([module(each.x, each.edge_index, torch.zeros(len(each.x), dtype=torch.long)) for each in data])
    assert torch.allclose(model.fp32(prepared(data)), want, atol=1e-5)
    assert not torch.allclose(model.eval()(prepared(data)), want, atol=1e-3)


def test_with_many_bits_the_quantized_module_is_nearly_fp32() -> None:
    """Scales of columns meet the rows of the weights that they belong to."""
    data = with_real_values(several())
    model = hwgen.quantize(pooled(), "uniform", data=data, bits=8, weight_bits=8, message_bits=8, input_bits=8).eval()
    want = model.fp32(prepared(data))
    with torch.no_grad():
        assert (model(prepared(data)) - want).abs().max() < 0.05 * want.abs().max()


def test_a_checkpoint_states_the_input_and_takes_real_values(tmp_path: Any) -> None:
    data = with_real_values(several())
    model = hwgen.quantize(pooled(), "nns", data=data)
    hwgen.save(model, data, tmp_path / "m.pt")
    network, sample = hwgen.load(tmp_path / "m.pt")
    for name in ("scale", "zero_point", "column"):
        assert np.array_equal(getattr(network.input, name), getattr(model.input, name))
    assert (network.input.bits, network.input.features, network.input.exact) == (4, 7, False)
    given = read_graphs(data)
    assert (sample.batch.features != network.input.codes(given.real)).nnz == 0
    with torch.no_grad():
        whole = torch.cat([model.eval()(each.x, each.edge_index, torch.zeros(len(each.x), dtype=torch.long))
                           for each in data])
    assert np.allclose(sample.logits, whole.numpy(), atol=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused(value: float) -> None:
    data = with_real_values(several())
    data[1].x[2, 3] = value
    with pytest.raises(HwgenError, match=rf"^a feature is {value}\n  at data\[1\].x\n  give finite numbers"):
        hwgen.quantize(pooled(), "nns", data=data)
    model = hwgen.quantize(pooled(), "nns", data=with_real_values(several()))
    with pytest.raises(HwgenError, match=rf"^a feature is {value}\n  at x\n  give finite numbers"):
        model(data[1].x, data[1].edge_index)


@pytest.mark.slow
def test_training_takes_real_values() -> None:
    """Of one graph by masks; of a set, whose steps are read off the training part only."""
    data = small_data()
    data.x = real_values(tuple(data.x.shape))
    del data.input_scale
    done = hwgen.train("gcn", data, epochs=3, input_bits=3)
    assert done.model.input.bits == 3
    assert done.model.export("m").features == done.model.input.width
    sets = [Data(x=real_values((5, 6), seed), edge_index=torch.tensor([[0, 1, 2], [1, 2, 0]]),
                 y=torch.tensor([seed % 2])) for seed in range(24)]
    for each in sets[::2]:
        each.x[:, 0] += 3
    done = hwgen.train("gin", sets, epochs=2)
    assert not done.model.input.exact
    [codes] = done.kept.examples.codes("test")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = done.model.input.codes(csr_array(torch.cat([each.x for each in done.kept.examples.graphs()[1]]).numpy()))
    assert (codes.features != want).nnz == 0


@pytest.mark.verilator
@pytest.mark.slow
def test_hardware_computes_real_features_bit_for_bit(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative values, with zero points and with columns for either sign. What Yosys would count is not looked at."""
    monkeypatch.setattr(resources, "estimate", counted_as(unit={"lut": 1}))
    data = with_real_values(several())
    model = hwgen.quantize(pooled(), "nns", data=data)
    assert model.input.zero_point.any()
    assert model.input.width > model.input.features
    hwgen.save(model, data, tmp_path / "m.pt")
    folder = hwgen.build(tmp_path / "m.pt", out=tmp_path / "build", board="ultra96", units=2, lanes=8, requant_lanes=1)
    assert hwgen.verify(folder).ok
    other = with_real_values(several())
    for each in other:
        each.x = each.x * 0.5
    with pytest.warns(UserWarning, match="19 of 133 features lie beyond the range"):
        assert hwgen.verify(folder, other).ok
