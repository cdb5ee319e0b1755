"""Quantized modules: any traced module with quantizers that learn, exported to :mod:`hwgen.network.network`."""

from .module import QuantizedNetwork
from .penalty import Penalty
from .schemes import SCHEMES, Scheme

__all__ = ["SCHEMES", "Penalty", "QuantizedNetwork", "Scheme"]
