"""The one reader of graphs: whatever a user hands over, checked once, as one record that every verb takes."""

from .graphs import Graphs
from .read import read_graphs

__all__ = ["Graphs", "read_graphs"]
