"""The past of a product as lines to draw: broken where nothing could be bought, or nobody looked. No drawing here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crawler.prices.price_history import RaiseKind
from crawler.prices.price_periods import ProductPast, Spell

__all__ = ["Level", "cut_after_raise", "held_until", "levels", "sold_out_times", "thinned"]


@dataclass(frozen=True, slots=True)
class Level:
    """A price that held from one moment to another."""

    since: dt.datetime
    until: dt.datetime
    price: Decimal


def held_until(spells: Sequence[Spell], at: int) -> dt.datetime:
    """Return until when what a spell saw is taken to hold: the next observation that saw another.

    Before a long gap, and at the end of the past, it is its own last observation.
    """
    if at + 1 < len(spells) and not spells[at + 1].after_gap:
        return spells[at + 1].since
    return spells[at].until


def levels(spells: Sequence[Spell], price_of: Callable[[Spell], Decimal | None]) -> list[list[Level]]:
    """Return the unbroken lines of a price, oldest first, each a list of levels that follow on each other.

    A spell without that price breaks the line, as does a long time without an observation.
    """
    lines: list[list[Level]] = []
    broken = True
    for at, spell in enumerate(spells):
        price = price_of(spell)
        if price is None:
            broken = True
            continue
        until = held_until(spells, at)
        if broken or spell.after_gap:
            lines.append([Level(spell.since, until, price)])
        elif (last := lines[-1][-1]).price == price:
            lines[-1][-1] = Level(last.since, until, price)
        else:
            lines[-1].append(Level(spell.since, until, price))
        broken = False
    return lines


def sold_out_times(spells: Sequence[Spell]) -> list[tuple[dt.datetime, dt.datetime]]:
    """Return from when to when it was sold out, oldest first; times that follow on each other are one.

    Of all the spells, not of thinned ones: what is left out there would look sold out.
    """
    times: list[tuple[dt.datetime, dt.datetime]] = []
    for at, spell in enumerate(spells):
        if not spell.sold_out:
            continue
        until = held_until(spells, at)
        if times and times[-1][1] == spell.since and not spell.after_gap:
            times[-1] = (times[-1][0], until)
        else:
            times.append((spell.since, until))
    return times


def thinned(spells: Sequence[Spell], limit: int) -> Sequence[Spell]:
    """Return about `limit` of the spells, the same ones every time; all of them where they are no more.

    The time is cut into equal pieces, and of the spells that begin in one the first, the last, the cheapest and the
    dearest stay, the first at which nothing could be bought, and both sides of a gap: no eye sees a difference in a
    drawing as wide as that (the M4 of Jugel and others, VLDB 2014).
    """
    if len(spells) <= limit:
        return spells
    start, pieces = spells[0].since, max(limit // 4, 1)
    whole = max(spells[-1].since - start, dt.timedelta.resolution)
    kept: set[int] = set()
    piece: list[int] = []
    number = 0
    for at, spell in enumerate(spells):
        if spell.after_gap:
            kept |= {at - 1, at}
        here = int(pieces * ((spell.since - start) / whole))
        if here != number:
            kept |= _telling(spells, piece)
            piece, number = [], here
        piece.append(at)
    kept |= _telling(spells, piece)
    return [spells[at] for at in sorted(kept)]


def cut_after_raise(product: ProductPast) -> Spell | None:
    """Return the spell that cut a raised price; None where no price was raised and then cut.

    It is the first that was no dearer than now, after the last at the raised price.
    """
    raised = product.history.raised_then_cut
    if raised is None or raised.kind is not RaiseKind.PRICE:
        return None
    cut = None
    for spell in reversed(product.spells):
        if spell.to_be_had == raised.raised_to:
            break
        if spell.to_be_had is not None and spell.to_be_had <= raised.now:
            cut = spell
    return cut


def _telling(spells: Sequence[Spell], piece: Sequence[int]) -> set[int]:
    if not piece:
        return set()
    kept = {piece[0], piece[-1]}
    prices = [(price, at) for at in piece if (price := spells[at].to_be_had) is not None]
    if prices:
        # Of equals the last: when a price was seen last is what a mark tells.
        kept |= {min(prices, key=lambda each: (each[0], -each[1]))[1], max(prices)[1]}
    kept |= set([at for at in piece if spells[at].to_be_had is None][:1])
    return kept
