"""The state of a search and its rows of books, as the API sends them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec

from crawler.books.offers import price_of
from crawler.report.common.wording import sanitize
from crawler.report.search.history_wording import past
from crawler.report.search.html_view import KINDS, shortened, trick
from crawler.report.search.json_report import utc_text
from crawler.report.search.wording import (
    credited,
    discount,
    list_price,
    month,
    note,
    percent_off,
    price,
    product_link,
    volume_price,
)

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.labels import Labels
    from crawler.results import SearchResult
    from crawler.webapp.searches import WebSearch

__all__ = ["BookRow", "SearchState", "book_rows", "state_of"]


class SearchState(msgspec.Struct, kw_only=True):
    """A search, running or finished."""

    id: str
    query: str
    state: Literal["running", "finished", "broken"]
    """«broken» if a defect of the program ended it; it has no result then."""
    started_at: str
    finished_at: str | None
    pages: int
    """The number of pages to read."""
    pages_done: int
    """The pages with a verdict, the failed ones included."""
    pages_failed: int
    books: int
    cheapest: Decimal | None
    """The lowest price, in yuan."""
    complete: bool | None
    """True if no page failed; null while it runs."""
    stopped: str | None
    """Why it ended early; null if it did not."""
    recorded: bool
    """True if it is in the history."""
    unrecorded: str | None
    """Why it is not in the history although it should be."""
    words: str
    """Its state in words."""


class BookRow(msgspec.Struct, array_like=True):
    """A book in the list, as an array: 6,000 of them stay small."""

    rank: int
    product_id: str
    title: str
    authors: str
    publisher: str
    published: str
    """«2021-03», or empty."""
    price: Decimal | None
    price_words: str
    list_price: Decimal | None
    """Null unless it is above the price."""
    list_words: str
    off: int
    """The discount in per cent."""
    off_words: str
    rating: float | None
    reviews: int | None
    quality: float | None
    """Null for a book without stars, whose quality is only a guess."""
    value: float | None
    volume_price: Decimal | None
    volume_words: str
    frontier: bool
    offers: int
    kinds: tuple[str, ...]
    """«used», «sets», «bundles»."""
    note: str
    past: str
    """Its price history in words."""
    trick: str
    """The raise behind a discount; empty for none."""
    link: str | None
    """The shop's page of the product."""


def state_of(search: WebSearch, say: Labels) -> SearchState:
    """Return the state of a search."""
    result, ended = search.result, search.ended.is_set()
    if ended and result is not None:
        cheapest = result.cheapest.price if result.cheapest is not None else None
        books, failed = result.counts.books, len(result.failed)
    else:
        cheapest, books, failed = search.cheapest, search.books, sum(search.done.values())
    state: Literal["running", "finished", "broken"] = "running"
    if ended:
        state = "finished" if result is not None else "broken"
    return SearchState(
        id=search.id,
        query=search.query,
        state=state,
        started_at=utc_text(search.started_at),
        finished_at=None if result is None or not ended else utc_text(result.finished_at),
        pages=search.requested,
        pages_done=min(len(search.done), search.requested),
        pages_failed=failed,
        books=books,
        cheapest=cheapest,
        complete=result.complete if result is not None and ended else None,
        stopped=sanitize(result.stopped, say) if result is not None and result.stopped else None,
        recorded=result is not None and result.recorded,
        unrecorded=None if search.unrecorded is None else say.text(search.unrecorded),
        words=_in_words(search, books, cheapest, say),
    )


def _in_words(search: WebSearch, books: int, cheapest: Decimal | None, say: Labels) -> str:
    """Describe the state of a search: «4 of 20 pages · 180 books · cheapest ¥9.90»."""
    result = search.result
    if not search.ended.is_set():
        parts = [say("pages_of", done=min(len(search.done), search.requested), all=search.requested)]
    elif result is None:
        return say("state_broken")
    else:
        parts = [say("state_finished" if result.complete else "state_partial")]
    parts.append(say("bar_books", n=books))
    if cheapest is not None:
        parts.append(say("bar_cheapest", price=say.money(cheapest)))
    return " · ".join(parts)


def book_rows(books: Iterable[Book], result: SearchResult | None, say: Labels) -> list[BookRow]:
    """Return the rows of books; without a result, they have no links yet."""
    return [_row(book, result, say) for book in books]


def _row(book: Book, result: SearchResult | None, say: Labels) -> BookRow:
    listing, rated = book.listing, book.rating is not None
    raised = trick(book, say)
    return BookRow(
        rank=book.rank,
        product_id=listing.product_id,
        title=shortened(listing.title),
        authors=shortened("; ".join(filter(None, (say("comma").join(book.authors), credited(book, say))))),
        publisher=shortened(book.publisher or ""),
        published=month(book),
        price=price_of(listing),
        price_words=price(book, say),
        list_price=listing.list_price if list_price(book) else None,
        list_words=list_price(book, say),
        off=percent_off(book),
        off_words=discount(book, say),
        rating=book.rating,
        reviews=book.reviews,
        quality=book.quality if rated else None,
        value=book.value if rated else None,
        volume_price=book.price_per_volume,
        volume_words=volume_price(book, say),
        frontier=book.frontier,
        offers=len(book.offers),
        kinds=tuple(kind for kind, has in KINDS.items() if has(listing)),
        note=note(book, say, raised=False),
        past=past(book, say),
        trick=say("colon").join(raised) if raised is not None else "",
        link=None if result is None else product_link(result, listing),
    )
