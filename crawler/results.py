"""What a search found: its books, its pages, its counts, and the reports made of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from crawler.books import offers

if TYPE_CHECKING:
    import os

    from crawler.history.prices import PriceHistory
    from crawler.options import ReportOptions
    from crawler.report import TextFormat
    from crawler.verdict import Verdict
    from parsers.model import Contributor, Listing

__all__ = ["Book", "Counts", "PageResult", "PriceCheck", "SearchResult"]

_REPR_TEXT = 60
"""Characters of a text in a `repr`."""


@dataclass(frozen=True, slots=True)
class Book:
    """A book of the report: its offers, and what follows from their numbers.

    Every key of a book in the JSON report is an attribute of the same name. What is not said to be of another offer is
    of `listing`, the cheapest.
    """

    rank: int
    """From 1."""
    listing: Listing
    """The cheapest offer."""
    price: Decimal | None
    """Yuan, what that offer costs as shown on the page; None for one that was kept though it has no price."""
    offers: tuple[Listing, ...]
    """Every listing of this book, `listing` too, cheapest first."""
    quality: float | None
    """Stars that it is worth at least, see `crawler.books.quality`; None when no book found has reviews."""
    value: float | None
    """Quality against price, in standard deviations; None without a price."""
    frontier: bool
    """No other book of the report that is on sale beats it on price and quality."""
    kept_for: frozenset[str] = frozenset()
    """Reasons for which it would have been dropped, but for `keep`."""
    history: PriceHistory | None = None
    """What the past of `listing` says, up to this search; None without a history, and for a product that it sees for
    the first time."""

    def __repr__(self) -> str:
        price = "no price" if self.price is None else f"¥{self.price:,.2f}"
        offers = f", {len(self.offers)} offers" if len(self.offers) > 1 else ""
        return f"<Book {self.rank}: {price} {_quoted(self.title)} ({_plain(self.product_id)}){offers}>"

    @property
    def product_id(self) -> str:
        """The shop's number of the product."""
        return self.listing.product_id

    @property
    def title(self) -> str:
        """The title alone."""
        return self.listing.title

    @property
    def subtitle(self) -> str:
        """Subtitle and marketing words that the shop appends to the title; '' without any."""
        return self.listing.subtitle

    @property
    def list_price(self) -> Decimal | None:
        """Yuan; None where the page gives none."""
        return self.listing.list_price

    @property
    def volumes(self) -> int | None:
        """Volumes sold together: 1 for a single book; None for a set or bundle that does not say how many."""
        return self.listing.volumes

    @property
    def seller(self) -> str | None:
        """Name of the marketplace shop; None for the shop's own goods, and where the page does not say."""
        return self.listing.seller

    @property
    def self_operated(self) -> bool | None:
        """Sold by the shop itself; None where nothing on the page proves it."""
        return self.listing.self_operated

    @property
    def ebook_price(self) -> Decimal | None:
        """Yuan, of the e-book offered beside the book; None without one."""
        return self.listing.ebook_price

    @property
    def sold_out(self) -> bool:
        """The edition cannot be bought; such books are dropped unless `keep` has `sold_out`."""
        return self.listing.sold_out

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags of the listing, see `parsers.model.Flag`, and `kept_for`, in alphabetical order."""
        if not self.listing.flags and not self.kept_for:  # nearly always
            return ()
        return tuple(sorted({*(flag.value for flag in self.listing.flags), *self.kept_for}))

    @property
    def url(self) -> str:
        """The product page, absolute, https."""
        return self.listing.url

    @property
    def image(self) -> str | None:
        """The cover, absolute, https; None without one."""
        return self.listing.image

    @property
    def page(self) -> int:
        """Number of the result page on which it stands, from 1."""
        return self.listing.page

    @property
    def position(self) -> int:
        """Place on that page, from 1."""
        return self.listing.position

    @property
    def page_list(self) -> str:
        """Which list that page is of: «search», the search's own, or «price_order», the shop's in price order."""
        return self.listing.page_list

    @property
    def discount(self) -> Decimal | None:
        """Price over list price, two digits (0.32 is 3.2折); None without a price and a list price above 0."""
        if not self.list_price or self.price is None:
            return None
        return (self.price / self.list_price).quantize(Decimal("0.01"))

    @property
    def price_per_volume(self) -> Decimal | None:
        """Yuan a volume, two digits; None without a price, and for a set or bundle that does not say how many."""
        if not self.volumes or self.price is None:
            return None
        return (self.price / self.volumes).quantize(Decimal("0.01"))

    @property
    def authors(self) -> tuple[str, ...]:
        """Names of the authors, from the first offer that gives any."""
        return offers.authors(self.offers)

    @property
    def contributors(self) -> tuple[Contributor, ...]:
        """Everyone who made it: authors, translators, editors …, from the offer that names most."""
        return offers.contributors(self.offers)

    @property
    def from_price(self) -> bool:
        """The price is the lowest of several options."""
        return self.listing.from_price

    @property
    def publisher(self) -> str | None:
        """The publisher, from the first offer that names one."""
        return offers.publisher(self.offers)

    @property
    def published(self) -> dt.date | None:
        """The shop's date, from the first offer that has one."""
        return offers.published(self.offers)

    @property
    def rating(self) -> float | None:
        """Stars out of 5, of the rated offer with the most reviews; None when none is rated."""
        return offers.most_reviewed(self.offers).rating

    @property
    def reviews(self) -> int | None:
        """Number of reviews of that same offer."""
        return offers.most_reviewed(self.offers).reviews


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
        why = f" ({_plain(self.detail)})" if self.detail else ""
        return f"<PageResult {self.page}: {self.verdict.value}{why}, {_count(len(self.listings), 'listing')}>"


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


