"""Quantized modules: any traced module with quantizers that learn, exported to :mod:`hwgen.network.network`."""

from ...schemes import SCHEMES, Penalty, Scheme
from .module import QuantizedNetwork

__all__ = ["SCHEMES", "Penalty", "QuantizedNetwork", "Scheme"]
