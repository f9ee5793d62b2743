"""The events of a running search: one stream for the progress bar, the library and every later reader.

SearchStarted   once, first
PagesResumed    pages of an earlier run are reused from its journal
PageRejected    a response was not the requested page, or not all of it
Attempt         the end of each request, and its outcome
WorkerEvent     a parse process started, was lost or was killed
PaceChanged     a host gets fewer or slower requests from now on, or more again
RobotsNoted     a note on a host's robots.txt
PageFinished    a page has a verdict; `revised` if it replaces an earlier one
PagesKnown      the shop stated how many pages there are
SearchFinished  once, last; carries the result
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.engine_events import EngineEvent
from crawler.verdict import Verdict

if TYPE_CHECKING:
    from crawler.results import SearchResult

__all__ = [
    "Attempt",
    "Event",
    "PageFinished",
    "PageRejected",
    "PagesKnown",
    "PagesResumed",
    "SearchFinished",
    "SearchStarted",
]


@dataclass(frozen=True, slots=True)
class SearchStarted:
    """The search begins."""

    query: str
    query_sent: str
    """As sent to the shop: in Simplified Chinese."""
    pages: int
    """The number of pages requested."""


@dataclass(frozen=True, slots=True)
class PagesResumed:
    """Pages of an earlier run are reused instead of requested again."""

    pages: int
    """The number of reused pages of the search's own list."""
    fetched_from: dt.datetime
    """The time at which the oldest of them was fetched; aware, UTC."""
    price_pages: int = 0
    """The number of further reused pages, of the shop's list in price order."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The end of one request for a page."""

    page: int
    url: str
    number: int
    """From 1; more than 1 is a retry."""
    outcome: str
    """«200, 228 KB», or the error in words."""
    seconds: float
    """The duration of the request."""
    retry_in: float | None
    """Seconds until the next attempt; None if this was the last."""
    waited: float = 0.0
    """Seconds spent waiting for the host's rate limit before the request."""
    price_order: bool = False
    """True if `page` belongs to the shop's list in price order, read beside the search's own."""


@dataclass(frozen=True, slots=True)
class PageRejected:
    """A response was a search page, but the wrong one or truncated: the page is requested once more."""

    page: int
    detail: str
    price_order: bool = False
    """As in `Attempt`."""


@dataclass(frozen=True, slots=True)
class PageFinished:
    """A page has its verdict."""

    page: int
    verdict: Verdict
    detail: str
    listings: int
    """The number of listings read on it; 0 unless the verdict is `ok`."""
    cheapest: Decimal | None
    """The lowest price in yuan, over all pages so far, of a book that the report would keep."""
    books: int
    """The number of unique products kept so far, over all pages."""
    revised: bool = False
    """True if this replaces an earlier verdict of the page."""
    price_order: bool = False
    """As in `Attempt`."""
    plain_items: int = 0
    """Its items that the parser read without building a tree."""
    tree_items: int = 0
    """Its items that the parser read from a tree."""


@dataclass(frozen=True, slots=True)
class PagesKnown:
    """The shop stated how many pages there are."""

    available: int


@dataclass(frozen=True, slots=True)
class SearchFinished:
    """The search is over, for whatever reason."""

    result: SearchResult


Event = (
    SearchStarted
    | PagesResumed
    | Attempt
    | PageRejected
    | EngineEvent
    | PageFinished
    | PagesKnown
    | SearchFinished
)
