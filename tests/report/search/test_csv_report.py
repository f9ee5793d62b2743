"""The CSV report, read back from its bytes."""

from __future__ import annotations

import codecs
import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.books.filters import Filters
from crawler.books.pipeline import SelectionCriteria
from crawler.clean import clean
from crawler.report import encode, render
from crawler.report.common.formulas import escape_formula
from crawler.report.search.csv_report import COLUMNS
from crawler.results import SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag
from tests.factories import make_listing, make_page, make_result
from tests.report.books import make_books
from tests.report.hostile import HOSTILE


def read(result: SearchResult, *, top: int | None = None, show_dropped: bool = False) -> list[dict[str, str]]:
    data = encode(render(result, "csv", top=top, show_dropped=show_dropped), "csv")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_bytes_open_in_excel() -> None:
    """The file opens with a byte order mark, and every line ends with CRLF."""
    data = encode(render(make_result(), "csv"), "csv")
    assert data.startswith(codecs.BOM_UTF8 + b"rank,product_id,title,")
    assert data.count(b"\n") == data.count(b"\r\n") == 2
    assert "渗透测试实战".encode() in data


def test_a_book_comes_back_as_it_was() -> None:
    """A book with every field has the documented value in every column."""
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
            "quality": "4.4718", "value": "0.0", "frontier": "true", "offers": "1", "offer_ids": "29220317",
            "dropped": "",
        }
        | dict.fromkeys(COLUMNS[COLUMNS.index("history_since") : COLUMNS.index("translators")], "")
        | {"translators": "王五", "contributors": "张三; 李四; 王五 译", "from_price": "false"}
    ]  # fmt: skip


def test_what_is_unknown_is_empty() -> None:
    """A value that the page lacks is not None, 0 or nan."""
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
        "from_price",
        "value",
        "frontier",
        "offers",
        "offer_ids",
    }


def test_every_row_says_what_it_is() -> None:
    """A row of a partial, a demo or a replica's run cannot pass for one of a complete live run."""
    failed = [make_page(2, verdict=Verdict.BLOCKED)]
    rows = read(make_result(make_books(2), failed=failed, demo=True))
    assert [(row["run_complete"], row["demo"]) for row in rows] == [("false", "true")] * 2
    (row,) = read(make_result(base_url="http://127.0.0.1:4321"))
    assert (row["demo"], row["base_url"]) == ("false", "http://127.0.0.1:4321")


def test_top_shortens_the_list() -> None:
    """By default all books are listed; without books, the header remains."""
    result = make_result(make_books(79))
    assert len(read(result)) == 79
    assert [row["rank"] for row in read(result, top=2)] == ["1", "2"]
    assert render(make_result([]), "csv") == ",".join(COLUMNS) + "\r\n"


def test_columns_are_stable() -> None:
    """A column keeps its name and place for ever: new ones may only follow at the end."""
    assert ",".join(COLUMNS).startswith(
        "rank,product_id,title,subtitle,price,list_price,discount,volumes,price_per_volume,authors,publisher,published,"
        "rating,reviews,seller,self_operated,ebook_price,flags,url,image,page,position,run_complete,demo,base_url,"
        "quality,value,frontier,offers,offer_ids,dropped,history_since,history_days,lowest,lowest_at,median_90_days,"
        "previous,previous_at,change,lowest_in_days,raised_then_cut,raised_from,raised_to,raised_at"
    )


def test_a_book_of_several_offers_is_one_row() -> None:
    """Its cheapest offer gives price and seller, any offer the rest; offers are counted and listed, cheapest first."""
    dear = make_listing(product_id="11", price=Decimal(50), rating=5.0, reviews=900)
    cheap = make_listing(product_id="12", price=Decimal(30), seller="书友店", rating=None, reviews=None)
    (row,) = read(make_result([dear, cheap]))
    assert (row["offers"], row["offer_ids"]) == ("2", "12; 11")
    assert (row["price"], row["seller"], row["rating"], row["reviews"]) == ("30.00", "书友店", "5.0", "900")


