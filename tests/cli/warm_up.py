"""What a command loads and computes at first use, done once in the process that forks commands."""

from __future__ import annotations

import ctypes
import importlib

from crawler.query import _converter
from crawler.report import render
from tests.factories import make_listing, make_result


def warm_up() -> None:
    """Load the converters of Chinese and the templates: they take a third of the time of a short search."""
    for way in ("t2s", "s2t", "tw2sp", "tw2s"):
        # With a reference too many, no command frees the dictionaries at its end: that takes as long as loading them.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(_converter(way)))
    result = make_result([make_listing()])
    for form in ("table", "md", "html", "csv", "json"):
        render(result, form)
    for module in ("aiofiles", "multiprocessing.popen_fork", "multiprocessing.synchronize", "platformdirs"):
        importlib.import_module(module)
