"""Lowering to the graph-level organisation: fusing, scales, proofs; then layout and images."""
