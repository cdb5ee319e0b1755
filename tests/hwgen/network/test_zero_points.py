"""Zero points: what codes stand for, and a network without them that has the same codes."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from agreement import Agreement
from list_builds import build, compare
from networks import capacities, gin_network, node_gcn_network, random_batch, random_network
from zero_points import with_zero_points

from hwgen.errors import HwgenError
from hwgen.network.activation import RELU, LeakyReLU
from hwgen.network.batch import Batch
from hwgen.network.execute import Lists, run_network, store
from hwgen.network.granularity import Granularity
from hwgen.network.input import Input
from hwgen.network.network import Network, Quantizer, Term, Value, Weight
from hwgen.network.rules import check_network
from hwgen.network.store import load_network, save_network
from hwgen.network.zero_points import fold_zero_points
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.network_to_program import lower

SEEDS = range(30)


def zero_points(network: Network) -> list[int]:
    return [value.quantizer.zero_point for value in network.values if value.quantizer is not None]


def case(seed: int) -> tuple[Network, Batch]:
    network = random_network(seed, depth=3, max_width=9, zero_points=True)
    return network, random_batch(seed, network, graphs=4, nodes=6, hub=12)


def test_a_code_stands_for_its_distance_from_the_zero_point() -> None:
    quantizer = Quantizer(signed=False, granularity=Granularity.PER_TENSOR, step=np.array([0.5]), bits=np.array([3]),
                          zero_point=2)
    real = np.array([[-9.0, -1.25, -1.0, -0.3, 0.0, 0.25, 0.3, 2.4, 9.0]])
    batch = case(0)[1]
    found = store(real, quantizer, Lists(batch))
    assert found.codes is not None
    assert found.codes.tolist() == [[0, 0, 0, 1, 2, 3, 3, 7, 7]]  # 2 - 2.5 rounds away from zero, and is cut to 0
    assert found.stored.tolist() == [[-1.0, -1.0, -1.0, -0.5, 0.0, 0.5, 0.5, 2.5, 2.5]]


def test_folding_leaves_every_code() -> None:
    count = 0
    for seed in SEEDS:
        network, batch = case(seed)
        count += sum(map(bool, zero_points(network)))
        folded = fold_zero_points(network)
        check_network(folded)
        assert not any(zero_points(folded))
        want, have = run_network(network, batch), run_network(folded, batch)
        for name, each in want.items():
            if each.codes is None:
                np.testing.assert_allclose(have[name].real, each.real, rtol=1e-9, atol=1e-9)
            else:
                assert np.array_equal(have[name].codes, each.codes), (seed, name)
    assert count > len(SEEDS)


def test_without_zero_points_it_is_the_same_network() -> None:
    network = random_network(3)
    assert fold_zero_points(network) is network


def models() -> list[Network]:
    gcn = with_zero_points(node_gcn_network(1, by="per_tensor"), 1, rectified=False)
    return [gcn, with_zero_points(gin_network(2), 2)]


@pytest.mark.parametrize("index", range(2), ids=["gcn", "gin"])
def test_the_integer_program_is_the_model(index: int) -> None:
    network = models()[index]
    assert any(zero_points(network))
    batch = random_batch(5, network, graphs=6)
    program = lower(network, **asdict(capacities(batch)))
    found, real = run(program, batch), run_network(network, batch)
    same = Agreement.of(found.results, program.scale, real[network.values[-1].name].real)
    assert same.argmax > 0.97
    for step, done in zip(program.passes, found.passes, strict=True):
        if step.target is not None:
            codes = real[program.tensors[step.target].name].codes
            assert codes is not None
            assert np.mean(done.written == codes) > 0.98


def test_the_factor_of_a_gcn_layer_goes_into_its_product() -> None:
    """And its constant for each neighbour takes a beat."""
    network = models()[0]
    program = lower(network, **asdict(capacities(random_batch(5, network, graphs=6))))
    hidden = program.passes[1]
    assert hidden.combine is not None
    assert (hidden.combine.row.select, hidden.combine.row.of) == ("degree", "looped")
    assert hidden.combine.bias.any()
    assert [operand.kind for operand in hidden.blocks[0].operands] == ["list", "one"]


@pytest.mark.parametrize("seed", range(4))
def test_load_streams_compute_it(seed: int) -> None:
    network = models()[seed % 2]
    compare(build(network, seed=seed, wanted={"units": 1 + seed // 2, "lanes": 8, "requant_lanes": 2}))


def test_a_file_holds_them(tmp_path: Path) -> None:
    network = models()[0]
    save_network(network, tmp_path)
    assert zero_points(load_network(tmp_path)) == zero_points(network)


def change(network: Network, index: int, **fields: object) -> Network:
    values = list(network.values)
    values[index] = replace(values[index], **fields)
    return replace(network, values=tuple(values))


def test_what_no_zero_point_may_have_is_refused() -> None:
    network = models()[0]
    quantizer = network.values[0].quantizer
    assert quantizer is not None
    top = (1 << int(quantizer.bits[0])) - 1
    for fields, what in (({"signed": True}, "zero point .* of signed codes"),
                         ({"zero_point": top + 1}, f"zero point {top + 1} of "),
                         ({"zero_point": -1}, "zero point -1 of ")):
        with pytest.raises(HwgenError, match=what):
            check_network(change(network, 0, quantizer=replace(quantizer, **fields)))


@pytest.mark.parametrize("activation", [RELU, LeakyReLU(0.25)])
def test_a_zero_point_behind_an_activation_is_refused(activation: object) -> None:
    with pytest.raises(HwgenError, match=r"a zero point behind .*: hardware has no term for that\n  at .*\n  give"):
        fold_zero_points(change(models()[0], 0, activation=activation, factor="one"))


def test_a_maximum_over_a_list_is_refused() -> None:
    """An empty list gives 0, whatever the zero point."""
    network = models()[0]
    values = list(network.values)
    values[1] = replace(values[1], terms=tuple(replace(term, op="max") for term in values[1].terms))
    with pytest.raises(HwgenError, match=r"^a maximum reads v0, which has a zero point: "):
        fold_zero_points(replace(network, values=tuple(values)))


def test_weights_of_edges_are_refused() -> None:
    """Their sum is another for each row."""
    network = models()[0]
    values = list(network.values)
    values[1] = replace(values[1], terms=tuple(replace(term, via="weighted") for term in values[1].terms))
    with pytest.raises(HwgenError, match=r"^a weighted sum reads v0, which has a zero point: "):
        fold_zero_points(replace(network, values=tuple(values)))


def test_a_bias_before_the_factor_is_a_constant_with_it() -> None:
    weight = Weight(codes=np.array([[3], [-2]]), bits=3, step=np.array([0.3]))
    quantizer = Quantizer(signed=False, granularity=Granularity.PER_TENSOR, step=np.array([0.217]), bits=np.array([4]),
                          zero_point=5)
    first = Value(name="a", path="a", width=1, terms=(Term(via="features", weight=weight),), bias=np.array([0.4]),
                  factor="rsqrt", of="looped", quantizer=quantizer)
    last = Value(name="b", path="b", width=1, terms=(Term(source="a", via="looped", factor="rsqrt", of="looped"),))
    network = Network(name="n", input=Input.plain(2, 1, 1.0), values=(first, last))
    batch = random_batch(3, network, graphs=3)
    folded = fold_zero_points(network)
    check_network(folded)
    want, have = run_network(network, batch), run_network(folded, batch)
    assert np.array_equal(want["a"].codes, have["a"].codes)
    np.testing.assert_allclose(want["b"].real, have["b"].real)
    term = Term(source="a", weight=replace(weight, codes=np.array([[2]])))
    linear = replace(first, name="c", path="c", terms=(term,))
    with pytest.raises(HwgenError, match=r"^a linear layer with a bias, a factor and a zero point: "):
        fold_zero_points(replace(network, values=(first, linear, replace(last, terms=(
            replace(last.terms[0], source="c"),)))))
