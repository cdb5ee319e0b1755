"""Which way a module goes when it is quantized, and that it is compared with what it was taken for first."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GCNConv, Sequential, global_mean_pool
from user_modules import Net, graphs, middle, randomise

from hwgen.errors import HwgenError
from hwgen.frontend import GCN, Penalty, QuantizedGCN, QuantizedNetwork, save
from hwgen.frontend.checkpoint import load_network
from hwgen.frontend.data.batching import graphs_of, union_of
from hwgen.frontend.quantizing import is_chain, quantize
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.tracing.compare import compare


def pooled() -> nn.Module:
    return randomise(middle(lambda s, h, e, b: s.a(global_mean_pool(h.relu(), b)), a=nn.Linear(6, 3)))


def chain() -> nn.Module:
    class Chain(Sequential):
        """PyG gives the class the forward of its latest instance."""

    return Chain("x, edge_index", [(GCNConv(7, 6), "x, edge_index -> x"), nn.ReLU(),
                                   (GCNConv(6, 3), "x, edge_index -> x")])


def several() -> list[Data]:
    x, edges, batch = graphs()
    starts = torch.searchsorted(batch, torch.arange(5))
    return [Data(x=x[low:high], edge_index=edges[:, batch[edges[1]] == index] - low, y=torch.tensor([index % 3]))
            for index, (low, high) in enumerate(pairwise(starts))]


def test_a_chain_on_one_graph_is_node_level() -> None:
    x, edges, _ = graphs()
    data = Data(x=x, edge_index=edges)
    assert (is_chain(chain()), is_chain(GCN(7, 6, 3)), is_chain(pooled())) == (True, True, False)
    assert isinstance(quantize(chain(), data=data), QuantizedGCN)
    assert isinstance(quantize(chain(), scheme="nns", data=data), QuantizedNetwork)


def test_graphs_come_as_a_list_a_loader_or_a_batch() -> None:
    union = Batch.from_data_list(several())
    for given in (several(), DataLoader(several(), batch_size=3), union):
        model = quantize(pooled(), scheme="nns", data=given, bits=5, weight_bits=7)
        assert isinstance(model, QuantizedNetwork)
        assert model.scheme is not None
        assert (model.scheme.bits, model.scheme.weight_bits) == (5, 7)
        assert len(graphs_of(given)) == 4
    batch, bits, scale = union_of(several())
    assert (batch.graphs, bits, scale) == (4, 2, 1.0)
    assert (batch.edges == union.edge_index.numpy()).all()
    assert (batch.features.toarray() == union.x.numpy()).all()


def test_what_is_saved_is_what_the_model_says(tmp_path: Path) -> None:
    model = quantize(pooled(), scheme="uniform", data=several())
    save(model, several(), tmp_path / "model.pt")
    _, sample = load_network(tmp_path / "model.pt")
    union = Batch.from_data_list(several())
    with torch.no_grad():
        assert torch.allclose(torch.from_numpy(sample.logits).float(), model.eval()(union))
    assert sample.labels.tolist() == [0, 1, 2, 0]
    assert sample.mask is None
    assert (sample.limits.nodes, sample.limits.degree) == (9, int(torch.bincount(union.edge_index[1]).max()) + 1)


def test_what_is_refused() -> None:
    with pytest.raises(HwgenError, match=r"unknown scheme 'two'\n  at scheme\n  use a2q, mega, nns"):
        quantize(pooled(), scheme="two", data=several())
    with pytest.raises(HwgenError, match="penalty and target_bits with a model that is not a chain"):
        quantize(pooled(), scheme="nns", data=several(), penalty=Penalty())
    with pytest.raises(HwgenError, match="4 graphs for a scheme with a step for each node"):
        quantize(pooled(), data=several())
    with pytest.raises(HwgenError, match="no sample graph"):
        quantize(pooled(), scheme="nns", data=[])
    narrow = [Data(x=each.x[:, :4], edge_index=each.edge_index) for each in several()]
    with pytest.raises(HwgenError, match="the model fails on these graphs: RuntimeError"):
        quantize(pooled(), scheme="nns", data=narrow)
    with pytest.raises(HwgenError, match=r"graphs with 7 features of scale 1\.0 and with 4 of scale 1\.0"):
        union_of([several()[0], narrow[0]])


def test_a_module_that_computes_something_else_is_refused() -> None:
    model = randomise(Net(lambda s, x, e, b: s.a(x, e), a=GCNConv(7, 3)))
    plan = plan_of(model)
    compare(model, plan, several())
    model.a.bias.data += 0.01
    with pytest.raises(HwgenError, match="the module computes something else than its layers"):
        compare(model, plan, several())
    last = plan.values[-1]
    with pytest.raises(HwgenError, match="something else"):
        compare(model, replace(plan, values=(*plan.values[:-1], replace(last, bias=None))), several())
