"""A ranking as JSON: counts, rates, and the rankings with their books; one book per line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crawler.json_text import escape_controls

if TYPE_CHECKING:
    from crawler.bulk.rank import OfferRanking, RankedBook
    from crawler.bulk.rank_report import RankStyle

__all__ = ["render"]


def render(ranking: OfferRanking, style: RankStyle, top: int | None) -> Iterator[str]:
    """Yield the pieces of one JSON object; amounts keep the digits of the pages."""
    import msgspec

    encoder = msgspec.json.Encoder(decimal_format="number")

    def encoded(value: object) -> str:
        return escape_controls(encoder.encode(value)).decode()

    del style
    rates = ranking.rates
    head = {
        "folder": str(ranking.place).encode("utf-8", "replace").decode(),
        "demo": ranking.demo,
        "counts": _counts(ranking),
        "compared_in": None if rates is None else rates.currency,
        "rates": None if rates is None else {code: rates.factor(code) for code in sorted(rates.values)},
    }
    yield f"{encoded(head)[:-1]},\n"
    yield '"rankings": ['
    for number, each in enumerate(ranking.rankings):
        sizes = {
            "currency": each.currency, "books_total": each.books, "offers_total": each.offers, "shops": each.shops,
        }  # fmt: skip
        yield f'{"," if number else ""}\n{encoded(sizes)[:-1]}, "books": ['
        for place, book in enumerate(ranking.books(each.currency, top)):
            yield f"{',' if place else ''}\n{encoded(_book(book))}"
        yield "\n]}"
    yield "\n]}\n"


def _counts(ranking: OfferRanking) -> dict[str, Any]:
    counts = ranking.counts
    return {
        "pages": counts.pages,
        "listings": counts.listings,
        "offers": sum(each.offers for each in ranking.rankings),
        "repeated": ranking.repeated,
        "sold_out": counts.sold_out,
        "without_price": counts.without_price,
        "unreadable_price": counts.unreadable_price,
        "without_currency": counts.without_currency,
        "other_currency": dict(counts.other_currency),
        "without_rate": dict(counts.without_rate),
        "failed": dict(counts.failed),
        "damaged_lines": counts.damaged,
        "first_damaged_line": counts.first_damaged or None,
        "incomplete_files": counts.torn,
    }


def _book(book: RankedBook) -> dict[str, Any]:
    return {
        "rank": book.rank,
        "title": book.cheapest.title,
        "author": book.author or None,
        "isbn": book.isbn or None,
        "gtin": book.gtin or None,
        "offers_total": book.offer_count,
        "offers": [
            {
                "price": offer.price,
                "currency": offer.currency,
                "compared_price": offer.compared,
                "shop": offer.shop,
                "url": offer.url,
                "title": offer.title,
                "availability": offer.availability or None,
            }
            for offer in book.offers
        ],
    }
