"""Data sets: by name or from a file, as one graph with masks or as a set of graphs."""

from .graph_set import GraphSet
from .registry import DATA, load_data

__all__ = ["DATA", "GraphSet", "load_data"]
