"""Wish lists: paste one, follow the search for its books, and see what they cost."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec
from aiohttp import web

from crawler.alerts.wording import SEPARATOR
from crawler.books.offers import is_used, price_of
from crawler.clean import clean, crop
from crawler.errors import UsageError
from crawler.phrases import reason_of
from crawler.report.common.wording import sanitize
from crawler.webapp.context import CONTEXT
from crawler.webapp.endpoints import Endpoints
from crawler.webapp.language import labels_of
from crawler.webapp.problems import Problem
from crawler.webapp.state import STATE
from crawler.webapp.wishes.searching import Finding, totals_of
from crawler.webapp.wishes.store import TooManyListsError, UnknownListError, WishList, WishListStore

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.labels import Labels
    from crawler.webapp.context import WebContext
    from crawler.webapp.wishes.reading import Wish

__all__ = ["ENDPOINTS", "WISHES", "WishListView", "view_of"]

ENDPOINTS = Endpoints("wish lists")

WISHES = web.AppKey("wishes", WishListStore)
"""The wish lists of an application."""

MAX_TEXT = 2 * 1024 * 1024
"""The largest request in bytes: an export of some thousand books with reviews."""

_MOST_UNUSABLE = 20
"""How many of the lines that name no book are sent; the others are counted."""

_HEARTBEAT_SECONDS, _STALLED_SECONDS = 15.0, 60.0
"""The longest silence on a stream; and after how long a reader that takes nothing is gone."""

_TITLE_LIMIT = 200


class NewWishList(msgspec.Struct, forbid_unknown_fields=True):
    """A list to search for."""

    text: str
    """A title or an ISBN in each line, or a CSV file with its header."""
    sellers: Literal["self", "all"] = "all"
    """Only the shop's own goods, or also those of marketplace sellers."""


class WishBook(msgspec.Struct):
    """A book that was found."""

    product_id: str
    title: str
    price: Decimal | None
    price_words: str
    rating: float | None
    reviews: int | None
    note: str
    """Stars, volumes, condition and seller in words."""
    link: str | None
    """The shop's page of the product; null for a demo."""


class WishRow(msgspec.Struct):
    """A wish and its outcome."""

    place: int
    title: str
    """The title, else the ISBN."""
    author: str
    isbn: str | None
    state: Literal["waiting", "found", "similar", "sold_out", "missing", "failed"]
    words: str
    """State and match in words."""
    match: str | None
    """isbn, title_author, title or similar; null if nothing was found."""
    books: int
    """The number of books that match so well."""
    cheapest: WishBook | None
    best: WishBook | None
    query: str
    """The words that found it."""


class WishTotals(msgspec.Struct):
    """The sums over a list, in yuan."""

    wishes: int
    done: int
    found: int
    similar: int
    sold_out: int
    missing: int
    failed: int
    cheapest: Decimal
    """The cheapest book for each wish that was found for sure."""
    best: Decimal
    """The best book for each of these; the cheapest where none is rated."""
    similar_cheapest: Decimal
    """The cheapest similar book for each of the others."""
    words: str
    cheapest_words: str
    best_words: str


class WishListView(msgspec.Struct):
    """A wish list with what was found so far."""

    id: str
    state: Literal["running", "finished", "cancelled", "broken"]
    started_at: dt.datetime
    wishes: list[WishRow]
    totals: WishTotals
    duplicates: int
    """The number of lines that repeat a wish."""
    other_shelves: int
    """The number of rows of an export that are on other shelves."""
    beyond: int
    """The number of wishes above the limit, which are left out."""
    unusable: list[str]
    """Lines that name no book, at most 20."""
    unusable_total: int
    unrecorded: str
    """Why prices are not in the history although they should be; '' if nothing went wrong."""


class WishEvent(msgspec.Struct):
    """An outcome as it comes; or the end of the list, without a row."""

    row: WishRow | None
    totals: WishTotals
    state: Literal["running", "finished", "cancelled", "broken"]


class WishCursor(msgspec.Struct):
    """The number of the last event that the reader has."""

    after: int = 0


