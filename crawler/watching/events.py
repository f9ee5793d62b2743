"""Detect the events of a product from its history and its earlier alerts: pure, without clock or files.

Each event raises one alert. The earlier alerts are the memory of this module: a price that stays, or that moves by a
hundredth, is no news, whether or not another run observed the product in between.
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
"""The multiple of the target price from which a price counts as having left it, so that a return is news."""

NEWS = Decimal("0.99")
"""The multiple of the lowest price in earlier alerts up to which a lower price is news."""


@dataclass(frozen=True, slots=True)
class SentAlert:
    """An earlier alert of a watch about a product."""

    kind: AlertKind
    at: dt.datetime
    """The time of the observation."""
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
    """Return the current events of a product, the most important first.

    `past` holds every observation of the product in order of time; the last is the one that the watch has just made.
    `told` holds the watch's earlier alerts about it, in any order. The watch has run since `since`: of the time before,
    it considers only the last observation and the lowest price. `is_new` is True if the watch has not seen the product
    before, although it has read all its pages.

    If the product is the cheapest offer of a book, `others` are the histories of the other offers up to the previous
    run: a price at which one of them was available is no news here; `told` then covers all offers. Days are those of
    `zone`.
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
    """Return True if the price has reached the target, and had left it since the last alert about that."""
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
    """Return the observations since the watch began, and the last one before."""
    first = sum(1 for seen in past if seen.at < since)
    return past[max(first - 1, 0) :]


def _highest(watched: Sequence[Observation], told: SentAlert | None) -> Decimal | None:
    """Return the highest price since the last alert about a fall; None if there is none."""
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
    """Return the lowest earlier price above `price` if `price` is news as a new lowest; else None.

    It is news below the lowest price that the reader knows: that of the last alert, or the lowest when the watch began.
    The lowest price ever would not do: a price that falls a little each day would never be news. The product first
    needs `days` earlier days with a price; the reader knows the lowest of those, too.
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
    """Return True if the product was sold out after its last such alert, and no other offer was available since."""
    last = _last_told(told, AlertKind.BACK_IN_STOCK)
    out = [seen.at for seen in watched if seen.sold_out and (last is None or seen.at > last.at)]
    if not out:
        return False
    return not any(
        seen.available_price is not None and seen.at >= out[-1] for other in others for seen in other
    )


def _last_told(told: Sequence[SentAlert], kind: AlertKind) -> SentAlert | None:
    return max((each for each in told if each.kind is kind), key=lambda each: each.at, default=None)
