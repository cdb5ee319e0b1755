"""A slice of bench/hostile.py: whatever is done to a file, it is refused in three parts, or it is what was written."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hostile_inputs import KINDS, Case, Place, case, judge, make_place
from networks import gin_network
from reseal import reseal

from hwgen.errors import HwgenError
from hwgen.flow.built import load_design
from hwgen.network.sample_store import load_sample

CASES = 200


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make_place(tmp_path_factory.mktemp("hostile"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(KINDS)))
def test_changed_files_are_refused_or_equal(kind: str, place: Place) -> None:
    outcomes = []
    for number in range(CASES):
        if KINDS[number % len(KINDS)] == kind:
            given = case(place, 1, number)
            try:
                outcomes.append(judge(place, given))
            except Exception as error:
                raise AssertionError(f"case {number}, {given.what}") from error
    assert outcomes.count("refused") > len(outcomes) // 4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["build-graph", "build-node"])
def test_a_build_of_another_version_names_its_file(name: str, place: Place, tmp_path: Path) -> None:
    """Its hashes are right; its hardware has other parameters."""
    build = Path(shutil.copytree(place.good / name, tmp_path / "b"))
    facts = json.loads((build / "config.json").read_text())
    facts["hardware"]["more"] = 1
    (build / "config.json").write_text(json.dumps(facts))
    reseal(build)
    with pytest.raises(HwgenError, match="more") as caught:
        load_design(build)
    assert caught.value.where == f"{build / 'config.json'}: hardware"


@pytest.mark.parametrize("pointers", [
    [0, 3, 5, 0, 0], [0, 9, 1, 2, 5], [1, 1, 2, 3, 5], [0, 1, 2, 3, 4], [0, 1, 2, 3, 6]])
def test_pointers_that_lead_out_of_the_features(pointers: list[int], tmp_path: Path) -> None:
    """SciPy's C++ writes past its arrays for some of them."""
    np.savez(tmp_path / "g.npz", edges=np.zeros((2, 0), np.int64), **{
        "features.indptr": np.array(pointers), "features.indices": np.arange(5), "features.data": np.ones(5, np.int64),
        "features.shape": np.array([4, 5])})
    with pytest.raises(HwgenError, match="not a CSR matrix"):
        load_sample(tmp_path / "g.npz", gin_network(0, features=4))


@pytest.mark.slow
def test_what_differs_is_seen(place: Place) -> None:
    """The judge itself: a good file is the same, and one that is taken without being that is a fault."""
    good = place.good / "graphs.npz"
    assert judge(place, Case("graphs.npz", "", good, meant=False)) == "same"
    for name in ("build-graph", "build-node"):
        with pytest.raises(AssertionError, match="although it is not"):
            judge(place, Case("build", "", place.good / name, meant=False))
