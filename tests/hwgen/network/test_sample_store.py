"""Graphs survive a file, byte for byte; files that do not fit together are refused in three parts."""

import dataclasses

import numpy as np
import pytest
from networks import random_batch, random_network

from hwgen.errors import HwgenError
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
    batch, rng = random_batch(seed, random_network(seed), graphs=seed), np.random.default_rng(seed)
    rows = batch.graphs if seed % 2 else batch.num_nodes
    known = {"labels": rng.integers(0, 3, rows), "mask": rng.integers(0, 2, rows).astype(bool),
             "logits": rng.normal(size=(rows, 3))} if seed > 2 else dict.fromkeys(("labels", "mask", "logits"))
    if seed > 3:  # labels stay what they are: real ones, several a row, missing ones
        known |= {"labels": np.where(rng.random((rows, 2)) < 0.3, np.nan, rng.normal(size=(rows, 2))),
                  "fp32": rng.normal(size=(rows, 3)), "integer": rng.normal(size=(rows, 3))}
    sample = Sample(batch=batch, limits=dataclasses.replace(Limits.of(batch, 3), nodes=99, mean_edges=1.5), **known)
    save_sample(sample, tmp_path / "deep" / "a.npz")
    again = load_sample(tmp_path / "deep" / "a.npz", 3)
    assert plain(again) == plain(sample)
    save_sample(again, tmp_path / "b.npz")
    assert (tmp_path / "deep" / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert plain(sample_of(sample_arrays(sample), "here", 3)) == plain(sample)


def test_limits_are_those_of_the_graphs_unless_the_file_has_some():
    batch = random_batch(1, random_network(1), graphs=3)
    sample = sample_of(batch_arrays(batch), "here", 2)
    assert sample.limits == Limits.of(batch, 2)
    assert (sample.labels, sample.mask, sample.logits) == (None, None, None)


def test_a_users_batch_needs_little(tmp_path):
    np.savez(tmp_path / "one.npz", features=np.eye(3, dtype=np.uint8), edges=np.array([[0, 1], [1, 2]], dtype=np.int32))
    batch = load_sample(tmp_path / "one.npz", 1).batch
    assert (batch.graphs, batch.graph.tolist(), batch.node.tolist()) == (1, [0, 0, 0], [0, 1, 2])
    assert batch.edges.dtype == batch.features.dtype == np.int64
    np.savez(tmp_path / "two.npz", features=np.eye(3, dtype=np.uint8), edges=np.array([[0], [1]]), graph=[0, 0, 1])
    assert load_sample(tmp_path / "two.npz", 1).batch.graphs == 2


@pytest.mark.parametrize(("change", "message"), [
    ({"edges": np.zeros((3, 2), dtype=int)}, r"edges has shape \(3, 2\)"),
    ({"edges": np.array([[0.5], [1]])}, "edges is float64, not integer"),
    ({"edges": np.array([[0], [9]])}, "an edge names node 9 of 4"),
    ({"edges": np.array([[-1], [0]])}, "an edge names node -1 of 4"),
    ({"edges": np.array([[0, 1], [1, 2]])}, "edge 1 joins nodes 1 and 2 of two graphs"),
    ({"graph": np.array([0, 1, 0, 1])}, "the nodes of a graph do not follow one another"),
    ({"graph": np.array([0, 0, 1])}, r"graph has shape \(3,\) for 4 nodes"),
    ({"graph": np.array([-1, 0, 1, 1])}, "graph names -1"),
    ({"node": np.array([0, 0, 0, -2])}, "node names -2"),
    ({"graphs": np.array(1)}, "graphs is 1, and the last node belongs to graph 1"),
    ({"graphs": np.array([2, 3])}, r"graphs is \[2, 3\]"),
    ({"features": np.array([{}], dtype=object)}, "not an .npz of plain arrays"),
    ({"labels": np.array([0, 1, 2])}, "3 labels for 2 graphs of 4 nodes"),
    ({"labels": np.array(["a", "b"])}, "labels holds <U1 values"),
    ({"labels": np.ones((2, 2, 2))}, r"labels has shape \(2, 2, 2\)"),
    ({"fp32": np.array([[np.nan], [1]])}, "fp32 holds nan"),
    ({"mask": np.ones((4, 2), dtype=bool)}, r"mask has shape \(4, 2\)"),
    ({"mask": np.ones(4, dtype=int)}, "mask holds int64 values"),
    ({"logits": np.ones(4)}, r"logits has shape \(4,\)"),
    ({"logits": np.array([[np.inf, 0], [1, 2]])}, "logits holds inf"),
    ({"test_mask": np.ones(4, dtype=bool)}, "array test_mask has no meaning"),
])
def test_batches_that_do_not_fit_together(tmp_path, change, message):
    arrays = {"features": np.eye(4, dtype=np.int64), "edges": np.array([[0, 2], [1, 3]]),
              "graph": np.array([0, 0, 1, 1])}
    np.savez(tmp_path / "good.npz", **arrays)
    assert load_sample(tmp_path / "good.npz", 1).batch.graphs == 2
    np.savez(tmp_path / "bad.npz", **{**arrays, **change})
    with pytest.raises(HwgenError, match=message) as error:
        load_sample(tmp_path / "bad.npz", 1)
    assert error.value.where.endswith("bad.npz")
    assert error.value.fix
