"""What is trained: a module, its data and its recipe, checked before the first epoch; and one seed of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch_geometric.data import Data

from ...errors import HwgenError
from ...network.equation import Labelled
from ...network.granularity import Granularity
from ...network.labels import Labels, results_for
from ...network.reader import Graphs, read_graphs
from ..by_edge import by_edge
from ..copying import copy_of
from ..data import load_data
from ..data.batching import real
from ..data.graph_set import FOLD_SEED, GraphSet
from ..edge_values import check_edge_values, edges_weigh, taken_by
from ..original import demand_equal, with_head
from ..quantize import Scheme
from ..traced import TracedNetwork
from ..tracing import plan_of
from ..tracing.compare import module_outputs
from ..user_file import is_user_file, load_module
from .examples import Examples, ManyGraphs, OneGraph, as_set
from .forward import PreparedForward
from .models import MODELS
from .recipes import DEFAULT_SCHEMES, Recipe, recipe_for

__all__ = ["Model", "Task"]

#: A name of :data:`.models.MODELS`; ``net.py:Net``; a module; or what makes one, such as its class.
Model = str | nn.Module | Callable[[], nn.Module]


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is trained.

    Parameters
    ----------
    make : callable
        Makes a module to train, with parameters drawn anew.
    data : Graphs or GraphSet
        Nodes that masks part, or a set that folds part.
    name : str
        Of the data set.
    recipe : Recipe
    scheme : str
        Name of the recipe's scheme; empty for one of a user's own.
    shuffle : int
        Seed of the folds of a set of graphs.
    edge_values : mapping of str to int
        Values of edges that the graphs have, and how many numbers an edge.
    input_bits : int or None
        Width of the input's codes (:func:`hwgen.frontend.quantize.input.input_of`).
    """

    make: Callable[[], nn.Module]
    data: Graphs | GraphSet
    name: str
    recipe: Recipe
    scheme: str
    shuffle: int = FOLD_SEED
    edge_values: Mapping[str, int] = field(default_factory=dict)
    input_bits: int | None = None

    @classmethod
    def of(cls, model: Model, data: str | Path | Data | Sequence[Data] | GraphSet, scheme: str | Scheme | None = None,
           recipe: str | Recipe = "default", *, root: Path | None = None, input_bits: int | None = None,
           **options: object) -> Task:
        """Look everything up; :func:`hwgen.train` has the parameters."""
        loaded = load_data(data, root) if isinstance(data, str | Path) else data
        name = str(getattr(loaded, "name", None) or (Path(data).stem if isinstance(data, str | Path) else "graphs"))
        graphs = read_graphs(loaded)
        by_masks = graphs.domain == "nodes" and (graphs.graphs == 1 or bool(graphs.masks))
        found = graphs if by_masks or (graphs.graphs == 1 and graphs.labels is None) else (
            loaded if isinstance(loaded, GraphSet) else as_set(graphs, name))
        per: Labelled = "nodes" if isinstance(found, Graphs) else found.per
        usual = DEFAULT_SCHEMES["nodes" if graphs.graphs == 1 else "graphs"]
        kind = model if isinstance(model, str) and not is_user_file(model) else ""
        if kind and kind not in MODELS:
            raise HwgenError(f"unknown model {kind!r}", "model",
                             f"use one of {', '.join(MODELS)}, or a module of your own: net.py:Net")
        rules = _recipe(recipe, kind, name, scheme, usual, per, options)
        named = scheme if isinstance(scheme, str) else usual if scheme is None else ""
        return cls(make=_maker(model, kind, found, rules), data=found, name=name, recipe=rules, scheme=named,
                   edge_values={name: 1 if each.ndim == 1 else int(each.shape[1])
                                for name, each in graphs.weights.items()}, input_bits=input_bits)

    @property
    def per(self) -> Labelled:
        """What has a label."""
        return self.data.per if isinstance(self.data, GraphSet) else "nodes"

    @cached_property
    def module(self) -> nn.Module:
        """A module in evaluation mode, to look at; the user's random numbers stay as they are."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return self.make().eval()

    @property
    def weighs(self) -> bool:
        """Whether the module gets what edges weigh."""
        return edges_weigh(self.module, self.edge_values)

    def forward(self, module: nn.Module) -> PreparedForward:
        """A module of this kind on prepared graphs."""
        return PreparedForward(module, weighs=self.weighs)

    @cached_property
    def plan(self) -> TracedNetwork:
        """What the module computes.

        Raises
        ------
        HwgenError
            A module that is not supported.
        """
        return plan_of(self.module, weighs=self.weighs)

    @cached_property
    def labels(self) -> Labels:
        """What the data's labels mean beside the module's results.

        Raises
        ------
        HwgenError
            Labels that tell no task.
        """
        given, result = self.data.labels, self.plan.values[-1]
        found = Labels.of(given, result.width, 0 if given is None else len(given))
        if given is None or found.counted.any():
            return found
        fit, known = results_for(given), given[np.isfinite(given)]
        where, fix = ("data.y", "give rows a class from 0 on, 0 and 1, -1 and 1, or real values; NaN for none")
        if fit != result.width and len(np.unique(known)) > 1:
            where, fix = result.path, f"let the last layer have {'1 output' if fit == 1 else f'{fit} outputs'}"
        raise HwgenError(f"labels tell no task: {found.said}", where, fix)

    def examples(self, fold: int = 0) -> Examples:
        """The data in three parts; of a set of graphs, those of a fold.

        Raises
        ------
        HwgenError
            No such fold, or no labels and masks.
        """
        head = self.plan.head
        if not isinstance(self.data, GraphSet):
            return OneGraph(self.data, self.name, labels=self.labels, head=head, bits=self.input_bits,
                            zero_points=self.plan.takes_zero_points)
        splits = self.data.folds(self.shuffle, self.labels)
        if not 0 <= fold < len(splits):
            raise HwgenError(f"fold {fold}", "fold", f"use 0 to {len(splits) - 1}")
        joins = (self.per == "graphs" and not self.plan.weighs and not self.recipe.scheme.by_edge
                 and self.forward(self.module).takes_joined_rows)
        rounds = _rounds(self.plan) if joins else None
        return ManyGraphs(self.data, splits[fold], rounds, self.recipe.batch, labels=self.labels, head=head,
                          bits=self.input_bits, zero_points=self.plan.takes_zero_points)

    def check(self, examples: Examples) -> None:
        """Refuse now what would fail after training.

        Raises
        ------
        HwgenError
            A module that does not fit the data, or a scheme that does not.
        """
        result, plan = self.plan.values[-1], self.plan
        if self.recipe.scheme.by_edge:
            by_edge(plan)
        if plan.features != examples.features:
            raise HwgenError(f"the model takes {plan.features} features, the data has {examples.features}", "model",
                             f"make it for {examples.features}: the first layer's inputs")
        if result.domain != examples.per:
            fix = ("pool the nodes of a graph: global_add_pool(x, batch)" if examples.per == "graphs"
                   else "return the logits of every node: leave pooling out")
            raise HwgenError(f"the model gives logits of {result.domain}, the data has labels of {examples.per}",
                             result.path, fix)
        if plan.one_graph and isinstance(examples, ManyGraphs):
            raise HwgenError("a layer with cached=True on a set of graphs", plan.one_graph,
                             "leave cached at its default, False: it keeps the edges of the first graph that it sees")
        check_edge_values(taken_by(self.module), self.edge_values, weighs=plan.weighs)
        if self.recipe.scheme.rows is Granularity.PER_NODE and isinstance(examples, ManyGraphs):
            raise HwgenError("a step for each node (a2q) on a set of graphs", "scheme",
                             "use nns or mega, which serve graphs that training never saw")
        if self.recipe.target_bits is not None and self.recipe.scheme.least > 0:
            raise HwgenError(f"target_bits is {self.recipe.target_bits}, and rows have at least "
                             f"{self.recipe.scheme.least} bit", "target_bits",
                             "leave it out: it allocates bits to the nodes of gcn with a2q, from 0 up")
        graphs, batch = examples.few()
        with torch.no_grad():
            mine = with_head(plan, self.forward(self.module)(batch))
            demand_equal(self.module, module_outputs(self.module, [real(each) for each in graphs],
                                                     weighs=plan.weighs), mine)


def _recipe(recipe: str | Recipe, kind: str, data: str, scheme: str | Scheme | None, usual: str, per: Labelled,
            options: dict[str, Any]) -> Recipe:
    """The recipe, with the options that were given in place of its settings."""
    known = scheme if isinstance(scheme, str) else usual
    found = recipe if isinstance(recipe, Recipe) else recipe_for(recipe, model=kind, data=data, scheme=known, per=per)
    if isinstance(scheme, Scheme):
        found = replace(found, scheme=scheme)
    given = {name: value for name, value in options.items() if value is not None}
    shape = [name for name in ("hidden", "layers", "dropout") if name in given]
    if shape and not kind:
        raise HwgenError(f"{shape[0]} of a module of your own", shape[0],
                         "set it in the module: net.py:Net(16), with the arguments that it takes")
    settings = ("bits", "weight_bits", "message_bits", "edge_bits", "widths")
    widths = {name: given.pop(name) for name in settings if name in given}
    if "epochs" in given:
        given["quantized_epochs"] = given["epochs"]
    return replace(found, scheme=replace(found.scheme, **widths), **given)


def _maker(model: Model, kind: str, data: Graphs | GraphSet, recipe: Recipe) -> Callable[[], nn.Module]:
    if kind:
        features, classes = _shape(data)
        pool = recipe.pool if isinstance(data, GraphSet) and data.per == "graphs" else ""
        extra = {"norm": recipe.norm} if kind == "gin" else {}
        return lambda: MODELS[kind](features, recipe.hidden, classes, layers=recipe.layers, dropout=recipe.dropout,
                                    pool=pool, **extra)
    if isinstance(model, str):
        return lambda: load_module(model)
    if isinstance(model, nn.Module):
        return lambda: copy_of(model, training=True)
    return model


def _shape(data: Graphs | GraphSet) -> tuple[int, int]:
    """Numbers of features and of results."""
    if isinstance(data, GraphSet):
        return int(data.features.shape[1]), data.classes
    one = OneGraph(data)
    assert data.labels is not None
    return one.features, results_for(data.labels)


def _rounds(plan: TracedNetwork) -> int:
    """Aggregations over neighbours, one after another."""
    depth: dict[str | None, int] = {None: 0}
    for value in plan.values:
        depth[value.name] = max(depth[term.source] + (term.via in ("edges", "looped")) for term in value.terms)
    return max(depth.values())
