"""The workbook, read back as a spreadsheet reads it."""

from __future__ import annotations

import datetime as dt
import io
import time
import zipfile
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from crawler.books.pipeline import SelectionCriteria
from crawler.clean import clean
from crawler.report import render
from crawler.report.search import xlsx_report
from crawler.results import SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag
from tests.factories import make_empty_result, make_listing, make_page, make_result
from tests.report.books import make_books
from tests.report.hostile import HOSTILE

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

RED = "FFC00000"
FAILED = [make_page(2, verdict=Verdict.BLOCKED, detail="403"), make_page(3, verdict=Verdict.TOO_LARGE)]
TRICKS = HOSTILE | {
    "tab": "\t=1+1",
    "carriage return": "\r=1+1",
    "minus": "-2+3",
    "plus": "+1",
    "rich string": "<r><t>a</t></r>",
    "broken rich string": "<r><evil></r>",
    "escape": "_x0041_ _x000A_",
    "markup": '<b>&amp;"</b>]]>',
    "number": "007",
    "script": "javascript:alert(1)",
    "address": "https://evil.example",
    "array": "{=1+1}",
    "long": "书" * 40_000,
}


def read(result: SearchResult, **options: Any) -> Workbook:
    data = render(result, "xlsx", **options)
    assert isinstance(data, bytes)
    return openpyxl.load_workbook(io.BytesIO(data))


def sheet(book: Workbook, number: int) -> Worksheet:
    found = book.worksheets[number]
    assert isinstance(found, Worksheet)
    return found


def rows(book: Worksheet) -> list[dict[str, Cell]]:
    """Return the rows below the header, by their headings."""
    header, *below = book.iter_rows()
    return [{str(head.value): cell for head, cell in zip(header, row, strict=True)} for row in below]  # type: ignore[misc]


def lines(book: Worksheet) -> list[tuple[Any, ...]]:
    return list(book.iter_rows(values_only=True))


def all_cells(book: Workbook) -> list[Cell]:
    return [cell for each in book.worksheets for row in each.iter_rows() for cell in row]  # type: ignore[misc]


def test_every_cell_has_the_type_of_its_value() -> None:
    """Numbers are formatted numbers, dates are dates, booleans are booleans, and ids are text."""
    listing = make_listing(
        price=Decimal("1299.5"), list_price=Decimal(2599), volumes=3, flags=frozenset({Flag.SET}), seller="书友店",
        self_operated=False, ebook_price=Decimal("9.9"),
        contributors=(Contributor("张三", "著"), Contributor("李四", "著")),
    )  # fmt: skip
    (row,) = rows(sheet(read(make_result([listing])), 0))
    assert {name: (cell.value, cell.data_type, cell.number_format) for name, cell in row.items()} == {
        "Mark": (None, "n", "General"),
        "#": (1, "n", "#,##0"),
        "Frontier": ("★", "s", "General"),
        "Price": (1299.5, "n", "¥#,##0.00"),
        "Per-vol.": (433.17, "n", "¥#,##0.00"),
        "List": (2599, "n", "¥#,##0.00"),
        "Off": (-0.5, "n", "0%"),
        "Title": ("渗透测试实战", "s", "General"),
        "Author": ("张三, 李四", "s", "General"),
        "Translator": (None, "n", "General"),
        "Publisher": ("演示出版社", "s", "General"),
        "Date": (dt.datetime(2021, 3, 31), "d", "yyyy-mm-dd"),  # noqa: DTZ001 - a spreadsheet knows no zone
        "Rating": (4.5, "n", "0.0"),
        "Reviews": (1234, "n", "#,##0"),
        "Quality": (4.4718, "n", "0.000"),
        "Value": (0, "n", "0.00"),
        "Note": ("set of 3 · ¥433.17 each · sold by 书友店", "s", "General"),
        "Volumes": (3, "n", "#,##0"),
        "Seller": ("书友店", "s", "General"),
        "The shop's own": (False, "b", "General"),
        "E-book": (9.9, "n", "¥#,##0.00"),
        "Offers": (1, "n", "#,##0"),
        "Product": ("29220317", "s", "General"),
        "Contributors": ("张三 著; 李四 著", "s", "General"),
        "Subtitle": ("从入门到精通", "s", "General"),
    }


