"""Where settings come from: flags over environment over one file."""

from __future__ import annotations

from crawler.configuration.file import example_words
from crawler.configuration.loading import TABLES, Loaded, load

__all__ = ["TABLES", "Loaded", "example_words", "load"]
