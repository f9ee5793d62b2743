"""Rank the books of a report. Each order is total: the same books always come out in the same order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from crawler.books.book import Book
from crawler.books.offers import Offers, competes, most_reviewed, price_of, tie_break
from crawler.books.quality import frontier, qualities, values

__all__ = ["RANKINGS", "first_by", "rank_books"]

_LAST = Decimal("Infinity")


_Key = Callable[[Decimal | None, int | None, float | None, float | None], tuple[Decimal | float, ...]]
"""Computes sort keys from a book's price, volumes, quality and value; lower comes first."""


def _by_price(
    price: Decimal | None, _volumes: object, quality: float | None, _value: object
) -> tuple[Decimal, float]:
    # At equal price, the better book first: so the cheapest is always on the frontier.
    return (_LAST if price is None else price, -(quality or 0.0))


def _by_quality(
    price: Decimal | None, _volumes: object, quality: float | None, _value: object
) -> tuple[float, Decimal]:
    return (-(quality or 0.0), _LAST if price is None else price)


def _by_value(
    price: Decimal | None, _volumes: object, quality: float | None, value: float | None
) -> tuple[float, Decimal, float]:
    # At equal value, the cheaper first, then the better: so no book precedes one that is better and cheaper.
    return (math.inf if value is None else -value, _LAST if price is None else price, -(quality or 0.0))


def _by_volume_price(
    price: Decimal | None, volumes: int | None, _quality: object, _value: object
) -> tuple[Decimal, Decimal]:
    # Not rounded; sets that do not state their volumes come last.
    a_volume = price / volumes if price is not None and volumes else _LAST
    return (a_volume, _LAST if price is None else price)


RANKINGS: dict[str, _Key] = {
    "cheapest": _by_price,
    "best": _by_quality,
    "value": _by_value,
    "per-volume": _by_volume_price,
}
"""The key of each ranking before `tie_break`, by its name: the report's `rank`."""


def rank_books(
    found: Sequence[Offers],
    by: str = "cheapest",
    *,
    goods: bool = False,
    used: bool = False,
    kept_for: Callable[[Offers], frozenset[str]] | None = None,
) -> tuple[Book, ...]:
    """Return the books of `found`, ranked from 1; the order of `found` does not matter.

    `by` is a key of `RANKINGS`: `cheapest` by price, then quality; `best` by quality, then price; `value` by quality
    relative to price (see `crawler.books.quality`); `per-volume` by yuan per volume, with unknown volumes last. Ties
    are broken by `tie_break` of the cheapest offer. Books without a price come last. With `goods`, other goods compete
    too; with `used`, used copies do. `kept_for` gives the reasons for which a book would have been dropped.

    Time grows as n·log n, memory as n.
    """
    firsts = [offers[0] for offers in found]
    prices = [price_of(first) for first in firsts]
    reviewed = map(most_reviewed, found)
    quality = qualities((listing.rating, listing.reviews) for listing in reviewed)
    competing = [competes(first, goods=goods, used=used) for first in firsts]
    value = values(prices, quality, competing)
    on_frontier = frontier(prices, quality, competing)

    key, volumes = RANKINGS[by], [first.volumes for first in firsts]

    def with_tie(at: int) -> tuple[object, ...]:
        return (*key(prices[at], volumes[at], quality[at], value[at]), *tie_break(firsts[at]))

    # Sort by the first number of each key as a float: a million complete keys would use most of the memory. Compare
    # complete keys only for ties, because different Decimals may have equal floats.
    leads = [float(numbers[0]) for numbers in map(key, prices, volumes, quality, value)]
    order = list[int]()
    for _, run in groupby(sorted(range(len(leads)), key=leads.__getitem__), key=leads.__getitem__):
        tied = list(run)
        if len(tied) > 1:
            tied.sort(key=with_tie)
        order += tied
    ranks = [0] * len(found)
    for rank, at in enumerate(order, start=1):
        ranks[at] = rank
    # Build them in the order of `found`, where neighbours are close in memory: this halves the time for a million.
    nothing = frozenset[str]()
    books = [
        Book(
            rank,
            first,
            price,
            offers,
            good,
            worth,
            undominated,
            kept_for(offers) if kept_for is not None else nothing,
        )
        for rank, first, price, offers, good, worth, undominated in zip(
            ranks, firsts, prices, found, quality, value, on_frontier, strict=True
        )
    ]
    return tuple(map(books.__getitem__, order))


def first_by(by: str, books: Iterable[Book], *, goods: bool = False, used: bool = False) -> Book | None:
    """Return the first competing book in ranking `by`; None if there is none.

    For `best` and `value` it must have stars, because an unrated book may be bad. With `goods`, other goods compete
    with books; with `used`, used copies compete with new ones.
    """
    needs_stars, key = by in {"best", "value"}, RANKINGS[by]
    numbered = [
        (key(book.price, book.listing.volumes, book.quality, book.value), book)
        for book in books
        if competes(book.listing, goods=goods, used=used)
        and (not needs_stars or (book.rating is not None and book.quality is not None))
    ]
    if not numbered:
        return None
    first = min(numbers for numbers, _ in numbered)
    return min(
        (book for numbers, book in numbered if numbers == first), key=lambda book: tie_break(book.listing)
    )