def test_what_is_unknown_is_an_empty_cell() -> None:
    """A value that the page lacks is no 0, dash or empty text; nor is a missing price."""
    unknown = make_listing(
        price=None, list_price=None, volumes=None, contributors=(), publisher=None, published=None, rating=None,
        reviews=None, self_operated=None, subtitle="",
    )  # fmt: skip
    (row,) = rows(
        sheet(read(make_result([unknown], criteria=SelectionCriteria(keep=frozenset({"no_price"})))), 0)
    )
    filled = {name: cell.value for name, cell in row.items() if cell.value is not None}
    assert filled == {
        "#": 1, "Title": "渗透测试实战", "Offers": 1, "Product": "29220317",
        "Note": "kept though without a readable price",
    }  # fmt: skip


def test_a_date_before_excel_is_text() -> None:
    """Excel counts days from 1900; an earlier date is text."""
    old = make_listing(product_id="1", title="甲书", published=dt.date(1899, 12, 31))
    first = make_listing(product_id="2", title="乙书", published=dt.date(1900, 1, 1), position=2)
    dates = [row["Date"] for row in rows(sheet(read(make_result([old, first])), 0))]
    assert [cell.data_type for cell in dates] == ["s", "d"]
    assert dates[0].value == "1899-12-31"


@pytest.mark.parametrize("count", [0, 1, 300])
def test_the_list_is_ready_to_be_sorted_and_filtered(count: int) -> None:
    """Its sheet opens first; the header stays visible, and the filters span every row and column."""
    book = read(make_result(make_books(count)))
    books = sheet(book, 0)
    assert book.active is books
    assert books.freeze_panes == "A2"
    assert books.auto_filter.ref == f"A1:Y{count + 1}"
    assert books.max_row == count + 1
    assert all(cell.font.b for cell in books[1])


def test_columns_are_as_wide_as_what_they_hold() -> None:
    """A Chinese character takes two, and no column is wider than a screen."""
    long = make_listing(product_id="1", title="书" * 200, publisher="人民邮电出版社", subtitle="")
    books = sheet(read(make_result([long])), 0)
    widths = {
        str(cell.value): books.column_dimensions[cell.column_letter].width
        for cell in books[1]
        if isinstance(cell, Cell)
    }
    assert 60 <= widths["Title"] < 70
    assert 14 <= widths["Publisher"] < 20
    assert all(len(name) < width < 70 for name, width in widths.items())


def test_titles_lead_to_the_shop() -> None:
    """The title of a book, an offer or a dropped product is a link; so is an answer."""
    listings = [
        make_listing(product_id="1", price=Decimal(5)),
        make_listing(product_id="2"),
        make_listing(product_id="3", title="乙书", sold_out=True),
    ]
    book = read(make_result(listings))
    books, answers, offers, dropped = (sheet(book, n) for n in range(4))
    address = "https://product.dangdang.com/{}.html"

    def links(found: list[dict[str, Cell]]) -> list[str | None]:
        return [link.target if (link := row["Title"].hyperlink) else None for row in found]

    assert links(rows(books)) == [address.format(1)]
    assert links(rows(offers)) == [address.format(1), address.format(2)]
    assert links(rows(dropped)) == [address.format(3)]
    targets = [cell.hyperlink.target for row in answers.iter_rows() for cell in row if cell.hyperlink]
    assert targets == [address.format(1)] * 3


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://product.dangdang.com/1.html",
        "https://dangdang.com.evil.example/1.html",
        "internal:Books!A1",
        "file:///etc/passwd",
        f"https://product.dangdang.com/{'1' * 2100}.html",
        "",
    ],
)
def test_nothing_else_is_linked(url: str) -> None:
    """An address that is not a product's on the shop's host, or too long for Excel, is no link; its title stays."""
    listings = [make_listing(url=url), make_listing(product_id="2", url=url)]
    book = read(make_result([*listings, make_listing(product_id="3", url=url, sold_out=True)]))
    assert len(book.worksheets) == 4
    assert not [cell for cell in all_cells(book) if cell.hyperlink]
    assert rows(sheet(book, 0))[0]["Title"].value == "渗透测试实战"


