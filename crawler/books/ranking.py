"""In what order the books of a report stand. Each order is total: the same books always come out the same way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from crawler.books.offers import Offers, TieBreak, competes, most_reviewed, price_of, tie_break
from crawler.books.quality import frontier, qualities, values
from crawler.results import Book
from parsers.model import Listing

__all__ = ["RANKINGS", "first_by", "rank_books"]

_LAST = Decimal("Infinity")


class _Figures(NamedTuple):
    """What a book is ranked by."""

    price: Decimal
    """Infinite where there is none."""
    volume_price: Decimal
    """Yuan a volume, not rounded; infinite where unknown."""
    worse: float
    """The quality, negative, so that lower is better; 0 where unknown."""
    costlier: float
    """The value, negative; infinite where unknown."""
    tie: TieBreak


def _by_price(book: _Figures) -> tuple[object, ...]:
    return (book.price, book.tie)


def _by_quality(book: _Figures) -> tuple[object, ...]:
    return (book.worse, book.price, book.tie)


def _by_value(book: _Figures) -> tuple[object, ...]:
    # Of equal value the cheaper first, then the better: so nothing worse and dearer comes before its better.
    return (book.costlier, book.price, book.worse, book.tie)


def _by_volume_price(book: _Figures) -> tuple[object, ...]:
    return (book.volume_price, book.price, book.tie)


RANKINGS: dict[str, Callable[[_Figures], tuple[object, ...]]] = {
    "cheapest": _by_price,
    "best": _by_quality,
    "value": _by_value,
    "per-volume": _by_volume_price,
}
"""The key of each ranking by its name, lowest first; the name is the report's `rank`."""


def _figures(first: Listing, price: Decimal | None, quality: float | None, value: float | None) -> _Figures:
    return _Figures(
        _LAST if price is None else price,
        price / first.volumes if price is not None and first.volumes else _LAST,
        -(quality or 0.0),
        math.inf if value is None else -value,
        tie_break(first),
    )


def rank_books(
    found: Sequence[Offers],
    by: str = "cheapest",
    *,
    goods: bool = False,
    kept_for: Callable[[Offers], frozenset[str]] | None = None,
) -> tuple[Book, ...]:
    """Return the books of `found`, ranked from 1; the same for every order of `found`.

    `by` is a key of `RANKINGS`: `cheapest` by price; `best` by quality, then price; `value` by quality against price
    (see `crawler.books.quality`); `per-volume` by yuan a volume, those that do not say how many last. Ties go by
    `tie_break` of the cheapest offer. What has no price comes last. `goods`: other things compete with books.
    `kept_for` gives the reasons for which a book would have been dropped.

    Time grows as n·log n, memory as n.
    """
    firsts = [offers[0] for offers in found]
    prices = [price_of(first) for first in firsts]
    reviewed = [most_reviewed(offers) for offers in found]
    quality = qualities([(listing.rating, listing.reviews) for listing in reviewed])
    competing = [competes(first, goods=goods) for first in firsts]
    value = values(prices, quality, competing)
    on_frontier = frontier(prices, quality, competing)
    key = RANKINGS[by]
    keys = [key(_figures(*facts)) for facts in zip(firsts, prices, quality, value, strict=True)]
    return tuple(
        Book(
            rank,
            firsts[at],
            prices[at],
            found[at],
            quality[at],
            value[at],
            on_frontier[at],
            frozenset() if kept_for is None else kept_for(found[at]),
        )
        for rank, at in enumerate(sorted(range(len(found)), key=keys.__getitem__), start=1)
    )


def first_by(by: str, books: Iterable[Book], *, goods: bool = False) -> Book | None:
    """Return the book that comes first in ranking `by` of those that compete; None when there is none.

    For `best` and `value` it must have stars: of a book that nobody has rated nothing good is known. `goods`: other things
    compete with books.
    """
    needs_stars = by in {"best", "value"}
    return min(
        (
            book
            for book in books
            if competes(book.listing, goods=goods) and (book.rating is not None or not needs_stars)
        ),
        key=lambda book: RANKINGS[by](_figures(book.listing, book.price, book.quality, book.value)),
        default=None,
    )
