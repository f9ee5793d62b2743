"""The reports of a ranking: every format, three languages, and text that tries to break out of its place."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest
from rich.cells import cell_len

from crawler.bulk.rank import rank_offers
from crawler.bulk.rank_report import FORMATS, RankStyle, render
from crawler.bulk.rank_report.csv_report import COLUMNS
from crawler.bulk.rates import Rates
from crawler.labels import LANGUAGES
from tests.bulk.rank_results import ISBN, OTHER_ISBN, result, write_results
from tests.report.hostile import HOSTILE

RATES = Rates({"EUR": Decimal("8.2")}, "CNY")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two books in two currencies, and one page of each kind that is not ranked."""
    path = write_results(
        tmp_path / "crawl",
        [
            result(1, 39.5, isbn=ISBN, title="地图集", author="李安"),
            result(2, 4.5, "EUR", isbn=ISBN, title="Atlas", author=""),
            result(3, 20.25, isbn=OTHER_ISBN),
            result(4, 3.0, "SEK"),
            result(5, 1.0, availability="sold_out"),
            result(6),
            result(7, problems="unreadable_price"),
            result(8, 1.0, ""),
            result(9, verdict="http_error", status=404),
        ],
    )
    with path.open("a") as file:
        file.write('damaged\n{"number": 10')
    return path.parent


def report(folder: Path, form: str, style: RankStyle | None = None, rates: Rates | None = RATES) -> str:
    with rank_offers(folder, rates=rates) as ranking:
        return "".join(render(ranking, form, style or RankStyle(lang="en")))


def test_the_table(folder: Path) -> None:
    """It names each book with its cheapest offer and the others, and everything that is not ranked."""
    lines = report(folder, "table").splitlines()
    text = " ".join(" ".join(lines).split())
    assert "1 ¥20.25 Atlas 3" in text
    assert "2 €4.50 = ¥36.90 Atlas" in text
    assert "¥39.50 shop1.example" in text
    assert "SEK 3.00" in text
    for words in (
        "9 pages, 4 offers ranked", "1 sold out", "1 without a price", "1 with an unreadable price",
        "1 without a currency", "1 failed pages", "1 EUR = 8.2 CNY", "SEK (1 offers), ranked separately",
        "1 lines left out; the first is results-000-001.jsonl:10", "the last line of results-000-001.jsonl",
    ):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_table_keeps_to_the_width(folder: Path, width: int) -> None:
    for line in report(folder, "table", RankStyle(width=width, lang="zh-Hans")).splitlines():
        assert cell_len(line) <= width or "最低价" in line  # a heading is wrapped by the terminal


def test_the_json(folder: Path) -> None:
    """Numbers keep their digits; every count is there."""
    found = json.loads(report(folder, "json"), parse_float=Decimal)
    assert found["counts"] == {
        "pages": 9, "listings": 0, "offers": 4, "repeated": 0, "sold_out": 1, "without_price": 1,
        "unreadable_price": 1, "without_currency": 1, "other_currency": {}, "without_rate": {"SEK": 1},
        "failed": {"http_error": 1}, "damaged_lines": 1,
        "first_damaged_line": found["counts"]["first_damaged_line"], "incomplete_files": ["results-000-001.jsonl"],
    }  # fmt: skip
    assert (found["compared_in"], found["rates"]) == ("CNY", {"EUR": Decimal("8.2")})
    assert [(each["currency"], each["books_total"]) for each in found["rankings"]] == [("CNY", 2), ("SEK", 1)]
    _, book = found["rankings"][0]["books"]
    assert (book["rank"], book["title"], book["author"], book["isbn"]) == (2, "Atlas", "李安", ISBN)
    assert [(offer["price"], offer["currency"], offer["compared_price"]) for offer in book["offers"]] == [
        (Decimal("4.5"), "EUR", Decimal("36.9")),
        (Decimal("39.5"), "CNY", Decimal("39.5")),
    ]


