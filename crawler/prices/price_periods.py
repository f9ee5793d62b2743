"""Condense a product's past: runs that saw no change form one period. Pure functions of observations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from crawler.prices.observation import Observation
from crawler.prices.price_history import PriceHistory, long_gap, price_history

__all__ = ["PricePeriod", "ProductPast", "price_periods", "product_past"]


@dataclass(frozen=True, slots=True)
class PricePeriod:
    """Consecutive observations without a change or a long gap; amounts in yuan."""

    since: dt.datetime
    """Time of the first observation."""
    until: dt.datetime
    """Time of the last observation."""
    price: Decimal | None
    """As shown; None if there is none."""
    list_price: Decimal | None
    sold_out: bool
    observations: int
    after_gap: bool
    """True if the period follows a long time without an observation."""

    @property
    def available_price(self) -> Decimal | None:
        """The price at which it was for sale; None without a price, or if it was sold out."""
        return None if self.sold_out else self.price


@dataclass(frozen=True, slots=True)
class ProductPast:
    """A product with its whole price history."""

    last: Observation
    """The last observation, with product number, title, seller and availability."""
    history: PriceHistory
    periods: tuple[PricePeriod, ...]
    """Oldest first; never empty."""
    observations: int
    in_last_run: bool = True
    """True if the last run of the requested search, or a later run, saw it."""
    dropped: str | None = None
    """Why that search dropped it, as in `Observation.dropped`; None if no search was requested."""


def product_past(
    past: Sequence[Observation], *, in_last_run: bool = True, zone: dt.tzinfo = dt.UTC
) -> ProductPast:
    """Summarize a product's past, given oldest observation first. Raises ValueError for an empty past."""
    history = price_history(past, zone)
    if history is None:
        raise ValueError("a product without an observation has no past")
    return ProductPast(past[-1], history, price_periods(past, zone), len(past), in_last_run)


def price_periods(past: Sequence[Observation], zone: dt.tzinfo = dt.UTC) -> tuple[PricePeriod, ...]:
    """Return the periods of a product, oldest first; `past` is in order of time.

    A period begins with a change of price, list price or availability, and after a long gap.
    """
    found: list[PricePeriod] = []
    longest = long_gap(past, zone)
    start = 0
    after_gap = False
    for at in range(1, len(past) + 1):
        gap = at < len(past) and past[at].at - past[at - 1].at > longest
        if at < len(past) and not gap and _looks(past[at]) == _looks(past[start]):
            continue
        first = past[start]
        found.append(
            PricePeriod(
                first.at,
                past[at - 1].at,
                first.price,
                first.list_price,
                first.sold_out,
                at - start,
                after_gap,
            )
        )
        start, after_gap = at, gap
    return tuple(found)


def _looks(seen: Observation) -> tuple[Decimal | None, Decimal | None, bool]:
    return seen.price, seen.list_price, seen.sold_out
