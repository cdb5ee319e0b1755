"""Training recipes: hyper-parameters as data, compared by mean validation accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..errors import HwgenError
from .a2q import Penalty

__all__ = ["RECIPES", "Recipe", "recipe_for"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a GCN is trained and quantized.

    Parameters
    ----------
    name : str
    start : "fp32" or "scratch"
        Copy weights and read steps off the FP32 model of the same seed, or draw both.
    distillation : float
        Share of the loss that pulls every node's prediction towards the FP32 teacher of the same seed (Hinton et
        al. 2015, temperature 1). The teacher is selected by validation; no label but the training nodes' is used.
    epochs : int
        Of the FP32 model and again of the quantized one. Bits are frozen after half of them, and only later epochs
        can be selected: an early epoch has more bits than it ends with.
    dropout : float
    teacher_decay, weight_decay : float
        Weight decay of the FP32 model and of the quantized one. Binary features without row normalisation want
        more than the usual 5e-4, and train as well.
    weight_rate, weight_step_rate, message_step_rate, row_step_rate, bit_rate : float
        Adam's learning rates.
    bits : float
        Stored bits that hidden values start from.
    penalty : Penalty
    """

    name: str
    start: Literal["fp32", "scratch"]
    distillation: float
    epochs: int = 200
    dropout: float = 0.5
    teacher_decay: float
    weight_decay: float
    weight_rate: float = 0.01
    weight_step_rate: float
    message_step_rate: float
    row_step_rate: float
    bit_rate: float
    bits: float
    penalty: Penalty


def _default(*, teacher_decay: float, weight_decay: float, epochs: int = 200, dropout: float = 0.5) -> Recipe:
    """Start from FP32 and distil: measured 1.5 to 3 points above training from scratch, at half the bits."""
    return Recipe(name="default", start="fp32", distillation=0.9, epochs=epochs, dropout=dropout,
                  teacher_decay=teacher_decay, weight_decay=weight_decay, weight_step_rate=0.005,
                  message_step_rate=0.005, row_step_rate=0.01, bit_rate=0.05, bits=2.0, penalty=Penalty())


def _published(*, teacher_decay: float, weight_decay: float, dropout: float, penalty: float,
               weight_step_rate: float, epochs: int = 200) -> Recipe:
    """A²Q from its authors' scripts, in integer-adder order, with bits frozen half-way."""
    return Recipe(name="published", start="scratch", distillation=0.0, epochs=epochs, dropout=dropout,
                  teacher_decay=teacher_decay, weight_decay=weight_decay, weight_step_rate=weight_step_rate,
                  message_step_rate=0.008, row_step_rate=0.04, bit_rate=0.1, bits=4.0,
                  penalty=Penalty(size="kilobytes", weight=penalty, target=5.0))


#: Recipe -> data set -> settings; the empty name serves data sets that were not tuned.
RECIPES: Mapping[str, Mapping[str, Recipe]] = {
    "default": {
        "Cora": _default(teacher_decay=0.02, weight_decay=0.005, epochs=300),
        "CiteSeer": _default(teacher_decay=0.03, weight_decay=0.02, epochs=300),
        "digits": _default(teacher_decay=5e-4, weight_decay=5e-4),
        "": _default(teacher_decay=0.005, weight_decay=0.005),
    },
    "published": {
        "Cora": _published(teacher_decay=0.02, weight_decay=0.02, dropout=0.35, penalty=2.5, weight_step_rate=0.02),
        "CiteSeer": _published(teacher_decay=0.03, weight_decay=0.015, dropout=0.5, penalty=1.5,
                               weight_step_rate=0.008),
        "digits": _published(teacher_decay=5e-4, weight_decay=5e-4, dropout=0.35, penalty=2.5, weight_step_rate=0.02),
        "": _published(teacher_decay=0.005, weight_decay=0.005, dropout=0.5, penalty=2.5, weight_step_rate=0.02),
    },
}


def recipe_for(name: str, dataset: str) -> Recipe:
    """Look up a recipe; a data set that was not tuned gets the general settings.

    Raises
    ------
    HwgenError
        Unknown recipe.
    """
    if name not in RECIPES:
        raise HwgenError(f"unknown recipe {name!r}", "recipe", f"use one of {', '.join(RECIPES)}")
    return RECIPES[name].get(dataset, RECIPES[name][""])
