"""What the past of a product says of its price: pure functions of its observations.

Days are those of the reader's time zone. A day's price is the last one seen on it, so that a product that was looked
at hourly for one day weighs no more than that day. A price at which nothing could be bought, because it
was sold out, is none.
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
"""Days that the median looks back."""

MANY_DAYS = 7
"""Days with a price below which a past is said to be short."""

RECENT_DAYS, BEFORE_DAYS = 30, 90
"""A raise counts as shortly before a cut within the first; the prices before it are those of so many days earlier."""

LEAST_DAYS_BEFORE = 5
"""Days with a price before a raise that it takes to know what was usual."""

RAISE = Decimal("1.10")
"""From this share of the usual price on, a price was pushed up. Every-day movements of books stay below."""

LIST_RAISE = Decimal("1.05")
"""The same for a list price, which is printed on the book and hardly ever moves; and the share by which its discount
must look bigger than it was."""

RISEN = Decimal("1.05")
"""Above this share of the usual price a price has risen itself: with its list price, as a reprint's does."""

MOST_DAYS = Fraction(4, 5)
"""A price that was charged on more than the other days before is none that was pushed up: it comes and goes."""

LEAST_GAP = dt.timedelta(days=14)
"""Time without an observation below which nothing is said to be unobserved."""

GAP_FACTOR = 4
"""How many times the usual time between two days of observation makes a gap, where that is longer."""

CUT = Decimal("0.95")
"""Up to this share of the raised price, it was cut; and from this share of the usual price on, nothing was gained."""


class RaiseKind(StrEnum):
    """What was pushed up."""

    PRICE = "price"
    LIST_PRICE = "list_price"


@dataclass(frozen=True, slots=True)
class RaisedThenCut:
    """A discount made by a raise, with the numbers that show it; amounts in yuan."""

    kind: RaiseKind
    before: Decimal
    """What was usual: the median of the days before, of the price or of the list price."""
    raised_to: Decimal
    raised_at: dt.datetime
    """When it was first seen that high."""
    now: Decimal
    """The price after the cut."""
    usual_price: Decimal
    """The median price of the days before; the same as `before` for a raised price."""


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """The past of a product's price, up to its last observation; amounts in yuan."""

    since: dt.datetime
    """The first observation."""
    last_at: dt.datetime
    """The last one, with a price or without."""
    days: int
    """Days with a price."""
    price: Decimal | None
    """At the last observation; None when it had none, or was sold out."""
    lowest: Decimal | None
    """Lowest ever; None when there never was a price."""
    lowest_at: dt.datetime | None
    """When it was last seen at that price."""
    median: Decimal | None
    """Of the days with a price among the last 90 days; None without one. Of an even number the mean of the middle two,
    to the hundredth."""
    previous: Decimal | None
    """The price of the run before the last, or of the last before it that had one; None without one."""
    previous_at: dt.datetime | None
    lowest_in_days: int | None
    """Days of the calendar since it was last cheaper, or since its first price if it never was, or since the last long
    time in which nobody looked, if that is later; None when there is no price now,
    and when it was never dearer in that time: a price that never moved is at no low."""
    raised_then_cut: RaisedThenCut | None

    @property
    def sparse(self) -> bool:
        """Whether the past is too short to say much."""
        return self.days < MANY_DAYS

    @property
    def below_usual(self) -> bool:
        """Whether it is cheaper than usual. One day that was dearer does not make a usual price a low one."""
        return self.price is not None and self.median is not None and self.price < self.median

    @property
    def change(self) -> Decimal | None:
        """The price less the one before; None without both."""
        return None if self.price is None or self.previous is None else self.price - self.previous


def price_history(past: Sequence[Observation], zone: dt.tzinfo = dt.UTC) -> PriceHistory | None:
    """Return what the past of one product says; `past` in order of time, the current run's observation last.

    `zone` decides where a day ends. None for an empty past.
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
    """Return the time between two observations above which nobody knows what the price did.

    Four times what is usual between two days on which this product was seen, so that one that is looked at monthly is
    not all gaps; never below 14 days.
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
    """Return the raise behind the last price's discount; None when it is no cut, or a true one, or little is known.

    A raised price: within the last 30 days it stood a tenth above what it was on most of the 90 days before those, and
    now it is cut to what was usual, to a little less, or not even so far. A raised list price: within those 30 days it
    was raised by a twentieth, while the price did not rise with it, so that the discount looks bigger.
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
        return None  # whatever came between: it is cheaper than it was
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
        return None  # the price rose with it, or the discount is hardly bigger than it was
    at = next(seen.at for seen in lately if seen.list_price == last.list_price)
    return RaisedThenCut(RaiseKind.LIST_PRICE, usual_list, last.list_price, at, now, usual)


def _on_most_days(prices: Sequence[Decimal]) -> Decimal:
    """Return the price that was not exceeded on most of the days; it is the median's or more."""
    return sorted(prices)[math.ceil(MOST_DAYS * len(prices)) - 1]
