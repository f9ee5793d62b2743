"""Whether a shop's list in price order proves which book is cheapest.

A list that is in order and was read beyond ¥20 holds nothing cheaper than ¥20 behind that: a book at ¥19 that was found
is then the cheapest of all, read or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from parsers.model import Listing

__all__ = ["MARGIN", "OrderCheck", "check_order"]

MARGIN = 5
"""Listings that must stand at a price or above it before the list counts as read up to there. One dear listing may have
slipped to the end of what was read, with a cheap one in its place behind; five in a row have not."""


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """What the listings of a list in price order, from its first on, say of those behind them."""

    up_to: Decimal | None
    """Yuan: nothing behind them is cheaper, if the list is in order. None for fewer than `MARGIN` listings on sale."""
    in_order: bool
    """No listing stands behind a dearer one."""
    unknown_from: Decimal | None
    """Yuan: a listing without a readable price may cost as little as this. None when every listing had a price."""

    def passed(self, price: Decimal) -> bool:
        """Tell whether the list was read beyond `price`."""
        return self.up_to is not None and price < self.up_to

    def proves(self, price: Decimal) -> bool:
        """Tell whether nothing is cheaper than `price`, neither behind the listings nor, unreadable, among them."""
        hidden = self.unknown_from is not None and self.unknown_from < price
        return self.in_order and self.passed(price) and not hidden


def check_order(listings: Iterable[Listing]) -> OrderCheck:
    """Check the order of `listings`, as the shop shows them, and how far it proves what is cheap.

    No disorder is allowed. Of the listings behind the last one nothing is known but that the order holds, so an
    exception among those that were read is one that may occur among the others, too. A listing that offers an e-book
    beside the book may stand at the price of either, for the shop sorts by the lowest of several. What is sold out has
    no place in the order of prices.
    """
    in_order = True
    bounds: list[Decimal] = []
    unknown_from: Decimal | None = None
    for listing in listings:
        if listing.sold_out:
            continue
        bound = bounds[-1] if bounds else Decimal(0)
        prices = [price for price in (listing.price, listing.ebook_price) if price is not None]
        fitting = [price for price in prices if price >= bound]
        if fitting:
            bounds.append(min(fitting))
        elif prices:
            in_order = False
        elif unknown_from is None:
            unknown_from = bound
    return OrderCheck(bounds[-MARGIN] if len(bounds) >= MARGIN else None, in_order, unknown_from)
