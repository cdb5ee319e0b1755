"""From network to integers: what the program computes is what the network means."""

from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest
from agreement import Agreement
from networks import (
    EVERY_KIND,
    capacities,
    gin_network,
    node_gcn_network,
    random_batch,
    random_network,
    residual_gcn_network,
    sage_network,
)

from hwgen.errors import CapacityError, HwgenError
from hwgen.network.execute import Lists, choose_entry, run_network
from hwgen.network.granularity import Granularity
from hwgen.network.input import Input
from hwgen.network.network import Network, Quantizer, Term, Value, Weight
from hwgen.network.zero_points import fold_zero_points
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.fuse import steps
from hwgen.targets.lists.network_to_program import lower
from hwgen.targets.lists.shares import ROW_TOP

NAMED = {
    "gin": gin_network, "gin by degree": lambda seed: gin_network(seed, by="per_degree"),
    "sage mean": sage_network, "sage max": lambda seed: sage_network(seed, op="max", by="nearest"),
    "residual max": residual_gcn_network, "residual cat": lambda seed: residual_gcn_network(seed, knowledge="cat"),
    "gcn": node_gcn_network,
}
KINDS = {"plain": {}, "every kind": {"edge_bits": 5, **EVERY_KIND}}


def meant(network, program):
    """The network with the steps that codes stand for: some that are too fine are made coarser, as readers know."""
    finals = {}
    for step, each in zip(steps(fold_zero_points(network)), program.passes, strict=True):
        finals |= {} if step.row is None else {step.row.name: each.final}
        finals |= {} if step.linear is None else {step.linear.name: each.combine.final}

    def value_meant(value):
        quantizer, made = value.quantizer, finals[value.name].multiplier
        if quantizer is None or not quantizer.granularity.by_row or value.factor != "one":
            return value
        step, fits = quantizer.step.copy(), (made > 0) & (made < ROW_TOP)
        if fits.any():
            coarse = np.flatnonzero(made == ROW_TOP)
            step[coarse] = np.median((made * step[:len(made)])[fits]) / ROW_TOP
        return replace(value, quantizer=replace(quantizer, step=step))

    return replace(network, values=tuple(map(value_meant, network.values)))


def compared(network, batch, program):
    """For each value: codes and entries of the program; what the network computes from the program's own codes.

    Yields
    ------
    value, codes int64 [n, k], entry int64 [n], real float64 [n, k]
    """
    trace, network = run(program, batch), meant(network, program)
    coded = {}
    for step, each in zip(steps(fold_zero_points(network)), trace.passes, strict=True):
        if step.row is not None and step.linear is not None:
            coded[step.row.name] = each.codes, each.entry
        coded[step.value.name] = each.written, each.written_entry
    for value in network.values[:-1]:  # with a factor, a row has an entry for its degree, of which several share a step
        codes, entry = coded[value.name]
        coded[value.name] = codes, np.minimum(entry, len(value.quantizer.bits) - 1)
    given = {}
    for value in network.values[:-1]:
        codes, entry = coded[value.name]
        quantizer = value.quantizer
        step = quantizer.step[entry][:, None] if quantizer.granularity.by_row else quantizer.step
        given[value.name] = (codes - quantizer.zero_point) * step
    computed = run_network(network, batch, given=given)
    for value in network.values:
        yield value, *coded[value.name], computed[value.name].real


def off(value, codes, entry, real):
    """How far the real value is from being rounded to the code, in codes: float64 [n, k]."""
    quantizer = value.quantizer
    by_row = quantizer.granularity.by_row
    step = quantizer.step[entry][:, None] if by_row else quantizer.step
    bits = quantizer.bits[entry] if by_row else np.full(len(codes), quantizer.bits[0])
    top = np.maximum(0, (1 << np.maximum(bits - quantizer.signed, 0)) - 1)[:, None]
    exact = np.clip(real / step + quantizer.zero_point, -top if quantizer.signed else 0, top)
    return np.maximum(0.0, np.abs(codes - exact) - 0.5)


@pytest.mark.parametrize("name", NAMED)
def test_named_networks_compute_what_they_mean(name):
    network = NAMED[name](1)
    batch = random_batch(5, network, graphs=20)
    program = lower(network, **asdict(capacities(batch)))
    for value, codes, entry, real in compared(network, batch, program):
        if value.quantizer is not None:
            assert off(value, codes, entry, real).max() < 0.12, value.path
    results = run_network(network, batch)[network.values[-1].name].real
    agreed = Agreement.of(run(program, batch).results, program.scale, results)
    assert agreed.argmax >= 0.97, agreed  # of about 20 graphs or 250 nodes: a code off by one may turn one


