"""Graphs: by name or from a file, as integer batches, and prepared for execution."""

from .graph_set import GraphSet
from .registry import DATA, load_data

__all__ = ["DATA", "GraphSet", "load_data"]
