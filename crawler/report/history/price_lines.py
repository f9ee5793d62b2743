"""Turn the periods of a product into lines to draw, broken where it was unavailable or unobserved. No drawing here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crawler.prices.price_history import RaiseKind
from crawler.prices.price_periods import PricePeriod, ProductPast

__all__ = ["Level", "cut_after_raise", "held_until", "levels", "sold_out_times", "thinned"]


@dataclass(frozen=True, slots=True)
class Level:
    """A price, and the interval in which it held."""

    since: dt.datetime
    until: dt.datetime
    price: Decimal


def held_until(periods: Sequence[PricePeriod], at: int) -> dt.datetime:
    """Return the time until which a period is assumed to hold: the next observation with different values.

    Before a long gap, and for the last period, it is the period's own last observation.
    """
    if at + 1 < len(periods) and not periods[at + 1].after_gap:
        return periods[at + 1].since
    return periods[at].until


def levels(
    periods: Sequence[PricePeriod], price_of: Callable[[PricePeriod], Decimal | None]
) -> list[list[Level]]:
    """Return the unbroken lines of a price, oldest first, each a list of consecutive levels.

    A period without that price breaks the line, and so does a long time without an observation.
    """
    lines: list[list[Level]] = []
    broken = True
    for at, period in enumerate(periods):
        price = price_of(period)
        if price is None:
            broken = True
            continue
        until = held_until(periods, at)
        if broken or period.after_gap:
            lines.append([Level(period.since, until, price)])
        elif (last := lines[-1][-1]).price == price:
            lines[-1][-1] = Level(last.since, until, price)
        else:
            lines[-1].append(Level(period.since, until, price))
        broken = False
    return lines


def sold_out_times(periods: Sequence[PricePeriod]) -> list[tuple[dt.datetime, dt.datetime]]:
    """Return the intervals in which the product was sold out, oldest first; adjoining intervals are merged.

    Pass all periods, not thinned ones: the omitted periods would look sold out.
    """
    times: list[tuple[dt.datetime, dt.datetime]] = []
    for at, period in enumerate(periods):
        if not period.sold_out:
            continue
        until = held_until(periods, at)
        if times and times[-1][1] == period.since and not period.after_gap:
            times[-1] = (times[-1][0], until)
        else:
            times.append((period.since, until))
    return times


def thinned(periods: Sequence[PricePeriod], limit: int) -> Sequence[PricePeriod]:
    """Return about `limit` of the periods, the same ones every time; all of them if there are no more.

    The function cuts the time into equal pieces. Of the periods that begin in a piece, it keeps the first, the last,
    the cheapest, the most expensive, the first at which nothing could be bought, and both sides of a gap. In a drawing
    of that width, no eye sees the difference (the M4 algorithm of Jugel and others, VLDB 2014).
    """
    if len(periods) <= limit:
        return periods
    start, pieces = periods[0].since, max(limit // 4, 1)
    whole = max(periods[-1].since - start, dt.timedelta.resolution)
    kept: set[int] = set()
    piece: list[int] = []
    number = 0
    for at, period in enumerate(periods):
        if period.after_gap:
            kept |= {at - 1, at}
        here = int(pieces * ((period.since - start) / whole))
        if here != number:
            kept |= _telling(periods, piece)
            piece, number = [], here
        piece.append(at)
    kept |= _telling(periods, piece)
    return [periods[at] for at in sorted(kept)]


def cut_after_raise(product: ProductPast) -> PricePeriod | None:
    """Return the period that cut a raised price; None if no price was raised and then cut.

    It is the first period, after the last one at the raised price, with a price no higher than now.
    """
    raised = product.history.raised_then_cut
    if raised is None or raised.kind is not RaiseKind.PRICE:
        return None
    cut = None
    for period in reversed(product.periods):
        if period.available_price == raised.raised_to:
            break
        if period.available_price is not None and period.available_price <= raised.now:
            cut = period
    return cut


def _telling(periods: Sequence[PricePeriod], piece: Sequence[int]) -> set[int]:
    if not piece:
        return set()
    kept = {piece[0], piece[-1]}
    prices = [(price, at) for at in piece if (price := periods[at].available_price) is not None]
    if prices:
        # Among equals take the last: the mark shows when a price was last seen.
        kept |= {min(prices, key=lambda each: (each[0], -each[1]))[1], max(prices)[1]}
    kept |= set([at for at in piece if periods[at].available_price is None][:1])
    return kept
