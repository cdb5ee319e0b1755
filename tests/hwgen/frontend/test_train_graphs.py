"""Training graph classifiers: batches, selection, and what a fold may look at."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from hwgen.errors import HwgenError
from hwgen.frontend import train_graphs
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.data.graph_set import GraphSet, Split
from hwgen.frontend.gin import GIN
from hwgen.frontend.graph_recipes import GRAPH_RECIPES, GraphRecipe, graph_recipe_for
from hwgen.frontend.quantize import Penalty, Scheme
from hwgen.frontend.train_graphs import Loader, Score, fit, gin_logits, train_fold, train_gin

RECIPE = GraphRecipe(layers=2, hidden=8, batch=8, epochs=12, rate=0.02, quantized_epochs=8, bit_rate=0.1,
                     scheme=Scheme(entries=4, bits=4, penalty=Penalty(weight=10.0, target=3.0)))


def rings_and_stars(count: int = 40) -> GraphSet:
    """Even graphs are rings, odd ones stars, of four to seven nodes of one kind."""
    starts, edges, counts = [0], [], [0]
    for graph in range(count):
        size, first = 4 + graph % 4, starts[-1]
        pairs = [(k, (k + 1) % size) for k in range(size)] if graph % 2 == 0 else [(0, k) for k in range(1, size)]
        edges += [(first + a, first + b) for pair in pairs for a, b in (pair, pair[::-1])]
        starts.append(first + size)
        counts.append(len(edges))
    nodes = starts[-1]
    return GraphSet(name="shapes", features=csr_array(np.ones((nodes, 1), np.int64)), edges=np.array(edges).T,
                    node_start=np.array(starts), edge_start=np.array(counts), labels=np.arange(count) % 2)


SHAPES = rings_and_stars()
SPLIT = Split(train=np.arange(24), validation=np.arange(24, 32), test=np.arange(32, 40))


@pytest.mark.parametrize("pool", ["add", "mean"])
@pytest.mark.parametrize("jump", [True, False])
def test_fast_logits_are_the_modules(pool: str, jump: bool) -> None:
    torch.manual_seed(0)
    model = GIN(1, 8, 2, layers=2, pool=pool, jump=jump, norm=jump).eval()
    union = SHAPES.union(range(10))
    given = (torch.ones(union.num_nodes, 1), torch.from_numpy(union.edges), torch.from_numpy(union.graph))
    with torch.no_grad():
        assert torch.allclose(model(*given), gin_logits(model, GraphBatch.union(union)), atol=1e-5)
        assert torch.allclose(model(*given), gin_logits(model, Loader(SHAPES, 2, 8).batch(np.arange(10))[0]), atol=1e-5)


def test_an_epoch_has_every_graph_once_and_deals_differ() -> None:
    loader = Loader(SHAPES, 2, 7)
    seen = [[labels.tolist() for _, labels in loader.epoch(SPLIT.train, epoch, 0)] for epoch in range(2)]
    for epoch in seen:
        assert sorted(label for part in epoch for label in part) == sorted(SHAPES.labels[SPLIT.train].tolist())
        assert [len(part) for part in epoch] == [8, 8, 8]
    sizes = [sorted(batch.nodes for batch, _ in loader.epoch(SPLIT.train, epoch, 0)) for epoch in range(4)]
    assert len({tuple(each) for each in sizes}) > 1
    again = list(loader.epoch(SPLIT.train, train_graphs.DEALS, 0))
    known = {id(batch) for batch, _ in again}
    assert known == {id(batch) for batch, _ in loader.epoch(SPLIT.train, 0, 0)}  # built once
    loader.forget()
    assert known.isdisjoint(id(batch) for batch, _ in loader.epoch(SPLIT.train, 0, 0))


def test_a_fold_learns_and_never_sees_its_test_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    touched: set[int] = set()
    real = GraphSet.union

    def union(self: GraphSet, graphs: object) -> object:
        touched.update(np.asarray(graphs).tolist())
        return real(self, graphs)

    monkeypatch.setattr(GraphSet, "union", union)
    loader = Loader(SHAPES, 2, 8)
    fold = train_fold(loader, SPLIT, RECIPE, 0)
    assert touched == set(range(32))
    assert fold.fp32.accuracy == 1.0
    assert fold.quantized.accuracy == 1.0
    assert fold.epoch >= RECIPE.quantized_epochs // 2
    assert not any(table.raw_bits.requires_grad for table in fold.model.rows)
    assert all(torch.equal(table.raw_bits, table.whole_bits) for table in fold.model.rows)
    assert fold.model.average_bits([loader.batch(SPLIT.test)[0]]) < RECIPE.scheme.bits
    network = fold.model.export("shapes")
    assert [value.width for value in network.values][-1] == 2


def test_same_seed_same_model() -> None:
    runs = [train_gin(Loader(SHAPES, 2, 8), SPLIT, replace(RECIPE, epochs=2), seed) for seed in (0, 0, 1)]
    first, same, other = (model.lin1.weight for model, _ in runs)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_selection_ignores_early_epochs_and_breaks_ties_by_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([Score(0.8, 0.5), Score(0.8, 0.4), Score(0.7, 0.1)])
    monkeypatch.setattr(train_graphs, "evaluate", lambda *_: next(scores))
    model = GIN(1, 4, 2, layers=1)
    loader = Loader(SHAPES, 1, 8)
    epoch, score = fit(model, lambda batch: gin_logits(model, batch), loader, SPLIT, epochs=5, seed=0, first=2,
                       optimizer=torch.optim.Adam(model.parameters()))
    assert (epoch, score) == (3, Score(0.8, 0.4))


def test_a_loss_that_is_not_a_number_is_named() -> None:
    model = GIN(1, 4, 2, layers=1)
    model.lin2.bias.data.fill_(float("nan"))
    with pytest.raises(HwgenError, match="not a number"):
        fit(model, lambda batch: gin_logits(model, batch), Loader(SHAPES, 1, 8), SPLIT, epochs=1, seed=0,
            optimizer=torch.optim.Adam(model.parameters()))


def test_recipes_are_found_by_data_set() -> None:
    assert graph_recipe_for("MUTAG") is GRAPH_RECIPES["MUTAG"]
    assert graph_recipe_for("NCI1") is GRAPH_RECIPES[""]
    with pytest.raises(HwgenError, match="no name"):
        graph_recipe_for("")
