"""The version, in a file of its own: nothing that needs it has to import the package."""

__all__ = ["__version__"]

__version__ = "0.2.0"
