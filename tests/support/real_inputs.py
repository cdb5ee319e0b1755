"""Inputs of real features, dense as tables have them, and features whose codes reach both ends. Torch-free."""

import numpy as np
from scipy.sparse import csr_array

from hwgen.network.input import Input

__all__ = ["random_features", "random_input"]

UNSIGNED, RAISED, TWO_COLUMNS = range(3)
#: Of features of two columns: these are for what is mostly 0.
ZEROS = 0.6


def random_input(rng: np.random.Generator, features: int) -> Input:
    """Codes of 1 to 8 bits, of one scale or one a feature; unsigned, with a zero point, or a column for either sign."""
    bits = int(rng.integers(1, 9))
    top = (1 << bits) - 1
    size = rng.uniform(0.5, 1.5) / (top + 1) * (rng.choice([1.0, 1.0, 0.3, 2.0], features) if rng.random() < 0.7 else
                                                np.ones(features))
    kind = rng.choice([UNSIGNED, RAISED, RAISED, TWO_COLUMNS], features if rng.random() < 0.7 else 1)
    kind = np.broadcast_to(kind, features)
    column = np.repeat(np.arange(features), 1 + (kind == TWO_COLUMNS))
    below = np.r_[False, column[1:] == column[:-1]]
    zero = np.where(kind == RAISED, rng.integers(-top, 2 * top + 1, features), 0)  # some lie outside the codes
    return Input(features=features, bits=bits, scale=np.where(below, -size[column], size[column]),
                 zero_point=zero[column], column=column, exact=False)


def random_features(rng: np.random.Generator, given: Input, nodes: int) -> csr_array:
    """Features [nodes, features] over the range of their codes, and a little beyond, where these are clipped."""
    ends = given.scale * (np.array([[0], [given.top]]) - given.zero_point)
    low, high = np.full(given.features, np.inf), np.full(given.features, -np.inf)
    np.minimum.at(low, given.column, ends.min(axis=0))
    np.maximum.at(high, given.column, ends.max(axis=0))
    two = np.bincount(given.column, minlength=given.features) > 1
    x = low + (high - low) * rng.uniform(-0.1, 1.1, (nodes, given.features))
    return csr_array(np.where(two & (rng.random(x.shape) < ZEROS), 0.0, x))
