"""Check that a shop's list in price order proves which book is cheapest.

If a list is in order and was read beyond ¥20, everything after that costs at least ¥20. A book found at ¥19 is then the
cheapest of all, including those not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from parsers.model import Listing

__all__ = ["MARGIN", "OrderCheck", "check_order"]

MARGIN = 5
"""How many listings at or above a price prove that the list was read up to that price. A single expensive listing may
be out of place at the end, with a cheap one still behind it; five in a row are not."""


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """Conclusions from the first listings of a list in price order about those behind them."""

    up_to: Decimal | None
    """Yuan: nothing behind them is cheaper if the list is in order. None for fewer than `MARGIN` listings on sale."""
    in_order: bool
    """True if no listing follows a more expensive one, except one that repeats an earlier listing."""
    unknown_from: Decimal | None
    """Yuan: a listing without a readable price may cost as little as this. None if every listing had a price."""

    def passed(self, price: Decimal) -> bool:
        """Return True if the list was read beyond `price`."""
        return self.up_to is not None and price < self.up_to

    def proves(self, price: Decimal) -> bool:
        """Return True if nothing is cheaper than `price`, either behind the listings or among the unreadable ones."""
        hidden = self.unknown_from is not None and self.unknown_from < price
        return self.in_order and self.passed(price) and not hidden


def check_order(listings: Iterable[Listing]) -> OrderCheck:
    """Check the order of `listings`, as the shop shows them, and how far it proves what is cheapest.

    No exception is tolerated: about the unread listings we know only that the order holds, so an exception among the
    read ones may also occur there. A listing that offers an e-book besides the book may be sorted by either price,
    because the shop sorts by the lowest of several. Ignore sold-out listings, which have no place in the order, and
    repetitions of an earlier listing at the same price, which hide nothing cheaper.
    """
    in_order = True
    seen = set[tuple[str, Decimal | None, Decimal | None]]()
    bounds: list[Decimal] = []
    unknown_from: Decimal | None = None
    for listing in listings:
        offered = (listing.product_id, listing.price, listing.ebook_price)
        if listing.sold_out or offered in seen:
            continue
        seen.add(offered)
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
