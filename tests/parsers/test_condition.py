"""Words that say that a copy is used or a product sold out, and words that only look like it."""

from __future__ import annotations

import pytest

from parsers.condition import says_sold_out, says_used, seller_sells_used, title_says_used
from parsers.text import nfkc


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the grade of a copy
        ("八成新", True),
        ("8成新", True),
        ("8.5成新", True),
        ("八五成新", True),
        ("8-9成新", True),
        ("九五新", True),
        ("95新", True),
        ("90新", True),
        ("九五品", True),
        ("95品", True),
        ("品相良好", True),
        ("品相:九品", True),
        ("品相如图", True),
        ("个人闲置", True),
        ("闲置转让", True),
        ("正版旧书，保证质量", True),
        ("几乎全新", True),
        ("九品,内页干净", True),
        ("无笔记无划线", True),
        ("内有少量划线", True),
        ("老书自然泛黄", True),
        ("书页略有泛黄，介意慎拍", True),
        ("自然旧", True),
        ("有馆藏章", True),
        ("封面有磨损", True),
        ("书角轻微破损", True),
        ("闲置九新", True),
        ("9新", True),
        ("二手不退", True),
        ("教材划线重点", False),
        ("翻开略微泛黄的日记", False),
        ("设备磨损与润滑", False),
        ("图书馆藏书", False),
        ("九品中正制，门阀政治", False),
        ("第9新版", False),
        ("封面轻微瑕疵", True),
        ("白璧微瑕", False),
        ("正版二手", True),
        ("二手正版，放心购买", True),
        ("本店均为二手书", True),
        ("全新正版", False),
        ("", False),
        ("品味人生", False),
        ("新书上架", False),
        ("手工制作", False),
        ("十九成新", False),
        ("2.95新", False),
        ("195新", False),
        ("九五新书", False),
        ("95新版", False),
        ("一九五新", False),
        ("九成新手都会", False),
        ("品相好坏", False),
        ("195品", False),
        ("闲置物品整理术", False),
        ("二手时间", False),
        ("正版二手房指南", False),
        ("二手图书馆", False),
        ("正版旧书店", False),
        ("旧书摊的故事", False),
    ],
)
def test_words_of_a_used_copy(text: str, expected: bool) -> None:
    """A grade or an offer reveals a used copy; a book about such things is not one."""
    assert says_used(text) is expected
    assert title_says_used(text) is expected


@pytest.mark.parametrize("title", ["[二手]三体", "三体二手书", "三体 二手", "三体（二手）", "二手/三体"])
def test_words_that_count_in_a_title_alone(title: str) -> None:
    """In a title, «二手» describes the copy; in a description it may concern anything."""
    assert title_says_used(nfkc(title)) is True
    assert says_used(title) is False


@pytest.mark.parametrize(
    ("seller", "expected"),
    [
        ("二手街", True),
        ("小城旧书", True),
        ("古旧书店", True),
        ("闲置书屋", True),
        ("多抓鱼旗舰店", True),
        ("小城书店", False),
        ("", False),
        (None, False),
    ],
)
def test_sellers_of_used_books(seller: str | None, expected: bool) -> None:
    """A shop whose name says so sells used copies."""
    assert seller_sells_used(seller) is expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("三体 已售罄", True),
        ("三体 已经售完", True),
        ("三体 已断货", True),
        ("三体 暂时缺货", True),
        ("三体 (缺货)", True),
        ("三体【售罄】", True),
        ("[暂缺]三体", True),
        ("三体(首印售罄)", False),
        ("首印版三体。旧版已售罄", True),
        ("三体", False),
        ("三体 首印已售罄", False),
        ("三体 已售罄,加印", False),
        ("三体 已售罄 紧急加印", False),
        ("三体 已售罄5万册", False),
        ("首印已售罄,旧版已售罄", True),  # one of them is no praise
    ],
)
def test_goods_that_are_gone(title: str, expected: bool) -> None:
    """A product that is gone is sold out; a printing that sold well is praise."""
    assert says_sold_out(title) is expected
