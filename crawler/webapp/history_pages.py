"""The pages of recorded prices: search in them, compare books, and the history of one book."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from crawler.clean import clean, crop
from crawler.history.finding import FoundProduct, find_products, find_searches, queries_that_found
from crawler.history.reading import HistoryReader, SearchSummary
from crawler.history.view_models import SearchPast, product_view, products_past, search_view
from crawler.labels import Labels
from crawler.query import MAX_QUERY_LENGTH
from crawler.report.common.wording import UNKNOWN, day
from crawler.report.history.compare_chart import MOST_COMPARED
from crawler.report.history.html_report import compared_values, product_values
from crawler.report.history.wording import against_median, is_cheap, lowest, price_now, remarks, title_of
from crawler.webapp.context import CONTEXT
from crawler.webapp.history_api import MOST_FOUND, chosen, read_history
from crawler.webapp.language import labels_of
from crawler.webapp.pages import page
from crawler.webapp.problems import Problem

__all__ = ["routes"]

MOST_QUERIES = 100
"""The maximum number of queries in the list."""

_SHOWN = 200
"""The maximum number of characters of a title in a list."""


def routes() -> list[web.RouteDef]:
    """Return the routes of the pages."""
    return [web.get("/history", show_history), web.get("/history/books/{product}", show_book)]


async def show_history(request: web.Request) -> web.Response:
    """Show the queries and books seen before, those that fit `q`, the books of `query`, and `book` side by side.

    Without any of these, show the books of the query with the longest past.
    """
    source, say, zone = request.app[CONTEXT].source.name, labels_of(request), request.app[CONTEXT].zone
    text, query = (request.query.get(name, "").strip() for name in ("q", "query"))
    numbers = chosen(tuple(request.query.getall("book", [])))

    def read(history: HistoryReader) -> dict[str, Any]:
        searches = find_searches(history, source, text)
        found, total = find_products(history, source, text, most=MOST_FOUND)
        shown = query
        if not (text or query or numbers) and searches:
            shown = max(searches, key=lambda search: search.runs).query
        view = search_view(history, source, shown, shown, top=MOST_FOUND, zone=zone) if shown else None
        compared = products_past(history, source, numbers, zone)
        return {
            "searches": [_search_row(each, say) for each in searches[:MOST_QUERIES]],
            "searches_total": len(searches),
            "books": _of_query(view, say) if view is not None else [_book_row(each, say) for each in found],
            "books_total": view.kept if view is not None else total,
            "compared": compared_values(source, compared, say) if compared else None,
            "unknown": len(numbers) - len(compared),
            "query": clean(shown),
        }

    values = await read_history(request, read) or {
        "searches": [], "searches_total": 0, "books": [], "books_total": 0, "compared": None, "unknown": len(numbers),
        "query": query,
    }  # fmt: skip
    listed = [(name, value) for name, value in (("q", text), ("query", query)) if value]
    return page(
        request, "history_list.html", text=text, numbers=numbers, most_compared=MOST_COMPARED,
        remove=[
            (number, "/history?" + urlencode([*listed, *(("book", each) for each in numbers if each != number)]))
            for number in numbers
        ],
        **values,
    )  # fmt: skip


async def show_book(request: web.Request) -> web.Response:
    """Show the prices of one book over time."""
    context, say, number = request.app[CONTEXT], labels_of(request), request.match_info["product"]

    def read(history: HistoryReader) -> tuple[SearchPast | None, tuple[str, ...]]:
        view = product_view(history, context.source.name, number, context.zone)
        return view, queries_that_found(history, context.source.name, number) if view is not None else ()

    view, queries = await read_history(request, read) or (None, ())
    if view is None:
        raise Problem(404, "no_history")
    [product] = view.products
    past = product_values(view, product, say)
    title = past["product"]["title"]
    query = clean(queries[0]) if queries else title[:MAX_QUERY_LENGTH]
    return page(
        request,
        "history_book.html",
        past=past,
        # The names that the form for a watch uses on the page of a result, too.
        search=SimpleNamespace(query=query),
        book=SimpleNamespace(product_id=clean(product.last.product_id)),
        row=SimpleNamespace(title=title, price=product.last.available_price),
        queries=[clean(each) for each in queries],
    )


def _search_row(search: SearchSummary, say: Labels) -> dict[str, Any]:
    return {
        "query": crop(clean(search.query), _SHOWN),
        "link": "/history?" + urlencode({"query": search.query}),
        "again": "/?" + urlencode({"query": search.query}),
        "runs": f"{search.runs:,}",
        "products": f"{search.products:,}",
        "first": day(search.first_run, say),
        "last": day(search.last_run, say),
    }


def _book_row(found: FoundProduct, say: Labels) -> dict[str, Any]:
    words = say("past_sold_out") if found.sold_out else say("past_no_price_short")
    return {
        "number": clean(found.product_id),
        "title": crop(clean(found.title), _SHOWN),
        "price": words if found.available_price is None else say.money(found.available_price),
        "against": UNKNOWN,
        "cheap": False,
        "lowest": UNKNOWN,
        "last": day(found.last_at, say),
        "remarks": (),
    }


def _of_query(view: SearchPast, say: Labels) -> list[dict[str, Any]]:
    return [
        {
            "number": clean(product.last.product_id),
            "title": crop(title_of(product), _SHOWN),
            "price": price_now(product, say),
            "against": against_median(product),
            "cheap": is_cheap(view, product),
            "lowest": lowest(product, say),
            "last": day(product.last.at, say),
            "remarks": remarks(view, product, say),
        }
        for product in view.products
    ]
