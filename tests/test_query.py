"""The query as typed and as sent: script, Simplified Chinese, and the mainland's words."""

from __future__ import annotations

import pytest

from crawler.errors import UsageError
from crawler.query import MAX_QUERY_LENGTH, checked_query, mainland_wording, script_of, simplified


@pytest.mark.parametrize(
    ("query", "sent", "wording", "script"),
    [
        # Taiwan's words
        ("人工智慧", "人工智慧", "人工智能", "zh-Hant"),
        ("程式設計", "程式设计", "编程", "zh-Hant"),
        ("軟體工程", "软体工程", "软件工程", "zh-Hant"),
        ("Python 程式", "Python 程式", "Python 程序", "zh-Hant"),
        # 著 is no word of Taiwan, where other words are
        ("著名演算法", "著名演算法", "著名算法", "zh-Hant"),
        ("著作", "著作", None, "zh-Hans"),
        ("著名", "著名", None, "zh-Hans"),
        # Traditional script alone has no other wording
        ("滲透測試", "渗透测试", None, "zh-Hant"),
        ("紅樓夢", "红楼梦", None, "zh-Hant"),
        # the shop's own
        ("人工智能", "人工智能", None, "zh-Hans"),
        ("渗透测试", "渗透测试", None, "zh-Hans"),
        ("道", "道", None, "zh-Hans"),
        # no Chinese at all
        ("C++", "C++", None, None),
        ("9787111213826", "9787111213826", None, None),
    ],
)
def test_a_query_is_simplified_and_its_other_wording_known(
    query: str, sent: str, wording: str | None, script: str | None
) -> None:
    """The script changes, words do not; the mainland's wording is separate, and None if it is the same."""
    assert (simplified(query), mainland_wording(query), script_of(query)) == (sent, wording, script)


def test_white_space_is_folded() -> None:
    """Spaces around and between words do not matter."""
    assert checked_query("  渗透 \t 测试 ") == "渗透 测试"


@pytest.mark.parametrize("query", ["", "  ", "x" * (MAX_QUERY_LENGTH + 1), "a\x00b", "a\u202eb", "\ud800"])
def test_what_is_no_query_is_refused(query: str) -> None:
    """An empty or long query, control characters and lone surrogates are an error that says so."""
    with pytest.raises(UsageError):
        checked_query(query)


@pytest.mark.parametrize(
    "query",
    [
        "程序员",
        "程序设计",
        "微信小程序",
        "民事诉讼程序",
        "智慧城市",
        "犹太人智慧",
        "红头文件",
        "文件管理",
        "核心",
        "行程",
        "定位元件",
        "流程式",
    ],
)
def test_what_the_mainland_says_is_no_word_of_taiwan(query: str) -> None:
    """A Simplified query, or a word that both sides use, counts as Simplified and gets no suggestion."""
    assert mainland_wording(query) is None
    assert script_of(query) == "zh-Hans"