def lowered(seeds, **drawn):
    """Random networks that can be represented, each with a batch and its program; at most one in ten is refused."""
    refused = 0
    for seed in seeds:
        network = random_network(seed, **drawn)
        batch = random_batch(seed, network)
        try:
            program = lower(network, **asdict(capacities(batch, edges=network.edges)))
        except HwgenError as error:
            if "scales span too much" not in error.what:
                pytest.fail(f"refused: {error}")
            refused += 1
        else:
            yield network, batch, program
    assert refused <= 0.1 * len(seeds)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", KINDS)
def test_every_code_of_random_networks_is_the_real_value_rounded(kinds):
    """Each pass by itself, on the codes that it was given: off by rounding, and seldom by more than a quarter."""
    offs, switched, rows = [], 0, 0
    for network, batch, program in lowered(range(40), **KINDS[kinds]):
        lists = Lists(batch)
        for value, codes, entry, real in compared(network, batch, program):
            if value.quantizer is None:
                scale = program.passes[-1].out.scale
                assert np.abs(codes - real / scale).max(initial=0) < 200, value.path  # of 32767
                continue
            chosen = choose_entry(real, value.quantizer, lists)
            if value.quantizer.granularity is Granularity.NEAREST:
                switched, rows = switched + int((chosen != entry).sum()), rows + len(entry)
            else:
                assert (chosen == entry).all(), value.path
            offs.append(off(value, codes, entry, real).ravel())
    every = np.concatenate(offs)
    print(f"{every.size} codes: {np.mean(every > 0.01):.2%} off by more than 0.01, {np.mean(every > 0.25):.3%} by more "
          f"than 0.25; {switched} of {rows} rows chose a neighbouring entry")
    assert np.mean(every > 0.01) < 0.02
    assert np.mean(every > 0.25) < 0.002
    assert switched < 0.01 * rows


@pytest.mark.slow
def test_random_networks_agree_with_the_float_oracle():
    near = total = rows = same = 0
    for network, batch, program in lowered(range(100, 180)):
        trace, computed = run(program, batch), run_network(network, batch)
        for step, each in zip(steps(network), trace.passes, strict=True):
            codes = computed[step.value.name].codes
            if codes is not None:
                near += int((np.abs(each.written - codes) <= 1).sum())
                total += codes.size
        agreed = Agreement.of(trace.results, program.scale, computed[network.values[-1].name].real)
        rows += len(trace.results)
        same += len(trace.results) - agreed.disagreeing
    print(f"{near} of {total} codes within 1; {same} of {rows} classes agree")
    assert near >= 0.999 * total
    assert same >= 0.995 * rows  # steps are coarse: one code on the verge of another moves results far
    assert rows > 1000


def test_longer_lists_than_the_program_was_lowered_for_are_refused():
    network = gin_network(0)
    batch = random_batch(3, network, graphs=6)
    held = capacities(batch)
    for key, name in (("max_degree", "edges"), ("max_members", "members"), ("max_features", "features")):
        given = asdict(held)
        if key == "max_features":
            given[key] = int(np.diff(batch.features.indptr).max()) - 1
        else:
            given[key] -= 1 if name == "members" or "looped" in lower(network, **given).sets else 2
        with pytest.raises(CapacityError, match=f"a list of {name} has"):
            run(lower(network, **given), batch)
    for key in asdict(held):
        with pytest.raises(HwgenError, match=f"{key} is 0"):
            lower(network, **{**asdict(held), key: 0})


def two_values(*, step: np.ndarray, gain: float = 1.0) -> Network:
    """Features, then a value by degree with given steps."""
    weight = Weight(codes=np.array([[1, -1]]), bits=2, step=np.ones(2))
    first = Quantizer(signed=True, granularity=Granularity.PER_CHANNEL, step=np.ones(2), bits=np.array([8]))
    second = Quantizer(signed=False, granularity=Granularity.PER_DEGREE, step=step, bits=np.full(len(step), 4))
    return Network(name="two", input=Input.plain(1, 1, 1.0), values=(
        Value(name="a", path="net.a", width=2, domain="nodes", terms=(Term(via="features", weight=weight),),
              quantizer=first),
        Value(name="b", path="net.b", width=2, domain="nodes", quantizer=second,
              terms=(Term(source="a", via="edges", gain=np.full(2, gain)),)),
        Value(name="c", path="net.c", width=1, domain="nodes", terms=(
            Term(source="b", weight=Weight(codes=np.ones((2, 1), dtype=np.int64), bits=2, step=np.ones(1))),)),
    ))


def test_what_no_multiplier_holds_is_refused_with_the_path():
    lower(two_values(step=np.array([1.0, 2.0, 3.0])), max_degree=40, max_members=1, max_features=1)
    spread = np.array([1e-6, 1e-6, 1e-6, 1.0, 1.0])
    with pytest.raises(HwgenError, match="scales span too much") as caught:
        lower(two_values(step=spread), max_degree=40, max_members=1, max_features=1)
    assert caught.value.where == "net.b"
    assert "--message-bits" in caught.value.fix


