"""Which designs are tried, in which order, and how few graphs a batch may come down to."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from network_samples import sample_of
from networks import gin_network

import boards
from boards import Board
from hwgen.errors import CapacityError
from hwgen.flow.resources import Resources
from hwgen.network.sample import Limits, Sample
from hwgen.targets.lists import pipeline
from hwgen.targets.lists import search as designing
from hwgen.targets.lists.area import guess_resources
from hwgen.targets.lists.design import batch_designs
from hwgen.targets.lists.hardware import Hardware

NETWORK = gin_network(0, hidden=8)
FIXED = {"lanes": 8, "units": 1, "requant_lanes": 2}


@pytest.fixture
def sample() -> Sample:
    return dataclasses.replace(sample_of(NETWORK, 1), limits=Limits(
        nodes=900, edges=3000, entries=900, degree=40, features=8, mean_nodes=400, mean_edges=1200, mean_entries=400))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Hardware]:
    """Instead of RTL and Yosys: guesses; holds the designs that were counted."""
    done: list[Hardware] = []

    def emit(hardware: Hardware, **options: Any) -> tuple[str, dict[str, Any]]:
        return json.dumps(hardware.to_dict()), {}

    def count(path: Path) -> Resources:
        done.append(Hardware(**json.loads(path.read_text())))
        return guess_resources(done[-1])

    monkeypatch.setattr(designing, "emit", emit)
    monkeypatch.setattr(designing, "count_resources", count)
    return done


def board_of(plan: Any) -> Board:
    """An Ultra96 that has the block memories of one design."""
    board = boards.load("ultra96")
    blocks = int(guess_resources(plan.hardware).total.bram36 + 0.5)
    return dataclasses.replace(board, resources=dataclasses.replace(board.resources, bram36=blocks))


def test_fewer_graphs_come_last(sample: Sample) -> None:
    plans = list(batch_designs(NETWORK, sample, 8, FIXED))
    assert [plan.capacity.graphs for plan in plans] == [8, 4, 2]  # one graph needs what two of mean size need
    assert [plan.capacity.nodes for plan in plans] == [3200, 1600, 900]  # the largest graph always has room
    assert [plan.capacity.edges for plan in plans] == [9600, 4800, 3000]
    some = list(batch_designs(NETWORK, sample, 8, {}))
    assert len({plan.hardware for plan in some}) == len(some)
    graphs = [plan.capacity.graphs for plan in some]
    assert graphs == sorted(graphs, reverse=True)
    assert {plan.hardware.units for plan in some if plan.capacity.graphs == 8} == {1, 2, 4}


def test_a_small_board_gets_smaller_batches(sample: Sample, counted: list[Hardware]) -> None:
    plans = list(batch_designs(NETWORK, sample, 8, FIXED))
    facts = pipeline.estimate(NETWORK, sample, board_of(plans[1]), graphs=8, hardware=FIXED)
    assert facts["capacities"]["max_graphs"] == 4
    assert facts["choice"] == "as asked for; batches of up to 4 graphs (with room for 8 no design fits)"
    assert counted == [plans[1].hardware]  # what is too large by far was not synthesized


def test_a_large_board_gets_what_was_asked_for(sample: Sample, counted: list[Hardware]) -> None:
    facts = pipeline.estimate(NETWORK, sample, boards.load("zcu102"), graphs=8)
    assert facts["choice"] == "the fastest; batches of up to 8 graphs"
    assert counted == [next(batch_designs(NETWORK, sample, 8, {})).hardware]


def test_where_nothing_fits_the_smallest_is_refused(sample: Sample, counted: list[Hardware],
                                                    tmp_path: Path) -> None:
    board = boards.load("ultra96")
    board = dataclasses.replace(board, resources=dataclasses.replace(board.resources, bram36=1))
    with pytest.raises(CapacityError, match="BRAM36"):
        pipeline.build(NETWORK, sample, board, tmp_path / "build", graphs=8)
    assert counted == [list(batch_designs(NETWORK, sample, 8, {}))[-1].hardware]
