"""The CSV report, read back from its bytes."""

from __future__ import annotations

import codecs
import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.report import encode, render
from crawler.report.clean import clean
from crawler.report.csv_report import COLUMNS, defuse
from crawler.results import SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag
from tests.factories import make_listing, make_page, make_result
from tests.report.hostile import HOSTILE


def read(result: SearchResult, *, top: int | None = None) -> list[dict[str, str]]:
    data = encode(render(result, "csv", top=top), "csv")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_bytes_open_in_excel() -> None:
    """The file opens with a byte-order mark, and every line ends in CRLF."""
    data = encode(render(make_result(), "csv"), "csv")
    assert data.startswith(codecs.BOM_UTF8 + b"rank,product_id,title,")
    assert data.count(b"\n") == data.count(b"\r\n") == 2
    assert "渗透测试实战".encode() in data


def test_a_book_comes_back_as_it_was() -> None:
    """Every column of a book with everything, as its value is documented."""
    listing = make_listing(
        price=Decimal("38.5"), volumes=3, flags=frozenset({Flag.SET, Flag.BUNDLE}), seller="书友店",
        self_operated=False, contributors=(Contributor("张三"), Contributor("李四"), Contributor("王五", "译")),
        ebook_price=Decimal("9.9"), page=4, position=7,
    )  # fmt: skip
    assert read(make_result([listing])) == [
        {
            "rank": "1", "product_id": "29220317", "title": "渗透测试实战", "subtitle": "从入门到精通",
            "price": "38.50", "list_price": "78.00", "discount": "0.49", "volumes": "3",
            "price_per_volume": "12.83", "authors": "张三; 李四", "publisher": "演示出版社",
            "published": "2021-03-31", "rating": "4.5", "reviews": "1234", "seller": "书友店",
            "self_operated": "false", "ebook_price": "9.90", "flags": "bundle; set",
            "url": "https://product.dangdang.com/29220317.html",
            "image": "https://img3m7.ddimg.cn/1/2/29220317-1_b_1.jpg", "page": "4", "position": "7",
            "run_complete": "true", "demo": "false", "base_url": "https://search.dangdang.com",
        }
    ]  # fmt: skip


def test_what_is_unknown_is_empty() -> None:
    """No None, no 0 and no nan for a value that the page did not give."""
    unknown = make_listing(
        list_price=None, volumes=None, contributors=(), publisher=None, published=None, rating=None,
        reviews=None, self_operated=None, image=None, subtitle="",
    )  # fmt: skip
    (row,) = read(make_result([unknown]))
    filled = {name for name, cell in row.items() if cell}
    assert filled == {
        "rank",
        "product_id",
        "title",
        "price",
        "url",
        "page",
        "position",
        "run_complete",
        "demo",
        "base_url",
    }


def test_every_row_says_what_it_is() -> None:
    """A row of a partial, a demo or a replica's run cannot pass for one of a whole live run."""
    failed = [make_page(2, verdict=Verdict.BLOCKED)]
    rows = read(
        make_result([make_listing(product_id="1"), make_listing(product_id="2")], failed=failed, demo=True)
    )
    assert [(row["run_complete"], row["demo"]) for row in rows] == [("false", "true")] * 2
    (row,) = read(make_result(base_url="http://127.0.0.1:4321"))
    assert (row["demo"], row["base_url"]) == ("false", "http://127.0.0.1:4321")
    assert COLUMNS[-1] == "base_url"


def test_top_shortens_the_list() -> None:
    """All books unless told otherwise; without books the header is left."""
    result = make_result([make_listing(product_id=str(n)) for n in range(1, 80)])
    assert len(read(result)) == 79
    assert [row["rank"] for row in read(result, top=2)] == ["1", "2"]
    assert render(make_result([]), "csv") == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("trick", HOSTILE)
def test_hostile_words_stay_in_their_cells(trick: str) -> None:
    """A title comes back cleaned, in its own cell, with an apostrophe where it would have been a formula."""
    word = HOSTILE[trick]
    (row,) = read(make_result([make_listing(title=word, seller=word, contributors=(Contributor(word),))]))
    for column in ("title", "seller", "authors"):
        assert row[column].removeprefix("'") == clean(word)
        assert not row[column].startswith(("=", "+", "-", "@", "＝"))
    assert row["run_complete"] == "true"


@given(st.sampled_from("=+-@\t\r\n＝＋－＠"), st.text())
def test_formulas_are_defused(sign: str, rest: str) -> None:
    """Whatever opens a formula gets an apostrophe before it and is unchanged after it."""
    assert defuse(sign + rest) == f"'{sign}{rest}"


@given(st.text(st.characters(categories=["L", "N"])))
def test_plain_words_are_left_alone(text: str) -> None:
    """A text that opens with a letter or a digit, and an empty one, is not touched."""
    assert defuse(text) == text
