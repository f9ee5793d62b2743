"""Which listings count: each product once, and only what can be bought as a book at a known price.

What is left out goes under a reason and can be listed. The answer depends on the pages alone, not on the order in which
they arrive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crawler.books.offers import price_of
from parsers.model import Flag, Listing

__all__ = ["Selection", "Selector", "drop_reason", "select", "unique_listings"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The listings that count, and where the others went."""

    kept: tuple[Listing, ...]
    """In page order; each has a price, unless it was kept without one."""
    dropped: tuple[tuple[str, Listing], ...]
    """Reason and listing, in page order."""
    listings: int
    """Listings seen."""
    unique: int
    """Products seen: `len(kept) + len(dropped)`."""
    replaced: tuple[tuple[Listing, Listing], ...] = ()
    """Pairs of one product with two offers: the earlier observation, and the later one that was taken."""


def select(
    pages: Iterable[tuple[object, Sequence[Listing]]],
    keep: Collection[str] = frozenset(),
    *,
    goods: bool = False,
    fetched_at: Mapping[tuple[bool, int], dt.datetime] | None = None,
) -> Selection:
    """Return the listings that count, from `pages`: pages by any name with the listings read there, in any order.

    A product that stands on several pages counts once, see `unique_listings`; `fetched_at` is when each page was
    fetched. `keep` are reasons that drop nothing, `goods` as for `drop_reason`.
    """
    listings = [listing for _, some in pages for listing in some]
    unique, replaced = unique_listings(listings, fetched_at or {})
    seen = len(listings)
    kept, dropped = [], []
    for listing in unique:
        reason = drop_reason(listing, goods=goods)
        if reason is None or reason in keep:
            kept.append(listing)
        else:
            dropped.append((reason, listing))
    return Selection(tuple(kept), tuple(dropped), listings=seen, unique=len(unique), replaced=replaced)


def unique_listings(
    listings: Iterable[Listing], fetched_at: Mapping[tuple[bool, int], dt.datetime]
) -> tuple[tuple[Listing, ...], tuple[tuple[Listing, Listing], ...]]:
    """Return each product once, in page order, and the pairs of which the later one replaced the earlier.

    A product that stands twice with the same offer is taken from its first place. Where price or availability differ,
    the later observation is right: that of the page that was fetched last, and of pages without a time, or within one
    page, that of the later place. `fetched_at` is by a listing's `page_key`.
    """
    chosen: dict[str, Listing] = {}
    replaced: dict[str, tuple[Listing, Listing]] = {}

    def moment(listing: Listing) -> tuple[dt.datetime, tuple[bool, int, int]]:
        return fetched_at.get(listing.page_key, _NEVER), listing.place

    for listing in sorted(listings, key=lambda listing: listing.place):
        product_id = listing.product_id
        before = chosen.setdefault(product_id, listing)
        if before is listing or _offer(before) == _offer(listing):
            continue
        earlier, later = sorted((before, listing), key=moment)
        chosen[product_id] = later
        replaced[product_id] = earlier, later
    unique = sorted(chosen.values(), key=lambda listing: listing.place)
    return tuple(unique), tuple(replaced.values())


_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def _offer(listing: Listing) -> tuple[object, ...]:
    """Return price and availability: two listings of a product that agree in them are the same observation."""
    return listing.price, listing.ebook_price, listing.ebook_only, listing.sold_out


def drop_reason(listing: Listing, *, goods: bool = False) -> str | None:
    """Return the key of `KEEPABLE`, but `off_topic`, for which a listing by itself is no book to buy; None for a book.

    `goods` is for a search of all kinds of things, where an accessory counts like a book. An e-book comes first, since
    it never has a printed copy's price; a sold-out edition often has none either, and `no_price` is to mean that the
    shop sells it and the price could not be read.
    """
    if listing.ebook_only:
        return "ebook"
    if listing.sold_out:
        return "sold_out"
    if listing.price is None:
        return "no_price"
    return "accessory" if Flag.ACCESSORY in listing.flags and not goods else None


class Selector:
    """A selection that grows page by page, with figures for the progress of a search.

    `cheapest` and `kept_count` are those of `select()` at any moment, less what `covers` says no to. They cost one pass
    over the new page; a page that is replaced, or that shares a product with another, costs one pass over all.
    """

    def __init__(
        self,
        *,
        keep: Collection[str] = frozenset(),
        goods: bool = False,
        covers: Callable[[Listing], bool] = lambda _: True,
    ) -> None:
        self._keep = keep
        self._goods = goods
        self._covers = covers
        self._pages: dict[tuple[bool, int], tuple[Listing, ...]] = {}
        self._fetched_at: dict[tuple[bool, int], dt.datetime] = {}
        self._ids: set[str] = set()
        self._kept_count = 0
        self._cheapest: Decimal | None = None

    @property
    def pages(self) -> dict[tuple[bool, int], tuple[Listing, ...]]:
        """The listings given so far, by page."""
        return self._pages

    @property
    def kept_count(self) -> int:
        """Products kept so far."""
        return self._kept_count

    @property
    def cheapest(self) -> Decimal | None:
        """Lowest price in yuan of those kept so far; None while there is none."""
        return self._cheapest

    def add(
        self, page: tuple[bool, int], listings: Sequence[Listing], fetched_at: dt.datetime | None = None
    ) -> None:
        """Take in what was read on a page, by its listings' `page_key`, in place of what was given for it before."""
        if fetched_at is not None:
            self._fetched_at[page] = fetched_at
        ids = {listing.product_id for listing in listings}
        replaces = bool(self._pages.get(page))
        self._pages[page] = tuple(listings)
        if replaces or not self._ids.isdisjoint(ids):
            self._ids = {listing.product_id for known in self._pages.values() for listing in known}
            self._kept_count, self._cheapest = 0, None
            fresh = select(
                self._pages.items(), self._keep, goods=self._goods, fetched_at=self._fetched_at
            ).kept
        else:
            self._ids |= ids
            fresh = select([(page, listings)], self._keep, goods=self._goods).kept
        counted = [listing for listing in fresh if self._covers(listing)]
        self._kept_count += len(counted)
        prices = [price for listing in counted if (price := price_of(listing)) is not None]
        if self._cheapest is not None:
            prices.append(self._cheapest)
        self._cheapest = min(prices, default=None)
