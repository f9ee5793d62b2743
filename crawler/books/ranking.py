"""In what order the books of a report stand. Each order is total: the same books always come out the same way."""

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
"""What a ranking makes of a book's price, volumes, quality and value: numbers that are lower for what comes first."""


def _by_price(
    price: Decimal | None, _volumes: object, quality: float | None, _value: object
) -> tuple[Decimal, float]:
    # Of equal price the better first: so what is named cheapest is always on the frontier.
    return (_LAST if price is None else price, -(quality or 0.0))


def _by_quality(
    price: Decimal | None, _volumes: object, quality: float | None, _value: object
) -> tuple[float, Decimal]:
    return (-(quality or 0.0), _LAST if price is None else price)


def _by_value(
    price: Decimal | None, _volumes: object, quality: float | None, value: float | None
) -> tuple[float, Decimal, float]:
    # Of equal value the cheaper first, then the better: so nothing worse and dearer comes before its better.
    return (math.inf if value is None else -value, _LAST if price is None else price, -(quality or 0.0))


def _by_volume_price(
    price: Decimal | None, volumes: int | None, _quality: object, _value: object
) -> tuple[Decimal, Decimal]:
    # Not rounded; of what does not say its volumes nothing is known.
    a_volume = price / volumes if price is not None and volumes else _LAST
    return (a_volume, _LAST if price is None else price)


RANKINGS: dict[str, _Key] = {
    "cheapest": _by_price,
    "best": _by_quality,
    "value": _by_value,
    "per-volume": _by_volume_price,
}
"""The key of each ranking, before `tie_break`, by its name: the report's `rank`."""


def rank_books(
    found: Sequence[Offers],
    by: str = "cheapest",
    *,
    goods: bool = False,
    used: bool = False,
    kept_for: Callable[[Offers], frozenset[str]] | None = None,
) -> tuple[Book, ...]:
    """Return the books of `found`, ranked from 1; the same for every order of `found`.

    `by` is a key of `RANKINGS`: `cheapest` by price, then quality; `best` by quality, then price; `value` by quality
    against price (see `crawler.books.quality`); `per-volume` by yuan a volume, those that do not say how many last.
    Ties go by `tie_break` of the cheapest offer. What has no price comes last. `goods`: other things compete too,
    `used`: used copies, too. `kept_for` gives the reasons for which a book would have been dropped.

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

    # The first number of each key goes ahead as a float: a million whole keys would be most of the memory. Only what
    # ties in it, as different Decimals may, is looked at more closely.
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
    # Made in the order of `found`, where neighbours are near in memory: with a million books that halves the time.
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
    """Return the book that comes first in ranking `by` of those that compete; None when there is none.

    For `best` and `value` it must have stars: of a book that nobody has rated nothing good is known. `goods`: other
    things compete with books, `used`: used copies with new ones.
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
