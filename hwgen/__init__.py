"""hwgen: mixed-precision graph neural networks to hardware that provably computes what the model computes."""

__version__ = "0.1.0"
