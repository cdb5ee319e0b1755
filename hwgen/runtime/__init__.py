"""Run graphs on a build: the same Python drives reference, simulation and board."""

from .accelerator import Accelerator

__all__ = ["Accelerator"]
