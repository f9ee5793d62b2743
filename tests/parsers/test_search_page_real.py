from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest

from parsers.dangdang import parse_search_page
from parsers.model import Contributor, Layout, Listing, PageKind
from tests.parsers.markup import as_sent, real
from tests.parsers.seen_2025 import SEEN, Seen


def shown(contributor: Contributor) -> str:
    nationality = f"[{contributor.nationality}]" if contributor.nationality else ""
    original = f"（{contributor.original_name}）" if contributor.original_name else ""
    return f"{nationality}{contributor.name}{original}{f'={contributor.role}' if contributor.role else ''}"


@pytest.mark.parametrize("position", range(1, len(SEEN) + 1))
def test_items_of_2025(position: int) -> None:
    """Each of the 24 items of the captured page is read as a person reads it, field by field."""
    seen: Seen = SEEN[position - 1]
    listing = parse_search_page(real("search_2025_ai_first24.html"), page=3).listings[position - 1]
    assert (listing.page, listing.position) == (3, position)
    assert (listing.product_id, listing.title) == (seen.product_id, seen.title)
    assert listing.subtitle.startswith(seen.subtitle_starts)
    assert len(listing.subtitle) == seen.subtitle_length
    assert listing.description.startswith(seen.description_starts)
    assert (listing.price, listing.price_text) == (Decimal(seen.price), f"¥{seen.price}")
    assert (listing.list_price, listing.list_price_text) == (Decimal(seen.list_price), f"¥{seen.list_price}")
    assert listing.discount_text == seen.discount
    assert listing.ebook_price == (None if seen.ebook_price is None else Decimal(seen.ebook_price))
    assert (listing.rating, listing.reviews) == (seen.rating, seen.reviews)
    assert tuple(map(shown, listing.contributors)) == seen.contributors
    assert listing.publisher == seen.publisher
    assert listing.published == (None if seen.published is None else dt.date.fromisoformat(seen.published))
    assert listing.published_text == (seen.published or "")
    assert (listing.seller, listing.self_operated) == (seen.seller, seen.own)
    assert listing.volumes == seen.volumes
    assert {flag.value for flag in listing.flags} == set(seen.flags)
    assert listing.url == f"https://product.dangdang.com/{seen.product_id}.html"
    assert listing.image is not None
    assert listing.image.startswith("https://img3m")
    assert listing.image.endswith(f"/{seen.image}")
    assert (listing.ebook_only, listing.sold_out, listing.highlighted) == (False, False, True)


def test_page_of_2025() -> None:
    """The total, the page, the number of pages and the query are read from around the list."""
    page = parse_search_page(real("search_2025_ai_first24.html"))
    assert (page.kind, page.layout) == (PageKind.RESULTS, Layout.LIST)
    assert (page.items, len(page.listings)) == (24, 24)
    assert (page.total, page.page, page.pages) == (314892, 1, 100)
    assert (page.query_echo, page.notice) == ("人工智能", "")
    assert (page.charset, page.undecodable) == ("utf-8", 0)


def test_the_page_as_sent_on_the_wire() -> None:
    """The same page as GBK with entities, bare ampersands and mixed quotes gives equal listings."""
    saved = real("search_2025_ai_first24.html")
    sent = parse_search_page(as_sent(saved), charset="GBK")
    assert (sent.charset, sent.undecodable) == ("gb18030", 0)
    assert dataclasses.replace(sent, charset="utf-8") == parse_search_page(saved)


