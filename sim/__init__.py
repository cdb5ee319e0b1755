"""Cosimulation of a build folder; knows nothing else."""

from .errors import SimError, ToolMissing
from .result import Mismatch, Result
from .run import run
from .toolchain import check

__all__ = ["Mismatch", "Result", "SimError", "ToolMissing", "check", "run"]
