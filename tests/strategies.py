"""Hypothesis strategies: listings with everything that a search page can carry.

What a listing means (volumes, flags, sold out, who sells it) is composed here from words whose meaning is known, so
that a page which comes back equal proves the parser and not this file.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import strategies as st

from crawler.demo.draw import Draw
from crawler.demo.people import author_block
from parsers.model import Flag, Layout, Listing

__all__ = ["ResultPage", "result_pages"]

QUERIES = (
    "渗透测试",
    "Python 爬虫",
    "红楼梦",
    "C++",
    "R&D",
    "<b>粗体</b>",
    '"引号"',
    "𰻞𰻞面",
    "naïve Bayes",
)

# Letters that say nothing of the goods: no measure words, no plus, nothing of sets, extras or second hand.
_HANZI = "渗透测试人工智能红楼梦历史简明世界春夏秋冬山川湖海天地玄黄宇宙洪荒论语孟子数学物理机械电子"
_LETTERS = st.one_of(
    st.sampled_from(_HANZI + "aZé ößÄ&<>\"'#;?!%=/\\“”—…·・¥€，。：！？"),
    st.characters(min_codepoint=0x3400, max_codepoint=0x4DBF),  # four bytes in gb18030
    st.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF),  # beyond the basic plane
    st.characters(min_codepoint=0x0410, max_codepoint=0x044F),  # Cyrillic, which GB2312 has
    st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3),  # Hangul, which it has not
)
_COUNTS = ((2, "二"), (3, "三"), (4, "四"), (7, "七"), (10, "十"), (12, "十二"), (21, "二十一"))


@dataclass(frozen=True)
class ResultPage:
    """The arguments of `render_search_page`."""

    listings: tuple[Listing, ...]
    query: str
    page: int
    pages: int
    total: int
    layout: Layout


def _fold(text: str) -> str:
    return " ".join(text.split())


def _text(*, least: int = 1, most: int = 30) -> st.SearchStrategy[str]:
    return st.text(_LETTERS, min_size=least, max_size=most).map(_fold).filter(lambda text: len(text) >= least)


@st.composite
def _works(draw: st.DrawFn, query: str) -> tuple[str, int | None, frozenset[Flag], bool]:
    """Draw a title, and its facts: volumes, flags, and availability."""
    core = draw(_text())
    if draw(st.booleans()):
        core = _fold(core + draw(st.sampled_from(query.split())))
    n, numeral = draw(st.sampled_from(_COUNTS))
    plain = st.text(st.sampled_from(_HANZI), min_size=4, max_size=8)
    extra = draw(st.sampled_from(("", "手册", "笔记")))  # with a count, one of the volumes
    title, volumes, flags, sold_out = draw(
        st.sampled_from(
            [
                (core, 1, set(), False),
                (f"{core}（第{n}版）", 1, set(), False),
                (f"{core} 第{numeral}册", 1, set(), False),
                (f"{core}·八年级上册", 1, set(), False),
                (f"{core}（全{n}册）", n, {Flag.SET}, False),
                (f"{core}（全{numeral}册）", n, {Flag.SET}, False),
                (f"{core}（套装共{n}册）", n, {Flag.SET}, False),
                (f"{core}（共{n}册）", n, {Flag.SET}, False),
                (f"{core} 套装{n}册", n, {Flag.SET}, False),
                (f"{core}（上下册）", 2, {Flag.SET}, False),
                (f"{core}（上中下册）", 3, {Flag.SET}, False),
                (f"{core}（套装）", None, {Flag.SET}, False),
                (f"{draw(plain)}+{draw(plain)}", None, {Flag.BUNDLE}, False),
                (f"{draw(plain)}{extra}+{draw(plain)}（套装共2册）", 2, {Flag.SET, Flag.BUNDLE}, False),
                (f"【二手】{core}", 1, {Flag.SECOND_HAND}, False),
                (f"{core} 金属书签", 1, {Flag.ACCESSORY}, False),
                (f"{core}（此版本已售罄）", 1, set(), True),
            ]
        )
    )
    return title, volumes, frozenset(flags), sold_out


def _cents() -> st.SearchStrategy[Decimal]:
    return st.integers(min_value=1, max_value=999_999_99).map(lambda cents: Decimal(cents).scaleb(-2))


def _shown(price: Decimal | None) -> str:
    return "" if price is None else f"¥{price:,.2f}"


@st.composite
def _dates(draw: st.DrawFn) -> tuple[dt.date | None, str]:
    day = draw(st.dates(min_value=dt.date(1950, 1, 1), max_value=dt.date(2030, 12, 31)))
    return draw(
        st.sampled_from(
            [
                (None, ""),
                (day, f"{day:%Y-%m-%d}"),
                (day, f"{day.year}-{day.month}-{day.day}"),
                (day.replace(day=1), f"{day:%Y-%m}"),
            ]
        )
    )


@st.composite
def _listings(draw: st.DrawFn, query: str, product_id: str, *, page: int, position: int) -> Listing:
    title, volumes, flags, sold_out = draw(_works(query))
    subtitle = draw(st.one_of(st.just(""), _text(), st.just("首印售罄，紧急加印！随书赠书签，当当自营正版")))
    seller = draw(st.none() | _text(most=12))
    ebook_only = seller is None and not sold_out and (product_id.startswith("19") or draw(st.booleans()))
    if seller is None and not ebook_only and len(product_id) == 10 and product_id.startswith("19"):
        product_id = f"2{product_id[1:]}"  # ten digits from 19 on are e-books
    price = None if ebook_only else draw(_cents())
    list_price = None if ebook_only else draw(st.none() | _cents())
    text, people = author_block(Draw("strategies", draw(st.integers(0, 10**6))))
    published, published_text = draw(_dates())
    stars = draw(st.integers(0, 100))
    number = int(product_id)
    unsaid = draw(st.sampled_from((None, True)))
    return Listing(
        product_id=product_id,
        title=title,
        subtitle=subtitle,
        description=draw(st.just("") | _text(most=80)),
        url=f"https://product.dangdang.com/{product_id}.html",
        image=draw(
            st.sampled_from((None, f"https://img3m{number % 10}.ddimg.cn/71/11/{product_id}-1_b_10.jpg"))
        ),
        page=page,
        position=position,
        price=price,
        price_text=_shown(price),
        list_price=list_price,
        list_price_text=_shown(list_price),
        discount_text=draw(st.sampled_from(("", "5折", "6.52折", "0.1折"))),
        ebook_price=draw(_cents() if ebook_only else st.none() | _cents()),
        ebook_only=ebook_only,
        sold_out=sold_out or (not ebook_only and draw(st.booleans())),
        volumes=volumes,
        contributors=people,
        contributors_text=text,
        publisher=draw(st.none() | _text(most=15)),
        published=published,
        published_text=published_text,
        rating=stars / 20 or None,
        reviews=draw(st.none() | st.integers(0, 3_000_000)),
        seller=seller,
        self_operated=False if seller is not None else True if len(product_id) == 8 else unsaid,
        flags=flags,
        highlighted=any(word.lower() in f"{title} {subtitle}".lower() for word in query.split()),
    )


@st.composite
def result_pages(draw: st.DrawFn, layout: Layout = Layout.LIST) -> ResultPage:
    """Draw a page of up to eight listings; on a grid, only with fields that a grid shows."""
    query = draw(st.sampled_from(QUERIES))
    pages = draw(st.integers(1, 100))
    page = draw(st.integers(1, pages))
    ids = draw(
        st.lists(
            st.one_of(
                st.integers(10**7, 10**8 - 1), st.integers(10**9, 10**9 * 2), st.integers(10**10, 10**11 - 1)
            ),
            min_size=1,
            max_size=8,
            unique=True,
        )
    )
    listings = tuple(
        draw(_listings(query, str(product_id), page=page, position=position))
        for position, product_id in enumerate(ids, 1)
    )
    if layout is Layout.GRID:
        listings = tuple(_on_a_grid(listing) for listing in listings if not listing.ebook_only)
        listings = tuple(replace(listing, position=place) for place, listing in enumerate(listings, 1))
    return ResultPage(listings, query, page, pages, draw(st.integers(1, 400_000)), layout)


def _on_a_grid(listing: Listing) -> Listing:
    return replace(
        listing,
        ebook_price=None,
        contributors=(),
        contributors_text="",
        publisher=None,
        published=None,
        published_text="",
    )
