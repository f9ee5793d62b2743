"""How the demo shop's prices move from day to day: each product lives a story, which follows from its number alone.

Four of the stories are honest (nothing moves, slow drift, true sales, sold-out periods), and two are the tricks that a
price history is there to see through. What is honest never comes near a trick, on whatever day somebody begins to look,
daily or weekly, and what is a trick is a plain one.

Days are the shop's own. Within the functions amounts are hundredths of a yuan, and shares are per mille.
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
    """What becomes of a product's price over the years."""

    STILL = "still"
    """It never moves."""
    DRIFT = "drift"
    """It goes up and down by 5 to 8 % in about a year, a little every week; less than 5 % in any 37 days."""
    SALE = "sale"
    """Every 75 to 120 days it is cut by 15 to 35 % for 5 to 14 days, and is back at its level afterwards."""
    RAISED_PRICE = "raised_price"
    """Every 95 to 140 days it is pushed up for 7 to 10 days, by 15 to 19 % and then by 20 to 35 %, then «cut» to about
    what it was."""
    RAISED_LIST_PRICE = "raised_list_price"
    """Every 135 to 180 days the list price is pushed up by 10 to 30 % for 14 to 45 days, and the price stays."""
    SOLD_OUT = "sold_out"
    """Every 30 to 80 days it is sold out for 3 to 15 days, and comes back within 3 % of its level."""


class Phase(StrEnum):
    """Where in its story a product is on a day."""

    USUAL = "usual"
    SALE = "sale"
    """Cut for true."""
    RAISED = "raised"
    """The price is pushed up."""
    CUT = "cut"
    """A discount is shown that a raise has made: the price is back from its raise, or the list price is up. It lasts
    until 28 days after the raise at most."""
    AFTER = "after"
    """What comes then: for 40 days after its raise the price does not move, and a list price may stay up for up to 45.
    Whether that trick still counts is for the reader to say."""
    SOLD_OUT = "sold_out"


_STORIES = (
    *(Story.STILL,) * 4, *(Story.DRIFT,) * 6, *(Story.SALE,) * 4,
    *(Story.RAISED_PRICE,) * 2, *(Story.RAISED_LIST_PRICE,) * 2, *(Story.SOLD_OUT,) * 2,
)  # fmt: skip
"""Each as often as it comes in twenty products."""

_TRICK_DAYS = 28
"""Days from a raise within which the discount that it makes is a trick beyond doubt."""

_AFTER_DAYS = 40
"""Days from a raise in which a price does not move after its cut."""

_ROOM = 720
"""Share of the list price that a price is at most that is to be raised: it stays below the list price all the time."""


class _Prices(NamedTuple):
    """What a product costs on one day."""

    phase: Phase
    price: int | None
    list_price: int | None


class _Goods(NamedTuple):
    """A product as the timeless catalogue has it."""

    product_id: str
    price: int
    list_price: int | None
    has_ebook: bool

    def at(self, per_mille: int) -> int:
        """Return a share of the price, at least one hundredth of a yuan, and no more than the list price."""
        price = max(1, self.price * per_mille // 1000)
        return price if self.list_price is None else min(price, max(self.price, self.list_price))


@lru_cache(maxsize=4096)
def story_of(product_id: str) -> Story:
    """Return the story of a product.

    What is sold out in the timeless catalogue or has no price there does not live it, nor does a product without a
    list price the one of a raised list price: these never change.
    """
    return Draw("story", product_id).pick(_STORIES)


def phase_of(listing: Listing, day: dt.date) -> Phase:
    """Return where in its story a product of the timeless catalogue is on `day`; `USUAL` for one that lives none."""
    prices = _prices(listing, day)
    return Phase.USUAL if prices is None else prices.phase


def on_day(listing: Listing, day: dt.date) -> Listing:
    """Return a product of the timeless catalogue as the shop shows it on `day`: price, list price, discount, sold out.

    E-books keep their price. A price is more than 0, and no more than the list price if it never was.
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
    """Return what a product costs on a day; None for one that never changes."""
    if listing.price is None or listing.sold_out:
        return None
    list_price = None if listing.list_price is None else int(listing.list_price * 100)
    goods = _Goods(
        listing.product_id, int(listing.price * 100), list_price, has_ebook=listing.ebook_price is not None
    )
    tell = _TELLERS.get(story_of(listing.product_id))
    return None if tell is None else tell(goods, day)


def _drift(goods: _Goods, day: dt.date) -> _Prices:
    draw = Draw("drift", goods.product_id)
    period, swing = draw.between(320, 420), draw.between(50, 80)
    weekly = (day.toordinal() + draw.below(7)) // 7 * 7
    quarters = (weekly + draw.below(period)) % period * 4
    height = (
        abs((quarters + period) % (4 * period) - 2 * period) - period
    )  # a triangle, between -period and period
    return _Prices(Phase.USUAL, goods.at(1000 + swing * height // period), goods.list_price)


def _sale(goods: _Goods, day: dt.date) -> _Prices:
    step, draw = _turn(goods, day, 75, 120)
    days, off = draw.between(5, 14), draw.between(150, 350)
    if step < days:
        return _Prices(Phase.SALE, goods.at(1000 - off), goods.list_price)
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
    """Beside «sold out» stands the price as ever, the list price, a lower price, or none.

    None where there is no e-book: beside a missing price that would read as an e-book alone.
    """
    step, draw = _turn(goods, day, 30, 80)
    days, level = draw.between(3, 15), draw.between(970, 1030)
    if step >= days:
        return _Prices(Phase.USUAL, goods.at(level), goods.list_price)
    shown = draw.pick((goods.at(level), goods.list_price or goods.price, goods.at(600), None))
    if shown is None and goods.has_ebook:
        shown = goods.price
    return _Prices(Phase.SOLD_OUT, shown, goods.list_price)


_TELLERS: dict[Story, Callable[[_Goods, dt.date], _Prices | None]] = {
    Story.DRIFT: _drift,
    Story.SALE: _sale,
    Story.RAISED_PRICE: _raised_price,
    Story.RAISED_LIST_PRICE: _raised_list_price,
    Story.SOLD_OUT: _sold_out,
}
"""What a story makes of a product on a day."""


def _turn(goods: _Goods, day: dt.date, least: int, most: int) -> tuple[int, Draw]:
    """Return the day of a product's present turn, from 0, and that turn's draw; turns last `least` to `most` days."""
    draw = Draw("cycle", goods.product_id)
    period = draw.between(least, most)
    turn, step = divmod(day.toordinal() + draw.below(period), period)
    return step, Draw("turn", goods.product_id, turn)


def _money(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)
