"""The HTML report: one self-contained file, readable on a desktop, on a phone, in dark mode and without a script.

jinja2 escapes text from a shop, after `clean`; links lead to the shop's own product pages or to rows of this page. The
page makes no network requests, and its policy would block them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crawler.books.offers import price_of
from crawler.clean import clean
from crawler.report.search.files import mark_query
from crawler.report.search.head import tail_of
from crawler.report.search.history_wording import past
from crawler.report.search.html_view import (
    KINDS,
    kinds_in,
    offer_values,
    page_title,
    page_values,
    shortened,
    trick,
)
from crawler.report.search.wording import (
    FRONTIER,
    credited,
    discount,
    list_price,
    month,
    note,
    percent_off,
    price,
    product_link,
    quality,
    rating,
    value,
    volume_price,
)

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.labels import Labels
    from crawler.report.search import Style
    from crawler.results import SearchResult

__all__ = ["render"]

_COLUMNS = (
    # label, kind: text, number, or number to sort in descending order first
    ("rank", "n"), ("frontier_column", "h"), ("price", "n"), ("list_price", "n"), ("off", "h"), ("title", "t"),
    ("author", "t"), ("publisher", "t"), ("date", "h"), ("rating", "h"), ("quality", "h"), ("value_score", "h"),
)  # fmt: skip

_LABELLED = ("quality", "value_score", "volume_price")
"""Columns whose cells carry their label on a phone, where the table has no header."""


def render(result: SearchResult, style: Style) -> str:
    """Return the page; of `style`, only `top` and `lang` apply. It always lists dropped products."""
    from crawler.report.common.script_folding import folding
    from crawler.report.search.html_page import SCRIPT, STYLE, TEMPLATE, policy

    say = style.labels(result)
    shown = result.books[: style.top]
    by_volume = result.rank == "per-volume"
    words = _style_of_words(say)
    rows = [_row(result, book, say, by_volume=by_volume) for book in shown]
    values = page_values(result, say, lambda book: _target(result, book, len(shown)))
    return TEMPLATE.render(
        values,
        say=say,
        lang=say.language,
        policy=policy(STYLE, words, script=SCRIPT),
        style=STYLE,
        words=words,
        script=SCRIPT,
        mark=_markup(mark_query(result.query, result.marked_source)),
        title=page_title(result, values["head"].answers[0], say),
        query=clean(result.query),
        columns=(*_COLUMNS, *([("volume_price", "n")] if by_volume else [])),
        rank=result.rank,
        by_volume=by_volume,
        rows=rows,
        fold=folding(_texts(rows)),
        kinds=kinds_in(shown),
        tail=tail_of(result, style.top, say),
    )


def _texts(value: object) -> Iterator[str]:
    """Yield every text in the rows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _texts(part)


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 – only for text that is markup by construction


def _style_of_words(say: Labels) -> Any:
    """Return the style rules with the labels of cells in the report's language, so that cells need not carry them."""
    rules = "".join(f'--{name.replace("_", "-")}:"{say(name)} ";' for name in _LABELLED)
    return _markup(f":root{{{rules}}}")


def _target(result: SearchResult, book: Book, listed: int) -> str | None:
    """Return the link target of a book's name: its product page or, without one, its row in the list."""
    link = product_link(result, book.listing)
    return link or (f"#b{book.rank}" if book.rank <= listed else None)


def _row(result: SearchResult, book: Book, say: Labels, *, by_volume: bool) -> tuple[Any, ...]:
    """Return a row as plain values, in the template's order; the first two are the rank and the numbers to sort by."""
    listing, special, offers = book.listing, note(book, say, raised=False), None
    if len(book.offers) > 1:
        # The last part of the note becomes the summary that unfolds the offers.
        dearest = price_of(book.offers[-1])
        if dearest is None:
            summary = say("offers_count")
        else:
            summary = say("offers", n=len(book.offers), price=say.money(dearest))
            special = special.removesuffix(summary).removesuffix(" · ")
        offers = (summary, [offer_values(result, offer, say) for offer in book.offers])
    return (
        book.rank,
        _numbers(book, by_volume=by_volume),
        FRONTIER if book.frontier else "",
        price(book, say),
        list_price(book, say),
        discount(book, say),
        shortened(listing.title),
        product_link(result, listing),
        special,
        offers,
        shortened("; ".join(filter(None, (say("comma").join(book.authors), credited(book, say))))),
        shortened(book.publisher or ""),
        month(book),
        rating(book),
        quality(book, result.rank),
        value(book),
        volume_price(book, say) if by_volume else "",
        past(book, say),
        trick(book, say),
        " ".join(kind for kind, has in KINDS.items() if has(listing)),
    )


def _numbers(book: Book, *, by_volume: bool) -> str:
    """Return the numbers by which the script sorts, one for each column that is not text; '' for an unknown number."""
    listed = book.listing.list_price if list_price(book) else None
    rated = book.rating is not None
    numbers: list[object] = [
        book.price,
        listed,
        percent_off(book) or "",
        f"{book.published:%Y%m%d}" if book.published else "",
        book.rating,
        book.quality if rated else None,
        book.value if rated else None,
    ]
    if by_volume:
        numbers.append(book.price_per_volume)
    return ",".join("" if number is None else str(number) for number in numbers)
