"""Lowering to the graph-level organisation: fusing, scales, proofs; then layout and images."""

from .network_to_program import lower

__all__ = ["lower"]
