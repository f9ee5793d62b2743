"""The price history in every format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.labels import LANGUAGES, Labels
from crawler.report import encode, render
from crawler.report.common.wording import against_median
from crawler.report.search.history_wording import past, remark
from crawler.report.search.wording import note
from crawler.results import SearchResult
from tests.factories import make_listing, make_result, with_past
from tests.report.books import make_books

FOR_PEOPLE = ("table", "md", "html")


def book_with(*prices: str, **more: Any) -> Any:
    """Return the one book of a search, with a price on each of several consecutive days."""
    (book,) = with_past(make_result([make_listing(price=Decimal(prices[-1]))]), prices, **more).books
    return book


def text(result: SearchResult, form: str, **options: Any) -> str:
    return encode(render(result, form, **options), form).decode()


RAISED = ["50"] * 60 + ["60"] * 7 + ["50"]


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        (
            ["20"] * 10 + ["25"] * 20 + ["22"],
            [
                "lowest in 21 days", "¥3.00 less than on 2026-01-30", "lowest ¥20.00 on 2026-01-10",
                "90-day median ¥25.00", "on record since 2026-01-01",
            ],
        ),
        (
            ["25"] * 9 + ["20"],
            [
                "lowest on record", "¥5.00 less than on 2026-01-30", "90-day median ¥25.00",
                "on record since 2026-01-22",
            ],
        ),
        (
            ["20"] * 9 + ["25"],
            [
                "¥5.00 more than on 2026-01-30", "lowest ¥20.00 on 2026-01-30", "90-day median ¥20.00",
                "on record since 2026-01-22",
            ],
        ),
        # One more expensive day does not make the usual price a low one.
        (["20"] * 20 + ["21"] + ["20"] * 9, ["90-day median ¥20.00", "on record since 2026-01-02"]),
        (["20"] * 10, ["the same price since 2026-01-22"]),
        (["20", "20"], ["seen on 2 days since 2026-01-30"]),
        (
            ["20", "19"],
            [
                "lowest on record", "¥1.00 less than on 2026-01-30",
                "seen on 2 days since 2026-01-30",
            ],
        ),
    ],
)  # fmt: skip
def test_the_past_in_words(prices: list[str], words: list[str]) -> None:
    """The most useful facts come first; a short history says that it is short, and gives no median."""
    assert past(book_with(*prices)) == " · ".join(words)


def test_a_book_without_a_past_says_nothing() -> None:
    (book,) = make_result().books
    assert past(book) == ""


def test_a_raised_price_stands_in_the_answer_itself() -> None:
    """The first line of the report, which many read alone, does not praise a discount that followed a raise."""
    result = with_past(make_result([make_listing(price=Decimal(50))]), RAISED)
    words = "raised, then cut: ¥50.00, then ¥60.00 on 2026-01-24, now ¥50.00"
    assert note(result.books[0]) == words
    assert text(result, "table").splitlines()[0].startswith(f"Cheapest: ¥50.00  渗透测试实战 [{words}]")
    assert (
        text(result, "md")
        .splitlines()[0]
        .replace("\\", "")
        .startswith(f"# Cheapest: ¥50.00 渗透测试实战 [{words}]")
    )
    document = LexborHTMLParser(text(result, "html"))
    badges = [badge.parent.text(deep=True) for badge in document.css(".badge") if badge.parent is not None]
    assert len(badges) >= 2  # in the answers and in the list
    assert {" ".join(badge.split()) for badge in badges} == {words.replace("cut:", "cut")}


def test_a_raised_list_price_is_told_with_its_numbers() -> None:
    lists = ["100"] * 60 + ["125"] * 5
    assert note(book_with(*["50"] * 65, list_prices=lists)) == (
        "list price raised: ¥100.00, then ¥125.00 on 2026-01-27; now sold at ¥50.00, usually ¥50.00"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", FOR_PEOPLE)
def test_reports_for_people_tell_the_past_of_every_book(form: str, language: str) -> None:
    """The head states since when prices are known; HTML covers each book, the lists only remarkable ones."""
    say = Labels(language)
    result = with_past(make_result(make_books(3)), ["20"] * 10 + ["25"] * 20 + ["22"])
    shown = (
        text(result, form, lang=language, width=400) if form == "table" else text(result, form, lang=language)
    )
    plain = shown.replace("\\", "")
    words = past(result.books[0], say) if form == "html" else remark(result.books[0], say)
    assert plain.count(words) >= 3
    assert say("history_of", n=3, all=3, on="2026-01-01") in " ".join(plain.split())


@pytest.mark.parametrize("form", FOR_PEOPLE)
def test_a_first_run_says_that_the_past_begins_with_it(form: str) -> None:
    result = replace(make_result(make_books(2)), recorded=True)
    assert "recorded for the first time (2 books)" in " ".join(text(result, form).split())
    assert "first time" not in text(make_result(make_books(2)), form)


def test_json_has_the_numbers() -> None:
    result = with_past(make_result([make_listing(price=Decimal(50))]), RAISED)
    report = json.loads(result.to_json())
    assert report["recorded"] is True
    assert report["books"][0]["history"] == {
        "since": "2025-11-25T08:00:00Z", "days": 68, "few": False, "lowest": 50.0, "lowest_at": "2026-01-31T08:00:00Z",
        "median_90_days": 50.0, "previous": 60.0, "previous_at": "2026-01-30T08:00:00Z", "change": -10.0,
        "lowest_in_days": 67,
        "raised_then_cut": {
            "kind": "price", "before": 50.0, "raised_to": 60.0, "raised_at": "2026-01-24T08:00:00Z", "now": 50.0,
            "usual_price": 50.0,
        },
    }  # fmt: skip


def test_csv_has_them_in_columns() -> None:
    result = with_past(make_result([make_listing(price=Decimal(50))]), RAISED)
    data = encode(render(result, "csv"), "csv").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(data, newline=""))
    assert {name: row[name] for name in list(row)[-16:-3]} == {
        "history_since": "2025-11-25", "history_days": "68", "lowest": "50.00", "lowest_at": "2026-01-31",
        "median_90_days": "50.00", "previous": "60.00", "previous_at": "2026-01-30", "change": "-10.00",
        "lowest_in_days": "67", "raised_then_cut": "price", "raised_from": "50.00", "raised_to": "60.00",
        "raised_at": "2026-01-24",
    }  # fmt: skip


def test_xlsx_has_them_as_numbers_and_dates() -> None:
    """The columns are there if any book has a history; otherwise there are no eight empty columns."""
    result = with_past(make_result([make_listing(price=Decimal(50))]), RAISED)
    sheet = openpyxl.load_workbook(io.BytesIO(render(result, "xlsx")))["Books"]  # type: ignore[arg-type]  # xlsx is bytes
    header, row = ([cell.value for cell in cells] for cells in sheet.iter_rows())
    told = dict(zip(header, row, strict=True))
    assert (told["Lowest ever"], told["Median (90 days)"], told["Change"]) == (50, 50, -10)
    assert (told["Lowest in (days)"], told["Days on record"]) == (67, 68)
    assert f"{told['Lowest on']:%Y-%m-%d} {told['On record since']:%Y-%m-%d}" == "2026-01-31 2025-11-25"
    assert told["Raised, then cut"] == "raised, then cut: ¥50.00, then ¥60.00 on 2026-01-24, now ¥50.00"
    plain = openpyxl.load_workbook(io.BytesIO(render(make_result(), "xlsx")))["Books"]  # type: ignore[arg-type]  # the same
    assert "Lowest ever" not in [cell.value for cell in next(plain.iter_rows())]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_most_books_of_a_table_with_a_past_take_one_line(width: int) -> None:
    """One column has the price against the median; only important remarks are below a title."""
    plain = with_past(make_result(make_books(30)), ["40"] * 9 + ["41"])
    lines = text(plain, "table", width=width).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("──")) + 1
    assert len(lines[start:]) == 30
    assert "vs. median" in lines[start - 2]
    assert all("+2%" in line for line in lines[start:])


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        (["40"] * 9 + ["41"], ("+2%", "")),
        (["40"] * 9 + ["39"], ("-2%", "")),  # the lowest ever, but only just
        (["20"] * 10 + ["25"] * 20 + ["22"], ("-12%", "lowest in 21 days · ¥3.00 less than on 2026-01-30")),
        (["40"] * 9 + ["30"], ("-25%", "lowest on record · ¥10.00 less than on 2026-01-30")),
        (["20"] + ["40"] * 8 + ["20"] * 2 + ["30"] * 2, ("-25%", "")),  # it was cheaper three days ago
        (["40"] * 9 + ["50"], ("+25%", "¥10.00 more than on 2026-01-30")),
        (["40", "30"], ("–", "¥10.00 less than on 2026-01-30")),  # too few days for a median
        (RAISED, ("0%", "")),  # the note mentions the raise
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["table", "md"])
def test_a_remark_stands_where_there_is_something_to_remark(
    form: str, prices: list[str], expected: tuple[str, str]
) -> None:
    book = book_with(*prices)
    assert (against_median(book.history), remark(book)) == expected
    result = with_past(make_result([make_listing(price=Decimal(prices[-1]))]), prices)
    shown = " ".join(text(result, form, width=200).replace("\\", "").split())
    listed = shown[shown.rindex("Quality") :]
    assert expected[0] in listed
    assert expected[1] in listed
    assert ("less than" in listed or "more than" in listed) == ("than on" in expected[1])
    assert "observed since" not in listed
