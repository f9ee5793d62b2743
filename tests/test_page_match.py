"""Recognize the requested page: allowed changes to a query, and different queries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crawler.query import Query, simplified
from crawler.search.page_match import is_mojibake_of, other_page, other_query, same_query
from parsers.model import PageKind, SearchPage

SAME = [
    # stated, asked
    ("三体", "三体"),
    ("三體", "三体"),
    ("Ｐｙｔｈｏｎ　編程", "python 编程"),
    ("PYTHON编程", "Python 编程"),
    ("C语言", "C++语言"),
    ("你好小狗", "你好，小狗"),
    ("A &amp; B", "A & B"),
    ("?庵先生", "𰻞庵先生"),
    ("??庵先生", "𰻞庵先生"),
    ("张?", "张𪚥"),
    ("深入理解计算机系统原…", "深入理解计算机系统原书第三版"),
    ("深入理解计算机系统", "深入理解计算机系统原书第三版"),
    ("深入理解计算机系", "深入理解计算机系统原书第三版"),  # eight letters may stand for a longer query
    ("深入理…", "深入理解计算机系统原书第三版"),  # fewer where they say that they are cut
    ("深入理...", "深入理解计算机系统原书第三版"),
    ("!!!", "!!!"),
]
OTHER = [
    ("测试", "三体"),
    ("三体全集", "三体"),
    ("三", "三体"),
    ("测试", "渗透测试"),
    ("渗透", "渗透测试"),
    ("", "三体"),
    ("???", "三体"),
    ("?x?", "三体"),
    ("楂樼瓑鏁板", "高等数学"),
    ("java", "javascript"),
    ("深入理解计算机", "深入理解计算机系统原书第三版"),
    ("完全不同的一本书", "深入理解计算机系统原书第三版"),
    ("完全不同…", "深入理解计算机系统原书第三版"),
    ("…", "三体"),
]


@pytest.mark.parametrize(("stated", "asked"), SAME)
def test_what_a_shop_may_make_of_a_query(stated: str, asked: str) -> None:
    """Script, width, case, spaces, punctuation, unsupported characters and the end of a long query may differ."""
    assert same_query(stated, asked)


@pytest.mark.parametrize(("stated", "asked"), OTHER)
def test_what_is_another_query(stated: str, asked: str) -> None:
    """Any other word makes a different query, and so do fewer words."""
    assert not same_query(stated, asked)


@given(st.text(st.characters(codec="gb18030", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=40))
def test_every_query_is_its_own(query: str) -> None:
    """A query that is repeated unchanged, or in another script, case or width, matches."""
    assume(query.split() and " ".join(query.split()).isprintable())
    asked = simplified(Query(query))
    assert same_query(asked, asked)
    assert same_query(query, asked)
    assert same_query(f" {asked} ", asked)


def page(**changes: Any) -> SearchPage:
    values: dict[str, Any] = {
        "kind": PageKind.RESULTS, "listings": (), "total": None, "page": None, "pages": None, "layout": None,
        "query_echo": None, "notice": "", "items": 0, "sign": "", "charset": "gb18030", "undecodable": 0,
    }  # fmt: skip
    return SearchPage(**(values | changes))


INSTEAD = "抱歉，没有找到与“山海经注疏”相关的商品，已为您显示“山海”的搜索结果"


@pytest.mark.parametrize(
    ("changes", "other"),
    [
        ({}, None),
        ({"query_echo": "三体"}, None),
        ({"query_echo": "测试"}, "测试"),
        ({"query_echo": "三体 图书 价格", "title_echo": True}, None),
        ({"query_echo": "测试 图书 价格", "title_echo": True}, "测试 图书 价格"),
        ({"query_echo": "山海", "notice": "已为您显示“山海”的搜索结果"}, None),
        ({"query_echo": "山海经注疏", "notice": INSTEAD}, "山海经注疏"),
        ({"query_echo": "测试", "notice": "没有找到“测试”", "kind": PageKind.NO_RESULTS}, "测试"),
        ({"query_echo": "测试", "notice": "为您推荐", "kind": PageKind.NO_RESULTS}, "测试"),
    ],
)
def test_a_page_of_another_query(changes: dict[str, Any], other: str | None) -> None:
    """The page's statement counts; a shop that shows something else with a notice has told its reader."""
    assert other_query(page(**changes), "三体") == other


@pytest.mark.parametrize(
    ("echo", "query", "misread"),
    [
        ("楂樼瓑鏁板", "高等数学", True),
        ("java 缂栫▼", "java 编程", True),
        ("楂樼瓑", "高等数学", False),  # less than half of it
        ("高等数学", "高等数学", False),
        ("java", "java", False),
        ("线性代数", "高等数学", False),
    ],
)
def test_a_query_that_was_read_in_the_wrong_charset(echo: str, query: str, misread: bool) -> None:
    """UTF-8 that was read as GBK is recognized by half of its characters."""
    assert is_mojibake_of(echo, query) is misread


def test_a_page_of_another_number() -> None:
    """A page without a number proves nothing."""
    assert other_page(page(), 5) is None
    assert other_page(page(page=5), 5) is None
    assert other_page(page(page=3), 5) == 3
