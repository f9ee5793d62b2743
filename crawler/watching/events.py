"""What is worth telling of a product, given its past and what was told of it before: pure, no clock and no file.

Each event is told once. What was told is its own memory: that a price stays, or comes and goes by a hundredth, is
nothing new, whether or not somebody else looked at it in between.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.alerts.alert import AlertKind, PriceEvent
from crawler.local_time import date_in

if TYPE_CHECKING:
    from crawler.prices.observation import Observation
    from crawler.watching.watch import WatchTerms

__all__ = ["SentAlert", "detect"]

AWAY = Decimal("1.02")
"""From this share of the target on, a price has left it, and coming back is new."""

NEWS = Decimal("0.99")
"""Up to this share of the lowest price that was told, a lower one is news."""


@dataclass(frozen=True, slots=True)
class SentAlert:
    """Something that a watch told of a product before."""

    kind: AlertKind
    at: dt.datetime
    """When it was observed."""
    price: Decimal | None
    against: Decimal | None


def detect(
    terms: WatchTerms,
    past: Sequence[Observation],
    told: Sequence[SentAlert],
    *,
    since: dt.datetime,
    is_new: bool = False,
    others: Sequence[Sequence[Observation]] = (),
    zone: dt.tzinfo = dt.UTC,
) -> tuple[PriceEvent, ...]:
    """Return what is to be told of a product now, the most telling first.

    `past` is every observation of it, in order of time, the last the one that the watch has just made; `told` is what
    the watch told of it before, in any order; since `since` the watch has been on: of what was before it knows the
    last observation, and the lowest price; `is_new` says that the watch has not seen the product before, though it had
    all of its pages. Where the product is the cheapest offer of a book, `others` are the pasts of the other offers, up
    to the run before: what was to be had there at this price is no news here; `told` is then of all of them. Days are
    those of `zone`.
    """
    price = past[-1].available_price
    watched = _watched(past[:-1], since)
    found: list[PriceEvent] = []
    if price is not None:
        if terms.target_price is not None and _at_target(terms.target_price, price, past, told):
            found.append(PriceEvent(AlertKind.TARGET_PRICE, terms.target_price))
        if terms.drop_percent is not None:
            fall = _last_told(told, AlertKind.PRICE_DROP)
            highest = [_highest(watched, fall), *(_highest(_watched(other, since), fall) for other in others)]
            reference = highest[0] and min(amount for amount in highest if amount is not None)
            if reference is not None and price <= reference * (1 - terms.drop_percent / 100):
                found.append(PriceEvent(AlertKind.PRICE_DROP, reference))
        if terms.new_lowest:
            lowest = _lowest_before(
                terms.new_lowest_days, price, past, told, since=since, others=others, zone=zone
            )
            if lowest is not None:
                found.append(PriceEvent(AlertKind.NEW_LOWEST, lowest))
    if terms.new_books and is_new:
        found.append(PriceEvent(AlertKind.NEW_BOOK))
    if terms.back_in_stock and price is not None and _is_back(watched, told, others):
        found.append(PriceEvent(AlertKind.BACK_IN_STOCK))
    return tuple(found)


def _at_target(
    target: Decimal, price: Decimal, past: Sequence[Observation], told: Sequence[SentAlert]
) -> bool:
    """Whether the price has come to the target, and had left it since that was told last."""
    if price > target:
        return False
    same = [each.at for each in told if each.kind is AlertKind.TARGET_PRICE and each.against == target]
    if not same:
        return True
    return any(
        seen.at > max(same) and (paid := seen.available_price) is not None and paid >= AWAY * target
        for seen in past
    )


def _watched(past: Sequence[Observation], since: dt.datetime) -> Sequence[Observation]:
    """Return what was seen since the watch began, and what was seen last before that."""
    first = sum(1 for seen in past if seen.at < since)
    return past[max(first - 1, 0) :]


def _highest(watched: Sequence[Observation], told: SentAlert | None) -> Decimal | None:
    """Return the highest price since a fall was told last; None without one."""
    return max(
        (
            paid
            for seen in watched
            if (told is None or seen.at >= told.at) and (paid := seen.available_price) is not None
        ),
        default=None,
    )


def _lowest_before(
    days: int,
    price: Decimal,
    past: Sequence[Observation],
    told: Sequence[SentAlert],
    *,
    since: dt.datetime,
    others: Sequence[Sequence[Observation]],
    zone: dt.tzinfo,
) -> Decimal | None:
    """Return the lowest price above `price`, if that is news as a lowest one; else None.

    It is news below the lowest price that the reader knows of: the last told, or the lowest when the watch began. Not
    below the lowest of all: a price that comes down by a little each day would never be news. Prices of `days` earlier
    days come first; the lowest of those is known as well.
    """
    seen_here = [(seen.at, amount) for seen in past[:-1] if (amount := seen.available_price) is not None]
    elsewhere = [
        (seen.at, amount)
        for other in others
        for seen in other
        if (amount := seen.available_price) is not None
    ]
    today = date_in(zone, past[-1].at)
    earlier = sorted({day for at, _ in [*seen_here, *elsewhere] if (day := date_in(zone, at)) < today})
    if len(earlier) < days:
        return None
    last = _last_told(told, AlertKind.NEW_LOWEST)
    if last is not None and last.price is not None:
        known = last.price
    else:
        first = next((number for number, (at, _) in enumerate(seen_here, 1) if at >= since), len(seen_here))
        began = [amount for _, amount in [*seen_here[:first], *elsewhere]]
        waited = [amount for at, amount in seen_here if days and date_in(zone, at) <= earlier[days - 1]]
        known = min([*began, *waited], default=Decimal(0))
    amounts = [amount for _, amount in [*seen_here, *elsewhere]]
    if price > NEWS * known or any(amount < price for amount in amounts):
        return None
    # Another run may just have recorded this price, so compare with the next higher one.
    return min((amount for amount in amounts if amount > price), default=known)


def _is_back(
    watched: Sequence[Observation], told: Sequence[SentAlert], others: Sequence[Sequence[Observation]]
) -> bool:
    """Whether it was seen sold out since it was told last to be back, and could be bought nowhere else since then."""
    last = _last_told(told, AlertKind.BACK_IN_STOCK)
    out = [seen.at for seen in watched if seen.sold_out and (last is None or seen.at > last.at)]
    if not out:
        return False
    return not any(
        seen.available_price is not None and seen.at >= out[-1] for other in others for seen in other
    )


def _last_told(told: Sequence[SentAlert], kind: AlertKind) -> SentAlert | None:
    return max((each for each in told if each.kind is kind), key=lambda each: each.at, default=None)
