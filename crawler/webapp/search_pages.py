"""The page of a search, in flight and with its result, and the page of a book."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crawler.books.book import Book
from crawler.clean import clean
from crawler.labels import Labels
from crawler.report import FORMATS
from crawler.report.search.html_view import offer_values, page_title, page_values, shortened
from crawler.report.search.wording import quality, rating, value
from crawler.results import SearchResult
from crawler.webapp.context import CONTEXT
from crawler.webapp.language import labels_of
from crawler.webapp.pages import page
from crawler.webapp.problems import Problem
from crawler.webapp.search_state import BookRow, book_rows, state_of
from crawler.webapp.searches_api import finished, in_thread, search_of
from crawler.webapp.templating import words_for

__all__ = ["routes"]

_READING = ("pages", "sellers", "category", "sort", "price_check")
"""The options that choose the pages to read. A watch of a book needs them to find it again; a filter might drop it."""

_LIVE_WORDS = (
    "page_waiting", "page_failed", "page_done", "page_again", "of_price_order", "status_words", "connection_lost",
    "server_stopped",
)  # fmt: skip
"""The texts of the script that shows a search in flight."""


def routes() -> list[web.RouteDef]:
    """Return the routes of the pages."""
    return [
        web.get("/searches/{id}", show_search),
        web.get("/searches/{id}/books/{product}", show_book),
    ]


async def show_search(request: web.Request) -> web.Response:
    """Show a search: its progress, or its result."""
    search, say = search_of(request), labels_of(request)
    state = state_of(search, say)
    if state.state == "running":
        return page(
            request,
            "searching.html",
            search=state,
            rank=search.options.get("rank", request.app[CONTEXT].settings.rank),
            words=words_for(say, *_LIVE_WORDS),
        )
    if search.result is None:
        raise Problem(404, "no_result")
    result = search.result
    values = await in_thread(request, lambda: _result_values(search.id, result, say))
    return page(request, "result.html", search=state, **values)


async def show_book(request: web.Request) -> web.Response:
    """Show a book of a result: its offers and its price over time."""
    search, say = search_of(request), labels_of(request)
    result, product = finished(search), request.match_info["product"]
    book = next((book for book in result.books if product in {each.product_id for each in book.offers}), None)
    if book is None:
        raise Problem(404, "book_unknown")
    past = await in_thread(request, lambda: _past(request, result, book, say))
    row = book_rows([book], result, say)[0]
    return page(
        request,
        "book.html",
        search=state_of(search, say),
        row=row,
        book=book,
        offers=[offer_values(result, offer, say) for offer in book.offers],
        subtitle=shortened(book.subtitle),
        shop=say.shop(result.source.shop),
        facts=_facts(book, row, say),
        past=past,
        reading={name: search.options[name] for name in _READING if name in search.options},
    )


def _facts(book: Book, row: BookRow, say: Labels) -> list[tuple[str, str]]:
    facts = [
        (say("author"), row.authors),
        (say("publisher"), row.publisher),
        (say("date"), row.published),
        (say("rating"), rating(book)),
        (say("quality"), quality(book)),
        (say("value_score"), value(book)),
        (say("remarks"), row.note),
        (say("product"), clean(book.product_id)),
    ]
    return [(label, words) for label, words in facts if words]


def _result_values(search_id: str, result: SearchResult, say: Labels) -> dict[str, Any]:
    values = page_values(result, say, lambda book: f"/searches/{search_id}/books/{book.product_id}")
    return {
        **values,
        "losses": [alarm for alarm in values["head"].alarms if alarm.details],
        "proof": dict(values["head"].facts).get(say("price_check")),
        "title": page_title(result, values["head"].answers[0], say),
        "rank": result.rank,
        "by_volume": result.rank == "per-volume",
        "formats": list(FORMATS),
        "suggestion": result.suggestion,
    }


def _past(request: web.Request, result: SearchResult, book: Book, say: Labels) -> dict[str, Any] | None:
    """Return the recorded prices of a book's cheapest offer; None if there are none."""
    from crawler.history.reading import open_history
    from crawler.history.view_models import product_view
    from crawler.report.history.html_report import product_values

    context = request.app[CONTEXT]
    history = open_history(context.history)
    if history is None:
        return None
    with history:
        view = product_view(history, result.source.name, book.product_id, context.zone)
    return None if view is None else product_values(view, view.products[0], say)
