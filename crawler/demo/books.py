"""Invent products one at a time, with the variants and traps of the real shop in similar proportions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set as AbstractSet
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from crawler.demo import words
from crawler.demo.draw import Draw
from crawler.demo.people import Block, author_block
from crawler.demo.topic import Topic
from parsers.dangdang.urls import PRODUCT_URL
from parsers.model import Flag, Listing

__all__ = [
    "discount_text",
    "goods",
    "image_url",
    "marketplace_offer",
    "own_book",
    "product_numbered",
    "product_url",
    "yuan",
]

_OLDEST = dt.date(2012, 1, 1).toordinal()
_NEWEST = dt.date(2025, 11, 30).toordinal()
_CHINESE = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")

_SETS = (
    ("（全{n}册）", 2, 12), ("（套装共{n}册）", 2, 10), ("（共{n}册）", 2, 8), ("（套装全{n}册）", 3, 10),
    ("（全{c}册）", 2, 12), ("（上下册）", 2, 2), ("（上中下册）", 3, 3), (" 套装{n}册", 2, 8),
)  # fmt: skip
"""How titles state a set, with the smallest and largest number of volumes for each form."""

_OWN_BOOKS = (80_000_000, 20_000_000)
_EBOOKS = (1_990_000_000, 10_000_000)
_OWN_BUNDLES = (12_900_000_000, 90_000_000)
_MARKETPLACE = ((1_700_000_000, 100_000_000), (11_900_000_000, 100_000_000))
"""The first id of each kind of product, and the number of ids. The real shop does not use these ranges, so no invented
book has a real one's id."""

_FIRST_GOODS = 50_000_000
"""Goods count from here in the ranges of the marketplace."""

_STEP = 7_368_787
"""The distance between the ids of consecutive products: coprime to every range, so no two are equal."""

_STARS = (100,) * 11 + (90,) * 5 + (80,) * 2 + (70, 60)
"""Widths of the star bar in per cent, in realistic proportions."""


class _Work(NamedTuple):
    """The product: a title and what it says about itself."""

    title: str
    volumes: int | None = 1
    flags: AbstractSet[Flag] = frozenset()


def own_book(topic: Topic, number: int) -> Listing:
    """Return the shop's own product `number` for a search; page and position are 0."""
    draw = Draw("own", topic.query, number)
    product_id = _spread(topic, number, _OWN_BOOKS)
    if draw.chance(9):
        title = draw.pick(words.ACCESSORIES).format(q=topic.name)
        work = _Work(title, flags={Flag.ACCESSORY})
        return _listing(draw, topic, product_id, work, draw.between(60, 600) * 10, block=("", ()), book=False)
    work = _work(draw, topic)
    list_price = _list_price(draw, work)
    e_price = list_price * draw.between(30, 60) // 100
    if draw.chance(16):
        ebook_id = _spread(topic, number, _EBOOKS)
        return _listing(draw, topic, ebook_id, work, list_price, ebook=e_price, ebook_only=True)
    if Flag.BUNDLE in work.flags:
        # The shop numbers its own bundles with eleven digits, and no shop link says who sells them.
        return _listing(draw, topic, _spread(topic, number, _OWN_BUNDLES), work, list_price)
    ebook = e_price if draw.chance(250) else None
    if draw.chance(8):
        if draw.chance(500):
            work = work._replace(title=f"{work.title}（此版本已售罄，新版已上市）")
        return _listing(draw, topic, product_id, work, list_price, ebook=ebook, sold_out=True)
    if draw.chance(2):  # no e-book either: with a missing price, the listing would look like an e-book only
        return _listing(draw, topic, product_id, work, list_price, no_price=True)
    return _listing(draw, topic, product_id, work, list_price, ebook=ebook)


def marketplace_offer(topic: Topic, number: int, own_total: int) -> Listing:
    """Return marketplace product `number`; half of them are books that the shop also sells itself.

    `own_total` is the number of the shop's own products for the search, at least 1.
    """
    draw = Draw("marketplace", topic.query, number)
    product_id = _marketplace_id(topic, number)
    used = draw.chance(60)
    seller = draw.pick(words.USED_SELLERS if used else words.SELLERS)
    form = "{} 二手旧书 九成新" if used else draw.pick(("{}", "{}", "{} 正版现货", "新华书店正版 {}"))
    twin = own_book(topic, draw.below(own_total)) if draw.chance(500) else None
    if twin is None or twin.price is None or twin.list_price is None or twin.sold_out:
        work = _work(draw, topic)
        list_price = _list_price(draw, work)
        work = work._replace(title=form.format(work.title), flags=work.flags | _used(used))
        return _listing(draw, topic, product_id, work, list_price, seller=seller)
    list_price = int(twin.list_price * 100)
    price = min(list_price, int(twin.price * draw.between(70, 140)))
    return replace(
        twin,
        product_id=product_id,
        url=product_url(product_id),
        image=image_url(product_id, draw.between(1, 40)),
        title=form.format(twin.title),
        price=_money(price),
        price_text=yuan(price),
        discount_text=discount_text(price, list_price),
        ebook_price=None,
        rating=None,
        reviews=None,
        seller=seller,
        self_operated=False,
        flags=twin.flags | _used(used),
    )


