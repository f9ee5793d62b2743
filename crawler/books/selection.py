"""Which listings count: each product once, and only what can be bought as a book at a known price.

What is left out goes under a reason and can be listed. The answer depends on the pages alone, not on the order in which
they arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crawler.books.offers import price_of
from parsers.model import Listing

__all__ = ["Selection", "Selector", "drop_reason", "select"]


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


def select(pages: Iterable[tuple[int, Sequence[Listing]]], keep: Collection[str] = frozenset()) -> Selection:
    """Return the listings that count, from `pages`: page numbers with the listings read there, in any order.

    A product that stands on several pages counts once, as it stands on the first of them, in its first place. `keep`
    are reasons that drop nothing.
    """
    first: dict[str, Listing] = {}
    seen = 0
    for _, listings in sorted(pages, key=lambda page: page[0]):
        seen += len(listings)
        for listing in sorted(listings, key=lambda listing: listing.position):
            first.setdefault(listing.product_id, listing)
    kept, dropped = [], []
    for listing in first.values():
        reason = drop_reason(listing)
        if reason is None or reason in keep:
            kept.append(listing)
        else:
            dropped.append((reason, listing))
    return Selection(tuple(kept), tuple(dropped), listings=seen, unique=len(first))


def drop_reason(listing: Listing) -> str | None:
    """Return why a listing by itself is no book to buy: `ebook`, `sold_out` or `no_price`; None for one that is.

    An e-book comes first, since it never has a printed copy's price; a sold-out edition often has none either,
    and `no_price` is to mean that the shop sells it and the price could not be read.
    """
    if listing.ebook_only:
        return "ebook"
    if listing.sold_out:
        return "sold_out"
    if listing.price is None:
        return "no_price"
    return None


class Selector:
    """A selection that grows page by page, with figures for the progress of a search.

    `cheapest` and `kept_count` are those of `select()` at any moment, less what `covers` says no to. They cost one pass
    over the new page; a page that is replaced, or that shares a product with another, costs one pass over all.
    """

    def __init__(
        self,
        *,
        keep: Collection[str] = frozenset(),
        covers: Callable[[Listing], bool] = lambda _: True,
    ) -> None:
        self._keep = keep
        self._covers = covers
        self._pages: dict[int, tuple[Listing, ...]] = {}
        self._ids: set[str] = set()
        self._kept_count = 0
        self._cheapest: Decimal | None = None

    @property
    def pages(self) -> dict[int, tuple[Listing, ...]]:
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

    def add(self, page: int, listings: Sequence[Listing]) -> None:
        """Take in what was read on a page, in place of what was given for that page before."""
        ids = {listing.product_id for listing in listings}
        replaces = bool(self._pages.get(page))
        self._pages[page] = tuple(listings)
        if replaces or not self._ids.isdisjoint(ids):
            self._ids = {listing.product_id for known in self._pages.values() for listing in known}
            self._kept_count, self._cheapest = 0, None
            fresh = select(self._pages.items(), self._keep).kept
        else:
            self._ids |= ids
            fresh = select([(page, listings)], self._keep).kept
        counted = [listing for listing in fresh if self._covers(listing)]
        self._kept_count += len(counted)
        prices = [price for listing in counted if (price := price_of(listing)) is not None]
        if self._cheapest is not None:
            prices.append(self._cheapest)
        self._cheapest = min(prices, default=None)
