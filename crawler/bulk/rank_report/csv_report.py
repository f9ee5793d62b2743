"""A ranking as CSV: one row per offer, the cheapest offer of the cheapest book first.

Columns are stable: new ones may follow at the end, but none is renamed. Amounts are plain numbers, and an unknown value
is an empty cell. Text is cleaned and, if a spreadsheet would interpret it as a formula, begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crawler.clean import clean
from crawler.report.common.formulas import escape_formula

if TYPE_CHECKING:
    from crawler.bulk.rank import OfferRanking
    from crawler.bulk.rank_report import RankStyle

__all__ = ["COLUMNS", "render"]

COLUMNS = (
    "ranking", "rank", "offer", "price", "currency", "compared_price", "title", "author", "isbn", "gtin", "shop",
    "availability", "url", "offers",
)  # fmt: skip
"""The header. `ranking` is the currency of the ranking, `offer` the place of the offer within its book,
`compared_price` the price in the currency of the ranking, and `offers` the number of offers of the book."""


def render(ranking: OfferRanking, style: RankStyle, top: int | None) -> Iterator[str]:
    """Yield header and rows with CRLF line ends."""
    del style
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    yield output.getvalue()
    for each in ranking.rankings:
        for book in ranking.books(each.currency, top):
            output.seek(0)
            output.truncate()
            for place, offer in enumerate(book.offers, 1):
                writer.writerow(
                    [
                        _text(each.currency), book.rank, place, f"{offer.price:f}", _text(offer.currency),
                        f"{offer.compared:f}", _text(offer.title), _text(offer.author), book.isbn, book.gtin,
                        _text(offer.shop), _text(offer.availability), _text(offer.url), book.offer_count,
                    ]
                )  # fmt: skip
            yield output.getvalue()


def _text(text: str) -> str:
    return escape_formula(clean(text))
