"""One product as one run saw it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["NOT_DROPPED", "Observation"]

NOT_DROPPED = "no"
"""Stands in place of a reason."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One product as one run saw it."""

    product_id: str
    title: str
    at: dt.datetime
    """When its page was fetched, in whole milliseconds after its run began; aware, UTC."""
    price: Decimal | None
    """Yuan, as shown; None where the page showed none that can be read. Never 0 for want of one."""
    list_price: Decimal | None = None
    """Yuan."""
    rating: float | None = None
    """Stars out of 5."""
    reviews: int | None = None
    seller: str | None = None
    """The marketplace shop's name; None for the shop's own goods, or when unsaid."""
    sold_out: bool = False
    dropped: str | None = field(default=None, compare=False)
    """Why the run's report left it out, one of `LASTING_REASONS`; `NOT_DROPPED`, or None where that is not known. It
    says what the product is to that search, so the past of a product, of whatever search, has none."""

    @property
    def available_price(self) -> Decimal | None:
        """The price at which it could be bought then; None without a price, and while it was sold out."""
        return None if self.sold_out else self.price
