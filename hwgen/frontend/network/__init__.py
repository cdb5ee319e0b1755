"""Networks of any traced module: execution, quantizers that learn, export to :mod:`hwgen.ir.network`."""

from .batch import GraphBatch, quotient
from .model import QuantizedNetwork, Scheme

__all__ = ["GraphBatch", "QuantizedNetwork", "Scheme", "quotient"]
