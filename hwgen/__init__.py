"""hwgen: mixed-precision graph neural networks to hardware that provably computes what the model computes.

The whole way from Python: :func:`train` a model, or :func:`quantize` one and train it in a loop of your own;
:func:`save` it, :func:`build` hardware for it and :func:`verify` that; :class:`Accelerator` runs graphs on it. Names
are imported when they are first used: ``import hwgen`` loads neither torch nor Amaranth.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

if TYPE_CHECKING:
    from .api import build, verify
    from .errors import HwgenError
    from .frontend import GCN, load, load_data, save, save_graphs
    from .frontend.quantize.prepare import quantize
    from .frontend.training import train
    from .runtime import Accelerator

__all__ = ["GCN", "Accelerator", "HwgenError", "build", "load", "load_data", "quantize", "save", "save_graphs", "train",
           "verify"]

_HOME = {"build": "api", "verify": "api", "HwgenError": "errors", "Accelerator": "runtime",
         "quantize": "frontend.quantize.prepare"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("Accelerator", "build", "verify"):  # these need what lies beside this package
        from .neighbours import check_neighbours

        check_neighbours()
    return getattr(import_module(f".{_HOME.get(name, 'frontend')}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
