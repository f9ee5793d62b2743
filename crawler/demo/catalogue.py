"""The demo shop's listings for a search: invented, plausible, and always the same."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import overload

from crawler.demo import words
from crawler.demo.books import goods, marketplace_offer, own_book, product_numbered
from crawler.demo.draw import Draw
from crawler.demo.price_moves import on_day
from crawler.demo.topic import Topic, topic_of
from parsers.dangdang.shop import SHOP
from parsers.dangdang.urls import Sort
from parsers.model import Layout, Listing

__all__ = ["MAX_PAGES", "PAGE_SIZE", "Catalogue", "catalogue", "product_by_id"]

PAGE_SIZE = SHOP.page_size
"""Listings on a full page."""

MAX_PAGES = SHOP.max_pages
"""Maximum number of pages, however many products match."""

_REPEAT_EVERY = 1200
"""One to three of this many places repeat a product."""

_REPEAT_AFTER = 90
"""Distance between the two places: more than a page, so no page shows a product twice."""


_Kinds = tuple[str, str]
"""`sellers` and `category`."""
_Bounds = tuple[Decimal | None, Decimal | None]
"""Lowest and highest price."""


class Catalogue(Sequence[Listing]):
    """Everything that the shop lists for one search, in its order; items are created when they are accessed."""

    def __init__(self, topic: Topic, size: int, product: Callable[[int], Listing], layout: Layout) -> None:
        self.query = topic.query
        self.layout = layout
        """The shop's layout for this list."""
        self._product = product
        self._repeats = [place for place in _repeats(topic) if place < size]
        self._size = size + len(self._repeats)

    @property
    def total(self) -> int:
        """The number of products that the shop states."""
        return self._size

    @property
    def pages(self) -> int:
        """The number of pages that the shop states: at most 100, 0 for an empty list."""
        return min(MAX_PAGES, -(-self._size // PAGE_SIZE))

    def page(self, number: int) -> tuple[Listing, ...]:
        """Return the listings of a page from 1 to `pages`. Raises IndexError for any other number."""
        if not 1 <= number <= self.pages:
            raise IndexError(f"page {number} of {self.pages}")
        return self[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Listing: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Listing, ...]: ...
    def __getitem__(self, index: int | slice) -> Listing | tuple[Listing, ...]:
        if isinstance(index, slice):
            return tuple(self._at(place) for place in range(*index.indices(self._size)))
        return self._at(range(self._size)[index])

    def _at(self, place: int) -> Listing:
        before = bisect_left(self._repeats, place)
        if before < len(self._repeats) and self._repeats[before] == place:
            number = place - _REPEAT_AFTER - bisect_left(self._repeats, place - _REPEAT_AFTER)
        else:
            number = place - before
        page, position = divmod(place, PAGE_SIZE)
        return replace(self._product(number), page=page + 1, position=position + 1)


def catalogue(
    query: str,
    *,
    sellers: str = "self",
    category: str = "books",
    sort: str = "default",
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    day: dt.date | None = None,
) -> Catalogue:
    """Return the shop's listings for `query`; the options are those of `parsers.dangdang.search_url`.

    `day` selects the prices of a day; None selects the timeless prices. The products are the same every day. Raises
    ValueError for a query without a word.
    """
    topic = topic_of(query)
    kinds = (sellers, category)
    size, product = _population(topic, kinds, day)
    layout = Layout.GRID if category == "all" and Draw("layout", topic.query).chance(330) else Layout.LIST
    if Sort(sort) is Sort.DEFAULT and min_price is None and max_price is None:
        return Catalogue(topic, size, product, layout)
    chosen = _chosen(topic, kinds, Sort(sort), (min_price, max_price), day)
    return Catalogue(topic, len(chosen), chosen.__getitem__, layout)


def _population(topic: Topic, wanted: _Kinds, day: dt.date | None) -> tuple[int, Callable[[int], Listing]]:
    """Return the number of matching products, and a function that creates one by its number."""
    own = _own_products(topic)
    kinds: list[Callable[[int], Listing]] = [lambda number: own_book(topic, number)] * _OWN
    sellers, category = wanted
    if sellers == "all":
        kinds += [lambda number: marketplace_offer(topic, number, own)] * _MARKETPLACE
    if category == "all":
        kinds += [lambda number: goods(topic, number)] * _GOODS

    # Kinds alternate in a fixed pattern: 3 is coprime to 5, 7, 8 and 10, so each place of `kinds` is used once. Each
    # kind counts its own products, so the shop's own books do not depend on the other kinds in the search.
    pattern = [kinds[(step * 3) % len(kinds)] for step in range(len(kinds))]
    seen_before = [pattern[:step].count(kind) for step, kind in enumerate(pattern)]

    def product(number: int) -> Listing:
        turn, step = divmod(number, len(pattern))
        kind = pattern[step]
        listing = kind(turn * pattern.count(kind) + seen_before[step])
        return listing if day is None else on_day(listing, day)

    return own // _OWN * len(kinds), product


def product_by_id(product_id: str, queries: Iterable[str], *, day: dt.date | None = None) -> Listing | None:
    """Return the product that has an id, as the searches for `queries` list it on `day`; None if none lists it.

    Page and position are 0. If several searches have a product with this id, the first one's counts.
    """
    for query in queries:
        topic = topic_of(query)
        own = _own_products(topic)
        listing = product_numbered(
            topic,
            product_id,
            own=own,
            marketplace=own // _OWN * _MARKETPLACE,
            other_goods=own // _OWN * _GOODS,
        )
        if listing is not None:
            return listing if day is None else on_day(listing, day)
    return None


def _own_products(topic: Topic) -> int:
    """Return the number of the shop's own products that match: a multiple of `_OWN`, at least one."""
    draw = Draw("size", topic.query)
    rare, huge = draw.chance(40), draw.chance(150)
    own = draw.between(0, 900) if rare else draw.between(7000, 9000) if huge else draw.between(1500, 4200)
    if any(word in topic.query for word in words.TAIWAN_WORDS):
        own = draw.between(5, 25)
    return max(own // _OWN * _OWN, _OWN)


_OWN, _MARKETPLACE, _GOODS = 5, 3, 2
"""Ratio of the shop's own products, marketplace products and other goods in a list."""


@lru_cache(maxsize=2)
def _chosen(
    topic: Topic, kinds: _Kinds, sort: Sort, bounds: _Bounds, day: dt.date | None
) -> tuple[Listing, ...]:
    """Return all products within price bounds, sorted; sorting needs all of them, so the result is cached."""
    size, product = _population(topic, kinds, day)
    listings = [listing for listing in map(product, range(size)) if _within(listing, *bounds)]
    if sort is not Sort.DEFAULT:
        listings.sort(key=_ORDERS[sort])
    return tuple(listings)


def _within(listing: Listing, low: Decimal | None, high: Decimal | None) -> bool:
    if low is None and high is None:
        return True
    price = listing.ebook_price if listing.ebook_only else listing.price
    return price is not None and (low is None or price >= low) and (high is None or price <= high)


def _price(listing: Listing) -> Decimal:
    price = listing.ebook_price if listing.ebook_only else listing.price
    return Decimal("Infinity") if price is None else price


_ORDERS: dict[Sort, Callable[[Listing], tuple[object, ...]]] = {
    Sort.SALES: lambda listing: (-(listing.reviews or 0), listing.product_id),
    Sort.RATING: lambda listing: (-(listing.rating or 0), -(listing.reviews or 0), listing.product_id),
    Sort.NEWEST: lambda listing: (
        -(listing.published.toordinal() if listing.published else 0),
        listing.product_id,
    ),
    Sort.PRICE: lambda listing: (_price(listing), listing.product_id),
}


def _repeats(topic: Topic) -> list[int]:
    """Return the places, in order, that repeat the product of 90 places before."""
    places = []
    for block in range(0, MAX_PAGES * PAGE_SIZE, _REPEAT_EVERY):
        draw = Draw("repeats", topic.query, block)
        places += [block + 300 * n + draw.between(120, 220) for n in range(draw.between(1, 3))]
    return places
