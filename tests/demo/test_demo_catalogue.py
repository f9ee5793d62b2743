"""The demo shop's catalogues: always the same, and with the difficulties of real ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.demo.books import discount_text, yuan
from crawler.demo.catalogue import catalogue
from crawler.demo.markup import BLOCK_LENGTH, render_search_page
from crawler.demo.topic import topic_of
from parsers.model import Flag, Layout, Listing

DIGEST = """
import hashlib
from crawler.demo.catalogue import catalogue
from crawler.demo.markup import render_search_page

found = catalogue("渗透测试", sellers="all")
digest = hashlib.sha256()
for number in (1, 2, 20):
    digest.update(
        render_search_page(
            found.page(number), query="渗透测试", page=number, pages=found.pages, total=found.total
        )
    )
print(digest.hexdigest())
"""
"""A program that prints what three pages hash to."""

PINNED = "6113e5cec0e2b9b49e055c492b9234ca0d9711c97fdbe5df76150350149c3f22"
"""What it printed on Linux with Python 3.11; every Python and machine must say the same. New wording changes it."""


def twenty_pages(sellers: str = "all") -> list[Listing]:
    found = catalogue("渗透测试", sellers=sellers)
    return [listing for number in range(1, 21) for listing in found.page(number)]


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_the_same_bytes_in_every_process(seed: str) -> None:
    """A query's pages are the same bytes whatever the hash seed, the process and the Python version."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    printed = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == PINNED


def test_different_queries_have_different_books() -> None:
    """Two queries share no title on their first pages, off-topic goods aside."""
    first, second = ({book.title for book in catalogue(query).page(1)} for query in ("渗透测试", "红楼梦"))
    assert len(first & second) <= 3


@pytest.mark.parametrize("query", ["渗透测试", "滲透測試"])
def test_the_documented_query_has_twenty_full_pages(query: str) -> None:
    """The query of the documentation, in either script, has more than twenty pages, and the first twenty are full."""
    found = catalogue(query)
    assert found.total >= 1260
    assert found.pages >= 20
    assert [len(found.page(number)) for number in range(1, 21)] == [60] * 20


def test_most_queries_have_more_than_twenty_pages() -> None:
    """Nine queries of ten have 1,260 products or more, a few almost none, some more than the shop shows."""
    totals = [catalogue(f"主题{number}").total for number in range(200)]
    assert sum(total >= 1260 for total in totals) >= 180
    assert min(totals) < 900
    assert max(totals) > 6600