@pytest.mark.parametrize("over", [{"demo": True}, {"base_url": "http://127.0.0.1:4321"}])
def test_a_demo_and_a_replica_link_nowhere(over: dict[str, Any]) -> None:
    """Their product numbers may belong to other goods in the real shop."""
    assert not [cell for cell in all_cells(read(make_result(**over))) if cell.hyperlink]


def test_beyond_excels_number_of_links_titles_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows after Excel's last possible link keep their titles."""
    assert xlsx_report.MAX_LINKS == 65_530
    monkeypatch.setattr(xlsx_report, "MAX_LINKS", 3)
    found = rows(sheet(read(make_result(make_books(5))), 0))
    assert [row["Title"].hyperlink is not None for row in found] == [True, True, True, False, False]
    assert all(row["Title"].data_type == "s" and row["Title"].value for row in found)


MARKED: list[tuple[dict[str, Any], str]] = [
    ({"demo": True}, "DEMO"),
    ({"failed": FAILED}, "PARTIAL"),
    ({"failed": FAILED, "demo": True}, "PARTIAL, DEMO"),
    ({"failed": FAILED, "base_url": "http://127.0.0.1:4321"}, "PARTIAL, REPLICA"),
]


@pytest.mark.parametrize(("over", "mark"), MARKED)
def test_no_row_passes_for_a_real_offer(over: dict[str, Any], mark: str) -> None:
    """In every sheet, each row opens with the marks, red and bold; the sheets' names and tabs carry them, too."""
    listings = [*make_books(3), make_listing(product_id="9", title="丁书", sold_out=True)]
    twin = replace(listings[0], product_id="8", price=Decimal(50), position=8)
    book = read(make_result([*listings, twin], **over))
    assert book.sheetnames == [f"{mark} {name}" for name in ("books", "answers", "offers", "dropped")]
    for each in book.worksheets:
        assert isinstance(each, Worksheet)
        assert each.sheet_properties.tabColor is not None
        assert each.sheet_properties.tabColor.rgb == RED
        first = [row[0] for row in each.iter_rows(min_row=1 if "answers" in each.title else 2)]
        assert first
        for cell in first:
            assert cell.value == mark
            assert cell.font.b
            assert cell.font.color is not None
            assert cell.font.color.rgb == RED


def test_a_whole_live_run_has_no_mark() -> None:
    """Its first column is empty; its sheets have plain names and no colour."""
    book = read(make_result())
    assert book.sheetnames == ["Books", "Answers"]
    assert {row["Mark"].value for row in rows(sheet(book, 0))} == {None}
    assert [sheet(book, n).sheet_properties.tabColor for n in (0, 1)] == [None, None]


def test_the_answers_are_told_with_what_limits_them() -> None:
    """Three answers come first, then the alarms with the failed pages, in red, then the facts and the omissions."""
    answers = sheet(read(make_result(make_books(3), failed=FAILED), top=2), 1)
    labels = [line[1] for line in lines(answers)]
    assert labels[:6] == ["Cheapest", "Best", "Best value", "PARTIAL", "page 2", "page 3"]
    words = [line[2] for line in lines(answers)]
    assert words[0] == "¥39.00 丁书 — 张三, 演示出版社 · 4.5 (1,234) (before coupons and postage)"
    assert words[3].startswith("2 of 3 pages failed: ")
    assert words[4:6] == ["blocked: 403", "too large"]
    assert dict(zip(labels, words, strict=True))["Query"] == "滲透測試, sent as 渗透测试"
    assert words[-1] == "… and 1 more (--top 3 shows all)"
    for number in (4, 5, 6):
        for column in ("B", "C"):
            color = answers[f"{column}{number}"].font.color
            assert color is not None
            assert color.rgb == RED


