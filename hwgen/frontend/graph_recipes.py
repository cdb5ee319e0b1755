"""Recipes for graph classification: hyper-parameters as data, compared by mean validation accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..errors import HwgenError
from .quantize import Penalty, Scheme

__all__ = ["GRAPH_RECIPES", "GraphRecipe", "graph_recipe_for"]


@dataclass(frozen=True, kw_only=True)
class GraphRecipe:
    """How a GIN is trained and quantized.

    Parameters
    ----------
    layers, hidden : int
    pool : "add" or "mean"
    norm : bool
        A batch norm on what is pooled. Sums want it where graphs differ much in size; means of up to thousands of rows
        ask for more range than the requantizer has.
    dropout : float
        Before the last layer, in FP32 only.
    batch : int
        Graphs in a batch.
    epochs, rate, decay
        Of the FP32 model: Adam, with a cosine schedule.
    quantized_epochs : int
        Bits are frozen after half of them, and only later epochs can be selected.
    weight_rate, step_rate, bit_rate : float
        Adam's learning rates of the quantized model; steps are logarithms.
    distillation : float
        Share of the loss that pulls predictions towards those of the FP32 model, on the training graphs.
    scheme : Scheme
    """

    layers: int = 3
    hidden: int = 32
    pool: Literal["add", "mean"] = "add"
    norm: bool = False
    dropout: float = 0.5
    batch: int = 64
    epochs: int = 60
    rate: float = 0.01
    decay: float = 0.0
    quantized_epochs: int = 60
    weight_rate: float = 0.001
    step_rate: float = 0.001
    bit_rate: float = 0.03
    distillation: float = 0.5
    scheme: Scheme = field(default_factory=lambda: Scheme(message_bits=4, penalty=Penalty(weight=10.0, target=2.5)))


#: Data set -> settings; the empty name serves data sets that were not tuned.
GRAPH_RECIPES: Mapping[str, GraphRecipe] = {
    "MUTAG": GraphRecipe(batch=32, epochs=100, distillation=0.9),
    "IMDB-BINARY": GraphRecipe(pool="mean"),
    "PROTEINS": GraphRecipe(rate=0.003, quantized_epochs=40),
    "REDDIT-BINARY": GraphRecipe(norm=True, epochs=25, quantized_epochs=20,
                                 scheme=Scheme(message_bits=4, penalty=Penalty(weight=10.0, target=3.8), span=256.0,
                                               clip=0.995)),
    "": GraphRecipe(),
}


def graph_recipe_for(dataset: str) -> GraphRecipe:
    """Look up the recipe of a data set.

    Raises
    ------
    HwgenError
        A data set without a name.
    """
    if not dataset:
        raise HwgenError("the data set has no name", "dataset", "name it")
    return GRAPH_RECIPES.get(dataset, GRAPH_RECIPES[""])
