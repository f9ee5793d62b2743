"""An observation: one product as one run saw it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["NOT_DROPPED", "Observation"]

NOT_DROPPED = "no"
"""The value of `dropped` for a product that was kept."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One product as one run saw it."""

    product_id: str
    title: str
    at: dt.datetime
    """The fetch time of its page, in whole milliseconds after the start of the run; aware, UTC."""
    price: Decimal | None
    """Yuan, as shown; None if the page showed no readable price. Never 0 in place of a missing price."""
    list_price: Decimal | None = None
    """Yuan."""
    rating: float | None = None
    """Stars out of 5."""
    reviews: int | None = None
    seller: str | None = None
    """Name of the marketplace seller; None for the shop's own goods, or if not stated."""
    sold_out: bool = False
    dropped: str | None = field(default=None, compare=False)
    """Why the run's report dropped it, one of `LASTING_REASONS`; `NOT_DROPPED`; or None if unknown. It describes the
    product's relation to one search, so a product's past, which covers all searches, has none."""

    @property
    def available_price(self) -> Decimal | None:
        """The price at which it was for sale; None without a price, or if it was sold out."""
        return None if self.sold_out else self.price