def test_offers_of_one_book_are_listed() -> None:
    """A sheet of their own lists them, cheapest first, under the book's rank."""
    listings = [
        make_listing(product_id="1", price=Decimal(30)),
        make_listing(product_id="2", price=Decimal(20), seller="书友店", self_operated=False),
        make_listing(product_id="3", title="乙书", price=Decimal(1)),
    ]
    book = read(make_result(listings))
    assert book.sheetnames == ["Books", "Answers", "Offers"]
    found = [
        [row[name].value for name in ("#", "Price", "Seller", "The shop's own", "Product")]
        for row in rows(sheet(book, 2))
    ]
    assert found == [[2, 20, "书友店", False, "2"], [2, 30, None, True, "1"]]
    assert sheet(book, 2).auto_filter.ref == "A1:H3"
    assert sheet(book, 2).freeze_panes == "A2"


def test_what_was_dropped_is_listed_with_its_reason() -> None:
    """It has reason in words, title, price and place, in page order."""
    listings = [
        make_listing(product_id="1", title="甲书", sold_out=True, position=4),
        make_listing(
            product_id="2", title="乙书", ebook_only=True, price=None, ebook_price=Decimal(9), position=5
        ),
    ]
    book = read(make_result(listings))
    assert book.sheetnames == ["Books", "Answers", "Dropped"]
    assert lines(sheet(book, 2)) == [
        ("Mark", "Reason", "Title", "Price", "Product", "Place"),
        (None, "sold out", "甲书", 39, "1", "page 1, 4"),
        (None, "e-book only", "乙书", 9, "2", "page 1, 5"),
    ]


def test_top_shortens_books_and_offers() -> None:
    """By default all books are listed; the offers of an omitted book are omitted as well."""
    twin = make_listing(product_id="9", title=make_books(5)[4].title, price=Decimal(99), position=9)
    listings = [
        replace(listing, price=Decimal(number)) for number, listing in enumerate(make_books(5), start=10)
    ]
    result = make_result([*listings, twin])
    whole, cut = read(result), read(result, top=2)
    assert len(rows(sheet(whole, 0))) == len(result.books) == 5
    assert whole.sheetnames == ["Books", "Answers", "Offers"]
    assert len(rows(sheet(cut, 0))) == 2
    assert cut.sheetnames == ["Books", "Answers"]


@pytest.mark.parametrize(
    ("lang", "names", "header"),
    [
        ("en", ["DEMO books", "DEMO answers", "DEMO dropped"], ("Mark", "#", "Frontier", "Price")),
        ("zh-Hans", ["DEMO 演示 图书", "DEMO 演示 结论", "DEMO 演示 已排除"], ("标记", "#", "精选", "价格")),
        ("zh-Hant", ["DEMO 示範 圖書", "DEMO 示範 結論", "DEMO 示範 已排除"], ("標記", "#", "精選", "價格")),
    ],
)
def test_the_workbook_speaks_three_languages(lang: str, names: list[str], header: tuple[str, ...]) -> None:
    """Sheets and headings are in the report's language."""
    listings = [make_listing(product_id="1"), make_listing(product_id="2", sold_out=True)]
    book = read(make_result(listings, demo=True), lang=lang)
    assert book.sheetnames == names
    assert lines(sheet(book, 0))[0][:4] == header


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_sheet_names_are_such_as_excel_takes(lang: str) -> None:
    """They have at most 31 characters without those that Excel refuses, whatever the marks."""
    listings = [
        make_listing(product_id="1"),
        make_listing(product_id="2"),
        make_listing(product_id="3", sold_out=True),
    ]
    for over, _ in MARKED:
        names = read(make_result(listings, **over), lang=lang).sheetnames
        assert len(names) == len(set(names)) == 4
        assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)


@pytest.mark.parametrize(
    "result",
    [
        make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), available=0),
        make_empty_result(*FAILED),
        make_result([make_listing(sold_out=True)]),
    ],
)
def test_an_empty_list_is_a_workbook_too(result: SearchResult) -> None:
    """The header stands alone, and the answers say why there are no books."""
    book = read(result)
    assert sheet(book, 0).max_row == 1
    assert sheet(book, 0).auto_filter.ref == "A1:Y1"
    assert sheet(book, 1)["C1"].value