def test_the_frontier_is_marked() -> None:
    """A book that another beats on price and quality is not on the frontier."""
    good = make_listing(product_id="1", title="甲书", price=Decimal(20), rating=5.0)
    beaten = make_listing(product_id="2", title="乙书", price=Decimal(30), rating=4.0)
    assert [(row["title"], row["frontier"]) for row in read(make_result([beaten, good]))] == [
        ("甲书", "true"),
        ("乙书", "false"),
    ]


def test_what_was_dropped_comes_last_on_demand() -> None:
    """Such rows have a reason and no rank, and state the same facts about the run as the others."""
    listings = [
        make_listing(product_id="1", publisher="甲社"),
        make_listing(product_id="2", sold_out=True, price=None),
        make_listing(product_id="3", ebook_only=True, price=None, ebook_price=Decimal(9), position=2),
        make_listing(product_id="4", publisher="乙社", position=3),
    ]
    result = make_result(listings, demo=True, criteria=SelectionCriteria(filters=Filters(publisher="甲社")))
    assert [row["dropped"] for row in read(result)] == [""]
    book, *dropped = read(result, show_dropped=True)
    assert (book["rank"], book["dropped"]) == ("1", "")
    assert [(row["rank"], row["product_id"], row["price"], row["ebook_price"], row["dropped"]) for row in dropped] == [
        ("", "2", "", "", "sold_out"), ("", "3", "", "9.00", "ebook"), ("", "4", "39.00", "", "publisher"),
    ]  # fmt: skip
    assert {(row["run_complete"], row["demo"], row["frontier"]) for row in dropped} == {("true", "true", "")}


def test_a_book_that_was_kept_says_why_it_would_have_gone() -> None:
    """Its flags give the reason, and a missing price is an empty cell."""
    kept = make_result(
        [make_listing(sold_out=True, price=None)], criteria=SelectionCriteria(keep=frozenset({"sold_out"}))
    )
    (row,) = read(kept)
    assert (row["flags"], row["price"], row["discount"], row["value"]) == ("sold_out", "", "", "")


@pytest.mark.parametrize("trick", HOSTILE)
def test_hostile_words_stay_in_their_cells(trick: str) -> None:
    """A title comes back cleaned, in its own cell, after an apostrophe if it would have been a formula."""
    word = HOSTILE[trick]
    listing = make_listing(
        title=word, subtitle=word, seller=word, publisher=word, contributors=(Contributor(word),)
    )
    dropped = make_listing(product_id="2", title=word, sold_out=True)
    row, last = read(make_result([listing, dropped], query=word, notes=(word,)), show_dropped=True)
    assert last["title"] == row["title"]
    assert last["dropped"] == "sold_out"
    for column in ("title", "subtitle", "seller", "publisher", "authors"):
        assert row[column].removeprefix("'") == clean(word)
        assert not row[column].startswith(("=", "+", "-", "@", "＝"))
    assert row["run_complete"] == "true"


@given(st.sampled_from("=+-@\t\r\n＝＋－＠"), st.text())
def test_formulas_are_defused(sign: str, rest: str) -> None:
    """A text that opens a formula gets an apostrophe before it and stays unchanged after it."""
    assert escape_formula(sign + rest) == f"'{sign}{rest}"


@given(st.text(st.characters(categories=["L", "N"])))
def test_plain_words_are_left_alone(text: str) -> None:
    """A text that opens with a letter or a digit, and an empty one, stays unchanged."""
    assert escape_formula(text) == text


def test_everyone_and_a_price_from_which_options_begin() -> None:
    """Translators have a column of their own; everyone is listed in words; the lowest price of several says so."""
    people = (
        Contributor("安·李", "著", "美", "Ann Lee"),
        Contributor("王五", "译"),
        Contributor("赵六", "译"),
    )
    listing = make_listing(contributors=people, flags=frozenset({Flag.OPTIONS}), volumes=None)
    (row,) = read(make_result([listing]))
    assert (row["authors"], row["translators"]) == ("安·李", "王五; 赵六")
    assert row["contributors"] == "[美]安·李（Ann Lee） 著; 王五 译; 赵六 译"
    assert (row["price"], row["from_price"], row["flags"], row["volumes"]) == ("39.00", "true", "options", "")
