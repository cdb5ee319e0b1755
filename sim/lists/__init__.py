"""Cosimulation of a build folder of the graph-level organisation: one simulator, any number of batches."""

from .result import ListsResult
from .run import run

__all__ = ["ListsResult", "run"]