@pytest.mark.parametrize("trick", TRICKS)
def test_hostile_words_are_words(trick: str) -> None:
    """Whatever a title, a name, a query, a note or a failure contains is readable text, and no formula."""
    word = TRICKS[trick]
    listing = make_listing(
        title=word,
        subtitle=word,
        publisher=word,
        seller=word,
        contributors=(Contributor(word),),
        product_id=word,
    )
    twin = replace(listing, product_id="2", position=2)
    result = make_result(
        [listing, twin, make_listing(product_id="3", title=word, sold_out=True)],
        failed=[make_page(2, verdict=Verdict.BLOCKED, detail=word)],
        query=word, query_sent=word, notes=(word,), stopped=word, suggestion=word,
    )  # fmt: skip
    book = read(result)
    cells = [cell for cell in all_cells(book) if isinstance(cell.value, str)]
    assert {cell.data_type for cell in cells} == {"s"}
    for cell in cells:
        text = str(cell.value)
        assert not text.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
        assert text == clean(text)
        assert len(text) <= 32_767
    shown = clean(word)
    if trick == "long":
        shown = f"{'书' * 15_999}…"
    for row in rows(sheet(book, 0)):
        for name in ("Title", "Subtitle", "Publisher", "Seller", "Author"):
            assert str(row[name].value).removeprefix("'") == shown


@given(st.lists(st.text(st.characters(exclude_categories=[]), max_size=30), min_size=4, max_size=4))
def test_any_text_comes_back_as_it_was_cleaned(texts: list[str]) -> None:
    """No character breaks the file or becomes another: neither XML's own nor text that looks like Excel's escapes."""
    title, publisher, seller, detail = texts
    listing = make_listing(title=f"书{title}", publisher=f"x{publisher}", seller=f"y{seller}")
    book = read(make_result([listing], failed=[make_page(2, verdict=Verdict.BLOCKED, detail=detail)]))
    (row,) = rows(sheet(book, 0))
    assert row["Title"].value == clean(f"书{title}")
    assert row["Publisher"].value == clean(f"x{publisher}")
    assert row["Seller"].value == clean(f"y{seller}")


def test_the_same_result_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's date is that of the search: neither a second rendering nor another time of day changes a byte."""
    result = make_result(make_books(3), demo=True)
    once = render(result, "xlsx")
    assert render(result, "xlsx") == once

    class Clock(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, dt.datetime)

    class Later(dt.datetime, metaclass=Clock):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Later:
            return cls(2033, 5, 18, 3, 33, 20, tzinfo=tz)

    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: 2_000_000_000.0)
        patch.setattr(time, "localtime", lambda *_: time.struct_time((2033, 5, 18, 3, 33, 20, 2, 138, 0)))
        for module in ("xlsxwriter.workbook", "xlsxwriter.core"):
            patch.setattr(f"{module}.datetime", Later)
        assert render(result, "xlsx") == once
    properties = read(result).properties
    assert properties.created == dt.datetime(2026, 1, 31, 8, 0, 0)  # noqa: DTZ001 - a spreadsheet knows no zone
    assert properties.modified == properties.created
    assert isinstance(once, bytes)
    with zipfile.ZipFile(io.BytesIO(once)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_a_price_from_which_options_begin_stays_a_number() -> None:
    """The lowest price of several options is a number to sort by, shown as «¥39.00起»."""
    listing = make_listing(
        flags=frozenset({Flag.OPTIONS}), volumes=None,
        contributors=(Contributor("安·李", "著", "美", "Ann Lee"), Contributor("王五", "译")),
    )  # fmt: skip
    (row,) = rows(sheet(read(make_result([listing])), 0))
    assert (row["Price"].value, row["Price"].number_format) == (39, '¥#,##0.00"起"')
    assert row["Translator"].value == "王五"
    assert row["Contributors"].value == "[美]安·李（Ann Lee） 著; 王五 译"
