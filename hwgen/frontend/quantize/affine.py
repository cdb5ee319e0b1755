"""Which tracked values get a zero point: those whose zero points hardware has terms for."""

import torch

from ...errors import HwgenError
from ...network.zero_points import fold_zero_points
from .export import export_network
from .quantizers import Quantizers
from .tracked import Tracked

__all__ = ["choose_affine"]


@torch.no_grad()
def choose_affine(quantizers: Quantizers) -> None:
    """Give zero points to signed values, in order, as long as the network can be folded; the others stay symmetric."""
    tracked = [each for each in quantizers.every_step() if isinstance(each, Tracked)]
    for each in tracked:
        each.set_range(-1.0 if each.signed else 0.0, 1.0)
    for value in quantizers.plan.values[:-1]:
        quantizer = quantizers.of(value)
        if isinstance(quantizer, Tracked) and quantizer.signed and not quantizer.tracking.symmetric:
            quantizer.affine = True
            try:
                fold_zero_points(export_network(quantizers, "model", nodes=0))
            except HwgenError:
                quantizer.affine = False
    for each in tracked:
        each.randomise()