def test_pages_count_as_the_shop_counts() -> None:
    """Pages have 60 listings and the last one the rest; there are no more than a hundred."""
    small = next(found for n in range(200) if (found := catalogue(f"主题{n}")).total < 900)
    assert small.pages == -(-small.total // 60)
    assert len(small.page(small.pages)) == small.total - 60 * (small.pages - 1)
    huge = next(found for n in range(200) if (found := catalogue(f"主题{n}")).total > 6600)
    assert huge.pages == 100
    assert len(huge.page(100)) == 60
    for outside in (0, 101):
        with pytest.raises(IndexError):
            huge.page(outside)


def test_pages_and_positions_are_said() -> None:
    """A listing knows its page and position, and a slice equals its items."""
    found = catalogue("渗透测试")
    third = found.page(3)
    assert [(book.page, book.position) for book in third] == [(3, n) for n in range(1, 61)]
    assert found[120:180] == third
    assert found[-1] == found[found.total - 1]
    with pytest.raises(IndexError):
        found[found.total]


@pytest.mark.parametrize("query", ["渗透测试", "Python", "红楼梦", "三体"])
def test_a_few_products_stand_on_two_pages(query: str) -> None:
    """In 1,200 places, one to three products appear a second time, never on one page and never three times."""
    found = catalogue(query)
    pages = [
        [book.product_id for book in found.page(number)] for number in range(1, min(20, found.pages) + 1)
    ]
    assert all(len(set(page)) == len(page) for page in pages)
    ids = [product_id for page in pages for product_id in page]
    assert 1 <= len(ids) - len(set(ids)) <= 3
    assert max(ids.count(product_id) for product_id in set(ids)) == 2


TRAPS: dict[str, tuple[float, float, Callable[[Listing], bool]]] = {
    "sold out, by its title": (0.1, 2, lambda b: b.sold_out and "已售罄" in b.title),
    "sold out, by its button": (0.1, 2, lambda b: b.sold_out and "已售罄" not in b.title),
    "praise that says 售罄": (1, 10, lambda b: not b.sold_out and "首印售罄" in b.subtitle),
    "an e-book alone": (0.5, 3, lambda b: b.ebook_only),
    "an e-book besides": (8, 25, lambda b: b.ebook_price is not None and not b.ebook_only),
    "no price at all": (0.05, 0.6, lambda b: b.price is None and not b.ebook_only),
    "price equal to list price": (1, 6, lambda b: b.price is not None and b.price == b.list_price),
    "list price missing": (1, 8, lambda b: b.list_price is None and b.price is not None),
    "thousands with a comma": (0.05, 3, lambda b: "," in b.price_text),
    "no rating and no reviews": (10, 40, lambda b: b.rating is None and b.reviews is None),
    "reviews under an empty star bar": (0.5, 4, lambda b: b.rating is None and b.reviews is not None),
    "set with a count": (5, 15, lambda b: Flag.SET in b.flags and b.volumes is not None),
    "set in Chinese numerals": (
        0.3,
        3,
        lambda b: Flag.SET in b.flags and any(c in b.title for c in "二三四五"),
    ),
    "set without a count": (0.2, 2, lambda b: b.volumes is None),
    "bundle": (1, 5, lambda b: Flag.BUNDLE in b.flags),
    "second hand": (1, 5, lambda b: Flag.SECOND_HAND in b.flags),
    "accessory": (0.2, 3, lambda b: Flag.ACCESSORY in b.flags),
    "off topic": (1, 6, lambda b: not topic_of("渗透测试").is_in(b.title)),
    "marketplace, ten digits": (10, 40, lambda b: b.seller is not None and len(b.product_id) == 10),
    "marketplace, eleven digits": (5, 25, lambda b: b.seller is not None and len(b.product_id) == 11),
    "nothing says who sells": (0.5, 4, lambda b: b.self_operated is None),
    "nationality": (8, 30, lambda b: any(c.nationality for c in b.contributors)),
    "translator": (8, 30, lambda b: any(c.role == "译" for c in b.contributors)),
    "producer": (1, 8, lambda b: any(c.role == "出品" for c in b.contributors)),
    "author unknown": (0.2, 3, lambda b: b.contributors_text == "不详"),
    "author block empty": (1, 8, lambda b: not b.contributors_text),
    "author block cut off": (0.5, 5, lambda b: len(b.contributors_text) > BLOCK_LENGTH),
    "a literal question mark": (0.2, 4, lambda b: "?" in b.contributors_text),
    "letters beyond GBK": (0.5, 8, lambda b: not _in_gbk(b.contributors_text)),
    "no date": (1, 6, lambda b: b.published is None),
    "no publisher": (1, 6, lambda b: b.publisher is None),
    "no subtitle": (10, 40, lambda b: not b.subtitle),
}
"""The least and greatest share in per cent of each trap, in twenty pages of all sellers."""


def _in_gbk(text: str) -> bool:
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("trap", TRAPS)
def test_every_trap_is_there_in_proportion(trap: str) -> None:
    """Twenty pages contain every trap for a naive parser, about as often as the real shop."""
    least, greatest, has_it = TRAPS[trap]
    listings = twenty_pages()
    share = 100 * sum(map(has_it, listings)) / len(listings)
    assert least <= share <= greatest


def test_the_same_book_from_several_sellers() -> None:
    """With all sellers, many books have several offers, at other prices and with other ids."""
    offers: dict[tuple[str, str, str | None], list[Listing]] = {}
    found = catalogue("渗透测试", sellers="all")
    for listing in found:
        bare = listing.title.removeprefix("新华书店正版 ").removesuffix(" 正版现货")
        if listing.contributors_text:
            offers.setdefault((bare, listing.contributors_text, listing.publisher), []).append(listing)
    rivals = [group for group in offers.values() if len({book.seller for book in group}) > 1]
    assert len(rivals) > 100
    assert sum(len({book.price for book in group}) > 1 for group in rivals) > 90


@pytest.mark.parametrize("query", ["红楼梦", "渗透测试", "主题3"])
def test_self_operated_leaves_the_marketplace_out(query: str) -> None:
    """If only its own goods are requested, the shop lists no marketplace seller, and the same books of its own."""
    own, everything = catalogue(query), catalogue(query, sellers="all", category="all")
    assert all(listing.seller is None for listing in own)
    assert any(listing.seller for listing in everything)
    assert {listing.product_id for listing in own} <= {listing.product_id for listing in everything}


def test_all_categories_bring_goods_and_grids() -> None:
    """A search of all categories has other goods, and for a share of queries the grid layout."""
    found = [catalogue(f"主题{number}", category="all") for number in range(60)]
    assert 10 <= sum(shelf.layout is Layout.GRID for shelf in found) <= 30
    assert any("马克杯" in listing.title for listing in found[0].page(1) + found[0].page(2))
    assert all(catalogue(f"主题{number}").layout is Layout.LIST for number in range(60))


def test_prices_are_plausible() -> None:
    """Single books are listed between 28 and 128 yuan, sold at three to ten tenths of that, e-books for less."""
    for book in twenty_pages("self"):
        if book.list_price is None or book.volumes != 1 or Flag.ACCESSORY in book.flags:
            continue
        assert Decimal(28) < book.list_price <= Decimal(128)
        if book.price is not None:
            assert Decimal("0.29") <= book.price / book.list_price <= 1
        if book.ebook_price is not None:
            assert Decimal("0.29") <= book.ebook_price / book.list_price <= Decimal("0.61")


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("price", lambda b: b.ebook_price if b.ebook_only else b.price),
        ("sales", lambda b: -(b.reviews or 0)),
        ("rating", lambda b: -(b.rating or 0)),
        ("newest", lambda b: -(b.published.toordinal() if b.published else 0)),
    ],
)
def test_orders_are_kept(sort: str, key: Callable[[Listing], Decimal | int | float | None]) -> None:
    """Each of the shop's orders holds across its pages; only a repeated product is an exception."""
    found = catalogue("渗透测试", sort=sort)
    keys, seen = [], set()
    for listing in found:
        if listing.product_id not in seen and (value := key(listing)) is not None:
            keys.append(value)
        seen.add(listing.product_id)
    assert keys == sorted(keys)
    assert len(seen) >= 1500