GRID = [
    ("24003310", "Python编程 从入门到实践 第2版", "61.40", "89.00", "6.9折", 4.5, 178973),
    ("28486010", "零基础学Python（全彩版）", "79.80", "79.80", "", 4.5, 7309),
    (
        "28534461",
        "Python编程三剑客：Python编程从入门到实践第2版+Python编程快速上手+Python极客项目编程（当当套装",
        "156.60",
        "227.00",
        "6.9折",
        5.0,
        3576,
    ),
    (
        "23997502",
        "Python编程快速上手 让繁琐工作自动化（Python3编程从入门到实践 新手学习必备用书）",
        "66.20",
        "69.00",
        "9.6折",
        4.5,
        39497,
    ),
    ("28510027", "Python爬虫技术——深入理解原理、技术与开发", "61.40", "89.00", "6.9折", 5.0, 1422),
    ("25312917", "利用Python进行数据分析（原书第2版）", "82.10", "119.00", "6.9折", 4.5, 26483),
]


def test_grid_of_2021() -> None:
    """Tiles give id, title, prices, stars and reviews, and no author; the first lacks its opening tag."""
    page = parse_search_page(real("search_2021_grid6.html"))
    assert (page.kind, page.layout, page.items) == (PageKind.RESULTS, Layout.GRID, 6)
    assert [
        (
            tile.product_id,
            tile.title,
            str(tile.price),
            str(tile.list_price),
            tile.discount_text,
            tile.rating,
            tile.reviews,
        )
        for tile in page.listings
    ] == GRID
    for tile in page.listings:
        assert (tile.subtitle, tile.contributors, tile.publisher, tile.published) == ("", (), None, None)
        assert tile.description
        assert (tile.self_operated, tile.seller, tile.highlighted) == (True, None, True)
        assert tile.url == f"https://product.dangdang.com/{tile.product_id}.html"
        assert tile.image is not None
        assert f"/{tile.product_id}-1_b_" in tile.image
    assert {f.value for f in page.listings[2].flags} == {"set", "bundle"}
    assert [tile.volumes for tile in page.listings] == [1, 1, None, 1, 1, 1]


def test_sold_out_item_of_2018() -> None:
    """An edition whose title says it is sold out is sold out, though it has a price and a details button."""
    listing: Listing = parse_search_page(real("search_2018_soldout_item.html")).listings[0]
    assert (listing.product_id, listing.sold_out) == ("23274638", True)
    assert listing.title == "追风筝的人（1-9年级必读书单）此版本已售罄，请购买新版"
    assert listing.subtitle == "快乐大本营高圆圆感动推荐。为你，千千万万遍！"
    assert (listing.price, listing.list_price, listing.ebook_price) == (
        Decimal("16.00"),
        Decimal("29.00"),
        Decimal("8.99"),
    )
    assert (listing.discount_text, listing.rating, listing.reviews) == ("5.52折", 5.0, 1632546)
    assert tuple(map(shown, listing.contributors)) == ("[美]卡勒德·胡赛尼（Khaled Hosseini）=著", "李继宏=译")
    assert (listing.publisher, listing.published) == ("上海人民出版社", dt.date(2006, 5, 1))
    assert (listing.self_operated, listing.seller, listing.ebook_only) == (True, None, False)
    assert (listing.volumes, listing.flags) == (1, frozenset())


@pytest.mark.parametrize(
    ("name", "kind", "sign"),
    [
        ("not_found_2019.html", PageKind.OTHER, "title 对不起，您要访问的页面暂时没有找到。"),
        ("waf_block_generic.html", PageKind.BLOCKED, "安全威胁"),
        ("home_2016_gbk.html", PageKind.OTHER, "title 当当图书"),
    ],
)
def test_pages_that_are_no_search(name: str, kind: PageKind, sign: str) -> None:
    """The shop's 404 page and home page are other pages, a firewall's is blocked; each gives the sign."""
    page = parse_search_page(real(name))
    assert (page.kind, page.listings, page.items) == (kind, (), 0)
    assert sign in page.sign


def test_home_page_is_gb18030() -> None:
    """A page that declares GB2312 and uses letters beyond it loses nothing."""
    page = parse_search_page(real("home_2016_gbk.html"))
    assert (page.charset, page.undecodable) == ("gb18030", 0)