def goods(topic: Topic, number: int) -> Listing:
    """Return a product other than a book, for a search of all categories."""
    draw = Draw("goods", topic.query, number)
    name = draw.pick(words.GOODS)
    flags = set[Flag]() if name in words.UNFLAGGED_GOODS else {Flag.ACCESSORY}
    work = _Work(name.format(q=topic.name), flags=flags)
    product_id = _marketplace_id(topic, _FIRST_GOODS + number)
    seller = draw.pick(words.SELLERS)
    list_price = draw.between(99, 1999) * 10
    return _listing(draw, topic, product_id, work, list_price, seller=seller, block=("", ()), book=False)


def product_numbered(
    topic: Topic, product_id: str, *, own: int, marketplace: int, other_goods: int
) -> Listing | None:
    """Return the product of a search that has an id; None if the search has none.

    `own`, `marketplace` and `other_goods` are the numbers of products that the search has of each kind.
    """
    wanted = int(product_id)
    for ids in (_OWN_BOOKS, _EBOOKS, _OWN_BUNDLES, *_MARKETPLACE):
        if not ids[0] <= wanted < sum(ids):
            continue
        number = _number_of(topic, wanted, ids)
        listing = None
        if ids not in _MARKETPLACE:
            listing = own_book(topic, number) if number < own else None
        elif number < marketplace:
            listing = marketplace_offer(topic, number, own)
        elif _FIRST_GOODS <= number < _FIRST_GOODS + other_goods:
            listing = goods(topic, number - _FIRST_GOODS)
        if listing is not None and listing.product_id == product_id:
            return listing
    return None


def product_url(product_id: str) -> str:
    """Return the address of a product page."""
    return PRODUCT_URL.format(product_id)


def image_url(product_id: str, version: int) -> str:
    """Return the address of a cover, in the shop's format."""
    number = int(product_id)
    return (
        f"https://img3m{product_id[-1]}.ddimg.cn/{number % 97}/{number % 37}/{product_id}-1_b_{version}.jpg"
    )


def yuan(cents: int) -> str:
    """Format a price as the shop does: «¥39.00», «¥1,288.00»."""
    return f"¥{cents // 100:,}.{cents % 100:02d}"


def discount_text(price: int, list_price: int) -> str:
    """Format the discount of a price in cents as the shop does, «6.52折»; '' if there is none.

    The shop rounds up to a hundredth and drops trailing zeros: 57.30 of 88.00 is 6.52折, 39.00 of 78.00 5折.
    """
    return "" if price >= list_price else f"{-(-price * 1000 // list_price) / 100:g}折"


def _work(draw: Draw, topic: Topic) -> _Work:
    kind = draw.below(1000)
    if kind < 70:
        form, least, greatest = draw.pick(_SETS)
        volumes = draw.between(least, greatest)
        return _Work(_stem(draw, topic) + form.format(n=volumes, c=_CHINESE[volumes]), volumes, {Flag.SET})
    if kind < 75:
        volumes = draw.between(20, 60)
        return _Work(f"{_stem(draw, topic)}（全{volumes}册）", volumes, {Flag.SET})
    if kind < 82:
        return _Work(f"{_stem(draw, topic)}（套装）", None, {Flag.SET})
    if kind < 107:
        counted = kind < 97
        stems = draw.some(words.STEMS if counted else words.BUNDLED, 2)
        title = "+".join(stem.format(q=topic.name) for stem in stems)
        if counted:
            return _Work(f"{title}（套装共2册）", 2, {Flag.SET, Flag.BUNDLE})
        return _Work(title, None, {Flag.BUNDLE})
    if kind < 137:
        return _Work(draw.pick(words.OFF_TOPIC))
    title = _stem(draw, topic)
    if draw.chance(450):
        title += f"：{draw.pick(words.SECOND_HALVES)}"
    if draw.chance(350):
        title += draw.pick(words.EDITIONS)
    if kind < 142:
        return _Work(f"【二手】{title}", flags={Flag.SECOND_HAND})
    return _Work(title)


