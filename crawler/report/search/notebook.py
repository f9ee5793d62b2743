"""Show a result in a notebook: the answers and the first books, as a piece of HTML without script.

It becomes part of somebody else's page, so its style applies only to its own class, and it loads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.clean import clean, crop
from crawler.labels import labels_for
from crawler.report.common.pages import asset, template
from crawler.report.search.head import head_of
from crawler.report.search.history_wording import past
from crawler.report.search.wording import (
    FRONTIER,
    discount,
    list_price,
    month,
    note,
    price,
    product_link,
    rating,
)

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.labels import Labels
    from crawler.results import SearchResult

__all__ = ["MOST_BOOKS", "render"]

MOST_BOOKS = 20
"""The maximum number of books in the table; a notebook stores its output in its file."""

TITLE_LIMIT = 100
"""The maximum number of characters of a title or a name."""

_COLUMNS = (
    "rank", "frontier_column", "price", "list_price", "off", "title", "author", "publisher", "date", "rating",
)  # fmt: skip
_WORDS = frozenset({"title", "author", "publisher"})
"""Columns of text; the others are numbers, which are never wrapped."""


def render(result: SearchResult) -> str:
    """Return the piece of HTML, in the language of the query."""
    say = labels_for("auto", result.query, currency=result.source.shop.currency)
    head = head_of(result, say)
    return template("notebook.html").render(
        lang=say.language,
        style=asset("notebook.css"),
        query=crop(clean(result.query), TITLE_LIMIT),
        head=head,
        columns=[
            (FRONTIER if name == "frontier_column" else say(name), name not in _WORDS) for name in _COLUMNS
        ],
        rows=[_row(result, book, say) for book in result.books[:MOST_BOOKS]],
        rest=say("more_books", n=len(result.books) - MOST_BOOKS) if len(result.books) > MOST_BOOKS else "",
    )


def _row(result: SearchResult, book: Book, say: Labels) -> dict[str, object]:
    return {
        "title": crop(clean(book.title), TITLE_LIMIT),
        "link": product_link(result, book.listing),
        "notes": list(filter(None, (note(book, say), past(book, say)))),
        "before": (
            book.rank,
            FRONTIER if book.frontier else "",
            price(book),
            list_price(book, say),
            discount(book, say),
        ),
        "after": (
            crop(clean(say("comma").join(book.authors)), TITLE_LIMIT),
            crop(clean(book.publisher or ""), TITLE_LIMIT),
        ),
        "last": (month(book), rating(book)),
    }
