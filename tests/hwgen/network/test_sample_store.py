"""Graphs survive a file, byte for byte; files that do not fit together are refused in three parts."""

import dataclasses

import numpy as np
import pytest
from networks import random_batch, random_network

from hwgen.network.sample import Limits, Sample
from hwgen.network.sample_store import batch_arrays, load_sample, sample_arrays, sample_of, save_sample


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


@pytest.mark.parametrize("seed", range(6))
def test_a_sample_comes_back_equal(tmp_path, seed):
    network = random_network(seed)
    batch, rng = random_batch(seed, network, graphs=seed + 1), np.random.default_rng(seed)
    result = network.values[-1]
    rows = batch.graphs if result.domain == "graphs" else batch.num_nodes
    known = dict.fromkeys(("labels", "mask", "logits"))
    if seed > 2:
        known = {"labels": rng.integers(0, 3, rows), "mask": rng.integers(0, 2, rows).astype(bool),
                 "logits": rng.normal(size=(rows, result.width))}
    if seed > 3:  # labels stay what they are: real ones, several a row, missing ones
        known |= {"labels": np.where(rng.random((rows, 2)) < 0.3, np.nan, rng.normal(size=(rows, 2))),
                  "fp32": rng.normal(size=(rows, result.width)), "integer": rng.normal(size=(rows, result.width)),
                  "accuracy_by_width": np.array([[0, 0.9, 0.8], [1, 0.7, 0.75]])}
    sample = Sample(batch=batch, limits=dataclasses.replace(Limits.of(batch, 3), nodes=99, mean_edges=1.5), **known)
    save_sample(sample, tmp_path / "deep" / "a.npz")
    again = load_sample(tmp_path / "deep" / "a.npz", network)
    assert plain(again) == plain(sample)
    save_sample(again, tmp_path / "b.npz")
    assert (tmp_path / "deep" / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert plain(sample_of(sample_arrays(sample), "here", network)) == plain(sample)


def test_limits_are_those_of_the_graphs_unless_the_file_has_some():
    network = random_network(1)
    batch = random_batch(1, network, graphs=3)
    sample = sample_of(batch_arrays(batch), "here", network)
    assert sample.limits == Limits.of(batch, network.input_bits)
    assert (sample.labels, sample.mask, sample.logits) == (None, None, None)