@dataclass(frozen=True, slots=True)
class Counts:
    """How many listings came and where they went; `listings >= unique >= kept >= books`."""

    listings: int
    """Items read on `ok` pages, those of the price check included."""
    unique: int
    """After one product on several pages counts once."""
    kept: int
    """`unique` less what was dropped."""
    books: int
    """What `kept` comes to when listings of the same book are one."""
    dropped: dict[str, int]
    """How many were dropped, by reason, see `crawler.books.DROP_REASONS`; every reason is there, 0 included."""


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

    def __repr__(self) -> str:
        from crawler.report.wording import source_of
        from crawler.verdict import Verdict

        ok = sum(page.verdict is Verdict.OK for page in self.pages)
        found = [f"{ok} of {len(self.pages)} pages ok", _count(self.counts.books, "book")]
        if (cheapest := self.cheapest) is not None:
            found.append(f"cheapest ¥{cheapest.price:,.2f} {_quoted(cheapest.title)}")
        found.append("complete" if self.complete else "partial")
        if self.stopped is not None:
            found.append(f"stopped: {_plain(self.stopped)}")
        where = " ".join(filter(None, (self.shop, _plain(source_of(self)))))
        return f"<SearchResult {_quoted(self.query)} at {where}: {', '.join(found)}>"

    def _repr_html_(self) -> str:
        """Return the three answers and the first books as HTML, which a notebook shows."""
        from crawler.report.notebook import render

        return render(self)

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
        from crawler.report.json_report import as_dict

        return as_dict(self)

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
        return _rendered(self, form, **options)

    def write(self, path: str | os.PathLike[str], **options: Unpack[ReportOptions]) -> Path:
        """Write the report to a file and return its path; the suffix says the format, `options` are those of `render`.

        The file is whole or, on any failure, as it was before. This blocks until the disk has the data; in a coroutine
        call `await asyncio.to_thread(result.write, "books.html")`.

        Raises UsageError for a suffix that means no format, OutputError when the file cannot be written, and what
        `render` raises.
        """
        from crawler.report import encode, format_of
        from crawler.whole_files import check_target, whole_file

        form = format_of(path)
        check_target(path)
        report = encode(_rendered(self, form, **options), form)
        with whole_file(path) as file:
            file.write(report)
        return Path(path)

    def to_json(self, *, top: int | None = None) -> str:
        """Return the JSON report, prices as numbers, indented, with a final newline."""
        from crawler.report import Style
        from crawler.report.json_report import render

        return render(self, Style(top=top))


def _rendered(
    result: SearchResult,
    form: str,
    *,
    lang: str = "auto",
    top: int | None = None,
    show_dropped: bool = False,
    width: int | None = None,
) -> str | bytes:
    from crawler.local_time import local_zone
    from crawler.report import check_installed, render
    from crawler.settings import ReportSettings, checked

    check_installed(form)
    return render(
        result,
        form,
        top=None if top is None else checked(ReportSettings, "top", top, label="top"),
        lang=checked(ReportSettings, "lang", lang, label="lang"),
        show_dropped=show_dropped,
        width=width,
        zone=local_zone(),
    )


def _quoted(text: str) -> str:
    """Return a text for a `repr`: quoted, on one line, of bounded length."""
    return repr(text if len(text) <= _REPR_TEXT else f"{text[: _REPR_TEXT - 1]}…")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _plain(text: str) -> str:
    """Return the same without the quotes."""
    return _quoted(text)[1:-1]
