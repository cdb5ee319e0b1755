"""One record of graphs: what is taken, and what is refused in three parts, by the names of archives and of PyG."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.sparse import coo_array, csr_array
from torch_geometric.data import HeteroData

from hwgen.errors import HwgenError
from hwgen.network.reader import read_graphs
from hwgen.network.reader.fields import NAMES

NAN, INF = float("nan"), float("inf")
#: Two graphs of two nodes, by the names of archives.
USUAL = {"features": np.eye(4, dtype=np.int64), "edges": np.array([[0, 2], [1, 3]]), "graph": np.array([0, 0, 1, 1])}


def usual(**change):
    return {name: value for name, value in {**USUAL, **change}.items() if value is not None}


def of_torch(make):
    """A tensor of a kind that torch calls new, or old."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(torch.eye(4))


@pytest.mark.parametrize("value", [
    np.eye(4), np.eye(4, dtype=np.uint8), np.eye(4, dtype=bool), np.eye(4, dtype=">i4"), np.eye(4, dtype=np.float16),
    np.eye(4).tolist(), csr_array(np.eye(4)), coo_array(np.eye(4)), torch.eye(4), torch.eye(4).bfloat16(),
    torch.eye(4).double().requires_grad_(), torch.eye(4).bool(), torch.eye(8)[::2, ::2], torch.eye(4).to_sparse(),
    of_torch(lambda x: x.to_sparse_csc()), torch._neg_view(-torch.eye(4).double()),
    torch.eye(4).to(torch.float8_e4m3fn), [torch.eye(4)[row] for row in range(4)], np.asfortranarray(np.eye(4))])
def test_features_of_every_kind_are_the_same(value):
    found = read_graphs(usual(features=value))
    assert found.features.dtype in (np.int64, np.float64)
    assert found.features.nnz == 4
    assert (found.features.toarray() == np.eye(4)).all()


@pytest.mark.parametrize(("value", "what"), [
    (torch.eye(4, dtype=torch.complex64), "complex"), (torch.eye(4, device="meta"), "meta device"),
    (of_torch(lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.quint8)), "quantized"),
    (np.eye(4) + 1j, "complex128"),
    (np.full((4, 4), "x"), "holds <U1 values"), (np.full((4, 4), None), "no real numbers"), ([[1], [1, 2]], "no array"),
    (torch.ones(4), "not .nodes, features"), (torch.ones(4, 2, 2).to_sparse(), "not .nodes, features"),
    (np.array([[NAN] * 4] * 4), "a feature is nan"), (torch.full((4, 4), INF), "a feature is inf"),
    (np.ma.masked_equal(np.eye(4), 1), "masked"), (torch.ones(1, 1).expand(1 << 15, 1 << 15), "1,073,741,824 numbers"),
    (torch.eye(4).to_sparse().to("meta"), "cannot be read|meta"), (np.array(3), "not .nodes, features"),
    (object(), "no real numbers"), (np.zeros((4, 1), "datetime64[s]"), "datetime64"),
])
def test_features_of_no_kind_are_refused(value, what):
    with pytest.raises(HwgenError, match=what) as error:
        read_graphs(usual(features=value))
    assert error.value.where == "data.features"
    assert error.value.fix


