"""A user's module as it was written: run, and compared with what was understood of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import HwgenError
from ..network.heads import Head
from .traced import TracedNetwork
from .user_code import line_of, said, users_code

__all__ = ["HEADS", "TOLERANCE", "call", "demand_equal", "with_head"]

#: Largest difference of an output from the module's own, relative to the largest: float32, summed in another order.
TOLERANCE = 1e-4
#: What makes a module compute something else than its layers.
FIX = ("keep hooks, random numbers, calls that change a tensor in place, and what is kept from one call to the next "
       "out of the model")
#: What follows the logits, of tensors [rows, columns].
HEADS: Mapping[Head, Callable[[Tensor], Tensor]] = {
    "": lambda z: z, "log_softmax": lambda z: z.log_softmax(1), "softmax": lambda z: z.softmax(1),
    "sigmoid": torch.sigmoid}


def call(module: nn.Module, positional: Sequence[Any], named: Mapping[str, Any], graphs: str) -> Tensor:
    """What forward returns; ``graphs`` is what it is given, for messages.

    Raises
    ------
    HwgenError
        The module fails.
    """
    def refusal(error: BaseException) -> HwgenError:
        place = line_of(error)
        return HwgenError(f"the model fails on {graphs}: {said(error)}",
                          f"model ({place})" if place else _where(module),
                          "pass graphs like those that the model was trained on")

    with users_code(refusal):
        found: Tensor = module(*positional, **named)
    return found


def demand_equal(module: nn.Module, theirs: Tensor, mine: Tensor, tolerance: float = TOLERANCE) -> None:
    """Compare the module's own outputs with those of the layers that were found in it.

    Raises
    ------
    HwgenError
        They differ.
    """
    if theirs.shape != mine.shape:
        raise HwgenError(f"the module computes something else than its layers: {list(theirs.shape)} numbers, not "
                         f"{list(mine.shape)}", _where(module), FIX)
    far, most = float((theirs - mine).abs().max()), float(theirs.abs().max())
    if not far <= tolerance * max(1.0, most):
        raise HwgenError(f"the module computes something else than its layers: results of up to {most:.3g} differ by "
                         f"{far:.3g}", _where(module), FIX)


def with_head(plan: TracedNetwork, logits: Tensor) -> Tensor:
    """Logits as the user's forward returns them: behind its softmax or sigmoid, as a vector if it returns one."""
    out = HEADS[plan.head](logits)
    return out.reshape(-1) if plan.is_vector else out


def _where(module: nn.Module) -> str:
    return f"model ({type(module).__name__}.forward)"
