"""The past of a product in few words: runs in which nothing changed are one period. Pure functions of observations."""

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
    """Observations in a row, without a long gap, that saw the same; amounts in yuan."""

    since: dt.datetime
    """The first of them."""
    until: dt.datetime
    """The last of them."""
    price: Decimal | None
    """As shown; None without one."""
    list_price: Decimal | None
    sold_out: bool
    observations: int
    after_gap: bool
    """Whether nobody had looked for long before the first of them."""

    @property
    def available_price(self) -> Decimal | None:
        """The price at which it could be bought; None without a price, and while it was sold out."""
        return None if self.sold_out else self.price


@dataclass(frozen=True, slots=True)
class ProductPast:
    """A product, and all that is known of its price."""

    last: Observation
    """The last observation: it has product number, title, seller, and whether it is sold out."""
    history: PriceHistory
    periods: tuple[PricePeriod, ...]
    """Oldest first; never empty."""
    observations: int
    in_last_run: bool = True
    """Whether it was seen by the last run of the search that was asked for, or later."""
    dropped: str | None = None
    """What that search made of it, as `Observation.dropped`; None where no search was asked for."""


def product_past(
    past: Sequence[Observation], *, in_last_run: bool = True, zone: dt.tzinfo = dt.UTC
) -> ProductPast:
    """Return what is known of a product from its past, oldest observation first; ValueError for an empty past."""
    history = price_history(past, zone)
    if history is None:
        raise ValueError("a product without an observation has no past")
    return ProductPast(past[-1], history, price_periods(past, zone), len(past), in_last_run)


def price_periods(past: Sequence[Observation], zone: dt.tzinfo = dt.UTC) -> tuple[PricePeriod, ...]:
    """Return the periods of a product, oldest first; `past` in order of time.

    A change of price or list price begins a period, as do being sold out and being on sale again, and a long gap.
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
