"""What one assignment is worth: its validation accuracy after it was trained on, and what it costs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
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
from ..frontend.training.examples import Examples, Part
from ..frontend.training.loop import evaluate
from ..frontend.training.runs import train_quantized
from ..frontend.training.task import Task
from ..progress import SILENT
from ..studies.study import Assignment, Done, Worth
from .space import Space

__all__ = ["OBJECTIVES", "UNITS", "Measure", "Measured", "Objective"]

#: memory: kilobytes of all stored activations; rows: of hidden rows alone, without what is sent to neighbours, as
#: SGQuant counts them; cycles: exact, of the fastest design that formulas say fits; luts: of the same design, by
#: formulas.
Objective = Literal["memory", "rows", "cycles", "luts"]
OBJECTIVES: tuple[Objective, ...] = ("memory", "rows", "cycles", "luts")
UNITS = {"memory": "KB", "rows": "KB", "cycles": "cycles", "luts": "LUT"}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a slot gave.

    Parameters
    ----------
    slot : int
    assignment : mapping
        Knob -> bits.
    accuracy : float
        On validation data, a share; of a regression the coefficient of determination.
    cost : float
        Of the objective.
    """

    slot: int
    assignment: Assignment
    accuracy: float
    cost: float

    @classmethod
    def of(cls, done: Done) -> Measured:
        """What a study holds, by name."""
        cost, accuracy = done.worth.values
        return cls(slot=done.slot, assignment=done.assignment, cost=cost, accuracy=accuracy)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Measures assignments; what it gives follows from the assignment alone.

    Parameters
    ----------
    task : Task
    examples : Examples
    modules : sequence of Module
        Trained in FP32 from several seeds; accuracy and cost of an assignment are means over them, since what is best
        of many by one seed's validation nodes is partly luck.
    space : Space
    objective : Objective
    board : Board
    epochs : int
        That an assignment is trained for.
    seed : int
        Of the first module and its order of batches; those of the others follow it.
    """

    task: Task
    examples: Examples
    modules: Sequence[nn.Module]
    space: Space
    objective: Objective
    board: Board
    epochs: int
    seed: int

    def __call__(self, assignment: Assignment) -> Worth | None:
        """Cost and accuracy; None where no hardware runs the model."""
        models = self.trained(assignment, self.epochs)
        accuracy = self.accuracy(models, "validation")
        try:
            return Worth(values=(statistics.mean(self.cost(model) for model in models), accuracy))
        except HwgenError:
            return None

    def accuracy(self, models: Sequence[QuantizedNetwork], part: Part) -> float:
        """Mean over the models, a share."""
        return statistics.mean(evaluate(model.logits, self.examples, part).figure for model in models)

    def trained(self, assignment: Assignment, epochs: int) -> list[QuantizedNetwork]:
        """The model of an assignment, trained on from every module, in evaluation mode."""
        scheme = replace(self.task.recipe.scheme, widths=self.space.widths(assignment))
        recipe = replace(self.task.recipe, scheme=scheme, bit_rate=0.0, quantized_epochs=epochs)  # widths stay
        task = replace(self.task, recipe=recipe)
        found = []
        for number, module in enumerate(self.modules):
            with torch.random.fork_rng(devices=[]):
                model, _ = train_quantized(task, module, self.examples, self.seed + number, self.task.forward(module))
            found.append(model.eval())
        return found

    def cost(self, model: QuantizedNetwork) -> float:
        """What the objective counts.

        Raises
        ------
        HwgenError
            No hardware runs the model.
        """
        if self.objective in ("memory", "rows"):
            known, all_codes = self.examples.sample(self.seed), self.objective == "memory"
            codes = sum(value.width * model.rows_of(value, known) for value in model.plan.values[:-1]
                        if all_codes or value.role == "activation")
            return model.average_bits([known], messages=all_codes, by_width=True) * codes / 8 / 1024
        batch = self.examples.codes("validation")[0]
        sample = alone(model, batch)
        found = search(fit_steps(model, sample), sample, self.board, Wishes(), SILENT, count=False)
        if self.objective == "luts":
            return float(found.resources.total.lut)
        return float(sum(step.cycles for ran in found.packed.runs for step in ran.passes))
