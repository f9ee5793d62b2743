"""The rating, seller, stock, authors and condition of an item in markup of other years and templates."""

from __future__ import annotations

import datetime as dt

import pytest

from parsers.model import Flag
from tests.parsers.items import listing
from tests.parsers.markup import LIST_ITEM


@pytest.mark.parametrize(
    ("stars", "rating"),
    [
        ("width: 100%;", 5.0),
        ("width:90%", 4.5),
        ("width: 0%;", None),
        ("width: 85.5%", 4.28),
        ("width: 900%", None),
        ("color: red", None),
    ],
)
def test_rating(stars: str, rating: float | None) -> None:
    """The bar's width is the rating out of 5; nothing, 0 % and nonsense give None."""
    assert listing(("width: 90%;", stars)).rating == rating


def test_no_reviews() -> None:
    """An item without star line has neither rating nor reviews."""
    start = LIST_ITEM.index('<p class="search_star_line">')
    found = listing((LIST_ITEM[start : LIST_ITEM.index("</p>", start)], "<p>"))
    assert (found.rating, found.reviews) == (None, None)


SHOP = '<p class="search_shangjia"><span class="star_shop">明星店铺</span>{}</p><p class="detail">'


@pytest.mark.parametrize(
    ("product_id", "line", "seller", "own"),
    [
        ("29000001", "", None, True),
        ("12100022244", "", None, None),
        ("1300000001", "", None, None),
        ("1300000001", '<a name="itemlist-shop-name" title="文海书店">文海书店</a>', "文海书店", False),
        ("29000001", '<a name="itemlist-shop-name" title="文海书店">文海书店</a>', "文海书店", False),
        ("1300000001", '<a href="//shop.dangdang.com/1">文海书店</a>', "文海书店", False),
        (
            "12100022244",
            '<span class="new_lable"><span class="new_lable1">当当自营</span></span>',
            None,
            True,
        ),
    ],
)
def test_seller(product_id: str, line: str, seller: str | None, own: bool | None) -> None:
    """A shop link proves a marketplace seller, a label or an eight-digit id the shop itself; nothing else does."""
    block = SHOP.format(line) if "<a" in line else f'{line}<p class="detail">'
    found = listing(('<p class="detail">', block), ("29000001", product_id))
    assert (found.seller, found.self_operated) == (seller, own)


def test_the_label_in_marketing_text_proves_nothing() -> None:
    """当当自营 in a subtitle or a description is praise, not the label."""
    found = listing(
        ("29000001", "1300000001"),
        ("从海岸说到雪线。", "当当自营，正版保证"),
        ("一部写给", "当当自营 一部写给"),
    )
    assert found.self_operated is None


@pytest.mark.parametrize(
    ("button", "sold_out"),
    [
        ('<a class="search_btn_cart" name="Buy">加入购物车</a>', False),
        ('<a class="search_btn_cart" name="area_buy">详细信息</a>', False),
        ('<a class="search_btn_cart" name="pdno">到货通知</a>', True),
        ('<a class="search_btn_cart">到货通知</a>', True),
        ('<a class="search_btn_cart">缺货</a>', True),
        ('<a class="search_btn_cart" name="Buy">预售</a>', False),
    ],
)
def test_sold_out(button: str, sold_out: bool) -> None:
    """A notice in place of the cart button means sold out; a details button proves nothing."""
    assert listing(('<a class="search_btn_cart" name="Buy">加入购物车</a>', button)).sold_out == sold_out


@pytest.mark.parametrize(
    ("block", "contributors", "published", "publisher"),
    [
        ("<span></span><span></span><span></span>", "", None, None),
        (
            "<span>王小明 著</span><span> /2021-3-1</span><span> /海岸出版社</span>",
            "王小明 著",
            dt.date(2021, 3, 1),
            "海岸出版社",
        ),
        (
            "<span></span><span>2021</span><span><a name='P_cbs'>海岸出版社</a></span>",
            "",
            dt.date(2021, 1, 1),
            "海岸出版社",
        ),
        ("<span></span><span></span><span>/<a name='P_cbs'>海岸出版社</a></span>", "", None, "海岸出版社"),
        # A name that ends as a part of the line does.
        ("<span></span><span></span><span>/<a name='P_cbs'>海岸/</a></span>", "", None, "海岸/"),
        (
            "<span><a name='itemlist-author'>王小明</a></span><span> /2021年3月</span>",
            "王小明",
            dt.date(2021, 3, 1),
            None,
        ),
        (
            "<span><a name='itemlist-author'>1984研究会</a></span><span></span><span></span>",
            "1984研究会",
            None,
            None,
        ),
        ("王小明 著 /2021-03-01 /海岸出版社", "王小明 著", dt.date(2021, 3, 1), "海岸出版社"),
        (
            "<span><a name='itemlist-author' title='Tim O'Hara 著，王小明 译'>Tim O'Hara</a> 著，王小明 译</span>",
            "Tim O'Hara 著，王小明 译",
            None,
            None,
        ),
    ],
)
def test_author_blocks(
    block: str, contributors: str, published: dt.date | None, publisher: str | None
) -> None:
    """Author, date and publisher are recognized by their content, whichever of them is missing."""
    start = LIST_ITEM.index("<span>[美]")
    found = listing((LIST_ITEM[start : LIST_ITEM.index("</p>", start)], block))
    assert (found.contributors_text, found.published, found.publisher) == (contributors, published, publisher)


@pytest.mark.parametrize(
    ("where", "words", "used"),
    [
        ("一部写给大家的地理书", "正版旧书，保证质量", True),
        ("一部写给大家的地理书", "八五成新 无笔记", True),
        ("一部写给大家的地理书", "品相良好", True),
        ("一部写给大家的地理书", "二手时间里的人", False),
        ("一部写给大家的地理书", "旧书店里的一生", False),
        ("一部写给大家的地理书", "八成新手都会犯的错", False),
        ("从海岸说到雪线。", "本书为二手书，95新", True),
        ("从海岸说到雪线。", "他在旧书摊上淘到一本二手书店的目录", False),
    ],
)
def test_a_used_copy_that_only_other_words_give_away(where: str, words: str, used: bool) -> None:
    """Subtitle and description count, too, but not what a book is about."""
    assert (Flag.SECOND_HAND in listing((where, words)).flags) == used


@pytest.mark.parametrize(("name", "used"), [("小城二手书店", True), ("旧书街", True), ("新华书店", False)])
def test_a_seller_of_used_books(name: str, used: bool) -> None:
    """A marketplace shop whose name says that it sells used books sells used copies."""
    shop = f'<p class="search_shangjia"><a name="itemlist-shop-name" title="{name}">{name}</a></p></li>'
    assert (Flag.SECOND_HAND in listing(("</li>", shop)).flags) == used


def test_a_publisher_that_is_unknown() -> None:
    """«不详» in the publisher's place is no publisher."""
    assert listing(("海岸出版社", "不详")).publisher is None
