"""A result as a value: attributes as in the JSON report, a short repr, a notebook view, files in any format."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib.util
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from crawler.books.pipeline import SelectionCriteria
from crawler.clean import clean
from crawler.errors import CrawlerError, OutputError, SettingsError, UsageError
from crawler.report import FORMATS, encode, render
from crawler.report.search.notebook import MOST_BOOKS
from crawler.results import SearchResult
from crawler.verdict import Verdict
from parsers.model import Flag
from tests.factories import make_empty_result, make_listing, make_page, make_result, with_past
from tests.report.hostile import HOSTILE

REPLICA = "http://127.0.0.1:8000"

PDF: Any = "pdf"
FRENCH: Any = {"lang": "fr"}
"""What a type checker would refuse."""

LONG = "长" * 10_000 + "\n\x1b[31m\u202e"

FULL = with_past(
    make_result(
        [
            make_listing(
                flags=frozenset({Flag.SET, Flag.ACCESSORY}), volumes=3, seller="书友店", self_operated=False,
                ebook_price=Decimal("9.9"), sold_out=True, page=1, position=7,
            ),
            make_listing(product_id="2", price=Decimal(50), subtitle="别的"),
        ],
        criteria=SelectionCriteria(keep=frozenset({"sold_out"})),
    ),
    ["39.00", "41.00"],
)  # fmt: skip

HALF = make_result(
    [make_listing(title="X", price=Decimal(9))], query="x", failed=[make_page(2, verdict=Verdict.BLOCKED)]
)


def many(number: int) -> SearchResult:
    return make_result(
        [make_listing(product_id=str(n), title=f"书 {n}", price=Decimal(n)) for n in range(1, number + 1)]
    )


def as_json(value: object) -> object:
    """Return a plain attribute in the form of the JSON report."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def test_every_key_of_a_book_is_an_attribute() -> None:
    """With the same name and value; an object there is a value of its own type here."""
    for book, written in zip(FULL.books, FULL.as_dict()["books"], strict=True):
        for key, value in written.items():
            attribute = getattr(book, key)
            if key not in {"offers", "history", "contributors"}:
                assert as_json(attribute) == value, key
        for person, said in zip(book.contributors, written["contributors"], strict=True):
            assert {key: getattr(person, key) for key in said} == said
    assert FULL.books[0].flags == ("accessory", "set", "sold_out")
    assert FULL.books[0].history is not None


def test_every_key_of_an_offer_is_an_attribute() -> None:
    for book, written in zip(FULL.books, FULL.as_dict()["books"], strict=True):
        for offer, keys in zip(book.offers, written["offers"], strict=True):
            assert {key: getattr(offer, key) for key in keys} == keys


def test_a_book_is_its_cheapest_offer() -> None:
    """Unless stated otherwise, attributes are those of `listing`."""
    book = make_result(
        [make_listing(product_id="1"), make_listing(product_id="2", price=Decimal(9), page=3, position=4)]
    ).books[0]
    assert (book.product_id, book.page, book.position, book.url) == ("2", 3, 4, book.listing.url)
    assert book.flags == ()


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            many(98),
            "<SearchResult '滲透測試' at dangdang: 1 of 1 pages ok, 98 books, cheapest ¥1.00 '书 1', complete>",
        ),
        (
            replace(HALF, demo=True, stopped="late"),
            "<SearchResult 'x' at dangdang demo: 1 of 2 pages ok, 1 book, cheapest ¥9.00 'X', partial, stopped: late>",
        ),
        (
            make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), base_url=REPLICA),
            f"<SearchResult '滲透測試' at dangdang {REPLICA}: 0 of 1 pages ok, 0 books, complete>",
        ),
    ],
    ids=["live", "demo", "nothing"],
)  # fmt: skip
def test_a_result_is_one_line_in_a_shell(result: SearchResult, words: str) -> None:
    """Query, source, pages, books, the cheapest, and completeness."""
    assert repr(result) == words


def test_books_and_pages_are_one_line_in_a_shell() -> None:
    twins = [make_listing(product_id=number, price=Decimal(number)) for number in ("12", "1300")]
    result = make_result(twins, failed=[make_page(2, verdict=Verdict.NETWORK_ERROR, detail="after 20 s")])
    assert repr(result.books[0]) == "<Book 1: ¥12.00 '渗透测试实战' (12), 2 offers>"
    assert [repr(page) for page in result.pages] == [
        "<PageResult 1: ok, 2 listings>",
        "<PageResult 2: network_error (after 20 s), 0 listings>",
    ]
    unpriced = make_result(
        [make_listing(price=None)], criteria=SelectionCriteria(keep=frozenset({"no_price"}))
    )
    assert repr(unpriced.books[0]) == "<Book 1: no price '渗透测试实战' (29220317)>"


def test_no_text_of_a_shop_makes_a_repr_long() -> None:
    """Neither a long title, query or detail, nor one with line ends and escapes."""
    listing = make_listing(title=LONG, product_id=LONG)
    result = make_result([listing] * 3, query=LONG, base_url=LONG, stopped=LONG)
    page = make_page(1, verdict=Verdict.BLOCKED, detail=LONG, listings=[listing] * 300)
    for shown in (repr(result), repr(result.books[0]), repr(page), repr(many(3000))):
        assert len(shown) < 500
        assert shown.isprintable()


SUFFIXES = [(name, suffix) for name, form in FORMATS.items() for suffix in form.suffixes]


@pytest.mark.parametrize(("form", "suffix"), SUFFIXES)
def test_a_result_writes_every_format(tmp_path: Path, form: Any, suffix: str) -> None:
    """The suffix selects it; the file equals that of the command's `-o`, in the language of the query."""
    path = tmp_path / f"书{suffix}"
    expected = render(FULL, form, lang="auto")
    assert FULL.render(form) == expected
    assert FULL.write(str(path)) == path
    assert path.read_bytes() == encode(expected, form)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("options", [{"lang": "en"}, {"top": 2}, {"show_dropped": True}, {"width": 60}])