@ENDPOINTS("POST", "/api/v1/wishlists", status=201, problems=(429,), max_body=MAX_TEXT)
async def create_wish_list(request: web.Request, body: NewWishList) -> WishListView:
    """Read a wish list and begin to search for its books."""
    with _as_problems(request):
        wishes = await request.app[WISHES].start(body.text, body.sellers)
    return view_of(wishes, labels_of(request), request.app[CONTEXT])


@ENDPOINTS("GET", "/api/v1/wishlists/{id}", problems=(404,))
async def show_wish_list(request: web.Request) -> WishListView:
    """Show a wish list with what was found so far."""
    return view_of(_list_of(request), labels_of(request), request.app[CONTEXT])


@ENDPOINTS("DELETE", "/api/v1/wishlists/{id}", problems=(404,))
async def cancel_wish_list(request: web.Request) -> WishListView:
    """Stop the search for a list; what was found stays."""
    with _as_problems(request):
        wishes = await request.app[WISHES].cancel(request.match_info["id"])
    return view_of(wishes, labels_of(request), request.app[CONTEXT])


@ENDPOINTS(
    "GET",
    "/api/v1/wishlists/{id}/events",
    media_type="text/event-stream",
    answer=WishEvent,
    problems=(404,),
    empty=(204,),
)
async def follow_wish_list(request: web.Request, query: WishCursor) -> web.StreamResponse:
    """Follow a wish list: server-sent events whose data is JSON, until its end.

    Each event has its number as id. The header Last-Event-ID, or `after`, continues after an event.
    """
    wishes = _list_of(request)
    last = request.headers.get("Last-Event-ID", "")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) <= 16 else max(query.after, 0)
    if wishes.state != "running" and after > len(wishes.findings):
        return web.Response(status=204)  # tells a browser not to connect again
    with request.app[STATE].streams.counted():
        return await _follow(request, wishes, after)


async def _follow(request: web.Request, wishes: WishList, after: int) -> web.StreamResponse:
    """Send the outcomes numbered above `after` as events, and a last one at the end of the list."""
    say, context = labels_of(request), request.app[CONTEXT]
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    # A reader that has gone, or takes nothing any more, needs no answer.
    with contextlib.suppress(ConnectionError, TimeoutError):
        await _send_outcomes(response, wishes, after, say, context)
    return response


async def _send_outcomes(
    response: web.StreamResponse, wishes: WishList, after: int, say: Labels, context: WebContext
) -> None:
    reader = wishes.follow(min(after, len(wishes.findings)))
    while True:
        # The heartbeat does not interrupt the reader, which would lose an outcome.
        step = asyncio.ensure_future(anext(reader, None))
        try:
            while not (await asyncio.wait([step], timeout=_HEARTBEAT_SECONDS))[0]:
                await _write(response, ": still searching\n\n")
            outcome = step.result()
        finally:
            step.cancel()
        row, number = None, len(wishes.findings) + 1
        if outcome is not None:
            number, place, finding = outcome
            row = _row(place, finding.wish, finding, say, context)
        event = WishEvent(row, _totals(wishes, say), wishes.state if outcome is None else "running")
        await _write(response, f"id: {number}\ndata: {msgspec.json.encode(event).decode()}\n\n")
        if outcome is None:
            return


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(_STALLED_SECONDS):
        await response.write(text.encode())


def view_of(wishes: WishList, say: Labels, context: WebContext) -> WishListView:
    """Return a wish list in the language of `say`."""
    reading = wishes.reading
    return WishListView(
        id=wishes.id,
        state=wishes.state,
        started_at=wishes.started_at,
        wishes=[
            _row(place, wish, wishes.findings.get(place), say, context)
            for place, wish in enumerate(reading.wishes)
        ],
        totals=_totals(wishes, say),
        duplicates=reading.duplicates,
        other_shelves=reading.other_shelves,
        beyond=reading.beyond,
        unusable=list(reading.unusable[:_MOST_UNUSABLE]),
        unusable_total=len(reading.unusable),
        unrecorded=clean(say.text(wishes.unrecorded)),
    )


