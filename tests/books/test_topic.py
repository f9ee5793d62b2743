"""Topics: pieces of the query in a listing's text, in any script, width and case."""

from __future__ import annotations

import pytest

from crawler.books.topic import Topic
from crawler.query import simplified
from parsers.model import Listing
from tests.factories import make_listing


def bare(**words: str) -> Listing:
    """Return a listing without highlighted words that contains only the given text."""
    silent = {"title": "", "subtitle": "", "contributors_text": "", "publisher": None, "description": ""}
    return make_listing(**{**silent, **words}, highlighted=False)


@pytest.mark.parametrize("where", ["title", "subtitle", "contributors_text", "publisher", "description"])
def test_a_piece_may_stand_in_any_words_of_the_listing(where: str) -> None:
    """Title, subtitle, authors, publisher and description are looked through."""
    assert Topic("渗透测试").covers(bare(**{where: "论测试之道"}))
    assert not Topic("渗透测试").covers(bare(**{where: "论考试之道"}))


@pytest.mark.parametrize(
    ("query", "title", "is_on"),
    [
        # two neighbouring characters are a piece, one of them is none
        ("人工智能", "工智", True),
        ("人工智能", "人类智慧", False),
        # a character without a neighbour
        ("道", "道德经", True),
        ("道", "论语", False),
        ("易 经济", "周易", True),
        # words in other letters, in any case and width
        ("Python 爬虫", "流畅的python", True),
        ("python", "ＰＹＴＨＯＮ入门", True),
        ("ｐｙｔｈｏｎ", "Python入门", True),
        ("node.js", "Node.js实战", True),
        ("Война и мир", "ВОЙНА", True),
        ("Python", "论语", False),
        # a letter alone is no part of another word
        ("C 语言", "C程序设计", True),
        ("C 语言", "Cisco路由", False),
        ("C 语言", "C++程序设计", False),
        ("C 语言", "C#程序设计", False),
        ("C", "数据结构(C描述)", True),
        ("R", "R in action", True),
        ("R", "Ruby元编程", False),
        ("5", "第5项修炼", True),
        ("5", "1587年", False),
        # signs that are part of a word
        ("C++", "C++程序设计", True),
        ("C++", "C程序设计", False),
        ("C#", "C#图解教程", True),
        ("C#", "C语言", False),
        (".NET", "ASP.NET实战", True),
        # Traditional titles of a Simplified query
        ("渗透测试", "滲透測試實戰", True),
        ("数据结构", "數據與演算法", True),
        # nothing to go by: everything is on topic
        ("9787111213826", "红楼梦", True),
        ("978-7-111-21382-6", "红楼梦", True),
        ("？！", "红楼梦", True),
    ],
)
def test_a_piece_of_the_query_puts_a_title_on_topic(query: str, title: str, is_on: bool) -> None:
    """The title in the table is on topic for its query, or not."""
    assert Topic(query, simplified=simplified).covers(bare(title=title)) is is_on


def test_what_the_shop_marked_is_on_topic() -> None:
    """The shop's own highlighting is trusted."""
    assert Topic("渗透测试").covers(make_listing(title="红楼梦", highlighted=True))


def test_every_wording_counts() -> None:
    """The pieces of each wording of a query count; without any, nothing is off topic."""
    assert Topic("人工智慧", "人工智能").covers(bare(title="智能时代"))
    assert Topic().covers(bare(title="红楼梦"))
    assert Topic("").covers(bare(title="红楼梦"))


@pytest.mark.parametrize(
    ("query", "is_on"),
    [
        ("a+" * 50, True),
        ("a." * 50, False),
        ("1." * 49 + "a", False),
        ("人" * 100, False),
        ("x-" * 50, True),  # what may be an ISBN says nothing of the topic
    ],
)
def test_a_query_and_a_description_at_their_bounds(query: str, is_on: bool) -> None:
    """A long query is found at the end of a long description whose other words do not match."""
    topic, resembling = Topic(query, simplified=simplified), "a+" * 5000
    assert topic.covers(bare(description=resembling)) is is_on
    assert topic.covers(bare(description=f"{resembling} {query}"))
