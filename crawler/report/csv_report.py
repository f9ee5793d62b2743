"""The CSV report: a row a book, for a spreadsheet. Opens in Excel with its Chinese intact.

Columns are stable: some may be added at the end, none is renamed. Amounts are plain numbers in yuan, lists are
joined by «; », what is unknown is an empty cell. Each row says whether the search was whole, whether it was a demo and
where it was asked, so that rows cut out of the file still do. Text is cleaned and, where a spreadsheet would take it
for a formula, begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.report.clean import clean

if TYPE_CHECKING:
    from crawler.results import Book, SearchResult

__all__ = ["COLUMNS", "defuse", "render"]

COLUMNS = (
    "rank", "product_id", "title", "subtitle", "price", "list_price", "discount", "volumes", "price_per_volume",
    "authors", "publisher", "published", "rating", "reviews", "seller", "self_operated", "ebook_price", "flags",
    "url", "image", "page", "position", "run_complete", "demo", "base_url",
)  # fmt: skip
"""The header; names and meanings are those of docs/json-report.md, `run_complete` is its `complete`."""

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Openings that spreadsheets take for a formula, full-width ones in an East Asian Excel (OWASP, «CSV Injection»)."""


def render(result: SearchResult, *, top: int | None = None) -> str:
    """Return header and rows with CRLF line ends; `top` is how many books there are, None for all."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    marks = [_boolean(result.complete), _boolean(result.demo), _text(result.base_url)]
    for book in result.books[:top]:
        writer.writerow([*_row(book), *marks])
    return output.getvalue()


def defuse(text: str) -> str:
    """Return `text` so that no spreadsheet runs it: an apostrophe goes before what would open a formula."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def _row(book: Book) -> list[str]:
    listing = book.listing
    return [
        str(book.rank),
        _text(listing.product_id),
        _text(listing.title),
        _text(listing.subtitle),
        _money(book.price),
        _money(listing.list_price),
        _money(book.discount),
        _number(listing.volumes),
        _money(book.price_per_volume),
        _text("; ".join(listing.authors)),
        _text(listing.publisher),
        listing.published.isoformat() if listing.published else "",
        _number(listing.rating),
        _number(listing.reviews),
        _text(listing.seller),
        _boolean(listing.self_operated),
        _money(listing.ebook_price),
        "; ".join(sorted(flag.value for flag in listing.flags)),
        _text(listing.url),
        _text(listing.image),
        str(listing.page),
        str(listing.position),
    ]


def _text(text: str | None) -> str:
    return defuse(clean(text or ""))


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"


def _number(value: float | None) -> str:
    return "" if value is None else str(value)


def _boolean(value: bool | None) -> str:
    return "" if value is None else str(value).lower()
