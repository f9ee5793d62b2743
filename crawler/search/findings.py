"""Collect the findings of a search: its books, both while pages arrive and at the end, and its result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from crawler.books import FILTERS
from crawler.books.selection import Selector
from crawler.page_key import PageKey
from crawler.phrases import Phrase
from crawler.search.page_list import PageList
from crawler.search.price_check import check_price, pages_needed
from crawler.settings import SearchSettings, options_of

if TYPE_CHECKING:
    from crawler.books.book import Counts
    from crawler.books.pipeline import BookList, SelectionCriteria
    from crawler.results import PageResult, PriceCheck, Renderer, SearchResult
    from crawler.search.spec import SearchSpec
    from parsers.model import Listing

__all__ = ["Findings", "import_book_modules"]


class Findings:
    """The findings on the pages of the search's own list and of the list in price order, `beside`."""

    def __init__(self, spec: SearchSpec, own: PageList, beside: PageList | None) -> None:
        self._spec = spec
        self._own = own
        self._beside = beside
        self.attempts: dict[PageKey, int] = {}
        """The number of requests made for each page."""
        self.fetched_at: dict[tuple[bool, int], dt.datetime] = {}
        """The time at which the response for each page arrived; aware, UTC."""
        settings = spec.settings
        self._wanted = _Wanted(spec)
        self._selector = Selector(
            keep=settings.keep, goods=settings.category == "all", covers=self._wanted.covers
        )

    def add(self, pages: PageList, numbers: Iterable[int]) -> None:
        """Add the listings of some pages of a list, replacing their earlier ones."""
        for number in numbers:
            key = pages.key(number)
            self._selector.add(key, pages.listings(number), self.fetched_at.get(key))

    @property
    def cheapest(self) -> Decimal | None:
        """The lowest price so far, in yuan, of a product that the report would keep."""
        return self._selector.cheapest

    @property
    def kept_count(self) -> int:
        """The number of unique products kept so far."""
        return self._selector.kept_count

    @property
    def listing_count(self) -> int:
        """Listings so far, on all pages."""
        return sum(map(len, self._selector.pages.values()))

    def books(self) -> BookList:
        """Build the books from the pages that count.

        Of the pages in price order, only those needed to pass the cheapest book count, even if more were already in
        flight. The report therefore does not depend on the order in which pages arrive.
        """
        from crawler.books.pipeline import build_books

        beside, used = self._beside, 0
        if beside is not None:
            used = pages_needed(beside, self._selector.cheapest) or beside.requested
        while True:
            counted = {key: listings for key, listings in self._selector.pages.items() if _counts(key, used)}
            book_list = build_books(counted.items(), self._wanted.criteria, fetched_at=self.fetched_at)
            if beside is None:
                return book_list
            needed = pages_needed(beside, self.cheapest_price(book_list)) or beside.requested
            if needed <= used:
                beside.enough = used
                return book_list
            used = needed

    def books_so_far(self) -> Callable[[], BookList]:
        """Return the computation of the books on the pages read until now, which may run while more pages arrive.

        All pages in price order count; the final report leaves out those that prove nothing.
        """
        from crawler.books.pipeline import build_books

        counted = list(self._selector.pages.items())
        criteria, fetched_at = self._wanted.criteria, dict(self.fetched_at)
        return lambda: build_books(counted, criteria, fetched_at=fetched_at)

    def cheapest_price(self, book_list: BookList) -> Decimal | None:
        """Return the price of the cheapest book, in yuan; None if there is no book."""
        from crawler.books.ranking import first_by

        wanted = self._wanted.criteria
        used = wanted.filters.condition == "used"
        book = first_by("cheapest", book_list.books, goods=wanted.goods, used=used)
        return None if book is None else book.price

    def needs_more(self, book_list: BookList) -> bool:
        """Return True if the cheapest book needs pages in price order that were skipped.

        While pages arrive, listings are judged one by one; at the end, books are judged as a whole. The listing that
        seemed the cheapest may then be dropped.
        """
        beside = self._beside
        if beside is None or pages_needed(beside, self.cheapest_price(book_list)) is not None:
            return False
        beside.enough = None
        return beside.next is not None

    def result(
        self,
        book_list: BookList,
        *,
        started_at: dt.datetime,
        finished_at: dt.datetime,
        stopped: str | None,
        renderer: Renderer,
    ) -> SearchResult:
        """Return the result of the search, once every page has its verdict; `stopped` is why it ended early."""
        from crawler.results import SearchResult

        spec, own, beside = self._spec, self._own, self._beside
        return SearchResult(
            query=spec.query,
            query_sent=spec.query_sent,
            shop=spec.source.shop.name,
            base_url=spec.source.base_url,
            demo=spec.source.is_demo,
            rank=self._wanted.criteria.rank,
            started_at=started_at,
            finished_at=finished_at,
            pages=tuple(self._page_result(own, number) for number in own.final),
            available=own.available,
            counts=book_list.counts,
            books=book_list.books,
            dropped=book_list.dropped,
            notes=(*_notes(own, spec), *(() if beside is None else _notes(beside, spec)), *book_list.notes),
            stopped=stopped,
            options={
                name: getattr(spec.settings, name)
                for name, option in options_of(SearchSettings).items()
                if option.reported
            },
            suggestion=self._mainland_wording if self._found_little(book_list.counts) else None,
            robots_ignored=not spec.settings.obey_robots,
            price_pages=()
            if beside is None
            else tuple(self._page_result(beside, number) for number in beside.final if number <= beside.last),
            price_check=self._price_check(book_list, stopped=stopped is not None),
            renderer=renderer,
        )

    def _price_check(self, book_list: BookList, *, stopped: bool) -> PriceCheck | None:
        wanted = self._spec.settings
        if not wanted.price_check:
            return None
        in_price_order = self._own if wanted.sort == "price" else self._beside
        return check_price(
            self.cheapest_price(book_list), self._own, in_price_order, self._page_result, stopped=stopped
        )

    def _page_result(self, pages: PageList, number: int) -> PageResult:
        from crawler.results import PageResult

        key, judgement = pages.key(number), pages.final[number]
        return PageResult(
            number,
            pages.url(number),
            judgement.verdict,
            judgement.detail,
            pages.listings(number),
            self.attempts.get(key, 0),
            self.fetched_at.get(key),
        )

    def _found_little(self, counts: Counts) -> bool:
        """Return True if the shop has few products for the query, or hardly any on topic."""
        failed = [judgement.verdict.failed for judgement in self._own.final.values()]
        if all(failed):
            return False  # nothing is known about the shop's products
        on_topic = counts.unique - counts.dropped["off_topic"]
        available = self._own.available
        read_whole = available is not None and available <= self._own.requested and not any(failed)
        few = self._spec.source.shop.page_size
        return on_topic < few and (read_whole or 2 * on_topic < counts.unique)

    @cached_property
    def _mainland_wording(self) -> str | None:
        if self._spec.source.shop.query_script != "zh-Hans":
            return None
        from crawler.query import mainland_wording

        return mainland_wording(self._spec.query)


