"""How the values of a network are quantized, as data that needs no torch: settings, and a table of named ones."""

from .penalty import Penalty
from .prompt import PROMPTS, Prompt
from .scheme import Gradient, Parametrization, Scheme
from .table import ABOUT, SCHEMES, named, started

__all__ = ["PROMPTS", "Prompt", "ABOUT", "SCHEMES", "Gradient", "Parametrization", "Penalty", "Scheme", "named", "started"]
