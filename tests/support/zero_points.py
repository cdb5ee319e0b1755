"""Networks with zero points: others, whose values get unsigned codes with one where that can be folded."""

from dataclasses import replace

import numpy as np

from hwgen.errors import HwgenError
from hwgen.network.activation import IDENTITY
from hwgen.network.network import Network, Quantizer, Value
from hwgen.network.zero_points import fold_zero_points

__all__ = ["with_zero_points"]


def with_zero_points(network: Network, seed: int = 0, *, rectified: bool = True) -> Network:
    """Give every value that can have one a zero point; ranges stay about the same, and lie askew.

    ``rectified`` says whether those with an activation lose it for a zero point.
    """
    rng = np.random.default_rng([seed, 14])
    for index, value in enumerate(network.values):
        quantizer = value.quantizer
        if quantizer is None or quantizer.granularity.by_row or not quantizer.bits[0] or not (
                rectified or value.activation == IDENTITY):
            continue
        trial = replace(network, values=(*network.values[:index], _moved(value, quantizer, rng),
                                         *network.values[index + 1:]))
        try:
            fold_zero_points(trial)
        except HwgenError:
            continue
        network = trial
    return network


def _moved(value: Value, quantizer: Quantizer, rng: np.random.Generator) -> Value:
    top = (1 << int(quantizer.bits[0])) - 1
    zero = int(np.clip(round(top * rng.uniform(0.2, 0.8)), 1, top))
    return replace(value, activation=IDENTITY, quantizer=replace(quantizer, signed=False, zero_point=zero))
