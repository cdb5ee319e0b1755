"""Rounding and two's complement, spelt out once for tests: none of it comes from the code under test."""

import numpy as np

__all__ = ["half_away", "signed"]


def half_away(values):
    """Nearest integers, ties away from zero, as floating-point numbers."""
    return np.sign(values) * np.floor(np.abs(values) + 0.5)


def signed(value, bits):
    """The low ``bits`` of an integer as two's complement."""
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