def test_the_options_of_a_report_reach_it(tmp_path: Path, options: Any) -> None:
    """Each changes the table, and the file in the same way."""
    result = make_result([*(page for page in many(5).pages[0].listings), make_listing(price=None)])
    expected = render(result, "table", **({"lang": "auto"} | options))
    assert expected != render(result, "table", lang="auto")
    assert result.render("table", **options) == expected
    assert result.write(tmp_path / "x.txt", **options).read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    ("write", "kind", "words"),
    [
        (lambda folder: FULL.write(folder / "x.pdf"), UsageError, r"x\.pdf: unknown format \.pdf"),
        (lambda folder: FULL.write(folder / "a" / "x.md"), OutputError, r"there is no folder .*/a; create it first"),
        (lambda folder: FULL.write(folder / "folder.md"), OutputError, "it is a folder; name a file in it"),
        (lambda folder: FULL.write(folder / "x.md", top=0), SettingsError, "top must be a whole number from 1"),
        (lambda folder: FULL.write(folder / "x.md", **FRENCH), SettingsError, "lang must be one of auto, en"),
        (lambda _: FULL.render(PDF), UsageError, "unknown format 'pdf'; use one of table, md, csv"),
    ],
    ids=["suffix", "no folder", "folder", "top", "lang", "format"],
)  # fmt: skip
def test_what_cannot_be_written_leaves_the_file_as_it_was(
    tmp_path: Path, write: Callable[[Path], object], kind: type[CrawlerError], words: str
) -> None:
    """One line has the reason, and nothing else is left in the folder."""
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "x.md").write_text("before")
    with pytest.raises(kind, match=words) as caught:
        write(tmp_path)
    assert "\n" not in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"folder.md", "x.md"}
    assert (tmp_path / "x.md").read_text() == "before"


def test_a_format_whose_extra_is_missing_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    for write in (lambda: FULL.render("xlsx"), lambda: FULL.write(tmp_path / "x.xlsx")):
        with pytest.raises(UsageError, match=r"pip install .*\[xlsx\]"):
            write()
    assert list(tmp_path.iterdir()) == []


async def test_coroutines_write_in_a_thread(tmp_path: Path) -> None:
    """As the docstring of `write` says; several in parallel do not collide."""
    result = many(3)
    paths = [tmp_path / f"{n}.html" for n in range(5)]
    await asyncio.gather(*(asyncio.to_thread(result.write, path) for path in paths))
    assert {path.read_text(encoding="utf-8") for path in paths} == {result.render("html")}


class Piece(HTMLParser):
    """A parsed piece of HTML, as in a notebook."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.cells: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes += attrs
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data
        if "td" in self.open:
            self.cells[-1] += data


def test_a_notebook_shows_the_answers_and_a_table() -> None:
    """The three answers with their links, the first 20 books, and the number of others."""
    result = many(98)
    piece = Piece(result._repr_html_())
    assert piece.tags.count("tr") == 1 + MOST_BOOKS == 21
    for book, label in (
        (result.cheapest, "最便宜"),
        (result.best, "口碑最好"),
        (result.best_value, "最划算"),
    ):
        assert book is not None
        assert f"{label} ¥{book.price}" in piece.text
        assert ("href", book.url) in piece.attributes
    assert "……還有 78 種" in piece.text
    assert "種" not in Piece(many(20)._repr_html_()).text
    assert (
        "Cheapest ¥39.00"
        in Piece(replace(FULL, query="python", books=make_result().books)._repr_html_()).text
    )


def test_a_notebook_is_told_what_limits_the_answer() -> None:
    failed = [make_page(2, verdict=Verdict.BLOCKED, detail="405 Not Allowed")]
    text = Piece(make_result(demo=True, failed=failed)._repr_html_()).text
    assert "DEMO" in text
    assert "PARTIAL" in text
    assert "405 Not Allowed" in text
    nothing = Piece(make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS))._repr_html_())
    assert "table" not in nothing.tags
    assert "渗透测试" in nothing.text


@pytest.mark.parametrize("trick", HOSTILE)
def test_a_hostile_title_is_text_in_a_notebook(trick: str) -> None:
    """It is shown cleaned; it adds no element, no attribute and no address, and is not a formula."""
    title = HOSTILE[trick]
    own = Piece(make_result(query="x")._repr_html_())
    listing = make_listing(
        title=title, seller=title, self_operated=False, publisher=title, url=f"javascript:{title}"
    )
    piece = Piece(make_result([listing], query=title)._repr_html_())
    assert set(piece.tags) - {"small"} <= set(own.tags) - {"a"}
    assert {name for name, _ in piece.attributes} <= {"class", "lang", "scope"}
    assert piece.cells[5].startswith(clean(title))
    assert piece.cells[7] == clean(title)
    assert ("class", "bookprice tex2jax_ignore mathjax_ignore") in piece.attributes


def test_a_notebook_loads_nothing() -> None:
    """No script, only addresses of products, and a style that affects nothing else of the page."""
    markup = make_result([make_listing()])._repr_html_()
    assert not {"script", "img", "link", "iframe", "object"} & set(Piece(markup).tags)
    style = re.search(r"<style>(.*?)</style>", markup, re.DOTALL)
    assert style is not None
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", style[1]))
    assert all(
        part.strip().startswith(".bookprice ") for selectors, _ in rules for part in selectors.split(",")
    )
    assert "url(" not in style[1]
    assert "@import" not in style[1]
