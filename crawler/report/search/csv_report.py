"""The CSV report: one row per book, for a spreadsheet. Excel opens it with its Chinese intact.

Columns are stable: new ones may follow at the end, but none is renamed. Amounts are plain numbers in yuan, lists are
joined by «; », and an unknown value is an empty cell. Each row states whether the search was complete or a demo, and
the address that was requested, so that rows cut out of the file still do. Text is cleaned and, if a spreadsheet would
interpret it as a formula, begins with an apostrophe.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.clean import clean
from crawler.report.common.formulas import escape_formula
from crawler.report.search.wording import contributor_in_words, translators

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.prices.price_history import PriceHistory
    from crawler.report.search import Style
    from crawler.results import SearchResult
    from parsers.model import Listing

__all__ = ["COLUMNS", "render"]

COLUMNS = (
    "rank", "product_id", "title", "subtitle", "price", "list_price", "discount", "volumes", "price_per_volume",
    "authors", "publisher", "published", "rating", "reviews", "seller", "self_operated", "ebook_price", "flags",
    "url", "image", "page", "position", "run_complete", "demo", "base_url", "quality", "value", "frontier", "offers",
    "offer_ids", "dropped", "history_since", "history_days", "lowest", "lowest_at", "median_90_days", "previous",
    "previous_at", "change", "lowest_in_days", "raised_then_cut", "raised_from", "raised_to", "raised_at",
    "translators", "contributors", "from_price",
)  # fmt: skip
"""The header. Names and meanings are those of docs/json-report.md; `run_complete` is its `complete`.

`offers` is the number of offers, `offer_ids` their product ids, cheapest first. `dropped` is the reason for which a
product was dropped: with `Style.show_dropped`, such rows follow the books, without a rank. The columns after it, up to
`raised_at`, are the JSON's `history`: `raised_then_cut` names the price that was raised, and `raised_from` is its
`before`. `contributors` lists everyone in words: «[美]斯图尔特·罗素（Stuart Russell） 著; 张博雅 译»."""


def render(result: SearchResult, style: Style) -> str:
    """Return header and rows with CRLF line ends; of `style`, only `top` and `show_dropped` apply."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    marks = [_boolean(result.complete), _boolean(result.demo), _text(result.base_url)]
    for book in result.books[: style.top]:
        writer.writerow([*_row(book), *marks, *_ranking(book), "", *_history(book.history), *_people(book)])
    if style.show_dropped:
        for reason, listing in result.dropped:
            writer.writerow(
                [
                    "",
                    *_listing(listing),
                    *marks,
                    "",
                    "",
                    "",
                    "",
                    "",
                    reason,
                    *_history(None),
                    *_people(listing),
                ]
            )
    return output.getvalue()


def _row(book: Book) -> list[str]:
    return [
        str(book.rank),
        *_cells(
            book.listing,
            price=book.price,
            discount=book.discount,
            volume_price=book.price_per_volume,
            facts=book,
            flags=book.flags,
        ),
    ]


def _listing(listing: Listing) -> list[str]:
    """Return the cells of a product that belongs to no book."""
    flags = sorted(flag.value for flag in listing.flags)
    return _cells(listing, price=listing.price, discount=None, volume_price=None, facts=listing, flags=flags)


def _cells(
    listing: Listing,
    *,
    price: Decimal | None,
    discount: Decimal | None,
    volume_price: Decimal | None,
    facts: Book | Listing,
    flags: Sequence[str],
) -> list[str]:
    """Return the cells from `product_id` to `position`; `facts` combines the facts of all offers."""
    return [
        _text(listing.product_id),
        _text(listing.title),
        _text(listing.subtitle),
        _money(price),
        _money(listing.list_price),
        _money(discount),
        _number(listing.volumes),
        _money(volume_price),
        _text("; ".join(facts.authors)),
        _text(facts.publisher),
        facts.published.isoformat() if facts.published else "",
        _number(facts.rating),
        _number(facts.reviews),
        _text(listing.seller),
        _boolean(listing.self_operated),
        _money(listing.ebook_price),
        "; ".join(flags),
        _text(listing.url),
        _text(listing.image),
        str(listing.page),
        str(listing.position),
    ]


def _ranking(book: Book) -> list[str]:
    ids = _text("; ".join(offer.product_id for offer in book.offers))
    return [_number(book.quality), _number(book.value), _boolean(book.frontier), str(len(book.offers)), ids]


def _people(facts: Book | Listing) -> list[str]:
    """Return the last cells: translators, everyone in words, and whether the price is the lowest of several."""
    return [
        _text("; ".join(translators(facts))),
        _text("; ".join(map(contributor_in_words, facts.contributors))),
        _boolean(facts.from_price),
    ]


def _history(history: PriceHistory | None) -> list[str]:
    if history is None:
        return [""] * 13
    raised = history.raised_then_cut
    return [
        _day(history.since),
        str(history.days),
        _money(history.lowest),
        _day(history.lowest_at),
        _money(history.median),
        _money(history.previous),
        _day(history.previous_at),
        _money(history.change),
        _number(history.lowest_in_days),
        *(
            ("", "", "", "")
            if raised is None
            else (raised.kind.value, _money(raised.before), _money(raised.raised_to), _day(raised.raised_at))
        ),
    ]


def _text(text: str | None) -> str:
    return escape_formula(clean(text or ""))


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"


def _number(value: float | None) -> str:
    return "" if value is None else str(value)


def _day(moment: dt.datetime | None) -> str:
    """Return a day in UTC as «2026-03-01»."""
    return "" if moment is None else f"{moment.astimezone(dt.UTC):%Y-%m-%d}"


def _boolean(value: bool | None) -> str:
    return "" if value is None else str(value).lower()
