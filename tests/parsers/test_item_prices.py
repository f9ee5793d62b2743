"""Prices in markup of other years and templates, those of e-books and of several options included."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.parsers.items import listing, parse
from tests.parsers.markup import LIST_ITEM, search_page


@pytest.mark.parametrize(
    ("said", "price"),
    [
        ("¥39.00", "39.00"),
        ("￥1,299.00", "1299.00"),
        ("&#165;39", "39"),
        ("&yen;<span>39.90</span>", "39.90"),
        ("&yen;38.00起", "38.00"),
        ("&yen;0.00", None),
        ("暂无报价", None),
    ],
)
def test_prices(said: str, price: str | None) -> None:
    """A price is read through entities and inner tags; an unreadable one is None, and its text is kept."""
    found = listing(("&yen;39.00", said))
    assert found.price == (None if price is None else Decimal(price))
    assert found.price_text


def test_price_outside_its_paragraph() -> None:
    """A price is found wherever in the item it stands."""
    found = listing(('<p class="price"> ', "<div><div>"), ("(5折) </span></p>", "(5折) </span></div></div>"))
    assert (found.price, found.list_price, found.discount_text) == (Decimal("39.00"), Decimal("78.00"), "5折")


def test_no_list_price() -> None:
    """Without list price and discount those are empty."""
    found = listing(
        (
            '<span\nclass="search_pre_price">&yen;78.00</span><span class="search_discount">&nbsp;(5折) </span>',
            "",
        )
    )
    assert (found.list_price, found.list_price_text, found.discount_text) == (None, "", "")


EBOOK_OFFER = '<a class="search_e_price"><span>电子书：</span><i>&yen;8.99</i></a>'


def test_an_ebook_beside_the_book() -> None:
    """The e-book's price stands beside the book's own."""
    found = listing(('<span class="search_now_price">', EBOOK_OFFER + '<span class="search_now_price">'))
    assert (found.price, found.ebook_price, found.ebook_only) == (Decimal("39.00"), Decimal("8.99"), False)


@pytest.mark.parametrize(
    "price",
    [
        EBOOK_OFFER,
        '<div class="ebook_buy"><p class="price e_price"><span class="search_now_price">&yen;8.99</span></p></div>',
        '<p class="e_price">&yen;8.99</p>',
    ],
)
def test_an_ebook_alone(price: str) -> None:
    """An item with an e-book's price and no other sells an e-book only, and has no price."""
    found = listing(('<span class="search_now_price">&yen;39.00</span>', price))
    assert (found.price, found.ebook_price, found.ebook_only) == (None, Decimal("8.99"), True)


def test_an_ebook_by_its_id() -> None:
    """A product id of the e-book range makes an e-book of it, its price the e-book's."""
    found = listing(("29000001", "1900471452"))
    assert (found.price, found.ebook_price, found.ebook_only) == (None, Decimal("39.00"), True)


BUY = 'name="Buy"'


@pytest.mark.parametrize(
    ("item", "script", "options"),
    [
        (LIST_ITEM, "", False),
        (LIST_ITEM, "<script>var spu_ids = JSON.parse('[29000001]');</script>", True),
        (LIST_ITEM, '<script>var spu_ids = ["12100022244", "29000001"];</script>', True),
        (LIST_ITEM, "<script>var spu_ids = JSON.parse('[290000011]');</script>", False),
        (LIST_ITEM, "<script>var spu_ids = JSON.parse('[]');</script>", False),
        (LIST_ITEM.replace(BUY, f'{BUY} href="javascript:AddToShoppingCart(29000001)"'), "", False),
        (LIST_ITEM.replace(BUY, f'{BUY} href="//product.dangdang.com/29000001.html"'), "", True),
        (LIST_ITEM.replace("&yen;39.00<", "&yen;39.00起<"), "", True),
    ],
)
def test_a_number_with_several_options(item: str, script: str, options: bool) -> None:
    """A script on the page, a Buy button that opens the product's page, or «起» mark the lowest of several prices."""
    body = search_page(item)
    at = body.rindex("</body>") if "</body>" in body else len(body)
    (found,) = parse(body[:at] + script + body[at:]).listings
    assert found.from_price == options
    assert found.volumes == (None if options else 1)
    assert found.price == Decimal("39.00")
