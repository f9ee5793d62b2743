"""Is a listing the book that somebody wishes for? In doubt, it is only similar."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.webapp.wishes.matching import Match, best_matches, match_of
from crawler.webapp.wishes.reading import Wish
from parsers.model import Contributor
from tests.factories import make_listing, make_result


def listing(title: str, *authors: str, subtitle: str = "", **over: Any) -> Any:
    people = tuple(Contributor(name, "著") for name in authors)
    text = " ".join(f"{name} 著" for name in authors)
    return make_listing(title=title, subtitle=subtitle, contributors=people, contributors_text=text, **over)


WISH = Wish("三体", "刘慈欣")


@pytest.mark.parametrize(
    ("wish", "found", "match"),
    [
        (WISH, listing("三体", "刘慈欣"), Match.TITLE_AUTHOR),
        (Wish("三體", "劉慈欣"), listing("三体", "刘慈欣"), Match.TITLE_AUTHOR),
        (WISH, listing("三体：地球往事三部曲之一", "刘慈欣"), Match.TITLE_AUTHOR),
        (WISH, listing("三体（全3册）", "刘慈欣"), Match.TITLE_AUTHOR),
        (WISH, listing("【正版现货】三体", "刘慈欣"), Match.TITLE_AUTHOR),
        (WISH, listing("三体"), Match.TITLE),
        (Wish("三体"), listing("三体", "刘慈欣"), Match.TITLE),
        (WISH, listing("三体", "别人"), None),
        (WISH, listing("三体2：黑暗森林", "刘慈欣"), Match.SIMILAR),
        (WISH, listing("三体漫画：第一部", "刘慈欣"), Match.SIMILAR),
        (WISH, listing("三体（连环画）", "刘慈欣"), Match.SIMILAR),
        (Wish("三体 漫画"), listing("三体漫画"), Match.TITLE),
        (WISH, listing("流浪地球", "刘慈欣"), None),
        # Sellers' titles say what a book is for, and who recommends it; the author must agree.
        (
            Wish("骆驼祥子", "老舍"),
            listing("骆驼祥子 七年级下册推荐阅读 无障碍阅读", "老舍"),
            Match.TITLE_AUTHOR,
        ),
        (Wish("骆驼祥子"), listing("骆驼祥子 七年级下册推荐阅读 无障碍阅读", "老舍"), Match.SIMILAR),
        (
            Wish("海底两万里", "凡尔纳"),
            listing("海底两万里（“名著导读”经典，附注释与地图）", "凡尔纳"),
            Match.TITLE_AUTHOR,
        ),
        (Wish("面纱", "毛姆"), listing("面纱（三次改编成电影。全译本）", "毛姆"), Match.TITLE_AUTHOR),
        (Wish("心", "稻盛和夫"), listing("心 稻盛和夫的一生嘱托", "[日]稻盛和夫"), Match.TITLE_AUTHOR),
        (Wish("宝葫芦的秘密", "张天翼"), listing("宝葫芦的秘密(中小学生读本)", "张天翼"), Match.TITLE_AUTHOR),
        (Wish("罪与罚", "陀思妥耶夫斯基"), listing("罪与罚（青少版）", "陀思妥耶夫斯基"), Match.SIMILAR),
        (Wish("红楼梦", "曹雪芹"), listing("红楼梦 导读", "曹雪芹"), Match.SIMILAR),
        (WISH, listing("三体 第二部", "刘慈欣"), Match.SIMILAR),
        (WISH, listing("三体（上册）", "刘慈欣"), Match.SIMILAR),
        (WISH, listing("三体（上中下册）", "刘慈欣"), Match.TITLE_AUTHOR),
        (WISH, listing("三体 黑暗森林", "刘慈欣"), Match.SIMILAR),
        (WISH, listing("三体（2023新版）", "刘慈欣"), Match.TITLE_AUTHOR),
        (Wish("围城", "钱锺书"), listing("围城", "钱钟书"), Match.TITLE_AUTHOR),
        (Wish("算法导论"), listing("算法导论（原书第3版）", "科尔曼"), Match.TITLE),
        (Wish("Dune", "Frank Herbert"), listing("Dune", "弗兰克·赫伯特"), Match.TITLE),
        (Wish("Dune", "Frank Herbert"), listing("Dune", "Frank Herbert"), Match.TITLE_AUTHOR),
        (Wish("Dune", "Frank Herbert"), listing("Dune", "Brian Herbert"), None),
        (Wish("1984", "[英] 乔治·奥威尔"), listing("1984", "乔治·奥威尔"), Match.TITLE_AUTHOR),
        (Wish("1984", "乔治奥威尔"), listing("1984", "［英］乔治•奥威尔"), Match.TITLE_AUTHOR),
        (Wish("C"), listing("C Primer Plus"), None),
        (Wish("人类简史：从动物到上帝"), listing("人类简史", subtitle="从动物到上帝"), Match.TITLE),
    ],
    ids=lambda value: value.title if hasattr(value, "product_id") else None,
)
def test_title_and_author_decide(wish: Wish, found: Any, match: Match | None) -> None:
    assert match_of(wish, found) is match


def test_an_isbn_decides_unless_the_title_is_another() -> None:
    """The shop shows no ISBN: it finds a book by it, or shows others."""
    isbn = "9787115546081"
    assert match_of(Wish(isbn=isbn), listing("渗透测试"), by_isbn=True) is Match.ISBN
    assert match_of(Wish("渗透测试", isbn=isbn), listing("渗透测试实战"), by_isbn=True) is Match.ISBN
    assert match_of(Wish("三体", isbn=isbn), listing("渗透测试"), by_isbn=True) is Match.SIMILAR
    assert match_of(Wish("三体", "刘慈欣", isbn), listing("三体", "别人"), by_isbn=True) is Match.SIMILAR


def test_many_books_for_an_isbn_are_none_of_it() -> None:
    """The shop shows what it thinks is similar, unless a title has the number."""
    isbn = "9787115546081"
    many = [listing(f"书{number}", f"作者{number}", product_id=str(number)) for number in range(1, 13)]
    assert best_matches(Wish(isbn=isbn), make_result(many).books, by_isbn=True) == (None, [])
    match, books = best_matches(Wish(isbn=isbn), make_result(many[:3]).books, by_isbn=True)
    assert (match, len(books)) == (Match.ISBN, 3)
    named = [*many, listing(f"书 {isbn}", "谁", product_id="99")]
    match, books = best_matches(Wish(isbn=isbn), make_result(named).books, by_isbn=True)
    assert (match, [book.product_id for book in books]) == (Match.ISBN, ["99"])


def test_only_the_surest_matches_count() -> None:
    found = [
        listing("三体", "刘慈欣", product_id="1"),
        listing("三体", product_id="2", publisher="另一家出版社"),
        listing("三体2：黑暗森林", "刘慈欣", product_id="3"),
    ]
    match, books = best_matches(WISH, make_result(found).books)
    assert (match, [book.product_id for book in books]) == (Match.TITLE_AUTHOR, ["1"])
