"""Move the demo shop's prices from day to day: each product follows a story that depends only on its number.

Four stories are honest (constant, slow drift, genuine sales, sold-out periods), and two are tricks that a price history
should reveal. An honest story never resembles a trick, whatever day observations begin and whether they are daily or
weekly; a trick is always obvious.

Days are the shop's own. Within the functions, amounts are hundredths of a yuan, and shares are per mille.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from crawler.demo.books import discount_text, yuan
from crawler.demo.draw import Draw
from parsers.model import Listing

__all__ = ["Phase", "Story", "on_day", "phase_of", "story_of"]


class Story(StrEnum):
    """The course of a product's price over the years."""

    STILL = "still"
    """It never changes."""
    DRIFT = "drift"
    """It rises and falls by 5 to 8 % in about a year, a little every week; less than 5 % in any 37 days."""
    SALE = "sale"
    """Every 75 to 120 days it is cut by 15 to 35 % for 5 to 14 days, then returns to its level."""
    RAISED_PRICE = "raised_price"
    """Every 95 to 140 days it is raised for 7 to 10 days, first by 15 to 19 % and then by 20 to 35 %, then «cut» to
    about the old price."""
    RAISED_LIST_PRICE = "raised_list_price"
    """Every 135 to 180 days the list price is raised by 10 to 30 % for 14 to 45 days; the price stays the same."""
    SOLD_OUT = "sold_out"
    """Every 30 to 80 days it is sold out for 3 to 15 days, and returns within 3 % of its level."""


class Phase(StrEnum):
    """The phase of a product's story on a day."""

    USUAL = "usual"
    SALE = "sale"
    """A genuine cut."""
    RAISED = "raised"
    """The price is raised."""
    CUT = "cut"
    """The shop shows a discount that a raise produced: the price is back down, or the list price is up. It lasts until
    at most 28 days after the raise."""
    AFTER = "after"
    """The time after the trick: the price does not move until 40 days after its raise, and a list price may stay up for
    up to 45 days. Whether the trick still counts is up to the observer."""
    SOLD_OUT = "sold_out"


_STORIES = (
    *(Story.STILL,) * 4, *(Story.DRIFT,) * 6, *(Story.SALE,) * 4,
    *(Story.RAISED_PRICE,) * 2, *(Story.RAISED_LIST_PRICE,) * 2, *(Story.SOLD_OUT,) * 2,
)  # fmt: skip
"""Each as often as it occurs among twenty products."""

_TRICK_DAYS = 28
"""Days after a raise within which its discount is clearly a trick."""

_AFTER_DAYS = 40
"""Days after a raise within which the price does not move after its cut."""

_ROOM = 720
"""Maximum share of the list price for a price that is to be raised, so that it always stays below the list price."""


class _Prices(NamedTuple):
    """The prices of a product on one day."""

    phase: Phase
    price: int | None
    list_price: int | None