def _row(place: int, wish: Wish, finding: Finding | None, say: Labels, context: WebContext) -> WishRow:
    state = _state(finding)
    words = say(f"wish_{state}")
    if finding is not None and finding.match is not None and state == "found":
        words = say(f"wish_match_{finding.match.value}")
    if state == "failed" and finding is not None and finding.problem:
        words = say("answer", label=words, words=sanitize(finding.problem, say))
    return WishRow(
        place=place,
        title=wish.words,
        author=wish.author,
        isbn=wish.isbn,
        state=state,
        words=words,
        match=None if finding is None or finding.match is None else finding.match.value,
        books=0 if finding is None else finding.books,
        cheapest=None if finding is None else _book(finding.cheapest, say, context),
        best=None if finding is None else _book(finding.best, say, context),
        query="" if finding is None else finding.query,
    )


def _state(
    finding: Finding | None,
) -> Literal["waiting", "found", "similar", "sold_out", "missing", "failed"]:
    if finding is None:
        return "waiting"
    if finding.cheapest is not None:
        return "found" if finding.is_sure else "similar"
    if finding.sold_out:
        return "sold_out"
    return "failed" if finding.problem else "missing"


def _book(book: Book | None, say: Labels, context: WebContext) -> WishBook | None:
    if book is None:
        return None
    amount = price_of(book.listing)
    return WishBook(
        product_id=clean(book.product_id),
        title=crop(clean(book.title), _TITLE_LIMIT),
        price=amount,
        price_words="" if amount is None else say.money(amount),
        rating=book.rating,
        reviews=book.reviews,
        note=SEPARATOR.join(_notes(book, say)),
        link=book.url if context.source.is_live else None,
    )


def _notes(book: Book, say: Labels) -> Iterator[str]:
    """Yield what a buyer must know of a book besides its price."""
    if book.rating is None:
        yield say("wish_no_rating")
    else:
        yield say("wish_reviews", rating=f"{book.rating:g}", n=f"{book.reviews or 0:,}")
    if book.volumes is not None and book.volumes > 1:
        yield say("wish_volumes", n=book.volumes)
    if is_used(book.listing):
        yield say("wish_used")
    if book.from_price:
        yield say("from_price_note")
    if book.seller:
        yield crop(clean(book.seller), _TITLE_LIMIT)


def _totals(wishes: WishList, say: Labels) -> WishTotals:
    totals = totals_of(list(wishes.findings.values()))
    count, done = len(wishes.reading.wishes), len(wishes.findings)
    parts = [
        say("wish_total_found", n=totals.found, all=count),
        *(
            say(f"wish_total_{name}", n=number)
            for name, number in (
                ("similar", totals.similar), ("sold_out", totals.sold_out), ("missing", totals.missing),
                ("failed", totals.failed), ("waiting", count - done),
            )
            if number
        ),
    ]  # fmt: skip
    return WishTotals(
        wishes=count,
        done=done,
        found=totals.found,
        similar=totals.similar,
        sold_out=totals.sold_out,
        missing=totals.missing,
        failed=totals.failed,
        cheapest=totals.cheapest,
        best=totals.best,
        similar_cheapest=totals.similar_cheapest,
        words=say("comma").join(parts),
        cheapest_words=say.money(totals.cheapest),
        best_words=say.money(totals.best),
    )


def _list_of(request: web.Request) -> WishList:
    with _as_problems(request):
        return request.app[WISHES].get(request.match_info["id"])


@contextlib.contextmanager
def _as_problems(request: web.Request) -> Iterator[None]:
    say = labels_of(request)
    try:
        yield
    except UnknownListError as error:
        raise Problem(404, "wish_list_unknown", why=say.text(reason_of(error))) from error
    except TooManyListsError as error:
        why = say.text(reason_of(error))
        raise Problem(429, "wish_lists_busy", headers={"Retry-After": "30"}, why=why) from error
    except UsageError as error:
        raise Problem(422, "wish_list_refused", why=clean(say.text(reason_of(error)))) from error
