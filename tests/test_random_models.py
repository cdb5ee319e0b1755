"""A sample of bench/random_models.py: random models on random designs, several on each, that share one design.v."""

import hashlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from campaign import KINDS, configuration, draw, edge_cases, kinds_of, seen, sharpened, write_design, write_model
from hypothesis import given, settings
from hypothesis import strategies as st
from list_builds import Build, compare
from networks import random_network

import sim
from hwgen.targets.lists.choose import choose
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.golden import model_files
from hwgen.targets.lists.network_to_program import lower
from hwgen.targets.lists.placement import place
from hwgen.targets.lists.rules import check_program
from hwgen.targets.lists.verilog import emit

#: Configurations that compile fast: one unit with a MAC array, whose models have everything; two with neither MAC array
#: nor search.
SAMPLE = {"mac-and-search": (14, 30), "neither": (31, 49)}


def capacities(program):
    named = ("max_degree", "max_members", "max_features", "max_weight")
    return {name: max(1, getattr(program, name)) for name in named}


def with_new_weights(model, hardware):
    """The same model, each column of its weights in another order."""
    rng = np.random.default_rng(model.seed)

    def term(old):
        return old if old.weight is None else replace(old, weight=replace(
            old.weight, codes=rng.permuted(old.weight.codes, axis=0)))

    values = tuple(replace(value, terms=tuple(map(term, value.terms))) for value in model.network.values)
    network = replace(model.network, values=values)
    program = lower(network, **capacities(model.program))
    layout = place(program, hardware, **model.capacity.rows(program))
    return replace(model, network=network, program=program, layout=layout)


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**4))
def test_load_streams_are_the_reference(seed, number):
    """Two models on one design: what their load streams compute is what the reference computes, word by word."""
    hardware, models, _ = draw(configuration(seed, number), 2)
    for model in models:
        compare(Build(model.network, model.program, model.capacity, hardware, model.layout,
                      tuple(model.batches.values())))


@pytest.mark.slow
def test_codes_saturate_and_lie_on_ties():
    """Both ends are hit, by a lot and by less than a code, and so are ties, the one half a code beyond the top too."""
    counts = Counter()
    for number in (0, 3, 4):
        _, models, _ = draw(configuration(1, number), 5)
        with seen() as codes:
            for model in models:
                for batch in model.batches.values():
                    run(model.program, batch)
        counts.update(codes)
    assert min(counts[name] for name in ("high", "low", "ties", "rounded_beyond")) > 50, counts
    assert counts["tie_at_top"] > 5, counts


def test_edge_cases_are_all_there():
    """No graphs, graphs without nodes, one node, no edges, self loops, duplicate edges, hubs, isolated nodes."""
    network, found = random_network(1), set()
    for seed in range(4):
        for batch in edge_cases(seed, network).values():
            source, target = batch.edges
            degree = np.bincount(target, minlength=batch.num_nodes)
            found |= {name for name, there in {
                "no graphs": batch.graphs == 0, "one node": batch.num_nodes == 1,
                "graphs without nodes": batch.graphs > 0 and batch.num_nodes == 0,
                "no edges": batch.num_nodes > 1 and source.size == 0, "self loops": bool((source == target).any()),
                "duplicates": np.unique(batch.edges, axis=1).shape[1] < source.size,
                "hub": degree.max(initial=0) > 2 * max(1, batch.num_nodes),
                "isolated": bool(len(np.setdiff1d(np.arange(batch.num_nodes), batch.edges))),
            }.items() if there}
    assert len(found) == 8


@pytest.mark.slow
def test_a_seed_gives_the_same_models_again():
    (hardware, models, _), (again, others, _) = (draw(configuration(5, 4), 2) for _ in range(2))
    assert hardware == again
    assert [model_files(model.layout) for model in models] == [model_files(model.layout) for model in others]
    assert configuration(5, 4) != configuration(6, 4)


@pytest.mark.slow
def test_models_have_every_kind_alone_and_together():
    """The sample that is simulated too."""
    found = Counter()
    for number in range(0, 40, 7):
        for model in draw(configuration(1, number), 5)[1]:
            kinds = kinds_of(model.network)
            found.update([*kinds, len(kinds)])
    assert min(found[name] for name in (*KINDS, 1, 2, 3)) > 2, found
    assert {name for model in draw(configuration(*SAMPLE["mac-and-search"]), 3)[1]
            for name in kinds_of(model.network)} == set(KINDS)


@pytest.mark.slow
def test_sharp_programs_are_proved():
    """Only multipliers and biases change; ranges hold, or it is refused."""
    model = next(model for model in draw(configuration(1, 0), 4)[1] if not model.sharp)
    sharp = sharpened(model.program, np.random.default_rng(0))
    check_program(sharp)
    assert [step.name for step in sharp.passes] == [step.name for step in model.program.passes]
    for step in sharp.passes:
        multiplier = step.final.multiplier
        assert (multiplier & (multiplier - 1) == 0).all()


@pytest.mark.slow
def test_new_weights_need_no_new_design():
    """Other weights fit the model's design, in another image; the design is emitted the same, byte by byte."""
    config = configuration(*SAMPLE["mac-and-search"])
    hardware, models, _ = draw(config, 4)
    verilog = emit(hardware)[0]
    for model in (model for model in models if not model.sharp):
        other = with_new_weights(model, hardware)
        sizes = {name: value for name, value in hardware.to_dict().items() if name in config.floors}
        again = choose(other.program, other.capacity, {**config.wanted, **sizes})
        assert all(value <= hardware.to_dict()[name] for name, value in again.to_dict().items())
        first, second = model_files(model.layout), model_files(other.layout)
        assert first["model.bin"] != second["model.bin"]
    assert emit(hardware)[0] == verilog


@pytest.mark.slow
@pytest.mark.verilator
@pytest.mark.parametrize("name", SAMPLE)
def test_designs(name, tmp_path):
    """Three models and one of them with new weights on a design that is compiled once: RTL = reference = estimate."""
    seed, number = SAMPLE[name]
    hardware, models, _ = draw(configuration(seed, number), 3)
    models.append(with_new_weights(next(model for model in models if not model.sharp), hardware))
    rtl = write_design(tmp_path / "design", hardware)
    images = set()
    for index, model in enumerate(models):
        build = tmp_path / f"model{index}"
        folders, words = write_model(build, tmp_path / "design", model)
        result = sim.run(build, folders, sim.SimOptions(stalls=None if index % 2 else index + 1))
        assert result.ok, f"model {model.seed}: {result}"
        assert sum(batch.rows_compared for batch in result.batches.values()) == words > 0
        assert index == 0 or result.compile_s == 0
        assert hashlib.sha256((build / "design.v").read_bytes()).hexdigest() == rtl
        images.add((build / "images" / "model.bin").read_bytes())
    assert len(images) == len(models)
