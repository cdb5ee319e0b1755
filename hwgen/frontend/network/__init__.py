"""Networks of any traced module: execution, quantizers that learn, export to :mod:`hwgen.network.network`."""

from .batch import GraphBatch, quotient
from .execute import execute
from .model import QuantizedNetwork
from .quantize import SCHEMES, quantize_plan
from .scheme import Scheme

__all__ = ["SCHEMES", "GraphBatch", "QuantizedNetwork", "Scheme", "execute", "quantize_plan", "quotient"]