@pytest.mark.parametrize(("change", "where", "message"), [
    ({"edges": np.zeros((3, 2), dtype=int)}, "edges", r"shape \(3, 2\), not \(2, e\)\n.*\n.*edge_index.t\(\)"),
    ({"edges": np.array([[0.5], [1]])}, "edges", "float64 values, not integers"),
    ({"edges": np.array([[True], [False]])}, "edges", "bool values, not integers"),
    ({"edges": np.array([[0], [9]])}, "edges", "edges names node 9 of 4"),
    ({"edges": np.array([[-1], [0]])}, "edges", "edges names node -1 of 4"),
    ({"edges": np.array([[2**64 - 1], [0]], dtype=np.uint64)}, "edges", "18446744073709551615 is out of range"),
    ({"edges": np.array([[0, 1], [1, 2]])}, "edges", "edge 1 joins nodes 1 and 2 of two graphs"),
    ({"edges": None}, "edge_index", "no edges"), ({"features": None}, "x", "no features"),
    ({"edges": torch.eye(4).to_sparse()}, "edges", "sparse"),
    ({"graph": np.array([0, 0, 1])}, "graph", r"shape \(3,\) for 4 nodes"),
    ({"graph": np.array([-1, 0, 1, 1])}, "graph", "graph names -1"),
    ({"graph": np.array([0, 0, 1, 2**40])}, "num_graphs", "graphs, and the last of 4 nodes"),
    ({"node": np.array([0, 0, 0, -2])}, "node", "node names -2"), ({"node": np.arange(3)}, "node", r"shape \(3,\)"),
    ({"graphs": np.array(1)}, "graphs", "1 graphs, and the last of 4 nodes belongs to graph 1"),
    ({"graphs": np.array([2, 3])}, "graphs", r"\[2, 3\] graphs"), ({"graphs": 2**40}, "graphs", "1099511627776 graphs"),
    ({"labels": np.array([0, 1, 2])}, "labels", "3 entries for 2 graphs of 4 nodes"),
    ({"labels": np.array(["x", "y"])}, "labels", "holds <U1"), ({"labels": np.array([0, INF])}, "labels", "hold inf"),
    ({"labels": np.zeros(2, "V4")}, "labels", "V4"),
    ({"labels": np.array([0, 2**63], dtype=np.uint64)}, "labels", "out of range"),
    ({"labels": np.ones((2, 2, 2))}, "labels", r"shape \(2, 2, 2\)"),
    ({"mask": np.ones((4, 2), dtype=bool)}, "mask", r"shape \(4, 2\)\n.*\n.*mask\[:, 0\]"),
    ({"mask": np.full(4, 2**32)}, "mask", "neither 0 and 1 nor"), ({"mask": np.full(4, 0.5)}, "mask", "not integers"),
    ({"mask": np.array([1, 1, 2])}, "mask", "neither 0 and 1 nor"), ({"mask": np.full(4, "x")}, "mask", "holds <U1"),
    ({"labels": np.arange(2), "mask": np.ones(4, bool)}, "labels", "2 entries for 2 graphs of 4 nodes"),
    ({"logits": np.ones(4)}, "logits", r"float64 of shape \(4,\)"), ({"logits": np.full((2, 3), "x")}, "logits", "<U1"),
    ({"logits": np.array([[INF, 0], [1, 2]])}, "logits", "logits holds inf"),
    ({"limits": np.full(8, NAN)}, "limits", "limits are"), ({"limits": np.full(8, -5.0)}, "limits", "limits are"),
    ({"limits": np.full(8, 1e300)}, "limits", "limits are"), ({"limits": np.ones(3)}, "limits", "limits are"),
    ({"accuracy_by_width": np.array([[9, 0.5, 0.5]])}, "accuracy_by_width", "accuracies by width are"),
    ({"accuracy_by_width": np.array([[1, 0.5, 1.5]])}, "accuracy_by_width", "accuracies by width are"),
    ({"accuracy_by_width": np.array([[1, NAN, 0.5]])}, "accuracy_by_width", "accuracies by width are"),
    ({"accuracy_by_width": np.array([[2, 0.5, 0.5]])}, "accuracy_by_width", "accuracies by width are"),
    ({"accuracy_by_width": np.array([[0, 0.5, 0.5], [0, 1, 1]])}, "accuracy_by_width", "accuracies by width are"),
    ({"accuracy_by_width": np.ones(3)}, "accuracy_by_width", "accuracies by width are"),
    ({"input_scale": "x"}, "input_scale", "no real numbers"), ({"input_scale": 0}, "input_scale", "input_scale is 0.0"),
    ({"input_scale": np.array([0.5, 1])}, "input_scale", "input_scale is 0.5, 1.0"),
    ({"input_scale": NAN}, "input_scale", "input_scale is nan"), ({"batch_size": 5}, "batch_size", "is 5 for 4 nodes"),
    ({"batch_size": 0}, "batch_size", "is 0"), ({"batch_size": 1.5}, "batch_size", "not integers"),
    ({"x": np.eye(4)}, "", "both x and features"), ({"y_mask": np.ones(4)}, "", "'y_mask' has no meaning"),
    ({3: np.ones(4)}, "", "3 has no meaning"),
])
def test_records_that_do_not_fit_together(change, where, message):
    with pytest.raises(HwgenError, match=f"(?s){message}") as error:
        read_graphs(usual(**{name: value for name, value in change.items() if name != 3}) | (
            change if 3 in change else {}))
    assert error.value.where == (f"data.{where}" if where else "data")
    assert error.value.fix


