"""Titles that name several works, by the number of volumes that they sell."""

from __future__ import annotations

import pytest

from parsers.bundles import is_bundle


@pytest.mark.parametrize(
    ("title", "volumes", "expected"),
    [
        ("红楼梦+三国演义", 1, True),
        ("红楼梦+ 三国演义", 1, True),
        ("红楼梦", 1, False),
        ("红楼梦+三国演义+水浒传", None, True),
        # beside the plus stands the title: the last word before it, the first one behind it, all of it in the middle
        ("名著 红楼梦+三国演义 名著", 1, True),
        ("红楼梦 名著+三国演义", 1, False),
        ("红楼梦+名著 三国演义", 1, False),
        ("名著 红楼梦+名著 水浒 合+三国演义", 1, True),
        ("红楼+名著 水浒 合+三国演义", 1, True),
        # a number of a book, a sum, at least so many
        ("水浒传+9787111213826 红楼梦", 1, True),
        ("三国演义+100个成语故事", 1, True),
        ("古诗词300+宋词三百首", 1, True),
        ("古诗词75+80首 唐诗三百首", 1, False),
        ("古诗词300+100首唐诗", 1, False),
        ("成语故事200+个细节解析", 1, False),
        ("唐诗三百首7岁+儿童读物", 1, False),
        # a language of programming, and two signs for one
        ("C++编程思想+数据结构", 1, True),
        ("编程思想C++", 1, False),
        ("水浒传++西游记", 1, False),
        # in brackets stands what describes one book, and what is sold of a set
        ("呐喊(呐喊集+彷徨集)", 1, False),
        ("呐喊(呐喊集+彷徨集)", 2, True),
        ("红楼梦(全本+三国演义", 1, False),
        # words of extras that titles are made of as well
        ("软件测试+练习册", 2, True),
        ("软件测试+练习册", 1, False),
        ("软件测试+练习册", None, False),
        ("红楼梦+学习手册", 2, False),
        ("红楼梦手册+三国演义", None, False),
        ("数据分析手册+三国演义", None, True),
        ("恶意代码+三国演义", None, False),
        ("恶意代码+恶意软件", None, True),
        ("论语上册习题+练习册", 1, False),
        ("红楼梦视频+西游记", 2, False),
        ("红楼梦+光盘", 2, False),
        ("红楼梦+学习知识重点", None, False),
        # letters alone are no title, unless their part says more
        ("Python+Java", None, False),
        ("红楼梦+Python 编程入门", None, True),
        ("红楼梦+Python 编程书", None, False),
        ("红楼梦+水浒", None, False),
        ("红楼梦+水浒传", None, True),
    ],
)
def test_what_a_plus_joins(title: str, volumes: int | None, expected: bool) -> None:
    """Two works beside a plus are a bundle; a work with an extra, a sum or a subject is not."""
    assert is_bundle(title, volumes) is expected


@pytest.mark.parametrize(
    ("title", "volumes", "expected"),
    [
        ("史记、汉书", 2, True),
        ("史记&汉书", 2, True),
        ("[现货]史记、汉书(全2册)", 2, True),
        ("(现货)史记、汉书", 2, True),
        ("【现货】史记、汉书", 2, True),
        ("史记、汉书 套装", 2, True),
        ("《史记》、汉书", 2, True),
        ("史记、汉书", 1, False),
        ("史记、汉书", None, False),
        ("史记、汉书", 3, False),
        ("史记、汉书、后汉书", 2, False),
        ("史记 汉书", 2, False),
        ("史记、A", 2, False),
        ("A、史记", 2, False),
        ("史、汉书", 2, False),
        ("二十四史:史记、汉书", 2, False),
        ("史记上册、汉书", 2, False),
        ("上册史记、汉书", 2, False),
        ("史记第1辑、汉书", 2, False),
        ("语文、数学三年级", 2, False),
        ("《史记》《汉书》", None, True),
        ("《史记》《汉书》", 2, True),
        ("《史记》和《汉书》", 3, True),
        ("《史记》《汉书》", 1, False),
        ("《史记》、《汉书》、《后汉书》", 2, False),
        ("《史记》《汉书》研究", 2, True),
        ("读《史记》《汉书》", 2, False),
    ],
)
def test_what_other_signs_join(title: str, volumes: int | None, expected: bool) -> None:
    """A list of titles is a bundle if a set has as many volumes, and none is a part of a work."""
    assert is_bundle(title, volumes) is expected
