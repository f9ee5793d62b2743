"""Search a bookshop, read its result pages, and find the cheapest and the best books.

    from crawler import crawl
    result = await crawl("滲透測試", pages=20)

Names are imported on first use, so that `import crawler` costs nothing and worker processes stay small.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from crawler.version import __version__ as __version__

if TYPE_CHECKING:
    from crawler.books.book import Book, Counts
    from crawler.engine import Crawler, crawl
    from crawler.engine_events import PaceChanged, RobotsNoted, WorkerEvent
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
        PageFinished,
        PageRejected,
        PagesKnown,
        PagesResumed,
        SearchFinished,
        SearchStarted,
    )
    from crawler.options import CrawlOptions, ReplayOptions, ReportOptions, SearchOptions
    from crawler.prices.price_history import PriceHistory, RaisedThenCut
    from crawler.results import PageResult, SearchResult
    from crawler.settings import Settings
    from crawler.verdict import Verdict


_HOMES = {
    "books.book": ("Book", "Counts"),
    "engine": ("Crawler", "crawl"),
    "engine_events": ("PaceChanged", "RobotsNoted", "WorkerEvent"),
    "errors": (
        "CrawlerError",
        "EngineClosedError",
        "HistoryError",
        "OutputError",
        "SettingsError",
        "UsageError",
    ),
    "prices.price_history": ("PriceHistory", "RaisedThenCut"),
    "events": (
        "Attempt",
        "Event",
        "PageFinished",
        "PageRejected",
        "PagesKnown",
        "PagesResumed",
        "SearchFinished",
        "SearchStarted",
    ),
    "options": ("CrawlOptions", "ReplayOptions", "ReportOptions", "SearchOptions"),
    "results": ("PageResult", "SearchResult"),
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
