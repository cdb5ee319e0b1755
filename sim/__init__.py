"""Cosimulation of a build folder; of hwgen it knows the core."""

from .errors import SimError, ToolMissing
from .result import BatchResult, Mismatch, Result
from .run import SimOptions, batch_folders, run
from .toolchain import check

__all__ = ["BatchResult", "Mismatch", "Result", "SimError", "SimOptions", "ToolMissing", "batch_folders", "check",
           "run"]
