"""How the values of a network are quantized, as data that needs no torch: settings, and a table of named ones."""

from .penalty import Penalty
from .prompt import PROMPTS, Prompt
from .scheme import Gradient, Parametrization, Scheme
from .table import ABOUT, SCHEMES, named, started
from .tracking import Tracking

__all__ = ["ABOUT", "PROMPTS", "SCHEMES", "Gradient", "Parametrization", "Penalty", "Prompt", "Scheme", "Tracking",
           "named", "started"]
