"""What training tells: its progress, what a run gave, and the run that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn
from torch_geometric.data import Data

from ...network.labels import Kind
from ..quantize import QuantizedNetwork
from ..saving import save_read
from .examples import Examples
from .loop import Score
from .recipes import Recipe

__all__ = ["Progress", "Result", "Run", "Training"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where training stands: an epoch is over.

    Parameters
    ----------
    run, seed, fold : int
        Number of the run, from 0, and what it is.
    stage : "fp32" or "quantized"
    epoch, epochs : int
        Of the stage, from 1.
    done, total : int
        Epochs of the run.
    validation : float or None
        The epoch's accuracy, or mean absolute error of real labels; None while bits still learn and no epoch can be
        selected.
    """

    run: int
    seed: int
    fold: int
    stage: Literal["fp32", "quantized"]
    epoch: int
    epochs: int
    done: int
    total: int
    validation: float | None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one seed of one fold gave: accuracies as shares, or mean absolute errors of real labels, in their unit.

    The test part is looked at once, after selection.

    Parameters
    ----------
    seed, fold, epoch : int
        ``epoch`` is the selected one.
    task : Kind
        What labels ask for.
    validation, validation_loss, test : float
    bits, bits_of_every_code : float
        :meth:`QuantizedNetwork.average_bits` on the test part, without messages and with them.
    fp32_validation, fp32_test : float
        Of the FP32 model that was quantized.
    first_validation, first_test : float
        Of the first FP32 model, which learns from labels alone; the same where there is one generation.
    """

    seed: int
    fold: int
    epoch: int
    task: Kind
    validation: float
    validation_loss: float
    test: float
    bits: float
    bits_of_every_code: float
    fp32_validation: float
    fp32_test: float
    first_validation: float
    first_test: float

    @property
    def rank(self) -> tuple[float, float]:
        """Larger is better, as of :class:`.loop.Score`."""
        return Score(self.validation, self.validation_loss, self.task == "regression").rank


@dataclass(frozen=True, kw_only=True)
class Run:
    """One seed of one fold: the quantized model, the FP32 module that it comes from, and how good they are."""

    model: QuantizedNetwork
    module: nn.Module
    examples: Examples
    result: Result


@dataclass(frozen=True, kw_only=True)
class Training:
    """The best run by validation, and every run's result; ``scheme`` is empty where it is none of those with a name.

    ``accuracy_by_width`` has means over the runs, of learned widths first, where others were trained beside them: bits
    (0 for learned ones), validation and test.
    """

    kept: Run
    recipe: Recipe
    scheme: str
    results: tuple[Result, ...]
    accuracy_by_width: tuple[tuple[int, float, float], ...] = ()

    @property
    def model(self) -> QuantizedNetwork:
        """The model that was kept."""
        return self.kept.model

    @property
    def best(self) -> Result:
        """The result of ``model``."""
        return self.kept.result

    def save(self, path: Path | str, *, test: list[Data] | None = None) -> None:
        """Write the model's checkpoint; of a set of graphs, some of the test part travel along, or of ``test``.

        Raises
        ------
        HwgenError
            A parameter that is not finite, or a path that cannot be written.
        """
        graphs, tested = self.kept.examples.graphs()
        tested = tested if test is None else test
        save_read(self.model, graphs, tested, path, self.accuracy_by_width)