def test_the_csv(folder: Path) -> None:
    """One row per offer, in order, each with all columns."""
    header, *rows = csv.reader(io.StringIO(report(folder, "csv"), newline=""))
    assert tuple(header) == COLUMNS
    assert [row[:6] for row in rows] == [
        ["CNY", "1", "1", "20.25", "CNY", "20.25"],
        ["CNY", "2", "1", "4.5", "EUR", "36.90"],
        ["CNY", "2", "2", "39.5", "CNY", "39.5"],
        ["SEK", "1", "1", "3.0", "SEK", "3.0"],
    ]
    assert {len(row) for row in rows} == {len(COLUMNS)}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", ["table", "md"])
def test_reports_for_people_are_in_their_language(folder: Path, form: str, lang: str) -> None:
    text = report(folder, form, RankStyle(lang=lang))
    own = {"en": "Not ranked", "zh-Hans": "未参与排名", "zh-Hant": "未參與排名"}
    assert {language for language, words in own.items() if words in text} == {lang}


@pytest.mark.parametrize("form", FORMATS)
def test_top_limits_the_books_of_each_ranking(folder: Path, form: str) -> None:
    """Data formats list all books unless the user sets the number; formats for people say how many there are more."""
    by_default = report(folder, form, RankStyle(top=1, lang="en"))
    given = report(folder, form, RankStyle(top=1, top_given=True, lang="en"))
    assert "shop3.example" in by_default
    assert "shop3.example" in given
    assert ("shop2.example" in by_default) == (form in {"csv", "json"})
    assert "shop2.example" not in given
    assert ("--top 2" in given) == (form in {"table", "md"})


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_to_rank(tmp_path: Path, form: str) -> None:
    """A crawl without any price has a report, too."""
    write_results(tmp_path, [result(1)])
    text = report(tmp_path, form, rates=None)
    if form == "json":
        assert json.loads(text)["rankings"] == []
    elif form == "csv":
        assert text == ",".join(COLUMNS) + "\r\n"
    else:
        assert "no offer to rank" in text


@pytest.mark.parametrize("trick", HOSTILE)
@pytest.mark.parametrize("form", FORMATS)
def test_hostile_text_stays_text(tmp_path: Path, form: str, trick: str) -> None:
    """Titles, authors, addresses and currencies from the web cannot become commands, markup or formulas."""
    text = HOSTILE[trick].encode("utf-8", "replace").decode()
    hostile = result(
        1, 5.0, text, title=text, author=text, final_url=text, product_url=text, isbn=text, availability=text
    )
    write_results(tmp_path, [hostile, result(2, 6.0, text, title=text, author=text, product_url="")])
    for color in (False, True):
        written = report(tmp_path, form, RankStyle(lang="en", color=color), rates=None)
        if not (color and form == "table"):
            controls = {"Cc"} if form == "json" else {"Cc", "Cf"}
            assert not {char for char in written if unicodedata.category(char) in controls} - {"\r", "\n"}
        assert "\u202e" not in written
        assert "evil.example\x1b" not in written
    if form == "csv":
        rows = list(csv.reader(io.StringIO(written, newline="")))
        assert len(rows) == 3
        assert not any(cell.startswith(("=", "+", "-", "@", "＝")) for row in rows for cell in row)
    if form == "json":
        assert json.loads(written)["rankings"][0]["books"][0]["title"] == text
    if form == "md":
        assert not re.search(r"(?<!\\)(?:<script|\]\(https?://evil)", written)


def test_links_lead_only_to_web_pages(tmp_path: Path) -> None:
    """An address that closes a link or is no web page does not become one."""
    write_results(
        tmp_path,
        [
            result(1, 1.0, final_url="https://x.example/a)b|c<d>", title="one"),
            result(2, 2.0, final_url="javascript:alert(1)", title="two"),
            result(3, 3.0, final_url="https://x.example/\x1b]8;;evil", title="three"),
        ],
    )
    text = report(tmp_path, "md", rates=None)
    assert "[one](https://x.example/a%29b%7Cc%3Cd%3E)" in text
    assert "[two]" not in text
    assert "[three]" not in text
    linked = report(tmp_path, "table", RankStyle(lang="en", color=True), rates=None)
    assert re.findall(r"\x1b\]8;[^;]*;([^\x1b]+)\x1b", linked) == ["https://x.example/a%29b%7Cc%3Cd%3E"]