def _stem(draw: Draw, topic: Topic) -> str:
    """Return a title; if the query has several words, it may contain only one, as on real pages."""
    name = draw.pick(topic.words) if len(topic.words) > 1 and draw.chance(200) else topic.name
    return draw.pick(words.STEMS).format(q=name)


def _list_price(draw: Draw, work: _Work) -> int:
    """Return a list price in cents: 29 to 128 yuan per book, 70 % of that per volume of a set."""
    one = draw.between(29, 128) * 100 - draw.pick((0, 0, 0, 20, 10))
    return one if work.volumes == 1 else (work.volumes or 3) * one * 7 // 100 * 10


def _listing(
    draw: Draw,
    topic: Topic,
    product_id: str,
    work: _Work,
    list_price: int,
    *,
    ebook: int | None = None,
    ebook_only: bool = False,
    sold_out: bool = False,
    no_price: bool = False,
    seller: str | None = None,
    block: Block | None = None,
    book: bool = True,
) -> Listing:
    """Return the listing of `work`; values not given as arguments are drawn. Amounts are in cents."""
    price = list_price if draw.chance(30) else list_price * draw.between(30, 90) // 1000 * 10
    listed = not (ebook_only or draw.chance(30))
    shown = not (ebook_only or no_price)
    subtitle = "" if draw.chance(220) else draw.pick(words.SUBTITLES).format(q=topic.name)
    description = "".join(draw.some(words.DETAILS, draw.between(2, 7))).format(q=topic.name)
    contributors_text, contributors = author_block(draw) if block is None else block
    published = None
    if book and not draw.chance(25):
        published = dt.date.fromordinal(draw.between(_OLDEST, _NEWEST))
        if draw.chance(600):
            published = published.replace(day=1)
    rating, reviews = _reception(draw)
    return Listing(
        product_id=product_id,
        title=work.title,
        subtitle=subtitle if book else "",
        description="" if draw.chance(60) else description,
        url=product_url(product_id),
        image=image_url(product_id, draw.between(1, 40)),
        page=0,
        position=0,
        price=_money(price) if shown else None,
        price_text=yuan(price) if shown else "",
        list_price=_money(list_price) if listed else None,
        list_price_text=yuan(list_price) if listed else "",
        discount_text=discount_text(price, list_price) if listed and shown else "",
        ebook_price=None if ebook is None else _money(ebook),
        ebook_only=ebook_only,
        sold_out=sold_out,
        volumes=work.volumes,
        contributors=contributors,
        contributors_text=contributors_text,
        publisher=None if not book or draw.chance(25) else draw.pick(words.PUBLISHERS),
        published=published,
        published_text="" if published is None else published.isoformat(),
        rating=rating,
        reviews=reviews,
        seller=seller,
        self_operated=_self_operated(draw, product_id, seller),
        flags=frozenset(work.flags),
        highlighted=topic.is_in(f"{work.title} {subtitle if book else ''}"),
    )


def _reception(draw: Draw) -> tuple[float | None, int | None]:
    """Return stars and reviews: 9 of 60 products have neither, and a few have reviews but an empty star bar."""
    if draw.chance(150):
        return None, None
    reviews = draw.between(1, 10 ** draw.between(1, 5)) + draw.below(40)
    return (None if draw.chance(20) else draw.pick(_STARS) / 20), reviews


def _self_operated(draw: Draw, product_id: str, seller: str | None) -> bool | None:
    """Return the evidence on the page: a shop link means no, eight digits or a 当当自营 label yes, else unknown."""
    if seller is not None:
        return False
    return True if len(product_id) == 8 or draw.chance(200) else None


def _used(used: bool) -> frozenset[Flag]:
    return frozenset({Flag.SECOND_HAND}) if used else frozenset()


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _marketplace_id(topic: Topic, number: int) -> str:
    """Return ten or eleven digits, like the marketplace's numbers."""
    return _spread(topic, number, _MARKETPLACE[0 if number % 3 else 1])


def _spread(topic: Topic, number: int, ids: tuple[int, int]) -> str:
    """Return the id of product `number` in a range of ids."""
    first, span = ids
    return str(first + (_start(topic, span) + number * _STEP) % span)


def _number_of(topic: Topic, product_id: int, ids: tuple[int, int]) -> int:
    """Return the number that `_spread` turns into an id of a range."""
    first, span = ids
    return (product_id - first - _start(topic, span)) * pow(_STEP, -1, span) % span


def _start(topic: Topic, span: int) -> int:
    return Draw("ids", topic.query).below(span)
