"""Searches: start, list, follow, cancel, and their results as JSON and files."""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from crawler.books.offers import price_of
from crawler.labels import Labels
from crawler.report import FORMATS
from crawler.report.common.script_folding import folding
from crawler.report.search.html_view import shortened
from crawler.report.search.json_report import book_as_dict
from crawler.report.search.wording import product_link
from crawler.results import SearchResult
from crawler.settings import Reason
from crawler.webapp.endpoints import Endpoints, json_response
from crawler.webapp.language import labels_of
from crawler.webapp.problems import Problem
from crawler.webapp.search_events import ProgressEvent
from crawler.webapp.search_state import BookRow, SearchState, book_rows, state_of
from crawler.webapp.searches import WebSearch
from crawler.webapp.state import STATE

__all__ = ["ENDPOINTS", "NewSearch", "finished", "in_thread", "search_of"]

ENDPOINTS = Endpoints("searches")

MEDIA_TYPES = {
    "table": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Media types by format; a test compares them with `crawler.report.FORMATS`."""

_LIST_LIMIT = 500
"""From this number of books on, a thread makes the rows: they take 10 µs each."""

T = TypeVar("T")

Amount = Annotated[Decimal, Meta(description="an amount of yuan")] | None | UnsetType


class NewSearch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A search to start; what it omits is as configured. The fields are those of `crawler.settings.SearchSettings`."""

    query: Annotated[str, Meta(min_length=1, max_length=500)]
    pages: Annotated[int, Meta(ge=1, le=100)] | UnsetType = UNSET
    price_check: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    """Pages to read in price order, to prove which book is cheapest."""
    sellers: Literal["self", "all"] | UnsetType = UNSET
    category: Literal["books", "all"] | UnsetType = UNSET
    sort: Literal["default", "sales", "rating", "newest", "price"] | UnsetType = UNSET
    min_price: Amount = UNSET
    max_price: Amount = UNSET
    rank: Literal["cheapest", "best", "value", "per-volume"] | UnsetType = UNSET
    keep: tuple[Reason, ...] | UnsetType = UNSET
    condition: Literal["any", "new", "used"] | UnsetType = UNSET
    max_volume_price: Amount = UNSET
    publisher: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET
    author: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET
    since: Annotated[int, Meta(ge=1900, le=2100)] | UnsetType | None = UNSET
    min_reviews: Annotated[int, Meta(ge=0, le=1000000000)] | UnsetType | None = UNSET
    max_seconds: Annotated[float, Meta(gt=0, le=86400)] | UnsetType | None = UNSET

    def options(self) -> dict[str, Any]:
        """Return the options that were given, as `Crawler.start` takes them."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if name != "query"}
        return {name: value for name, value in given.items() if value is not UNSET}


class SearchList(msgspec.Struct):
    """The searches in memory, the newest first."""

    searches: list[SearchState]


class Books(msgspec.Struct):
    """The books of a search, by its ranking."""

    final: bool
    """False while the search runs: the books on the pages read so far."""
    columns: tuple[str, ...]
    """The names of the values of a row."""
    fold: str
    """Pairs of characters, a Traditional one and the Simplified one by which to search for both."""
    rows: list[BookRow]


class Dropped(msgspec.Struct):
    """A product that is not in the list."""

    reason: str
    """One of the reasons of the JSON report."""
    words: str
    """The reason in words."""
    product_id: str
    title: str
    price: Decimal | None
    page: int
    link: str | None


class DroppedList(msgspec.Struct):
    """The products that a search dropped, in page order."""

    dropped: list[Dropped]


class EventCursor(msgspec.Struct):
    """Where a stream begins."""

    after: Annotated[int, Meta(ge=0, le=2**53)] = 0
    """The number of the last event that the reader has; the header Last-Event-ID takes precedence."""


@ENDPOINTS("GET", "/api/v1/searches")
async def list_searches(request: web.Request) -> SearchList:
    """List the running and the finished searches in memory."""
    say = labels_of(request)
    return SearchList([state_of(search, say) for search in request.app[STATE].searches])


@ENDPOINTS("POST", "/api/v1/searches", status=202, problems=(429, 503))
async def start_search(request: web.Request, body: NewSearch) -> SearchState:
    """Start a search.

    It runs on whether or not anyone follows it. The shop's limits are shared by all searches.
    """
    search = await request.app[STATE].searches.start(body.query, body.options())
    return state_of(search, labels_of(request))


@ENDPOINTS("GET", "/api/v1/searches/{id}", problems=(404,))
async def show_search(request: web.Request) -> SearchState:
    """Return the state of a search."""
    return state_of(search_of(request), labels_of(request))


@ENDPOINTS("DELETE", "/api/v1/searches/{id}", status=202, problems=(404,))
async def cancel_search(request: web.Request) -> SearchState:
    """Cancel a search: it sends no more requests, and ends with the pages that it has.

    A search that has ended stays as it is.
    """
    search = search_of(request)
    request.app[STATE].searches.cancel(search)
    return state_of(search, labels_of(request))


@ENDPOINTS(
    "GET",
    "/api/v1/searches/{id}/events",
    media_type="text/event-stream",
    answer=ProgressEvent,
    problems=(404, 503),
    empty=(204,),
)
async def follow_search(request: web.Request, query: EventCursor) -> web.StreamResponse:
    """Follow a search: server-sent events whose data is JSON, until the event «finished».

    Each event has its number as id. The header Last-Event-ID, or `after`, continues after an event. A reader that
    already has the last event gets 204.
    """
    after = query.after
    last = request.headers.get("Last-Event-ID", "")
    if last.isascii() and last.isdecimal() and len(last) <= 16:
        after = int(last)
    state = request.app[STATE]
    return await state.streams.send(request, search_of(request), after, labels_of(request))


@ENDPOINTS("GET", "/api/v1/searches/{id}/books", answer=Books, problems=(404,))
async def list_books(request: web.Request) -> web.Response:
    """List the books of a search: all of them, or those on the pages read so far."""
    search, say = search_of(request), labels_of(request)
    if not search.ended.is_set() and (preview := await search.preview()) is not None:
        return await _books_response(request, preview.books, None, say)
    await search.ended.wait()
    result = search.result
    return await _books_response(request, result.books if result is not None else (), result, say, final=True)


@ENDPOINTS("GET", "/api/v1/searches/{id}/books/{product}", answer=dict[str, Any], problems=(404, 409))
async def show_book(request: web.Request) -> web.Response:
    """Return everything about a book: its offers and its price history, with the keys of the JSON report.

    Amounts are strings.
    """
    result, product = finished(search_of(request)), request.match_info["product"]
    book = next((book for book in result.books if product in {each.product_id for each in book.offers}), None)
    if book is None:
        raise Problem(404, "book_unknown")
    return json_response(book_as_dict(book))


@ENDPOINTS("GET", "/api/v1/searches/{id}/dropped", problems=(404, 409))
async def list_dropped(request: web.Request) -> DroppedList:
    """List the products that a search found but left out of the list, and why."""
    result, say = finished(search_of(request)), labels_of(request)
    return await in_thread(request, functools.partial(_dropped, result, say))


@ENDPOINTS(
    "GET",
    "/api/v1/searches/{id}/files/{format}",
    media_type="application/octet-stream",
    answer=bytes,
    problems=(404, 409),
)
async def download_report(request: web.Request) -> web.Response:
    """Download the report of a search in a format of the command line: table, md, csv, json, html, xlsx."""
    search, form, say = search_of(request), request.match_info["format"], labels_of(request)
    if form not in FORMATS:
        raise Problem(404, "format_unknown", formats=", ".join(FORMATS))
    result, described = finished(search), FORMATS[form]
    render = functools.partial(result.render, form, lang=say.language, show_dropped=True)
    report: str | bytes = await in_thread(request, render)
    body = report if isinstance(report, bytes) else report.encode(described.encoding)
    return web.Response(
        body=body,
        content_type=MEDIA_TYPES[form],
        charset=None if isinstance(report, bytes) else "utf-8",
        headers={
            # Nothing that a visitor typed is in the name.
            "Content-Disposition": f'attachment; filename="search-{search.id}{described.suffixes[0]}"',
        },
    )


def search_of(request: web.Request) -> WebSearch:
    """Return the search that the path names. Raises Problem if it is not in memory."""
    return request.app[STATE].searches.get(request.match_info["id"])


def finished(search: WebSearch) -> SearchResult:
    """Return the result of a search. Raises Problem while it runs, or if it broke."""
    if not search.ended.is_set():
        raise Problem(409, "still_running")
    if search.result is None:
        raise Problem(404, "no_result")
    return search.result


async def in_thread(request: web.Request, compute: Callable[[], T]) -> T:
    """Return the result of a long computation without holding up the event loop; one runs at a time."""
    return await request.app[STATE].in_thread(compute)


async def _books_response(
    request: web.Request,
    books: tuple[Any, ...],
    result: SearchResult | None,
    say: Labels,
    *,
    final: bool = False,
) -> web.Response:
    def encoded() -> web.Response:
        rows = book_rows(books, result, say)
        fold = folding(text for row in rows for text in (row.title, row.authors, row.publisher))
        return json_response(Books(final, BookRow.__struct_fields__, fold, rows))

    if len(books) < _LIST_LIMIT:
        return encoded()
    response = await in_thread(request, encoded)
    response.enable_compression()
    return response


def _dropped(result: SearchResult, say: Labels) -> DroppedList:
    return DroppedList(
        [
            Dropped(
                reason, say.reason(reason), listing.product_id, shortened(listing.title), price_of(listing),
                listing.page, product_link(result, listing),
            )
            for reason, listing in result.dropped
        ]
    )  # fmt: skip
