"""The result of a search: books, pages and counts. The renderer in it makes reports."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, Unpack, overload

from crawler.errors import UsageError
from crawler.money import money
from crawler.repr_text import count_of, plain, quoted
from crawler.source import Source
from parsers import SHOPS

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from crawler.books.book import Book, Counts
    from crawler.options import ReportOptions, TextFormat
    from crawler.verdict import Verdict
    from parsers.model import Listing

__all__ = ["PageResult", "PriceCheck", "Renderer", "SearchResult"]


@dataclass(frozen=True, slots=True)
class PageResult:
    """A requested page and its outcome."""

    page: int
    url: str
    verdict: Verdict
    detail: str
    """The reason, in a few words; '' for `ok`."""
    listings: tuple[Listing, ...] = ()
    """The listings; empty unless the verdict is `ok`."""
    attempts: int = 0
    """Number of requests made."""
    fetched_at: dt.datetime | None = None
    """Time of the response, aware, UTC; before the search began for a page of an earlier run. None without one."""

    def __repr__(self) -> str:
        why = f" ({plain(self.detail)})" if self.detail else ""
        return (
            f"<PageResult {self.page}: {self.verdict.value}{why}, {count_of(len(self.listings), 'listing')}>"
        )


@dataclass(frozen=True, slots=True)
class PriceCheck:
    """The check of the cheapest book: a proof, if possible, that none of the shop's listings is cheaper."""

    pages: tuple[PageResult, ...]
    """The pages used: the first ones of the list in price order, or those of a list that was read whole."""
    in_order: bool
    """True if the prices on `pages` are in order, and they miss no listing that the search found elsewhere."""
    proven: bool
    """True if the cheapest book is the cheapest of all the shop's listings."""
    up_to: Decimal | None
    """Price in yuan up to which all the shop's listings were read; None without a price."""
    total: int | None
    """Number of listings that the shop states for the search; None if it states none."""
    reason: str = ""
    """Why there is no proof: «failed», «unreadable», «disorder», «not_passed», «stopped», «no_book»; '' if there is."""
    whole: bool = False
    """True if the pages are a list that was read to its end, which needs no order."""

    @property
    def ok(self) -> int:
        """Number of the pages that were read."""
        return sum(page.verdict.value == "ok" for page in self.pages)

    @property
    def listings(self) -> int:
        """Number of listings on them."""
        return sum(len(page.listings) for page in self.pages)


class Renderer(Protocol):
    """Makes reports of results; see the methods of `SearchResult` with the same purpose."""

    def render(self, result: SearchResult, form: str, /, **options: Unpack[ReportOptions]) -> str | bytes:
        """Return the report in a format."""

    def write(
        self, result: SearchResult, path: str | os.PathLike[str], /, **options: Unpack[ReportOptions]
    ) -> Path:
        """Write the report to a file."""

    def as_dict(self, result: SearchResult, /) -> dict[str, Any]:
        """Return the JSON report as plain values."""

    def to_json(self, result: SearchResult, /, *, top: int | None) -> str:
        """Return the JSON report."""

    def notebook(self, result: SearchResult, /) -> str:
        """Return the result as HTML, for a notebook."""


