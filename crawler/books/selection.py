"""Select the listings that count: each product once, and only what is for sale as a book at a known price.

Dropped listings are kept with a reason and can be listed. The result depends only on the pages, not on the order in
which they arrive.
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
    """The listings that count, and what became of the others."""

    kept: tuple[Listing, ...]
    """In page order; each has a price unless it was kept without one."""
    dropped: tuple[tuple[str, Listing], ...]
    """Pairs of reason and listing, in page order."""
    listings: int
    """Number of listings seen."""
    unique: int
    """Number of products seen: `len(kept) + len(dropped)`."""
    replaced: tuple[tuple[Listing, Listing], ...] = ()
    """Pairs of listings of one product with two offers: the earlier observation, and the later one, which is used."""


def select(
    pages: Iterable[tuple[object, Sequence[Listing]]],
    keep: Collection[str] = frozenset(),
    *,
    goods: bool = False,
    fetched_at: Mapping[tuple[bool, int], dt.datetime] | None = None,
) -> Selection:
    """Select listings from `pages`, a mapping of any page name to its listings; its order does not matter.

    A product on several pages counts once, see `unique_listings`; `fetched_at` gives the fetch time of each page.
    `keep` contains reasons that drop nothing; `goods` is as in `drop_reason`.
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
    """Return each product once, in page order, and the pairs of which the later listing replaced the earlier one.

    If a product appears twice with the same offer, use its first position. If price or availability differ, use the
    later observation: the one on the page fetched later; without fetch times, or on the same page, the one at the later
    position. `fetched_at` is indexed by a listing's `page_key`.
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
    """Return price and availability: two listings of a product with equal ones are the same observation."""
    return listing.price, listing.ebook_price, listing.ebook_only, listing.sold_out


def drop_reason(listing: Listing, *, goods: bool = False) -> str | None:
    """Return the key of `KEEPABLE`, except `off_topic`, that excludes a listing by itself; None for a book on sale.

    `goods` is for a search of all kinds of goods, in which an accessory counts like a book. An e-book comes first,
    because it never has a printed copy's price. A sold-out edition often has none either; `no_price` means that the
    shop sells the book but its price was unreadable.
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

    `cheapest` and `kept_count` always equal those of `select()`, minus the listings that `covers` rejects. An update
    judges only the products of the page, and those that it replaces.
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
        self._kept: dict[str, Decimal | None] = {}
        """The prices of the products kept so far."""
        self._cheapest: Decimal | None = None

    @property
    def pages(self) -> dict[tuple[bool, int], tuple[Listing, ...]]:
        """The listings so far, by page."""
        return self._pages

    @property
    def kept_count(self) -> int:
        """Number of products kept so far."""
        return len(self._kept)

    @property
    def cheapest(self) -> Decimal | None:
        """Lowest price in yuan of the products kept so far; None if there is none."""
        return self._cheapest

    def add(
        self, page: tuple[bool, int], listings: Sequence[Listing], fetched_at: dt.datetime | None = None
    ) -> None:
        """Add the listings of a page, identified by their `page_key`; replace those of an earlier call."""
        if fetched_at is not None:
            self._fetched_at[page] = fetched_at
        replaced = {listing.product_id for listing in self._pages.get(page, ())}
        changed = replaced | {listing.product_id for listing in listings}
        known = not self._ids.isdisjoint(changed)
        self._pages[page] = tuple(listings)
        observed: Sequence[Listing] = self._pages[page]
        if known:
            pages = self._pages.values()
            observed = [listing for some in pages for listing in some if listing.product_id in changed]
            for product_id in changed:
                self._kept.pop(product_id, None)
            self._ids -= replaced
        self._ids.update(listing.product_id for listing in observed)
        found = select([(page, observed)], self._keep, goods=self._goods, fetched_at=self._fetched_at).kept
        fresh = {listing.product_id: price_of(listing) for listing in found if self._covers(listing)}
        self._kept |= fresh
        prices = [price for price in (self._kept if known else fresh).values() if price is not None]
        if not known and self._cheapest is not None:
            prices.append(self._cheapest)
        self._cheapest = min(prices, default=None)