@pytest.mark.parametrize(("change", "message"), [
    ({"shape": np.array(5)}, "pointers for the shape 5"), ({"shape": np.array([2**40, 5])}, "5 pointers for the shape"),
    ({"indices": np.array([0, 9])}, "not a CSR matrix"), ({"indptr": np.array([0, 2, 1, 2, 2])}, "not a CSR matrix"),
    ({"data": np.array([1.0, NAN])}, "a feature is nan"), ({"indptr": None}, "no features"),
])
def test_sparse_features_of_archives(change, message):
    parts = {"indptr": np.array([0, 1, 1, 2, 2]), "indices": np.array([0, 4]), "data": np.array([1, 3]),
             "shape": np.array([4, 5])}
    good = read_graphs(usual(features=None, **{f"features.{name}": value for name, value in parts.items()}))
    assert good.features.toarray()[2, 4] == 3
    with pytest.raises(HwgenError, match=message):
        read_graphs(usual(features=None, **{f"features.{name}": value for name, value in {**parts, **change}.items()
                                            if value is not None}))


@pytest.mark.parametrize("mask", [
    np.array([True, False, True, False]), np.array([1, 0, 1, 0]), np.array([1.0, 0, 1, 0]), torch.tensor([0, 2]),
    torch.tensor([2, 0]), np.array([[1], [0], [1], [0]], dtype=np.uint8)])
def test_a_mask_has_one_meaning(mask):
    found = read_graphs(usual(test_mask=mask))
    assert found.masks["test_mask"].tolist() == [True, False, True, False]
    assert found.domains == {"nodes"}


def test_two_numbers_are_those_of_nodes_unless_there_are_two_nodes():
    assert read_graphs(usual(mask=[0, 1])).masks["test_mask"].tolist() == [True, True, False, False]
    two = {"x": np.eye(2), "edge_index": [], "test_mask": [0, 1]}
    assert read_graphs(two).masks["test_mask"].tolist() == [False, True]


@pytest.mark.parametrize(("labels", "kept", "domain"), [
    (np.array([2, -1]), [2, -1], "graphs"), (np.array([0.5, NAN]), [0.5, NAN], "graphs"),
    (np.array([[1], [0]]), [1, 0], "graphs"), (np.array([[1, 0, NAN], [0, 1, 1]]), [[1, 0, NAN], [0, 1, 1]], "graphs"),
    (torch.arange(4), [0, 1, 2, 3], "nodes"), (np.array([True, False]), [1, 0], "graphs")])
def test_labels_stay_what_they_are(labels, kept, domain):
    found = read_graphs(usual(labels=labels))
    assert found.labels.dtype == (np.float64 if isinstance(np.array(kept).flat[0], np.floating) else np.int64)
    np.testing.assert_array_equal(found.labels, kept)
    assert found.domains == {domain}


