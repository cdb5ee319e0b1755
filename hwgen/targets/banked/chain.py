"""The view of a network that lowering takes: a chain of GCN layers.

The layer equation (GCN, Kipf & Welling 2017; quantizers of A²Q, Zhu et al. 2023, in integer-adder order)::

    y_j = Q_message( d_j^-1/2 · (x_j W + p) )      codes, one step per output column
    z_i = d_i^-1/2 · Σ_{j ∈ N(i) ∪ {i}} y_j + bias
    x'_i = Q_row( relu(z_i) )                      codes, one step and one bit width per node, by its number or degree

``d`` is the in-degree with the self loop; only the first layer has a ``p``, such as a prompt of its features. The last
layer has no row quantizer: z is the logits.
:mod:`.accepts` makes a chain of a network that has been checked, so that nothing is checked here.
"""

from dataclasses import dataclass

from ...network.network import Quantizer
from ..arrays import Floats, Ints

__all__ = ["Chain", "Layer"]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One graph convolution.

    Parameters
    ----------
    path : str
        The layer's path in the user's module, such as ``convs.0``.
    weight : int64 [f_in, f_out]
        Signed symmetric codes.
    weight_bits : int
    weight_step : float64 [f_out]
    message_bits : int
        Width of the codes that are aggregated.
    message_step : float64 [f_out]
    bias : float64 [f_out] or None
        Added after aggregation.
    row : Quantizer or None
        Of unsigned codes, with one step for all channels of a row; None for the last layer.
    prompt : float64 [f_out] or None
        Added before aggregation, p.
    message_zero : int or None
        Zero point of the messages' codes, which are unsigned; None where they are signed and symmetric.
    """

    path: str
    weight: Ints
    weight_bits: int
    weight_step: Floats
    message_bits: int
    message_step: Floats
    bias: Floats | None
    row: Quantizer | None
    prompt: Floats | None = None
    message_zero: int | None = None


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Layers, one after the other.

    Parameters
    ----------
    name : str
        The network's.
    input_bits : int
        Unsigned width of an input code: 1 for binary features.
    input_scale : float
        Real value of input code 1.
    layers : tuple of Layer
    """

    name: str
    input_bits: int
    input_scale: float
    layers: tuple[Layer, ...]

    @property
    def passes(self) -> list[tuple[str, int]]:
        """Passes of its program: name, and channels of a row that each writes."""
        first, last = self.layers[0], self.layers[-1]
        combined = [first, *self.layers[1:], last]  # whose codes each pass writes
        names = [f"{first.path}.combine", *(f"{layer.path}.aggregate" for layer in self.layers)]
        return [(name, int(layer.weight.shape[1])) for name, layer in zip(names, combined, strict=True)]
