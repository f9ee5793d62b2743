"""The exceptions of this package.

    CrawlerError                 every error that this package raises on purpose
    ├── UsageError               the caller asked for something impossible
    │   └── SettingsError        a key or value of the file, the environment or a flag
    ├── OutputError              a report cannot be written
    ├── HistoryError             the file of prices over time cannot be used
    └── EngineClosedError        a search on a Crawler that is not open

A failed page is not an exception but a verdict in the result (see `crawler.verdict`). Each message is one line that
names the thing and the remedy.
"""

from __future__ import annotations

__all__ = ["CrawlerError", "EngineClosedError", "HistoryError", "OutputError", "SettingsError", "UsageError"]


class CrawlerError(Exception):
    """Base of every error that this package raises on purpose."""


class UsageError(CrawlerError):
    """The caller asked for something impossible: an empty query, a page out of range."""


class SettingsError(UsageError):
    """A setting has an unknown name, a wrong type or a value out of range."""


class OutputError(CrawlerError):
    """A report cannot be written to its destination."""


class HistoryError(CrawlerError):
    """The file of prices over time cannot be opened, read or written."""


class EngineClosedError(CrawlerError):
    """A search was requested from a `Crawler` outside its `async with` block."""