class _Wanted:
    """The selection criteria of a search.

    A value of its own: if the selection referred back to the findings, neither would be freed when the search ends.
    """

    def __init__(self, spec: SearchSpec) -> None:
        self._spec = spec

    @cached_property
    def criteria(self) -> SelectionCriteria:
        """The selection criteria, built with their imports once a first page is there and others are in flight."""
        from crawler.books.filters import Filters
        from crawler.books.pipeline import SelectionCriteria
        from crawler.books.topic import topic_of
        from crawler.query import simplified

        wanted = self._spec.settings
        named = {name: getattr(wanted, name) for name in FILTERS}
        for name in ("publisher", "author"):  # in either script, as a query may be
            named[name] = named[name] and simplified(named[name])
        topic = topic_of(self._spec.query, self._spec.query_sent)
        filters = Filters(**named, simplified=simplified)
        return SelectionCriteria(
            topic,
            filters,
            frozenset(wanted.keep),
            wanted.rank,
            goods=wanted.category == "all",
            currency=self._spec.source.shop.currency,
        )

    def covers(self, listing: Listing) -> bool:
        """Return True if topic and filters keep a listing, judged by itself."""
        from crawler.books.identity import title_key

        # Cached: the end needs the key, and computing it now costs no time while other pages are in flight.
        title_key(listing.title)
        wanted = self.criteria
        on_topic = "off_topic" in wanted.keep or wanted.topic.covers(listing)
        return on_topic and wanted.filters.reason((listing,)) is None


def import_book_modules() -> None:
    """Import the modules that the first page needs; compiling their regular expressions takes 40 ms."""
    import crawler.books.pipeline
    import crawler.results  # noqa: F401 – imported early to save time later


def _counts(key: tuple[bool, int], used: int) -> bool:
    """Return True if a page counts, given that `used` pages in price order do."""
    price_order, number = key
    return not price_order or number <= used


def _notes(pages: PageList, spec: SearchSpec) -> tuple[str, ...]:
    """Return the notes for the reader on pages that did not fail, in page order."""
    notes: list[str] = []
    full = spec.source.shop.page_size
    for number, judgement in pages.final.items():
        if pages.price_order and number > pages.last:
            continue  # it was in flight when enough was known, and is in no report
        page = Phrase("the_price_page" if pages.price_order else "the_page", page=number)
        notes += [Phrase("on_page", page=page, words=note) for note in judgement.notes]
        # Half a page in the middle of a search is no failure, but it is not the shop's habit either.
        count = len(pages.listings(number))
        if pages.available is not None and number < pages.available and 0 < count < full / 2:
            half = Phrase("half_a_page", n=count, size=full)
            notes.append(Phrase("on_page", page=page, words=half))
    return tuple(notes)
