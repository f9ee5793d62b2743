"""Wish lists as people have them: lines, ISBNs, and the exports of Goodreads, 豆瓣 and NeoDB."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import UsageError
from crawler.query import Query
from crawler.webapp.wishes.reading import Wish, read_wishes
from tests.profiles import examples

GOODREADS = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,Publisher,Binding,"
    "Number of Pages,Year Published,Original Publication Year,Date Read,Date Added,Bookshelves,"
    "Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,Private Notes,Read Count,Owned Copies"
)


def goodreads(*rows: dict[str, str]) -> str:
    """Return an export as Goodreads writes it: ISBNs as formulas, reviews with line ends."""
    names = GOODREADS.split(",")
    out = io.StringIO()
    out.write(GOODREADS + "\n")
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow(
            [({"ISBN": '=""', "ISBN13": '=""', "Exclusive Shelf": "to-read"} | row).get(n, "") for n in names]
        )
    return out.getvalue()


def wishes(text: str) -> tuple[Wish, ...]:
    return read_wishes(text).wishes


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("三体", Wish("三体")),
        ("《三体》刘慈欣", Wish("三体", "刘慈欣")),
        ("《三体》 刘慈欣 著", Wish("三体", "刘慈欣")),
        ("《三体》", Wish("三体")),
        ("三体 / 刘慈欣", Wish("三体", "刘慈欣")),
        ("三体\t刘慈欣\t重庆出版社", Wish("三体", "刘慈欣")),
        ("三体｜作者：刘慈欣", Wish("三体", "刘慈欣")),
        ("1. 三体", Wish("三体")),
        ("12、《三体》", Wish("三体")),
        ("- [ ] 三体", Wish("三体")),
        ("1984", Wish("1984")),
        ("1984 / 乔治·奥威尔", Wish("1984", "乔治·奥威尔")),
        ("3.5亿次点击", Wish("3.5亿次点击")),
        ("Stand by Me", Wish("Stand by Me")),
        ("C/C++ 程序设计", Wish("C/C++ 程序设计")),
        ("978-7-115-54608-1", Wish(isbn="9787115546081")),
        ("ISBN: 7115546088", Wish(isbn="9787115546081")),
        ("渗透测试 9787115546081", Wish("渗透测试", isbn="9787115546081")),
        ("渗透测试 / 张三 / ISBN 978-7-115-54608-1", Wish("渗透测试", "张三", "9787115546081")),
        ("三体 https://book.douban.com/subject/2567698/", Wish("三体")),
        ("　三\u200b体\u202e ", Wish("三体")),
    ],
)
def test_a_line_is_a_book(line: str, wish: Wish) -> None:
    assert wishes(line) == (wish,)


@pytest.mark.parametrize("line", ["https://example.com/x", "---", "1.", "《》", "\x00"])
def test_a_line_that_names_no_book_is_said(line: str) -> None:
    reading = read_wishes(f"三体\n{line}\n活着")
    assert [wish.title for wish in reading.wishes] == ["三体", "活着"]
    assert len(reading.unusable) == 1
    with pytest.raises(UsageError, match="names no book"):
        read_wishes(line)


def test_a_number_with_a_wrong_check_digit_is_a_title() -> None:
    assert wishes("9787115546082") == (Wish("9787115546082"),)


def test_the_same_book_is_there_once() -> None:
    """In either script, with or without its author; not with another author or ISBN."""
    reading = read_wishes(
        "三体\n三體 / 劉慈欣\n《三体》\n978-7-115-54608-1\n7115546088\n高等数学 / 张三\n高等数学 / 李四\n"
    )
    assert [wish.words for wish in reading.wishes] == ["三体", "9787115546081", "高等数学", "高等数学"]
    assert reading.duplicates == 3


def test_goodreads() -> None:
    """Only the shelf for wishes counts; the series in a title, and the formula around an ISBN, are left out."""
    reading = read_wishes(
        goodreads(
            {"Title": "Dune (Dune, #1)", "Author": "Frank Herbert", "ISBN13": '="9780441013593"'},
            {"Title": "三体", "Author": "刘慈欣", "My Review": 'Great.\n\nThree "stars", or more.'},
            {"Title": "Read before", "Author": "X", "Exclusive Shelf": "read"},
            {"Title": "Girl, Woman, Other", "Author": "Bernardine Evaristo", "ISBN": '="0241364906"'},
        )
    )
    assert reading.wishes == (
        Wish("Dune", "Frank Herbert", "9780441013593"),
        Wish("三体", "刘慈欣"),
        Wish("Girl, Woman, Other", "Bernardine Evaristo", "9780241364901"),
    )
    assert (reading.other_shelves, reading.unusable) == (1, ())


def test_goodreads_without_a_wish_is_taken_whole() -> None:
    reading = read_wishes(goodreads({"Title": "Dune", "Author": "F", "Exclusive Shelf": "read"}))
    assert (len(reading.wishes), reading.other_shelves) == (1, 0)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        # https://github.com/bambooom/douban-backup, export.user.js: with a byte order mark, lines end with CR LF
        (
            '\ufeff标题,出版日期,作者,条目链接\r\n"三体","2008/1","[中] 刘慈欣","https://book.douban.com/subject/2567698/"\r\n',
            Wish("三体", "[中] 刘慈欣"),
        ),
        # 豆伴 and 豆坟, and what NeoDB adds to their columns
        (
            "标题,简介,豆瓣评分,链接,创建时间,我的评分,标签,评论\n三体,刘慈欣 / 2008 / 重庆出版社,8.9,u,2020,,,\n",
            Wish("三体", "刘慈欣"),
        ),
        (
            (
                "标题,简介,豆瓣评分,链接,创建时间,我的评分,标签,评论,NeoDB链接,其它ID\n"
                "三体,刘慈欣 / 2008,,,,,,,u,9787115546081\n"
            ),
            Wish("三体", "刘慈欣", "9787115546081"),
        ),
        (
            "title,info,links,timestamp,status,rating,comment,tags\n三体,isbn:9787115546081,u,t,wishlist,,,\n",
            Wish("三体", isbn="9787115546081"),
        ),
        ("title;author\n三体;刘慈欣\n", Wish("三体", "刘慈欣")),
        ("書名\t作者\n三體\t劉慈欣\n", Wish("三體", "劉慈欣")),
        ("ISBN\n9787115546081\n", Wish(isbn="9787115546081")),
        ("书名\n三体\n", Wish("三体")),
    ],
)
def test_exports_of_other_sites(text: str, wish: Wish) -> None:
    assert wishes(text) == (wish,)


def test_an_open_quotation_mark_swallows_no_books() -> None:
    with pytest.raises(UsageError, match="line 4 of the CSV cannot be read"):
        read_wishes('标题,作者\n三体,"刘慈欣\n活着,余华\n围城,钱锺书\n')


def test_a_row_without_a_book_is_said() -> None:
    reading = read_wishes("title,author\n三体,刘慈欣\n,无名\n")
    assert reading.unusable == (",无名",)


def test_the_list_is_bounded_and_says_what_is_left_out() -> None:
    text = "\n".join(f"第{number}本书" for number in range(250))
    reading = read_wishes(text)
    assert (len(reading.wishes), reading.beyond) == (200, 50)
    assert (len(read_wishes(text, most=5).wishes), read_wishes(text, most=5).beyond) == (5, 245)


@pytest.mark.parametrize("piece", [" ", "(", "《", "1. ", "-", "/ ", '"', "978 ", "#1(", "\t", "9"])
def test_no_text_takes_long(piece: str) -> None:
    """A line of any length is read in linear time; the timeout of the suite is the limit."""
    try:
        reading = read_wishes("书" + piece * 300_000)
    except UsageError:
        return
    assert all(len(wish.title) <= 100 for wish in reading.wishes)


@settings(max_examples=examples(100))
@given(
    st.text(max_size=300)
    | st.lists(st.text(max_size=20), max_size=6).map(",".join).map("title,author\n".__add__)
)
def test_every_wish_can_be_searched(text: str) -> None:
    """Whatever the text, there is no other error than the one in words."""
    try:
        reading = read_wishes(text)
    except UsageError:
        return
    for wish in reading.wishes:
        assert Query(wish.words)
        assert wish.isbn is None or len(wish.isbn) == 13


def test_rows_are_counted_once() -> None:
    """Every line is a wish, a repetition, of another shelf, no book, or beyond the limit."""
    lines: list[Any] = ["三体", "三体", "---", *(f"书{number}甲" for number in range(300))]
    reading = read_wishes("\n".join(lines))
    assert len(reading.wishes) + reading.duplicates + len(reading.unusable) + reading.beyond == len(lines)


def test_many_books_of_one_title_are_read_quickly() -> None:
    """Each line costs the same, however many there are before it; the timeout of the suite is the limit."""
    reading = read_wishes("\n".join(f"三体 / 作者{number}" for number in range(20_000)))
    assert len(reading.wishes) + reading.beyond == 20_000


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["三体 / 刘慈欣", "三体"], 1),
        (["三体", "三体 / 刘慈欣"], 1),
        (["三体 / 刘慈欣", "三体 / 别人", "三体 / 刘慈欣"], 2),
        (["三体 / 刘慈欣 / 9787536692930", "三体 / 刘慈欣"], 1),
        (["三体 / 刘慈欣 / 9787536692930", "三体 / 刘慈欣 / 9787115546081"], 2),
        (["三体 / 刘慈欣", "三体 / 刘慈欣 / 9787115546081"], 1),
        (["三体 / 刘慈欣 / 9787536692930", "另一本 / 某人 / 9787536692930"], 1),
    ],
)
def test_a_repetition_has_the_title_and_no_other_author_or_isbn(lines: list[str], kept: int) -> None:
    assert len(read_wishes("\n".join(lines)).wishes) == kept