def test_nodes_may_come_in_any_order():
    order = np.array([2, 0, 3, 1])  # where the nodes of USUAL are put
    rank = np.argsort(order)
    sorted_, found = read_graphs(usual(labels=np.arange(4))), read_graphs(usual(
        features=USUAL["features"][order], edges=rank[USUAL["edges"]], graph=USUAL["graph"][order],
        labels=np.arange(4)[order]))
    assert found.graph.tolist() == [0, 0, 1, 1]
    assert (found.features != sorted_.features).nnz == 0
    assert found.edges.tolist() == sorted_.edges.tolist()
    assert found.labels.tolist() == sorted_.labels.tolist()
    assert found.asked.tolist() == order.tolist()
    assert sorted_.asked is None


def test_seeds_are_the_first_nodes_of_a_loaders_batch():
    found = read_graphs(usual(graph=np.array([1, 0, 0, 1]), edges=np.zeros((2, 0), int), batch_size=2))
    assert found.asked.tolist() == [2, 0]
    assert found.counted("test_mask", "nodes").tolist() == [True, False, True, False]
    assert found.counted("test_mask", "graphs") is None
    masked = read_graphs(usual(batch_size=3, mask=np.array([0, 1, 0, 1])))
    assert masked.counted("test_mask", "nodes").tolist() == [False, True, False, False]


def test_graphs_one_after_another():
    found = read_graphs([usual(batch_size=1), usual(), usual(batch_size=2)])
    assert found.asked.tolist() == [0, 4, 5, 6, 7, 8, 9]
    assert found.graph.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert found.edges[:, 2:4].tolist() == [[4, 6], [5, 7]]
    part = found.part(2, 4)
    assert (part.graph.tolist(), part.edges.tolist()) == ([0, 0, 1, 1], USUAL["edges"].tolist())
    for other, message in ((usual(input_scale=0.5), "graph 0 has 4 features, graph 2 4 features of scale 0.5"),
                           (usual(features=np.eye(4)[:, :3]), "graph 0 has 4 features, graph 2 3 features")):
        with pytest.raises(HwgenError, match=message):
            read_graphs([usual(), other])
    for nothing in ([], (), iter([]), [[], []]):
        with pytest.raises(HwgenError, match=r"^no graph\n  at data\n"):
            read_graphs(nothing)
        assert read_graphs(nothing, least=0).graphs == 0
    assert read_graphs(iter([usual()] * 5), most=3).graphs == 3


@pytest.mark.parametrize("given", [3, None, "graphs.txt", b"x", np.eye(3), torch.eye(3), [torch.eye(3)], object(),
                                   HeteroData(), [[[[[[[[[[]]]]]]]]]]])
def test_what_holds_no_graphs_is_refused(given):
    with pytest.raises(HwgenError) as error:
        read_graphs(given)
    assert error.value.fix


def test_weights_of_edges_are_remembered():
    found = read_graphs([usual(edge_weight=np.array([0.5, 2])), usual(edge_weight=np.array([3, 4]))])
    assert found.weights["edge_weight"].tolist() == [0.5, 2, 3, 4]
    assert found.part(1, 3).weights["edge_weight"].tolist() == [2, 3]
    assert read_graphs(usual()).weights == {}
    with pytest.raises(HwgenError, match=r"shape \(3,\) for 2 edges\n  at data.edge_weight"):
        read_graphs(usual(edge_weight=np.ones(3)))


def test_every_name_of_a_field_is_read():
    for names in NAMES.values():
        assert len(set(names)) == len(names)
    by_pyg = SimpleNamespace(x=torch.eye(4), edge_index=torch.tensor([[0, 2], [1, 3]]), batch=USUAL["graph"],
                             n_id=torch.tensor([4, 5, 6, 7]))
    found = read_graphs(by_pyg)
    assert (found.scale, found.graphs, found.node.tolist()) == (1.0, 2, [4, 5, 6, 7])
    assert read_graphs(usual()).scale is None
