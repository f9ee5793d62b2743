"""Search a bookshop, read its result pages, say which book is cheap, and which is good.

    from crawler import crawl
    result = await crawl("滲透測試", pages=20)

Names are looked up when first used, so that `import crawler` costs nothing and worker processes stay small.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawler.engine import Crawler, crawl
    from crawler.errors import (
        CrawlerError,
        EngineClosedError,
        HistoryError,
        OutputError,
        SettingsError,
        UsageError,
    )
    from crawler.events import (
        Attempt,
        Event,
        PaceChanged,
        PageFinished,
        PageRejected,
        PagesKnown,
        PagesResumed,
        RobotsNoted,
        SearchFinished,
        SearchStarted,
        WorkerEvent,
    )
    from crawler.history.prices import PriceHistory, RaisedThenCut
    from crawler.options import CrawlOptions, ReplayOptions, ReportOptions, SearchOptions
    from crawler.results import Book, Counts, PageResult, SearchResult
    from crawler.settings import Settings
    from crawler.verdict import Verdict

__version__ = "0.1.0"

_HOMES = {
    "engine": ("Crawler", "crawl"),
    "errors": (
        "CrawlerError",
        "EngineClosedError",
        "HistoryError",
        "OutputError",
        "SettingsError",
        "UsageError",
    ),
    "history.prices": ("PriceHistory", "RaisedThenCut"),
    "events": (
        "Attempt",
        "Event",
        "PaceChanged",
        "PageFinished",
        "PageRejected",
        "PagesKnown",
        "PagesResumed",
        "RobotsNoted",
        "SearchFinished",
        "SearchStarted",
        "WorkerEvent",
    ),
    "options": ("CrawlOptions", "ReplayOptions", "ReportOptions", "SearchOptions"),
    "results": ("Book", "Counts", "PageResult", "SearchResult"),
    "settings": ("Settings",),
    "verdict": ("Verdict",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Attempt",
    "Book",
    "Counts",
    "CrawlOptions",
    "Crawler",
    "CrawlerError",
    "EngineClosedError",
    "Event",
    "HistoryError",
    "OutputError",
    "PaceChanged",
    "PageFinished",
    "PageRejected",
    "PageResult",
    "PagesKnown",
    "PagesResumed",
    "PriceHistory",
    "RaisedThenCut",
    "ReplayOptions",
    "ReportOptions",
    "RobotsNoted",
    "SearchFinished",
    "SearchOptions",
    "SearchResult",
    "SearchStarted",
    "Settings",
    "SettingsError",
    "UsageError",
    "Verdict",
    "WorkerEvent",
    "crawl",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
