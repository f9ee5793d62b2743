"""Derive a product's price history from its observations: pure functions.

Days are days in the reader's time zone. A day's price is the last one seen on it, so a product that was checked hourly
on one day weighs no more than that day. The price of a product that was sold out does not count.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from statistics import median, median_low

from crawler.local_time import date_in
from crawler.prices.observation import Observation

__all__ = ["MANY_DAYS", "PriceHistory", "RaiseKind", "RaisedThenCut", "long_gap", "price_history"]

MEDIAN_DAYS = 90
"""The period of the median in days."""

MANY_DAYS = 7
"""With fewer days with a price, a past is short."""

RECENT_DAYS, BEFORE_DAYS = 30, 90
"""A raise within the first period before a cut is recent; compare it with prices of the second period before it."""

LEAST_DAYS_BEFORE = 5
"""Days with a price before a raise that are needed to know the usual price."""

RAISE = Decimal("1.10")
"""A price at or above this multiple of the usual one was raised. Everyday changes of book prices stay below."""

LIST_RAISE = Decimal("1.05")
"""The same for a list price, which is printed on the book and hardly ever changes; also the factor by which its
discount must look bigger than before."""

RISEN = Decimal("1.05")
"""A price above this multiple of the usual one has risen itself: with its list price, as for a reprint."""

MOST_DAYS = Fraction(4, 5)
"""If a price was charged on more than the remaining share of the days before, it was not raised: it comes and goes."""

LEAST_GAP = dt.timedelta(days=14)
"""Shorter periods without an observation do not count as a gap."""

GAP_FACTOR = 4
"""A gap exceeds this multiple of the usual time between two days of observation, if that is more than `LEAST_GAP`."""

CUT = Decimal("0.95")
"""At or below this share of the raised price, it was cut; at or above this share of the usual price, that saved
nothing."""


class RaiseKind(StrEnum):
    """The kind of price that was raised."""

    PRICE = "price"
    LIST_PRICE = "list_price"


@dataclass(frozen=True, slots=True)
class RaisedThenCut:
    """A discount produced by a raise, with the figures that prove it; amounts in yuan."""

    kind: RaiseKind
    before: Decimal
    """The usual value: the median of the days before, of the price or the list price."""
    raised_to: Decimal
    raised_at: dt.datetime
    """When the raised value was first seen."""
    now: Decimal
    """The price after the cut."""
    usual_price: Decimal
    """The median price of the days before; equal to `before` for a raised price."""


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """The price history of a product up to its last observation; amounts in yuan."""

    since: dt.datetime
    """Time of the first observation."""
    last_at: dt.datetime
    """Time of the last observation, with or without a price."""
    days: int
    """Number of days with a price."""
    price: Decimal | None
    """At the last observation; None if it had none or was sold out."""
    lowest: Decimal | None
    """Lowest ever; None if there never was a price."""
    lowest_at: dt.datetime | None
    """When it last had that price."""
    median: Decimal | None
    """Over the days with a price among the last 90 days; None if there are none. For an even number of days, the mean
    of the middle two, rounded to the hundredth."""
    previous: Decimal | None
    """The last available price before the last run; None if there is none."""
    previous_at: dt.datetime | None
    lowest_in_days: int | None
    """Calendar days since it was last cheaper; if it never was, since its first price, or since the last long gap in
    the observations if that is later. None if there is no price now, or if it was never more expensive in that time:
    a price that never changed is not at a low."""
    raised_then_cut: RaisedThenCut | None

    @property
    def sparse(self) -> bool:
        """True if the past is too short to say much."""
        return self.days < MANY_DAYS

    @property
    def below_usual(self) -> bool:
        """True if it is cheaper than usual. One more expensive day does not make the usual price a low one."""
        return self.price is not None and self.median is not None and self.price < self.median

    @property
    def change(self) -> Decimal | None:
        """The price minus the previous one; None unless both exist."""
        return None if self.price is None or self.previous is None else self.price - self.previous


def price_history(past: Sequence[Observation], zone: dt.tzinfo = dt.UTC) -> PriceHistory | None:
    """Derive the price history of one product; `past` is in order of time, with the current run's observation last.

    `zone` decides where a day ends. Returns None for an empty past.
    """
    if not past:
        return None
    last = past[-1]
    priced = [(seen.at, price) for seen in past if (price := seen.available_price) is not None]
    daily, today = _daily(priced, zone), date_in(zone, last.at)
    lowest = min((price for _, price in priced), default=None)
    before = [(at, price) for at, price in priced if at < last.at]
    previous_at, previous = before[-1] if before else (None, None)
    recent = [price for day, price in daily.items() if day > today - dt.timedelta(days=MEDIAN_DAYS)]
    return PriceHistory(
        since=past[0].at,
        last_at=last.at,
        days=len(daily),
        price=last.available_price,
        lowest=lowest,
        lowest_at=max((at for at, price in priced if price == lowest), default=None),
        median=_median(recent) if recent else None,
        previous=previous,
        previous_at=previous_at,
        lowest_in_days=_lowest_in_days(past, zone),
        raised_then_cut=_raised_then_cut(past, daily, zone),
    )


def _daily(priced: Sequence[tuple[dt.datetime, Decimal]], zone: dt.tzinfo) -> dict[dt.date, Decimal]:
    """Return the last price of each day, in order."""
    return {date_in(zone, at): price for at, price in priced}


def _median(prices: Sequence[Decimal]) -> Decimal:
    return Decimal(median(prices)).quantize(Decimal("0.01"))


def long_gap(past: Sequence[Observation], zone: dt.tzinfo = dt.UTC) -> dt.timedelta:
    """Return the time between two observations above which the price in between is unknown.

    It is four times the usual interval between days on which this product was seen, so that a product observed monthly
    does not consist only of gaps; at least 14 days.
    """
    days = sorted({date_in(zone, seen.at) for seen in past})
    between = [later - earlier for earlier, later in pairwise(days)]
    return max(LEAST_GAP, GAP_FACTOR * median_low(between)) if between else LEAST_GAP


def _lowest_in_days(past: Sequence[Observation], zone: dt.tzinfo) -> int | None:
    last = past[-1]
    now = last.available_price
    if now is None:
        return None
    longest, since, dearer = long_gap(past, zone), last.at, False
    later = last.at
    for seen in reversed(past):
        if later - seen.at > longest:
            break
        later = seen.at
        price = seen.available_price
        if price is None:
            continue
        since = seen.at
        if price < now:
            break
        dearer = dearer or price > now
    return (date_in(zone, last.at) - date_in(zone, since)).days if dearer else None


def _raised_then_cut(
    past: Sequence[Observation], daily: Mapping[dt.date, Decimal], zone: dt.tzinfo
) -> RaisedThenCut | None:
    """Return the raise behind the last price's discount; None if there was no cut, a genuine one, or too little data.

    A raised price: within the last 30 days it was a tenth above the price of most of the 90 days before those, and now
    it is cut to the usual price, slightly less, or not even that far. A raised list price: within those 30 days it was
    raised by a twentieth while the price did not rise with it, so the discount looks bigger.
    """
    last = past[-1]
    now = last.available_price
    if now is None:
        return None
    middle = date_in(zone, last.at) - dt.timedelta(days=RECENT_DAYS)
    start = middle - dt.timedelta(days=BEFORE_DAYS)
    earlier = [price for day, price in daily.items() if start < day <= middle]
    if len(earlier) < LEAST_DAYS_BEFORE:
        return None
    usual = _median(earlier)
    if now < CUT * usual:
        return None  # it is cheaper than before, whatever happened in between
    lately = [seen for seen in past if date_in(zone, seen.at) > middle]
    recent = [(price, seen.at) for seen in lately if (price := seen.available_price) is not None]
    peak = max(price for price, _ in recent)
    if peak >= RAISE * _on_most_days(earlier) and now <= CUT * peak:
        at = next(at for price, at in recent if price == peak)
        return RaisedThenCut(RaiseKind.PRICE, usual, peak, at, now, usual)
    listed = _daily([(seen.at, seen.list_price) for seen in past if seen.list_price is not None], zone)
    earlier_list = [price for day, price in listed.items() if start < day <= middle]
    if len(earlier_list) < LEAST_DAYS_BEFORE or last.list_price is None or now >= last.list_price:
        return None
    usual_list = _median(earlier_list)
    if not earlier_list[-1] < LIST_RAISE * usual_list <= last.list_price:
        return None
    if now > RISEN * usual or now * usual_list * LIST_RAISE > usual * last.list_price:
        return None  # the price rose with it, or the discount is hardly bigger than before
    at = next(seen.at for seen in lately if seen.list_price == last.list_price)
    return RaisedThenCut(RaiseKind.LIST_PRICE, usual_list, last.list_price, at, now, usual)


def _on_most_days(prices: Sequence[Decimal]) -> Decimal:
    """Return the price that was not exceeded on most of the days; it is at least the median."""
    return sorted(prices)[math.ceil(MOST_DAYS * len(prices)) - 1]
