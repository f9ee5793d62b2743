"""What a search found: its books, its pages, its counts, and the JSON report made of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawler.verdict import Verdict
    from parsers.model import Listing

__all__ = ["Book", "Counts", "PageResult", "SearchResult"]


@dataclass(frozen=True, slots=True)
class Book:
    """A book of the report: a kept listing and what follows from its numbers."""

    rank: int
    """From 1."""
    listing: Listing
    price: Decimal
    """Yuan, as shown on the page."""

    @property
    def discount(self) -> Decimal | None:
        """Price over list price, two digits (0.32 is 3.2折); None without a list price above 0."""
        list_price = self.listing.list_price
        if not list_price:
            return None
        return (self.price / list_price).quantize(Decimal("0.01"))

    @property
    def price_per_volume(self) -> Decimal | None:
        """Yuan a volume, two digits; None for a set or bundle that does not say how many."""
        volumes = self.listing.volumes
        return (self.price / volumes).quantize(Decimal("0.01")) if volumes else None


@dataclass(frozen=True, slots=True)
class PageResult:
    """One page that was asked for, and how it ended."""

    page: int
    url: str
    verdict: Verdict
    detail: str
    """Why, in a few words; '' for `ok`."""
    listings: tuple[Listing, ...] = ()
    """What was read; empty unless the verdict is `ok`."""
    attempts: int = 0
    """Requests made."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many listings came and where they went; `listings >= unique >= kept >= books`."""

    listings: int
    """Items read on `ok` pages."""
    unique: int
    """After one product on several pages counts once."""
    kept: int
    """`unique` less what was dropped."""
    books: int
    """Entries of the list."""
    dropped: dict[str, int]
    """How many were dropped, by reason: `ebook`, `sold_out`, `no_price`; every reason is there, 0 included."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A finished search."""

    query: str
    """As the user typed it."""
    query_sent: str
    """As the shop was asked: Simplified Chinese."""
    shop: str
    base_url: str
    """Where the requests went; not the shop's own address in a demo, a replica or a test."""
    demo: bool
    rank: str
    started_at: dt.datetime
    """Aware, UTC."""
    finished_at: dt.datetime
    """Aware, UTC."""
    pages: tuple[PageResult, ...]
    """Every page asked for, in order."""
    available: int | None
    """Pages that the shop states; None when it told nothing, 0 for an honest «no results»."""
    counts: Counts
    books: tuple[Book, ...]
    dropped: tuple[tuple[str, Listing], ...] = ()
    """What was dropped, with its reason, in page order."""
    notes: tuple[str, ...] = ()
    """What a reader should know besides: the shop's own notice, say."""
    stopped: str | None = None
    """Why the search ended early («interrupted», «deadline of 30 s»); None when it ran to its end."""
    options: dict[str, Any] = field(default_factory=dict)
    """The search options in force: sellers, category, sort, min_price, max_price."""

    @property
    def failed(self) -> tuple[PageResult, ...]:
        """The pages that failed, in order."""
        return tuple(page for page in self.pages if page.verdict.failed)

    @property
    def complete(self) -> bool:
        """No page failed."""
        return not self.failed

    @property
    def had_a_page(self) -> bool:
        """At least one page answered the search, be it with «no results»."""
        return any(not page.verdict.failed for page in self.pages)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON report as plain values, prices as Decimal, times as «2026-01-31T08:00:00Z».

        The keys are stable: some may be added, none is renamed. See docs/json-report.md.
        """
        from crawler.report.json_report import as_dict

        return as_dict(self)

    def to_json(self, *, top: int | None = None) -> str:
        """Return the JSON report, prices as numbers, indented, with a final newline."""
        from crawler.report.json_report import render

        return render(self, top=top)
