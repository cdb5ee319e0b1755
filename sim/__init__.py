"""Cosimulation of a build folder; knows nothing else."""

from .errors import SimError, ToolMissing
from .result import BatchResult, Mismatch, Result
from .run import SimOptions, batch_folders, run
from .toolchain import check

__all__ = ["BatchResult", "Mismatch", "Result", "SimError", "SimOptions", "ToolMissing", "batch_folders", "check",
           "run"]
