"""Training recipes: hyper-parameters as data, compared by mean validation accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...errors import HwgenError
from ...network.network import Domain
from ..quantize import SCHEMES, Penalty, Scheme
from .models import Pool

__all__ = ["RECIPES", "Recipe", "recipe_for"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is made, trained in FP32, quantized and trained on.

    Parameters
    ----------
    name : str
    scheme : Scheme
    hidden, layers, dropout, pool, norm
        Of a model of :mod:`.models`; a module of a user's own has its own. ``norm`` is GIN's.
    generations : int
        FP32 models: the first learns from labels alone, each later one also from the predictions of the one before
        (Furlanello et al., "Born-Again Neural Networks", ICML 2018). The last is quantized.
    distillation : float
        Share of the loss that pulls the predictions of training rows' batches towards those of the FP32 model before,
        on one graph those of all nodes (Hinton et al. 2015, temperature 1). No label but the training part's is used.
    epochs, rate, decay
        Of every FP32 model: Adam. Matrices decay, norms and biases do not.
    cosine : bool
        Learning rates fall along a cosine, else they stay.
    batch : int
        Graphs in a batch, of a set of graphs.
    quantized_epochs : int
        Bits are frozen after half of them, and only later epochs can be selected.
    weight_rate, weight_decay, weight_step_rate, message_step_rate, row_step_rate, bit_rate : float
        Adam's of the quantized model; decay is of its matrices and biases.
    """

    name: str = "default"
    scheme: Scheme
    hidden: int = 16
    layers: int = 2
    dropout: float = 0.5
    pool: Pool = ""
    norm: bool = False
    generations: int = 1
    distillation: float
    epochs: int
    rate: float = 0.01
    decay: float
    cosine: bool = False
    batch: int = 64
    quantized_epochs: int
    weight_rate: float
    weight_decay: float = 0.0
    weight_step_rate: float
    message_step_rate: float
    row_step_rate: float
    bit_rate: float

    def __post_init__(self) -> None:
        for name in ("epochs", "quantized_epochs"):
            if getattr(self, name) < 1:
                raise HwgenError(f"{getattr(self, name)} epochs", "epochs", "train for at least 1 epoch")

    @property
    def total_epochs(self) -> int:
        """Epochs of a seed, of all its models."""
        return self.generations * self.epochs + self.quantized_epochs


def _nodes(scheme: Scheme) -> Recipe:
    """One graph: the whole of it is a batch, and most nodes have no label."""
    learning = replace(scheme, parametrization="log_clip", least=1, gradient="local",
                       penalty=Penalty(weight=1000.0, target=2.5))
    return Recipe(scheme=learning, distillation=0.9, epochs=200, decay=0.01, quantized_epochs=200, weight_rate=0.005,
                  weight_decay=0.005, weight_step_rate=0.005, message_step_rate=0.005, row_step_rate=0.005,
                  bit_rate=0.05)


def _graphs(scheme: Scheme) -> Recipe:
    """A set of graphs."""
    learning = replace(scheme, message_bits=4, penalty=Penalty(weight=10.0, target=2.5))
    return Recipe(scheme=learning, hidden=32, layers=3, pool="add", distillation=0.5, epochs=60, decay=0.0, cosine=True,
                  quantized_epochs=60, weight_rate=0.001, weight_step_rate=0.001, message_step_rate=0.001,
                  row_step_rate=0.001, bit_rate=0.03)


_NNS = _graphs(SCHEMES["nns"])
_MEGA = _nodes(replace(SCHEMES["mega"], bits=4, most=4))

#: Recipe -> (model, data set, scheme) -> settings that were tuned for them.
RECIPES: Mapping[str, Mapping[tuple[str, str, str], Recipe]] = {
    "default": {
        ("sage", "Cora", "mega"): replace(_MEGA, hidden=32, dropout=0.8, generations=2),
        ("gin", "MUTAG", "nns"): replace(_NNS, batch=32, epochs=100, distillation=0.9),
        ("gin", "IMDB-BINARY", "nns"): replace(_NNS, pool="mean"),
        ("gin", "PROTEINS", "nns"): replace(_NNS, rate=0.003, quantized_epochs=40),
        # Means of up to thousands of rows ask for more range than the requantizer has; sums want the norm.
        ("gin", "REDDIT-BINARY", "nns"): replace(
            _NNS, norm=True, epochs=25, quantized_epochs=20,
            scheme=replace(_NNS.scheme, penalty=Penalty(weight=10.0, target=3.8), span=256.0, clip=0.995)),
    },
}

def recipe_for(name: str, *, model: str, data: str, scheme: str, per: Domain) -> Recipe:
    """Look up a recipe.

    Parameters
    ----------
    name : str
    model : str
        A key of :data:`.models.MODELS`; empty for a module of a user's own.
    data : str
        Name of the data set; what was not tuned gets general settings.
    scheme : str
    per : "nodes" or "graphs"
        What has a label.

    Raises
    ------
    HwgenError
        Unknown recipe or scheme, or a recipe that does not have these settings.
    """
    if name not in RECIPES:
        raise HwgenError(f"unknown recipe {name!r}", "recipe", f"use one of {', '.join(RECIPES)}")
    if scheme not in SCHEMES:
        raise HwgenError(f"unknown scheme {scheme!r}", "scheme", f"use one of {', '.join(SCHEMES)}")
    found = RECIPES[name].get((model, data, scheme))
    if found is not None:
        return found
    return (_nodes if per == "nodes" else _graphs)(SCHEMES[scheme])
