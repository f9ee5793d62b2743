"""Read settings from flags, the environment and one file, in this order of precedence."""

from __future__ import annotations

from crawler.configuration.file import example_words
from crawler.configuration.loading import TABLES, Loaded, load

__all__ = ["TABLES", "Loaded", "example_words", "load"]
