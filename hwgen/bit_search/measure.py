"""What one assignment is worth: its validation accuracy after it was trained on, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import nn

from boards import Board

from ..errors import HwgenError
from ..flow.search import search
from ..flow.wishes import Wishes
from ..frontend.quantize import QuantizedNetwork
from ..frontend.quantize.accepted import alone, fit_steps
from ..frontend.training.examples import Examples
from ..frontend.training.loop import evaluate
from ..frontend.training.runs import train_quantized
from ..frontend.training.task import Task
from ..progress import SILENT
from .space import Space
from .study import Assignment

__all__ = ["OBJECTIVES", "UNITS", "Measure", "Objective"]

#: memory: kilobytes of all stored activations; cycles: exact, of the fastest design that formulas say fits; luts: of
#: the same design, by formulas.
Objective = Literal["memory", "cycles", "luts"]
OBJECTIVES: tuple[Objective, ...] = ("memory", "cycles", "luts")
UNITS = {"memory": "KB", "cycles": "cycles", "luts": "LUT"}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Measures assignments; what it gives follows from the assignment alone.

    Parameters
    ----------
    task : Task
    examples : Examples
    module : Module
        Trained in FP32.
    space : Space
    objective : Objective
    board : Board
    epochs : int
        That an assignment is trained for.
    seed : int
        Of the order of batches.
    """

    task: Task
    examples: Examples
    module: nn.Module
    space: Space
    objective: Objective
    board: Board
    epochs: int
    seed: int

    def __call__(self, assignment: Assignment) -> tuple[float, float] | None:
        """Cost and accuracy; None where no hardware runs the model."""
        model = self.model(assignment, self.epochs)
        accuracy = evaluate(model.logits, self.examples, "validation").figure
        try:
            return self.cost(model), accuracy
        except HwgenError:
            return None

    def model(self, assignment: Assignment, epochs: int) -> QuantizedNetwork:
        """The model of an assignment, trained on, in evaluation mode."""
        scheme = replace(self.task.recipe.scheme, widths=self.space.widths(assignment))
        recipe = replace(self.task.recipe, scheme=scheme, bit_rate=0.0, quantized_epochs=epochs)  # widths stay
        task = replace(self.task, recipe=recipe)
        with torch.random.fork_rng(devices=[]):
            model, _ = train_quantized(task, self.module, self.examples, self.seed, self.task.forward(self.module))
        return model.eval()

    def cost(self, model: QuantizedNetwork) -> float:
        """What the objective counts.

        Raises
        ------
        HwgenError
            No hardware runs the model.
        """
        if self.objective == "memory":
            known = self.examples.sample(self.seed)
            codes = sum(value.width * model.rows_of(value, known) for value in model.plan.values[:-1])
            return model.average_bits([known], messages=True) * codes / 8 / 1024
        batch = self.examples.codes("validation")[0]
        sample = alone(model, batch)
        found = search(fit_steps(model, sample), sample, self.board, Wishes(), SILENT, count=False)
        if self.objective == "luts":
            return float(found.resources.total.lut)
        return float(sum(step.cycles for ran in found.packed.runs for step in ran.passes))
