"""The recorded prices: queries and books seen before, and their prices over time."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec
from aiohttp import web

from crawler.clean import clean
from crawler.history.finding import find_products, find_searches
from crawler.history.reading import HistoryReader, open_history
from crawler.history.view_models import product_view, products_past
from crawler.report.history.compare_chart import MOST_COMPARED
from crawler.report.history.html_report import compared_values
from crawler.report.history.standalone import standalone_svg
from crawler.webapp.context import CONTEXT
from crawler.webapp.endpoints import Endpoints
from crawler.webapp.language import labels_of
from crawler.webapp.problems import Problem

__all__ = ["ENDPOINTS", "MOST_FOUND", "read_history"]

ENDPOINTS = Endpoints("history")

MOST_FOUND = 50
"""The maximum number of books in the answer to a search."""

_LONGEST_TITLE = 300

T = TypeVar("T")


class QueryText(msgspec.Struct):
    """The words to find."""

    q: str = ""


class ComparedBooks(msgspec.Struct):
    """The product numbers of the books in a chart."""

    book: tuple[str, ...] = ()


class RecordedQuery(msgspec.Struct):
    """A query that was searched before."""

    query: str
    runs: int
    products: int
    """The number of different products that it has found."""
    observations: int
    first_run: dt.datetime
    last_run: dt.datetime


class RecordedQueries(msgspec.Struct):
    """Queries, the latest run first."""

    queries: list[RecordedQuery]


class RecordedBook(msgspec.Struct):
    """A book as it was seen last."""

    product_id: str
    title: str
    observations: int
    last_at: dt.datetime
    price: Decimal | None
    """Null without a price, and if it was sold out."""
    sold_out: bool


class RecordedBooks(msgspec.Struct):
    """The books found, at most 50."""

    books: list[RecordedBook]
    total: int
    """The number of books that fit."""


class PriceSpan(msgspec.Struct):
    """A time in which a price stayed the same."""

    since: dt.datetime
    until: dt.datetime
    price: Decimal | None
    list_price: Decimal | None
    sold_out: bool
    observations: int
    after_gap: bool
    """True if nothing was observed for a long time before."""


class BookHistory(msgspec.Struct):
    """The prices of a book over time."""

    product_id: str
    title: str
    price: Decimal | None
    """The last price; null if it could not be bought."""
    last_at: dt.datetime
    lowest: Decimal | None
    lowest_at: dt.datetime | None
    median: Decimal | None
    """The median of the last 90 days with a price."""
    days: int
    """The number of days with a price."""
    raised_then_cut: bool
    observations: int
    periods: list[PriceSpan]
    """Oldest first."""


@ENDPOINTS("GET", "/api/v1/history/queries", problems=(503,))
async def history_queries(request: web.Request, query: QueryText) -> RecordedQueries:
    """List the queries that were searched before, or those with all words of `q`."""
    source = request.app[CONTEXT].source.name
    found = await read_history(request, lambda history: find_searches(history, source, query.q))
    return RecordedQueries(
        [
            RecordedQuery(
                clean(each.query), each.runs, each.products, each.observations, each.first_run, each.last_run
            )
            for each in found or ()
        ]
    )


@ENDPOINTS("GET", "/api/v1/history/books", problems=(503,))
async def history_books(request: web.Request, query: QueryText) -> RecordedBooks:
    """Find books that were seen before, by words of the title or by product number."""
    source = request.app[CONTEXT].source.name
    found, total = await read_history(
        request, lambda history: find_products(history, source, query.q, most=MOST_FOUND)
    ) or ((), 0)
    return RecordedBooks(
        [
            RecordedBook(
                clean(each.product_id), _title(each.title), each.observations, each.last_at, each.available_price,
                each.sold_out,
            )
            for each in found
        ],
        total,
    )  # fmt: skip


@ENDPOINTS("GET", "/api/v1/history/books/{product}", problems=(404, 503))
async def history_book(request: web.Request) -> BookHistory:
    """Return the prices of a book over time."""
    context, number = request.app[CONTEXT], request.match_info["product"]
    view = await read_history(
        request, lambda history: product_view(history, context.source.name, number, context.zone)
    )
    if view is None:
        raise Problem(404, "no_history")
    [product] = view.products
    past = product.history
    return BookHistory(
        product_id=clean(product.last.product_id),
        title=_title(product.last.title),
        price=product.last.available_price,
        last_at=product.last.at,
        lowest=past.lowest,
        lowest_at=past.lowest_at,
        median=past.median,
        days=past.days,
        raised_then_cut=past.raised_then_cut is not None,
        observations=product.observations,
        periods=[
            PriceSpan(
                each.since, each.until, each.price, each.list_price, each.sold_out, each.observations, each.after_gap
            )
            for each in product.periods
        ],
    )  # fmt: skip


@ENDPOINTS("GET", "/api/v1/history/chart", media_type="image/svg+xml", problems=(404, 503))
async def history_chart(request: web.Request, query: ComparedBooks) -> web.Response:
    """Draw the prices of up to six books over time, in one chart."""
    numbers, context, say = chosen(query.book), request.app[CONTEXT], labels_of(request)

    def draw(history: HistoryReader) -> str | None:
        products = products_past(history, context.source.name, numbers, context.zone)
        svg = compared_values(context.source.name, products, say)["svg"] if products else None
        return None if svg is None else standalone_svg(svg)

    drawn = await read_history(request, draw)
    if drawn is None:
        raise Problem(404, "no_history")
    return web.Response(text=drawn, content_type="image/svg+xml", charset="utf-8")


def chosen(numbers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the books to compare, each once. Raises Problem for more than a chart can show."""
    distinct = tuple(dict.fromkeys(numbers))
    if len(distinct) > MOST_COMPARED:
        raise Problem(422, "too_many_compared", n=MOST_COMPARED)
    return distinct


async def read_history(request: web.Request, read: Callable[[HistoryReader], T]) -> T | None:
    """Read from the history in a thread, by `read`; return None if there is no history yet."""
    path = request.app[CONTEXT].history

    def work() -> T | None:
        history = open_history(path)
        if history is None:
            return None
        with history:
            return read(history)

    return await asyncio.to_thread(work)


def _title(title: str) -> str:
    return clean(title)[:_LONGEST_TITLE]
