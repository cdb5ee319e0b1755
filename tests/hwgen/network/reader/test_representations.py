"""Every representation of the same graphs gives identical integers, on every way into the product, or a refusal."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_models import gin_network, node_gcn_network
from networks import random_batch
from runtime_folders import build_folder
from scipy.sparse import coo_array
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader
from training_graphs import pooled, several

from hwgen.errors import HwgenError
from hwgen.frontend import load, save, save_graphs
from hwgen.frontend.quantize.prepare import quantize
from hwgen.network.input import Input
from hwgen.network.reader import read_graphs
from hwgen.network.reader.codes import batch_for
from hwgen.network.sample import Limits, Sample
from hwgen.runtime import Accelerator

BITS, SCALE = 4, 1 / 16


def changed(data, **change):
    """A graph with some fields in another form."""
    return [Data(**{**each.to_dict(), **{name: form(each[name]) for name, form in change.items()}}) for each in data]


def real(data):
    return [Data(x=each.x * SCALE, edge_index=each.edge_index) for each in data]


def batched(data):
    union = Batch.from_data_list(data)
    return Data(x=union.x, edge_index=union.edge_index, batch=union.batch, num_graphs=len(data), input_scale=SCALE)


def mixed(data):
    """One batch whose nodes come in an order of their own, and that order."""
    whole = batched(data)
    order = torch.from_numpy(np.random.default_rng(len(whole.x)).permutation(len(whole.x)))
    rank = torch.argsort(order)
    return Data(x=whole.x[order], edge_index=rank[whole.edge_index], batch=whole.batch[order], num_graphs=len(data),
                input_scale=SCALE), order.numpy()


def stored(data, path):
    save_graphs(data, path)
    return path


def forms(data, folder):
    """What the same graphs may look like."""
    dense, split = [each.to_dict() for each in data], lambda x: x.repeat(1, 2)[:, : x.shape[1]]
    return {
        "tuple": tuple(data), "generator": iter(data), "nested": [data[:1], data[1:]],
        "loader": DataLoader(data, batch_size=2), "Batch": Batch.from_data_list(data), "batch vector": batched(data),
        "real values": real(data), "mapping": dense, "namespace": [SimpleNamespace(**each) for each in dense],
        "NumPy": changed(data, x=lambda x: x.numpy(), edge_index=lambda e: e.numpy()),
        "float64": changed(data, x=lambda x: x.double()), "bfloat16": changed(data, x=lambda x: x.bfloat16()),
        "integers": changed(data, x=lambda x: x.to(torch.uint8)), "int32": changed(data, edge_index=lambda e: e.int()),
        "gradient": changed(data, x=lambda x: x.clone().requires_grad_()),
        "sparse": changed(data, x=lambda x: x.to_sparse()), "SciPy": changed(data, x=lambda x: coo_array(x.numpy())),
        "strided": changed(data, x=split, edge_index=lambda e: e.t().contiguous().t()),
        "pair": changed(data, edge_index=lambda e: (e[0], e[1])),
        "npz": stored(data, folder / "g.npz"), "pt": stored(data, folder / "g.pt"),
    }


def own_forms(data, network):
    """The same as hwgen has it."""
    batch = batch_for(network, read_graphs(data), "data")
    limits = Limits.of(batch, BITS)
    return {"batch": batch, "sample": Sample(batch=batch, labels=None, mask=None, logits=None, limits=limits)}


@st.composite
def some_graphs(draw):
    """One to four graphs; some without edges, and some without nodes."""
    features, found = 7, []
    for _ in range(draw(st.integers(1, 4))):
        nodes = draw(st.integers(0, 5))
        codes = draw(st.lists(st.integers(0, 15), min_size=nodes * features, max_size=nodes * features))
        ends = st.integers(0, max(0, nodes - 1))
        edges = draw(st.lists(st.tuples(ends, ends), max_size=8 if nodes else 0))
        found.append(Data(x=torch.tensor(codes).reshape(nodes, features).float(), input_scale=SCALE,
                          edge_index=torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t()))
    return found


@pytest.fixture(scope="module")
def accelerators(tmp_path_factory):
    """Builds, as far as the reference needs them: results by graph, and by node."""
    found = {}
    for make in (gin_network, node_gcn_network):
        made = make(1, features=7, by="nearest")
        network = dataclasses.replace(made, input=Input.plain(7, BITS, SCALE), trained_nodes=0)
        folder = tmp_path_factory.mktemp("build")
        build_folder(folder, network, random_batch(3, network, graphs=9, nodes=12, hub=30), units=2)
        found[network.values[-1].domain] = Accelerator(folder)
    return found


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(data=some_graphs())
@pytest.mark.parametrize("domain", ["graphs", "nodes"])
def test_every_form_gives_identical_results(accelerators, tmp_path_factory, domain, data):
    accelerator, folder = accelerators[domain], tmp_path_factory.mktemp("files")
    network = accelerator.design.network
    want = accelerator.run(data)
    assert len(want) == (len(data) if domain == "graphs" else sum(len(each.x) for each in data))
    for name, form in {**forms(data, folder), **own_forms(data, network)}.items():
        assert np.array_equal(accelerator.run(form), want), name
    some, order = mixed(data)
    have = accelerator.run(some)
    assert np.array_equal(have, want if domain == "graphs" else want[order])
    if domain == "nodes" and len(order) > 1:
        some.batch_size = len(order) // 2
        assert np.array_equal(accelerator.run(some), want[order][:some.batch_size])


REAL = Input(features=7, bits=3, exact=False, column=np.array([0, 1, 2, 3, 4, 5, 6, 0]),
             scale=np.array([0.3, 0.25, 1.0, 0.1, 2.0, 1.5, 0.7, -0.3]), zero_point=np.array([0, 3, 4, -2, 0, 1, 9, 0]))


@pytest.fixture(scope="module")
def of_real_values(tmp_path_factory):
    """A build whose input is quantized on the host."""
    network = dataclasses.replace(gin_network(1, features=8, by="nearest"), input=REAL, trained_nodes=0)
    folder = tmp_path_factory.mktemp("build")
    build_folder(folder, network, random_batch(3, network, graphs=9, nodes=12, hub=30), units=2)
    return Accelerator(folder)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(data=some_graphs(), seed=st.integers(0, 2**32))
@pytest.mark.filterwarnings("ignore:.* lie beyond the range")
def test_every_form_of_real_values_gives_identical_results(of_real_values, tmp_path_factory, data, seed):
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("files")
    given = [Data(x=torch.from_numpy(np.float32(rng.normal(0, 2, each.x.shape))), edge_index=each.edge_index)
             for each in data]
    scale = [Data(x=each.x.double() * 8, edge_index=each.edge_index, input_scale=1 / 8) for each in given]
    every = {name: form for name, form in forms(given, folder).items()
             if name not in ("real values", "batch vector", "bfloat16", "integers")}
    every |= {"scale": scale, "batch": batch_for(of_real_values.design.network, read_graphs(given), "data")}
    want = of_real_values.run(given)
    for name, form in every.items():
        assert np.array_equal(of_real_values.run(form), want), name


def test_values_beyond_the_range_are_clipped_counted_and_said_once(of_real_values):
    """Three values a graph, and the 0 of two features, which no code of theirs stands for."""
    given = [Data(x=torch.tensor([[1e6, 0, 0, 0, 0, 0, 0], [-1e6, 99, 0, 0, 0, 0, 0.0]]),
                  edge_index=torch.tensor([[0], [1]]))] * 3
    message = r"^21 of 42 features lie beyond the range that the input was calibrated for: they are clipped \(graphs\)$"
    with pytest.warns(UserWarning, match=message) as caught:
        found = of_real_values.run(given)
    assert len(caught) == 1
    inside = [Data(x=torch.tensor([[2.1, 0, 0, 0, 0, 0, 0], [-2.1, 1.0, 0, 0, 0, 0, 0.0]]),
                   edge_index=each.edge_index) for each in given]
    with pytest.warns(UserWarning, match="^12 of 42 "):
        assert np.array_equal(found, of_real_values.run(inside))


@settings(max_examples=60, deadline=None)
@given(data=some_graphs(), seed=st.integers(0, 2**32))
def test_damaged_graphs_are_refused_or_change_nothing_else(accelerators, data, seed):
    """One number of the structure is another one: the result is that of that other graph, or a refusal."""
    accelerator, rng = accelerators["graphs"], np.random.default_rng(seed)
    whole = batched(data).to_dict()
    name = rng.choice(["edge_index", "batch", "x"])
    value = whole[name].clone()
    if value.numel():
        value.view(-1)[int(rng.integers(value.numel()))] = float(rng.choice([-1, 0, 1, 3, 16, 999, 0.5, 2**40]))
    try:
        have = accelerator.run({**whole, name: value})
    except HwgenError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.where.startswith("graphs")
        assert refused.fix
        return
    graph = value if name == "batch" else whole["batch"]
    edges = value if name == "edge_index" else whole["edge_index"]
    assert len(have) == len(data)
    assert bool((graph >= 0).all())
    assert bool((graph[edges[0]] == graph[edges[1]]).all())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["generator", "loader", "Batch", "NumPy", "sparse", "npz", "pt"])
def test_every_form_gives_the_same_checkpoint(tmp_path, name):
    data = several()
    for file, form in (("want", list), ("have", lambda data: forms(data, tmp_path)[name])):
        (tmp_path / file).mkdir()
        save(quantize(pooled(), scheme="nns", data=form(data)), form(data), tmp_path / file / "model.pt")
    assert (tmp_path / "want" / "model.pt").read_bytes() == (tmp_path / "have" / "model.pt").read_bytes()
    assert load(tmp_path / "have" / "model.pt")[1].labels.tolist() == [0, 1, 2, 0]
