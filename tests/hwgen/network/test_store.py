"""Networks survive files, byte for byte; files that are none are refused in three parts."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from networks import EVERY_KIND, gin_network, random_network, residual_gcn_network

from hwgen.errors import HwgenError
from hwgen.network.store import load_network, network_arrays, network_of, save_network

ARRAYS, FACTS = "network.npz", "network.json"


def plain(thing):
    """A dataclass as nested tuples, arrays with their type, so that equality means all of it."""
    if dataclasses.is_dataclass(thing):
        return type(thing).__name__, *((field.name, plain(getattr(thing, field.name)))
                                       for field in dataclasses.fields(thing))
    if isinstance(thing, np.ndarray):
        return thing.dtype.str, thing.shape, thing.tobytes()
    if hasattr(thing, "toarray"):
        return plain(thing.toarray())
    return tuple(plain(each) for each in thing) if isinstance(thing, tuple) else (type(thing).__name__, thing)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kinds", [{}, {"edge_bits": 4, **EVERY_KIND}], ids=["plain", "every kind"])
def test_a_network_comes_back_equal(tmp_path, seed, kinds):
    network = random_network(seed, **kinds)
    save_network(network, tmp_path / "a")
    again = load_network(tmp_path / "a")
    assert plain(again) == plain(network)
    save_network(again, tmp_path / "b")
    for name in (ARRAYS, FACTS):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_head_of_a_network_comes_back(tmp_path):
    network = dataclasses.replace(gin_network(0), head="sigmoid")
    save_network(network, tmp_path)
    assert load_network(tmp_path).head == "sigmoid"
    set_facts(tmp_path, lambda facts: facts.update(head="tanh"))
    with pytest.raises(HwgenError, match="head"):
        load_network(tmp_path)


def test_facts_are_plain():
    facts, arrays = network_arrays(residual_gcn_network(0))
    assert json.loads(json.dumps(facts)) == facts
    assert {array.dtype.kind for array in arrays.values()} <= {"f", "i"}
    assert plain(network_of(facts, arrays, "here")) == plain(residual_gcn_network(0))


def test_loading_needs_no_torch(tmp_path):
    save_network(gin_network(0), tmp_path)
    code = ("import sys; from pathlib import Path; from hwgen.network.store import load_network;"
            f"load_network(Path({str(tmp_path)!r})); assert 'torch' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def set_facts(folder, change):
    facts = json.loads((folder / FACTS).read_text())
    change(facts)
    (folder / FACTS).write_text(json.dumps(facts))


@pytest.mark.parametrize(("change", "message"), [
    (lambda facts: facts.update(version=99), "format version 99, this hwgen reads 3"),
    (lambda facts: facts.pop("values"), "key values is missing"),
    (lambda facts: facts["values"][0].pop("width"), r"key values\[0\].width is missing"),
    (lambda facts: facts["values"][0].update(domain="arcs"), r"values\[0\].domain is 'arcs'"),
    (lambda facts: facts["values"][0].update(domain=["nodes"]), r"values\[0\].domain is \['nodes'\]"),
    (lambda facts: facts["values"][1]["terms"][0].update(via="there"), r"values\[1\].terms\[0\].via is 'there'"),
    (lambda facts: facts["values"][0].update(terms=3), r"values\[0\].terms is 3"),
    (lambda facts: facts.update(values=[3]), r"values\[0\] is 3"),
    (lambda facts: facts["input"].update(features="many"), "input.features is 'many'"),
    (lambda facts: facts.update(name={}), "name is {}"),
    (lambda facts: facts.update(name="../../x"), "name '../../x' is no plain name"),
    (lambda facts: facts["input"].update(bits=9), "bits is 9"),
    (lambda facts: facts["input"].update(exact=2), "input.exact is 2"),
    (lambda facts: facts["values"][0].update(path="\ud800"), r"values\[0\].path is "),
    (lambda facts: facts["values"][0].update(path="a\u001bb"), r"values\[0\].path is "),
    (lambda facts: facts["values"][0]["quantizer"].update(reach=-1), r"unknown key values\[0\].quantizer.reach"),
    (lambda facts: facts["values"][0]["quantizer"].update(signed=10**29), r"values\[0\].quantizer.signed is 1000"),
    (lambda facts: facts["values"][0].update(bias=[]), r"values\[0\].bias is \[\]"),
    (lambda facts: facts["values"][0]["activation"].update(slope=3), "is missing or malformed"),
    (lambda facts: facts["values"][0]["quantizer"].update(granularity="chance"), r"quantizer.granularity is 'chance'"),
    (lambda facts: facts["values"].pop(), "result"),
    (lambda facts: facts["values"][1]["terms"][0].update(source="nobody"), "nobody"),
])
def test_facts_that_are_no_network(tmp_path, change, message):
    save_network(gin_network(0), tmp_path)
    set_facts(tmp_path, change)
    with pytest.raises(HwgenError, match=message) as error:
        load_network(tmp_path)
    assert error.value.where
    assert error.value.fix


def test_a_checkpoint_of_an_older_format_says_how_to_make_it_again():
    """Checkpoints hold the facts without the files of a build."""
    facts, arrays = network_arrays(gin_network(0))
    with pytest.raises(HwgenError, match="network format version 1, this hwgen reads 3") as error:
        network_of({**facts, "version": 1}, arrays, "model.pt")
    assert (error.value.where, error.value.fix) == (
        "model.pt", "train or quantize the model, and build it, again with this hwgen")


def test_files_that_are_missing_or_cut(tmp_path):
    with pytest.raises(HwgenError, match="cannot be read"):
        load_network(tmp_path)
    save_network(gin_network(0), tmp_path)
    whole = (tmp_path / ARRAYS).read_bytes()
    (tmp_path / ARRAYS).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HwgenError, match=r"not an \.npz of plain arrays"):
        load_network(tmp_path)
    np.savez(tmp_path / ARRAYS, nothing=np.zeros(1))
    with pytest.raises(HwgenError, match=r"entry input.scale is missing"):
        load_network(tmp_path)
    (tmp_path / FACTS).write_text("{")
    with pytest.raises(HwgenError, match="not JSON"):
        load_network(tmp_path)
    with pytest.raises(HwgenError, match="cannot write"):
        save_network(gin_network(0), tmp_path / FACTS)


def test_arrays_of_another_type(tmp_path):
    save_network(gin_network(0), tmp_path)
    with np.load(tmp_path / ARRAYS) as archive:
        arrays = {key: archive[key] for key in archive.files}
    key = next(key for key in arrays if key.endswith("weight.codes"))
    np.savez(tmp_path / ARRAYS, **{**arrays, key: arrays[key].astype(np.float64)})
    with pytest.raises(HwgenError, match=r"entry \S+weight.codes is float64, not int64"):
        load_network(tmp_path)


def test_arrays_that_belong_to_nothing_and_steps_that_nothing_holds():
    facts, arrays = network_arrays(gin_network(0))
    with pytest.raises(HwgenError, match="entry 'more' belongs to nothing"):
        network_of(facts, {**arrays, "more": np.zeros(1)}, "here")
    key = next(key for key in arrays if key.endswith(".step"))
    for step in (1e-300, 1e300, np.nan, 0.0):
        with pytest.raises(HwgenError, match="a step is not positive and finite"):
            network_of(facts, {**arrays, key: np.full_like(arrays[key], step)}, "here")
