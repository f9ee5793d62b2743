"""The version of the program, which costs no import."""

__all__ = ["__version__"]

__version__ = "0.1.0"
