"""Train any module that hardware runs, on any data set, with any scheme."""

from .models import GCN, GIN, SAGE
from .recipes import Recipe
from .results import Training
from .runs import train

__all__ = ["GCN", "GIN", "SAGE", "Recipe", "Training", "train"]