@dataclass(frozen=True)  # without slots: the answers are computed once and cached
class SearchResult:
    """A finished search."""

    query: str
    """As typed by the user."""
    query_sent: str
    """As sent to the shop, in Simplified Chinese."""
    shop: str
    base_url: str
    """The address that received the requests; not the shop's own in a demo, a replica or a test."""
    demo: bool
    rank: str
    started_at: dt.datetime
    """Aware, UTC."""
    finished_at: dt.datetime
    """Aware, UTC."""
    pages: tuple[PageResult, ...]
    """Every requested page, in order."""
    available: int | None
    """Number of pages that the shop states; None if it stated none, 0 for a genuine «no results»."""
    counts: Counts
    books: tuple[Book, ...]
    dropped: tuple[tuple[str, Listing], ...] = ()
    """Pairs of reason and dropped listing, in page order."""
    notes: tuple[str, ...] = ()
    """Other information for the reader, such as the shop's own notice."""
    stopped: str | None = None
    """Why the search ended early («interrupted», «deadline of 30 s»); None if it finished."""
    options: dict[str, Any] = field(default_factory=dict)
    """The search options used: sellers, category, sort, min_price, max_price, keep, and the filters."""
    suggestion: str | None = None
    """The mainland's wording of a query in Taiwan's words that found little; it was not searched."""
    robots_ignored: bool = False
    """True if robots.txt was not requested."""
    price_pages: tuple[PageResult, ...] = ()
    """Pages of the shop's list in price order, read to prove which book is cheapest; their books count, too. A failed
    one prevents the proof, but does not make the search partial."""
    price_check: PriceCheck | None = None
    """The check of the cheapest book; None if it was not made."""
    recorded: bool = False
    """True if a history recorded the search; the books' price histories come from there."""
    renderer: Renderer | None = field(default=None, repr=False, compare=False)
    """Makes reports of this result; every result of a search has one."""

    def __repr__(self) -> str:
        from crawler.verdict import Verdict

        ok = sum(page.verdict is Verdict.OK for page in self.pages)
        found = [f"{ok} of {len(self.pages)} pages ok", count_of(self.counts.books, "book")]
        if (cheapest := self.cheapest) is not None:
            price = money(cheapest.price or Decimal(0), self.source.shop.currency)
            found.append(f"cheapest {price} {quoted(cheapest.title)}")
        found.append("complete" if self.complete else "partial")
        if self.stopped is not None:
            found.append(f"stopped: {plain(self.stopped)}")
        where = " ".join(filter(None, (self.shop, plain(self.marked_source))))
        return f"<SearchResult {quoted(self.query)} at {where}: {', '.join(found)}>"

    def _repr_html_(self) -> str:
        """Return the three answers and the first books as HTML, for a notebook."""
        return self._renderer.notebook(self)

    @cached_property
    def cheapest(self) -> Book | None:
        """The cheapest book on sale; None if there is none. In a search for books, accessories do not count.

        Like the other answers, it is a new copy, unless the search was for used ones.
        """
        return self._first("cheapest")

    @cached_property
    def best(self) -> Book | None:
        """The book on sale with the highest quality; None if none is rated."""
        return self._first("best")

    @cached_property
    def best_value(self) -> Book | None:
        """The rated book on sale with the best quality for its price; None if none is rated."""
        return self._first("value")

    def _first(self, rank: str) -> Book | None:
        from crawler.books.ranking import first_by

        return first_by(rank, self.books, goods=self.all_goods, used=self.options.get("condition") == "used")

    @cached_property
    def source(self) -> Source:
        """Where the prices come from: `shop`, `base_url` and `demo` in one value."""
        return Source.at(self.base_url, demo=self.demo, shop=SHOPS[self.shop])

    @property
    def is_live(self) -> bool:
        """True if the requests went to the shop itself, not to a demo, a replica or a test."""
        return self.source.is_live

    @property
    def marked_source(self) -> str:
        """The source as reports show it: '' for the live shop, «demo», or a replica's address."""
        return self.source.mark

    @property
    def all_goods(self) -> bool:
        """True if the search was for goods of every kind, in which an accessory counts like a book."""
        return self.options.get("category") == "all"

    @property
    def failed(self) -> tuple[PageResult, ...]:
        """The pages that failed, in order."""
        return tuple(page for page in self.pages if page.verdict.failed)

    @property
    def not_read(self) -> tuple[PageResult, ...]:
        """The failed pages that were not read because the search ended, in order."""
        return tuple(page for page in self.failed if page.verdict.value == "not_asked")

    @property
    def fetched_from(self) -> dt.datetime | None:
        """Fetch time of the oldest page used for the report, aware, UTC; None without one."""
        times = (page.fetched_at for page in (*self.pages, *self.price_pages) if not page.verdict.failed)
        return min(filter(None, times), default=None)

    @property
    def complete(self) -> bool:
        """True if no page failed."""
        return not self.failed

    @property
    def had_a_page(self) -> bool:
        """True if at least one page was read, even if it had no results."""
        return any(not page.verdict.failed for page in (*self.pages, *self.price_pages))

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON report as plain values, with prices as Decimal and times as «2026-01-31T08:00:00Z».

        The keys are stable: new ones may be added, none is renamed. See docs/json-report.md.
        """
        return self._renderer.as_dict(self)

    @overload
    def render(self, form: TextFormat, /, **options: Unpack[ReportOptions]) -> str: ...

    @overload
    def render(self, form: Literal["xlsx"], /, **options: Unpack[ReportOptions]) -> bytes: ...

    def render(self, form: str, /, **options: Unpack[ReportOptions]) -> str | bytes:
        """Return the report in a format: `table`, `md`, `csv`, `json` and `html` as text, `xlsx` as bytes.

        `lang` is its language, «en», «zh-Hans» or «zh-Hant»; the default «auto» follows the query. `top` limits the
        list of books. `show_dropped` lists dropped products, as HTML, XLSX and JSON always do. `width` is that of the
        table, in columns.

        Raises UsageError for an unknown format or one whose extra is not installed, and SettingsError for an invalid
        option.
        """
        return self._renderer.render(self, form, **options)

    def write(self, path: str | os.PathLike[str], **options: Unpack[ReportOptions]) -> Path:
        """Write the report to a file and return its path; the suffix gives the format, `options` are those of `render`.

        The file is complete or, after any failure, as it was before. This call blocks until the data is on the disk; in
        a coroutine, call `await asyncio.to_thread(result.write, "books.html")`.

        Raises UsageError for an unknown suffix, OutputError if the file cannot be written, and whatever `render`
        raises.
        """
        return self._renderer.write(self, path, **options)

    def to_json(self, *, top: int | None = None) -> str:
        """Return the JSON report, with prices as numbers, indented, with a final newline."""
        return self._renderer.to_json(self, top=top)

    @property
    def _renderer(self) -> Renderer:
        if self.renderer is None:
            raise UsageError("this result cannot make reports: only one that a search returned can")
        return self.renderer
