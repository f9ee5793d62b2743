"""Items of a search page in markup of other years and templates: ids, tags, titles, pictures, tiles."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from parsers.model import Layout, PageKind
from tests.parsers.items import listing, parse
from tests.parsers.markup import LIST_ITEM, search_page


def test_the_example() -> None:
    """The example item gives every field."""
    found = listing()
    assert (found.product_id, found.title, found.subtitle) == (
        "29000001",
        "山海小史（第2版）",
        "一部写给大家的地理书",
    )
    assert (found.description, found.highlighted) == ("从海岸说到雪线。", True)
    assert (found.price, found.list_price, found.discount_text) == (Decimal("39.00"), Decimal("78.00"), "5折")
    assert [(c.name, c.original_name, c.role, c.nationality) for c in found.contributors] == [
        ("安·李", "Ann Lee", "著", "美"),
        ("王小明", None, "译", None),
    ]
    assert found.contributors_text == "[美]安·李（Ann Lee） 著，王小明 译"
    assert (found.publisher, found.published) == ("海岸出版社", dt.date(2021, 3, 31))
    assert (found.rating, found.reviews) == (4.5, 1234)
    assert (found.seller, found.self_operated) == (None, True)
    assert found.url == "https://product.dangdang.com/29000001.html"
    assert found.image == "https://img3m1.ddimg.cn/1/2/29000001-1_b_3.jpg"
    assert (found.volumes, found.flags, found.sold_out, found.ebook_only) == (1, frozenset(), False, False)


def test_page_and_position() -> None:
    """A listing has the requested page number and its position among the items."""
    other = LIST_ITEM.replace("29000001", "29000002")
    page = parse(search_page(LIST_ITEM, other), page=7)
    assert [(found.page, found.position, found.product_id) for found in page.listings] == [
        (7, 1, "29000001"),
        (7, 2, "29000002"),
    ]


@pytest.mark.parametrize(
    "href",
    [
        "//product.dangdang.com/29000001.html",
        "http://product.dangdang.com/29000001.html",
        "https://product.dangdang.com/29000001.html#ddclick?act=click",
        "http://product.dangdang.com/product.aspx?product_id=29000001",
        "http://product.m.dangdang.com/29000001.html?t=1",
        "/29000001.html",
        "javascript:void(0)",
    ],
)
def test_addresses(href: str) -> None:
    """Whatever the link, the address is absolute, https and the product's page."""
    found = listing(("//product.dangdang.com/29000001.html", href))
    assert found.url == "https://product.dangdang.com/29000001.html"


@pytest.mark.parametrize(
    ("tag", "product_id"),
    [
        ('<li id="p29000009">', "29000009"),
        ("<li id='p29000009' sku=''>", "29000009"),
        ("<li sku=29000009>", "29000009"),
        ('<li id="29000009">', "29000009"),
        ('<li class="line1">', "29000001"),
        ('<li id="p">', "29000001"),
    ],
)
def test_product_id(tag: str, product_id: str) -> None:
    """The product id comes from the item's id, else its sku, else the link in it."""
    assert (
        listing(('<li ddt-pit="1" class="line1" id="p29000001" sku="29000001">', tag)).product_id
        == product_id
    )


def test_an_item_without_any_id_is_counted_and_not_listed() -> None:
    """An item without a product counts as an item of the page, not as a listing."""
    anonymous = LIST_ITEM.replace(' id="p29000001" sku="29000001"', "").replace(
        "product.dangdang.com/29000001.html", "#"
    )
    page = parse(search_page(LIST_ITEM, anonymous))
    assert (page.items, len(page.listings)) == (2, 1)


@pytest.mark.parametrize(
    "opening", ['<ul class="bigimg">', "<ul class='bigimg' >", '<ul class="list_aa bigimg">', "<ul>"]
)
def test_lists_of_other_names(opening: str) -> None:
    """The list is found without its usual ids."""
    text = search_page(LIST_ITEM).replace('<ul class="bigimg" id="component_59">', opening)
    for page in (parse(text), parse(text.replace('<div id="search_nature_rg">', "<div>"))):
        assert (page.kind, page.items, page.layout) == (PageKind.RESULTS, 1, Layout.LIST)


def test_missing_opening_tags() -> None:
    """Items whose opening tag is missing are read, first or in the middle."""
    bare = LIST_ITEM.replace("29000001", "29000002").split(">", 1)[1]
    page = parse(
        search_page(bare, LIST_ITEM, bare.replace("29000002", "29000003"), LIST_ITEM.replace("0001", "0004"))
    )
    assert [found.product_id for found in page.listings] == ["29000002", "29000001", "29000003", "29000004"]
    assert {found.price for found in page.listings} == {Decimal("39.00")}


def test_missing_closing_tags() -> None:
    """Items whose closing tags are missing end where the next begins."""
    open_item = LIST_ITEM.removesuffix("</p></div></li>")
    page = parse(search_page(open_item, open_item.replace("29000001", "29000002")))
    assert [found.product_id for found in page.listings] == ["29000001", "29000002"]