def test_price_bounds_are_kept() -> None:
    """With price bounds, only products within them are listed, and the total counts these."""
    found = catalogue("渗透测试", min_price=Decimal(20), max_price=Decimal(30))
    prices = [listing.ebook_price if listing.ebook_only else listing.price for listing in found]
    assert 0 < found.total == len(prices) < catalogue("渗透测试").total
    assert all(price is not None and 20 <= price <= 30 for price in prices)
    assert catalogue("渗透测试", min_price=Decimal(10**6)).pages == 0


SCRIPTS = 5
"""How many scripts a page has of its own: search box, image loader in two parts, paging bar, footer."""


@pytest.mark.parametrize(
    "query", ["<script>alert(1)</script>", "C++", "a" * 100, '"', "{q}", "%s", "𰻞", "！？"]
)
def test_any_query_works(query: str) -> None:
    """Any query has pages, and does not break their markup."""
    found = catalogue(query)
    body = render_search_page(found.page(1), query=query, page=1, pages=found.pages, total=found.total)
    scripts = LexborHTMLParser(body.decode("gb18030")).css("script")
    assert len(scripts) == SCRIPTS


def test_a_query_without_a_word_is_refused() -> None:
    """White space is no query."""
    with pytest.raises(ValueError, match="no word"):
        catalogue(" \t")


@pytest.mark.parametrize(
    ("price", "list_price", "said"),
    [
        (3900, 7800, "5折"),
        (5730, 8800, "6.52折"),
        (7740, 17400, "4.45折"),
        (2210, 4900, "4.52折"),
        (5000, 5000, ""),
    ],
)
def test_discounts_are_rounded_as_the_shop_rounds(price: int, list_price: int, said: str) -> None:
    """The discount is what the real shop wrote for these prices in 2025."""
    assert discount_text(price, list_price) == said


def test_prices_are_written_with_commas() -> None:
    """Prices have two decimals, thousands a comma."""
    assert [yuan(5), yuan(3900), yuan(128800)] == ["¥0.05", "¥39.00", "¥1,288.00"]


def test_pages_are_of_a_real_pages_size() -> None:
    """A page of sixty has 200 to 260 KB, as on the wire, and says that it is a demo."""
    found = catalogue("渗透测试")
    body = render_search_page(found.page(1), query="渗透测试", page=1, pages=found.pages, total=found.total)
    assert 200_000 <= len(body) <= 260_000
    assert "演示书店" in body.decode("gb18030")
    assert b"charset=GB2312" in body