class _Goods(NamedTuple):
    """A product of the timeless catalogue."""

    product_id: str
    price: int
    list_price: int | None
    has_ebook: bool

    def at(self, per_mille: int) -> int:
        """Return a share of the price, at least one hundredth of a yuan and at most the list price."""
        price = max(1, self.price * per_mille // 1000)
        return price if self.list_price is None else min(price, max(self.price, self.list_price))


@lru_cache(maxsize=4096)
def story_of(product_id: str) -> Story:
    """Return the story of a product.

    A product that is sold out or has no price in the timeless catalogue never changes, nor does one without a list
    price whose story is a raised list price.
    """
    return Draw("story", product_id).pick(_STORIES)


def phase_of(listing: Listing, day: dt.date) -> Phase:
    """Return the phase of a product of the timeless catalogue on `day`; `USUAL` if it never changes."""
    prices = _prices(listing, day)
    return Phase.USUAL if prices is None else prices.phase


def on_day(listing: Listing, day: dt.date) -> Listing:
    """Return a product of the timeless catalogue as on `day`: price, list price, discount, availability.

    E-books keep their price. A price is above 0, and does not exceed the list price unless it did before.
    """
    prices = _prices(listing, day)
    if prices is None:
        return listing
    price, list_price = prices.price, prices.list_price
    both = price is not None and list_price is not None
    return replace(
        listing,
        price=_money(price),
        price_text="" if price is None else yuan(price),
        list_price=_money(list_price),
        list_price_text="" if list_price is None else yuan(list_price),
        discount_text=discount_text(price or 0, list_price or 0) if both else "",
        sold_out=prices.phase is Phase.SOLD_OUT,
    )


def _prices(listing: Listing, day: dt.date) -> _Prices | None:
    """Return the prices of a product on a day; None if it never changes."""
    if listing.price is None or listing.sold_out:
        return None
    list_price = None if listing.list_price is None else int(listing.list_price * 100)
    goods = _Goods(
        listing.product_id, int(listing.price * 100), list_price, has_ebook=listing.ebook_price is not None
    )
    move = _MOVES.get(story_of(listing.product_id))
    return None if move is None else move(goods, day)


def _drift(goods: _Goods, day: dt.date) -> _Prices:
    draw = Draw("drift", goods.product_id)
    period, swing = draw.between(320, 420), draw.between(50, 80)
    weekly = (day.toordinal() + draw.below(7)) // 7 * 7
    quarters = (weekly + draw.below(period)) % period * 4
    height = (
        abs((quarters + period) % (4 * period) - 2 * period) - period
    )  # a triangle wave, between -period and period
    return _Prices(Phase.USUAL, goods.at(1000 + swing * height // period), goods.list_price)


def _sale(goods: _Goods, day: dt.date) -> _Prices:
    step, draw = _turn(goods, day, 75, 120)
    days, discount = draw.between(5, 14), draw.between(150, 350)
    if step < days:
        return _Prices(Phase.SALE, goods.at(1000 - discount), goods.list_price)
    return _Prices(Phase.USUAL, goods.price, goods.list_price)


def _raised_price(goods: _Goods, day: dt.date) -> _Prices:
    step, draw = _turn(goods, day, 95, 140)
    raised_days, cut_days = draw.between(7, 10), draw.between(7, 14)
    up, back = draw.between(1200, 1350), draw.between(970, 1050)
    first_days, first_up = draw.between(1, 5), draw.between(1150, 1190)
    if goods.list_price is not None:
        goods = goods._replace(price=max(1, min(goods.price, goods.list_price * _ROOM // 1000)))
    if step < raised_days:
        return _Prices(Phase.RAISED, goods.at(first_up if step < first_days else up), goods.list_price)
    if step < _AFTER_DAYS:
        phase = Phase.CUT if step < raised_days + cut_days else Phase.AFTER
        return _Prices(phase, goods.at(back), goods.list_price)
    return _Prices(Phase.USUAL, goods.price, goods.list_price)


def _raised_list_price(goods: _Goods, day: dt.date) -> _Prices | None:
    if goods.list_price is None:
        return None
    step, draw = _turn(goods, day, 135, 180)
    days, up, share = draw.between(14, 45), draw.between(1100, 1300), draw.between(980, 1020)
    if step < days:
        whole_yuan = -(-goods.list_price * up // 100_000) * 100
        phase = Phase.CUT if step < _TRICK_DAYS else Phase.AFTER
        return _Prices(phase, goods.at(share), whole_yuan)
    return _Prices(Phase.USUAL, goods.price, goods.list_price)


def _sold_out(goods: _Goods, day: dt.date) -> _Prices:
    """Show, besides «sold out», the usual price, the list price, a lower price, or none.

    There is a price if there is an e-book: without one, the listing would look like an e-book only.
    """
    step, draw = _turn(goods, day, 30, 80)
    days, level = draw.between(3, 15), draw.between(970, 1030)
    if step >= days:
        return _Prices(Phase.USUAL, goods.at(level), goods.list_price)
    shown = draw.pick((goods.at(level), goods.list_price or goods.price, goods.at(600), None))
    if shown is None and goods.has_ebook:
        shown = goods.price
    return _Prices(Phase.SOLD_OUT, shown, goods.list_price)


_MOVES: dict[Story, Callable[[_Goods, dt.date], _Prices | None]] = {
    Story.DRIFT: _drift,
    Story.SALE: _sale,
    Story.RAISED_PRICE: _raised_price,
    Story.RAISED_LIST_PRICE: _raised_list_price,
    Story.SOLD_OUT: _sold_out,
}
"""Computes the prices of a product on a day, by its story."""


def _turn(goods: _Goods, day: dt.date, least: int, most: int) -> tuple[int, Draw]:
    """Return the day in a product's current cycle, from 0, and the cycle's draw; it lasts `least` to `most` days."""
    draw = Draw("cycle", goods.product_id)
    period = draw.between(least, most)
    turn, step = divmod(day.toordinal() + draw.below(period), period)
    return step, Draw("turn", goods.product_id, turn)


def _money(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)
