"""Quantized modules: any traced module with quantizers that learn, exported to :mod:`hwgen.network.network`."""

from .module import QuantizedNetwork
from .prepare import quantize_batch, quantize_plan
from .schemes import SCHEMES, Scheme

__all__ = ["SCHEMES", "QuantizedNetwork", "Scheme", "quantize_batch", "quantize_plan"]