def test_nested_lists_are_no_items() -> None:
    """A tile's own list of colours belongs to the tile."""
    other = "//product.dangdang.com/1300000001.html"
    colours = f'<ul class="pic_list"><li><a class="pic" href="{other}"></a></li></ul></li>'
    page = parse(search_page(LIST_ITEM.replace("</li>", colours)))
    assert [found.product_id for found in page.listings] == ["29000001"]


def test_titles() -> None:
    """Without the picture's title the image's or the line's is taken, and the line's text without its attribute."""
    in_picture, in_image = 'title=" 山海小史（第2版）" class="pic"', 'alt=" 山海小史（第2版）"'
    in_line = 'title=" 山海小史（第2版） 一部写给大家的地理书"'
    both = "山海小史（第2版） 一部写给大家的地理书"
    assert listing((in_picture, 'class="pic"')).title == "山海小史（第2版）"
    assert listing((in_picture, 'class="pic"'), (in_image, "")).title == both
    assert listing((in_picture, 'class="pic"'), (in_image, ""), (in_line, "")).title == both
    without_attribute = listing((in_line, ""))
    assert (without_attribute.title, without_attribute.subtitle) == (
        "山海小史（第2版）",
        "一部写给大家的地理书",
    )


def test_title_and_subtitle_by_their_letters() -> None:
    """White space between the title's letters does not keep the subtitle from being cut off after it."""
    found = listing(('title=" 山海小史（第2版） 一部', 'title=" 山海小史 （第2版）\n一部'))
    assert (found.title, found.subtitle) == ("山海小史（第2版）", "一部写给大家的地理书")


def test_a_title_cut_off_within_a_word() -> None:
    """A title that the shop cut ends there; the text after it repeats it and is the subtitle."""
    found = listing(
        ('title=" 山海小史（第2版）" class="pic"', 'title=" 山海小史：从海岸与商业应" class="pic"'),
        ("山海小史（第2版） 一部写给大家的地理书", "山海小史：从海岸与商业应 山海小史：从海岸与商业应用"),
    )
    assert (found.title, found.subtitle) == ("山海小史：从海岸与商业应", "山海小史：从海岸与商业应用")


def test_a_quotation_mark_in_the_line() -> None:
    """A quotation mark cuts the line's attribute short; its text goes on."""
    found = listing(
        (' 一部写给大家的地理书"', ' 一部"好"书"'),
        ("（第2版） 一部写给大家的地理书</a>", "（第2版） 一部&quot;好&quot;书</a>"),
    )
    assert found.subtitle == '一部"好"书'


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ('<img src="http://img3m1.ddimg.cn/1/2/3-1_b.jpg">', "https://img3m1.ddimg.cn/1/2/3-1_b.jpg"),
        ("<img src='//img3m1.ddimg.cn/1/2/3-1_b.jpg'>", "https://img3m1.ddimg.cn/1/2/3-1_b.jpg"),
        ('<img src="images/model/guan/url_none.png">', None),
        ("<img>", None),
        ('<img src="//user:secret@img3m1.ddimg.cn/1.jpg">', None),
        ('<img src="//img3m1.ddimg.cn/1.jpg@100w">', "https://img3m1.ddimg.cn/1.jpg@100w"),
    ],
)
def test_images(image: str, expected: str | None) -> None:
    """The cover's address is absolute and https; a placeholder is none."""
    start = LIST_ITEM.index("<img")
    assert listing((LIST_ITEM[start : LIST_ITEM.index("</a>", start)], image)).image == expected


TILE = """<li id="p60600001"><a title=" 山海小史" class="pic" href="//product.dangdang.com/60600001.html"><img
src="//img3m1.ddimg.cn/1-1_b.jpg"></a><p class="price"><span class="price_n">&yen;61.40</span><span
class="price_r">&yen;89.00</span><span class="price_s">(6.9折)</span></p><p class="name"><a title=" 山海小史 "
href="//product.dangdang.com/60600001.html">山海小史</a></p><p class="search_hot_word">热词</p><p class="star"><span
class="level"><span style="width: 80%;"></span></span><a name="itemlist-review">12条评论</a></p>
<p class="link"><a title="文海书店" href="//shop.dangdang.com/1">文海书店</a></p></li>"""


def test_tiles_with_their_shop() -> None:
    """A list of tiles is the grid layout; a tile's shop stands in a line of its own."""
    text = search_page(TILE).replace(
        'class="bigimg" id="component_59"', 'class="bigimg cloth_shoplist" id="component_47"'
    )
    page = parse(text)
    assert page.layout is Layout.GRID
    (tile,) = page.listings
    assert (tile.title, tile.subtitle, tile.description) == ("山海小史", "", "热词")
    assert (tile.price, tile.list_price, tile.discount_text) == (Decimal("61.40"), Decimal("89.00"), "6.9折")
    assert (tile.rating, tile.reviews, tile.seller, tile.self_operated) == (4.0, 12, "文海书店", False)