def test_fine_steps_of_a_few_entries_are_made_coarser():
    network = two_values(step=np.array([1e-9, 1.0, 2.0, 3.0, 2.0]))
    program = lower(network, max_degree=4, max_members=1, max_features=1)
    b = next(step for step in program.passes if "net.b" in step.name)
    assert b.final.multiplier[0] == (1 << 17) - 1
    assert (np.diff(b.final.multiplier[1:4]) < 0).all()
    # whoever reads the codes knows what they stand for
    have, steps_ = b.combine.row.table, (1 << 17) / b.final.multiplier
    np.testing.assert_allclose(have / have[1], steps_ / steps_[1], rtol=1e-3)


def test_a_row_brings_one_degree_along():
    """Q1 and Q2 that look up degrees of different lists are two passes."""
    network = two_values(step=np.array([1.0, 2.0, 3.0]))
    capacity = {"max_degree": 4, "max_members": 1, "max_features": 1}
    for of, passes in (("edges", 3), ("looped", 4)):
        message = replace(network.values[2], name="m", factor="rsqrt", of=of, quantizer=Quantizer(
            signed=True, granularity=Granularity.PER_CHANNEL, step=np.ones(1), bits=np.array([8])))
        result = replace(network.values[2], terms=(Term(source="m", via="edges"),))
        program = lower(replace(network, values=(*network.values[:2], message, result)), **capacity)
        assert len(program.passes) == passes


def test_accumulators_beyond_24_bits_are_refused():
    with pytest.raises(HwgenError, match="accumulator range"):
        lower(two_values(step=np.array([1e6])), max_degree=70_000, max_members=1, max_features=1)


def test_a_mean_is_as_small_as_its_largest_part():
    """The bound is taken case by case: neither the sum nor the multiplier alone."""
    network = two_values(step=np.array([1.0]))
    mean = replace(network.values[1], terms=(replace(network.values[1].terms[0], factor="mean"),))
    network = replace(network, values=(network.values[0], mean, network.values[2]))
    program = lower(network, max_degree=5000, max_members=1, max_features=1)
    b = next(step for step in program.passes if "net.b" in step.name)
    per_code = (1 << 20) / int(b.final.multiplier[0])
    assert b.blocks[0].operands[0].x.high == 5000 * 127
    assert 127 * per_code <= b.final.v.high <= 127 * per_code * 1.03  # the rounding of 1/5000 is in it


@pytest.mark.parametrize("by", [each for each in Granularity if each.by_row])
def test_rows_without_bits_store_and_send_zeros(by):
    """Whatever chooses their entry."""
    drawn = map(partial(node_gcn_network, by=by), range(20))
    network = next(each for each in drawn if each.values[1].quantizer.bits.size > 6)
    row = network.values[1]
    bits = row.quantizer.bits.copy()
    bits[::2] = 0
    values = [replace(value, quantizer=replace(value.quantizer, bits=bits)) if value is row else value
              for value in network.values]
    network = replace(network, values=tuple(values))
    batch = random_batch(2, network, graphs=2)
    program = lower(network, **asdict(capacities(batch)))
    kept = run_network(network, batch)[row.name]
    empty = bits[kept.entry] == 0
    for codes in (kept.codes, run(program, batch).passes[1].codes):  # the row, and the message it sends
        assert not codes[empty].any()
        assert codes[~empty].any()
    assert empty.any()


def test_a_constant_for_each_of_many_neighbours_takes_several_beats():
    """A zero point of 215 that 300 neighbours have, in steps as fine as theirs: one factor holds a part of it."""
    steps = Quantizer(signed=False, granularity=Granularity.PER_TENSOR, step=np.array([0.1]), bits=np.array([8]),
                      zero_point=215)
    weight = Weight(codes=np.array([[3, -2]]), bits=3, step=np.array([0.3, 0.3]))
    first = Value(name="a", path="a", width=2, terms=(Term(via="features", weight=weight),), quantizer=steps)
    second = Value(name="b", path="b", width=2, terms=(Term(source="a", via="looped"),), quantizer=steps)
    last = Value(name="c", path="c", width=2, terms=(Term(source="b", gain=np.array([0.7, 1.2])),))
    network = Network(name="n", input=Input.plain(1, 1, 1.0), values=(first, second, last))
    program = lower(network, max_degree=300, max_members=1, max_features=1)
    assert len(program.passes[1].blocks[0].operands) > 10
    assert len(lower(network, max_degree=9, max_members=1, max_features=1).passes[1].blocks[0].operands) == 2
    batch = random_batch(3, network, graphs=4)
    codes = run_network(network, batch)["b"].codes
    assert len(np.unique(codes)) > 5
    np.testing.assert_array_equal(run(program, batch).passes[1].written, codes)
