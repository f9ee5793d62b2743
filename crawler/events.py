"""What a running search says of itself: one stream for the progress bar, the library and every later reader.

SearchStarted   once, first
PagesResumed    pages of an earlier run are taken from its journal
PageRejected    an answer was not the page that was asked for, or not all of it
Attempt         each request that was made, and how it ended
WorkerEvent     a parse process started, was lost, was killed
PaceChanged     a host gets fewer requests at once, or more slowly; or more again
RobotsNoted     something is to be known of a host's robots.txt
PageFinished    a page has a verdict; `revised` when an earlier one is replaced
PagesKnown      the shop told how many pages there are
SearchFinished  once, last; carries the result
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from crawler.engine_events import EngineEvent
from crawler.results import SearchResult
from crawler.verdict import Verdict

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
    """What is asked of the shop: Simplified Chinese."""
    pages: int
    """Pages asked for."""


@dataclass(frozen=True, slots=True)
class PagesResumed:
    """Pages that an earlier run had fetched are not asked for again."""

    pages: int
    """How many, of those asked for."""
    fetched_from: dt.datetime
    """When the oldest of them was fetched; aware, UTC."""
    price_pages: int = 0
    """How many besides of the shop's list in price order."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request for a page, ended."""

    page: int
    url: str
    number: int
    """From 1; more than 1 is a retry."""
    outcome: str
    """«200, 228 KB» or the error in words."""
    seconds: float
    """How long it took."""
    retry_in: float | None
    """Seconds until the next attempt; None when this was the last."""
    waited: float = 0.0
    """Seconds before it, until the host's pace let it go."""
    price_order: bool = False
    """`page` is one of the shop's list in price order, read beside the search's own."""


@dataclass(frozen=True, slots=True)
class PageRejected:
    """An answer was a search page, but another one, or it was cut: the page is asked for once more."""

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
    """Listings read on it; 0 unless the verdict is `ok`."""
    cheapest: Decimal | None
    """Lowest price in yuan, over all pages so far, of a book that the report would keep."""
    books: int
    """Unique products kept so far, over all pages."""
    revised: bool = False
    """An earlier verdict of this page is replaced."""
    price_order: bool = False
    """As in `Attempt`."""
    plain_items: int = 0
    """Its items that the parser read without building a tree."""
    tree_items: int = 0
    """Its items that the parser read from a tree."""


@dataclass(frozen=True, slots=True)
class PagesKnown:
    """The shop told how many pages there are."""

    available: int


@dataclass(frozen=True, slots=True)
class SearchFinished:
    """The search is over, in whatever way."""

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
