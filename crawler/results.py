"""What a search found: its books, its pages, its counts. Reports are made of it by a renderer that it is given."""

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
    fetched_at: dt.datetime | None = None
    """When its answer came, aware, UTC; before the search began for a page of an earlier run. None without one."""

    def __repr__(self) -> str:
        why = f" ({plain(self.detail)})" if self.detail else ""
        return (
            f"<PageResult {self.page}: {self.verdict.value}{why}, {count_of(len(self.listings), 'listing')}>"
        )


@dataclass(frozen=True, slots=True)
class PriceCheck:
    """Whether the cheapest book is proven to be the cheapest that the shop lists, read or not."""

    pages: tuple[PageResult, ...]
    """The pages that it rests on: of the shop's list in price order from its first on, or of a list read whole."""
    in_order: bool
    """The prices on `pages` stand in order, and nothing that the search found besides is missing among them."""
    proven: bool
    """The cheapest book is the cheapest of all that the shop lists."""
    up_to: Decimal | None
    """Price, in yuan, up to which everything that the shop lists was read; None without a price."""
    total: int | None
    """Listings that the shop states for the search; None when it states none."""
    reason: str = ""
    """Why it is not proven: «failed», «unreadable», «disorder», «not_passed», «stopped», «no_book»; '' when it is."""
    whole: bool = False
    """The pages are a list that was read to its end, which needs no order."""

    @property
    def ok(self) -> int:
        """How many of the pages were read."""
        return sum(page.verdict.value == "ok" for page in self.pages)

    @property
    def listings(self) -> int:
        """Listings read on them."""
        return sum(len(page.listings) for page in self.pages)


class Renderer(Protocol):
    """What makes reports of results; the methods of `SearchResult` say what each of these does."""

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
        """Return what a notebook shows, as HTML."""


@dataclass(frozen=True)  # without slots: the answers are found once and kept
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
    """The search options in force: sellers, category, sort, min_price, max_price, keep, and the filters."""
    suggestion: str | None = None
    """The mainland's wording of a query in Taiwan's words that found little; it was not searched."""
    robots_ignored: bool = False
    """robots.txt was not asked for."""
    price_pages: tuple[PageResult, ...] = ()
    """Pages of the shop's list in price order, read beside `pages` to prove which book is cheapest; their books count.
    One that failed leaves the proof out, and does not make the search partial."""
    price_check: PriceCheck | None = None
    """Whether the cheapest book is proven to be; None when that was not checked."""
    recorded: bool = False
    """What it saw is in a history, which the books' past is from."""
    renderer: Renderer | None = field(default=None, repr=False, compare=False)
    """What makes reports of it; every result of a search has one."""

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
        """Return the three answers and the first books as HTML, which a notebook shows."""
        return self._renderer.notebook(self)

    @cached_property
    def cheapest(self) -> Book | None:
        """The cheapest book on sale; None when there is none. In a search for books an accessory is none.

        Like the other answers it is a new copy, unless the search was for used ones.
        """
        return self._first("cheapest")

    @cached_property
    def best(self) -> Book | None:
        """The book on sale of the highest quality; None when none is rated."""
        return self._first("best")

    @cached_property
    def best_value(self) -> Book | None:
        """The rated book on sale with the most quality for its price; None when none is rated."""
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
        """Whether the shop itself was asked: no demo, no replica, no test."""
        return self.source.is_live

    @property
    def marked_source(self) -> str:
        """Where it comes from, as reports are marked: '' for the live shop, «demo», or a replica's address."""
        return self.source.mark

    @property
    def all_goods(self) -> bool:
        """Whether the search was for goods of every kind, where an accessory counts like a book."""
        return self.options.get("category") == "all"

    @property
    def failed(self) -> tuple[PageResult, ...]:
        """The pages that failed, in order."""
        return tuple(page for page in self.pages if page.verdict.failed)

    @property
    def not_read(self) -> tuple[PageResult, ...]:
        """Those of the failed pages that the end of the search came before, in order."""
        return tuple(page for page in self.failed if page.verdict.value == "not_asked")

    @property
    def fetched_from(self) -> dt.datetime | None:
        """When the oldest page that the report rests on was fetched, aware, UTC; None without one."""
        times = (page.fetched_at for page in (*self.pages, *self.price_pages) if not page.verdict.failed)
        return min(filter(None, times), default=None)

    @property
    def complete(self) -> bool:
        """No page failed."""
        return not self.failed

    @property
    def had_a_page(self) -> bool:
        """At least one page answered the search, be it with «no results»."""
        return any(not page.verdict.failed for page in (*self.pages, *self.price_pages))

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON report as plain values, prices as Decimal, times as «2026-01-31T08:00:00Z».

        The keys are stable: some may be added, none is renamed. See docs/json-report.md.
        """
        return self._renderer.as_dict(self)

    @overload
    def render(self, form: TextFormat, /, **options: Unpack[ReportOptions]) -> str: ...

    @overload
    def render(self, form: Literal["xlsx"], /, **options: Unpack[ReportOptions]) -> bytes: ...

    def render(self, form: str, /, **options: Unpack[ReportOptions]) -> str | bytes:
        """Return the report in a format: `table`, `md`, `csv`, `json` and `html` as text, `xlsx` as bytes.

        `lang` is the language of its words, «en», «zh-Hans» or «zh-Hant»; «auto», the default, follows the query.
        `top` shortens the list of books. `show_dropped` lists what was dropped, as HTML, XLSX and JSON always do.
        `width` is that of the table, in columns.

        Raises UsageError for an unknown format and for one whose extra is not installed, SettingsError for an option
        that does not hold.
        """
        return self._renderer.render(self, form, **options)

    def write(self, path: str | os.PathLike[str], **options: Unpack[ReportOptions]) -> Path:
        """Write the report to a file and return its path; the suffix says the format, `options` are those of `render`.

        The file is whole or, on any failure, as it was before. This blocks until the disk has the data; in a coroutine
        call `await asyncio.to_thread(result.write, "books.html")`.

        Raises UsageError for a suffix that means no format, OutputError when the file cannot be written, and what
        `render` raises.
        """
        return self._renderer.write(self, path, **options)

    def to_json(self, *, top: int | None = None) -> str:
        """Return the JSON report, prices as numbers, indented, with a final newline."""
        return self._renderer.to_json(self, top=top)

    @property
    def _renderer(self) -> Renderer:
        if self.renderer is None:
            raise UsageError("this result cannot make reports: only one that a search returned can")
        return self.renderer
