"""Properties of every format, whatever the listings contain."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import unicodedata
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.books.filters import Filters
from crawler.books.pipeline import SelectionCriteria
from crawler.books.ranking import RANKINGS
from crawler.labels import LANGUAGES
from crawler.report import FORMATS, encode, render
from crawler.results import SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag, Listing
from tests.factories import make_listing, make_page, make_result
from tests.profiles import examples
from tests.report.hostile import HOSTILE

FOR_EYES = ("table", "md", "csv", "xlsx")
"""Formats that people see directly; JSON is data, and HTML has tests of its own."""

NASTY = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("\x1b\x9b[]m;|`*_<>&=+-@\t\r\n\u202e\u200d\ufe0f\u2028书"),
    ),
    max_size=20,
)
PRICES = st.none() | st.decimals(Decimal("0.01"), Decimal(10**7), places=2)


@st.composite
def listings(draw: st.DrawFn) -> list[Listing]:
    """Draw products with any titles, prices, dates and flags, some of them twins."""
    titles = draw(st.lists(NASTY, min_size=1, max_size=3))
    return [
        make_listing(
            product_id=str(draw(st.integers(1, 10**11))),
            title=draw(st.sampled_from(titles)),
            subtitle=draw(NASTY),
            description=draw(NASTY),
            url=draw(st.just("https://product.dangdang.com/1.html") | NASTY),
            position=position,
            price=draw(PRICES),
            list_price=draw(PRICES),
            ebook_price=draw(PRICES),
            ebook_only=draw(st.booleans()),
            sold_out=draw(st.booleans()),
            volumes=draw(st.none() | st.integers(1, 99)),
            contributors=tuple(Contributor(name) for name in draw(st.lists(NASTY, max_size=2))),
            publisher=draw(st.none() | NASTY),
            published=draw(st.none() | st.dates()),
            rating=draw(st.none() | st.integers(0, 10).map(lambda half: half / 2)),
            reviews=draw(st.none() | st.integers(0, 10**7)),
            seller=draw(st.none() | NASTY),
            self_operated=draw(st.none() | st.booleans()),
            flags=draw(st.frozensets(st.sampled_from(Flag))),
            highlighted=draw(st.booleans()),
        )
        for position in range(1, draw(st.integers(0, 4)) + 1)
    ]


WISHES = st.builds(
    SelectionCriteria,
    filters=st.builds(Filters, min_reviews=st.none() | st.just(10)),
    keep=st.frozensets(st.sampled_from(["ebook", "sold_out", "no_price", "off_topic"])),
    rank=st.sampled_from(sorted(RANKINGS)),
)


@given(listings(), WISHES, st.sampled_from(LANGUAGES), st.booleans(), NASTY)
@settings(max_examples=examples(40))
def test_whatever_was_found_every_format_takes_it(
    found: list[Listing], criteria: SelectionCriteria, lang: str, demo: bool, words: str
) -> None:
    """With any listings, order and language, each report can be rendered, and renders to the same bytes again."""
    result = make_result(
        found, criteria=criteria, demo=demo, query=words, query_sent=words, notes=(words,), suggestion=words or None,
        failed=[make_page(2, verdict=Verdict.BLOCKED, detail=words)] if demo else [],
    )  # fmt: skip
    for form in FORMATS:
        options: dict[str, Any] = {"lang": lang, "show_dropped": True, "top": 3, "width": 72, "color": demo}
        report = encode(render(result, form, **options), form)
        assert report
        assert encode(render(result, form, **options), form) == report


def hostile(word: str) -> SearchResult:
    """Return a search in which every text from outside is `word`."""
    listing = make_listing(
        title=word,
        subtitle=word,
        description=word,
        publisher=word,
        contributors=(Contributor(word),),
        seller=word,
    )
    return make_result(
        [
            listing,
            make_listing(product_id="1", title=word, price=Decimal(50), seller=word, publisher=word),
            make_listing(product_id="2", title=word, sold_out=True, position=2),
        ],
        failed=[make_page(2, verdict=Verdict.BLOCKED, detail=word)],
        query=word, query_sent=word, notes=(word, word), stopped=word, suggestion=word, base_url="https://x.example",
        options={"sellers": "self", "category": "books", "sort": "sales", "publisher": word, "author": word},
    )  # fmt: skip


def texts(result: SearchResult, form: str) -> list[str]:
    """Return the text that a reader of the format sees, line by line or cell by cell."""
    report = render(result, form, lang="en", show_dropped=True, width=240)
    if isinstance(report, bytes):
        book = openpyxl.load_workbook(io.BytesIO(report))
        return [
            str(cell.value)
            for sheet in book
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
        ]
    if form == "csv":
        return [cell for row in csv.reader(io.StringIO(report, newline="")) for cell in row]
    return report.splitlines()


@pytest.mark.parametrize("trick", HOSTILE)
@pytest.mark.parametrize("form", FOR_EYES)
def test_nothing_invisible_reaches_a_reader(form: str, trick: str) -> None:
    """No control, format or direction character, no lone surrogate, no line end within a line or a cell."""
    for text in texts(hostile(HOSTILE[trick]), form):
        found = {unicodedata.category(char) for char in text} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        assert not found, text


@pytest.mark.parametrize("trick", HOSTILE)
@pytest.mark.parametrize("form", FOR_EYES)
def test_no_word_makes_another_line_or_cell(form: str, trick: str) -> None:
    """There are as many lines or cells as with harmless words: each row of the list stays one row."""
    assert len(texts(hostile(HOSTILE[trick]), form)) == len(texts(hostile("书"), form))


@pytest.mark.parametrize("trick", [name for name in HOSTILE if name != "halves"])
def test_json_keeps_every_word_as_data(trick: str) -> None:
    """A program receives the original words, in the query, the notes, the failure, the book and its offers."""
    word = HOSTILE[trick]
    report = json.loads(hostile(word).to_json())
    assert [report[name] for name in ("query", "query_sent", "stopped", "suggestion")] == [word] * 4
    assert report["notes"] == [word, word]
    assert report["pages"]["failed"][0]["detail"] == word
    assert report["options"]["publisher"] == word
    assert {book["title"] for book in report["books"]} == {word}
    assert {offer["seller"] for book in report["books"] for offer in book["offers"]} == {word}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", ["table", "md", "xlsx"])
@pytest.mark.parametrize(
    ("over", "word"),
    [
        ({"demo": True}, "DEMO"),
        ({"base_url": "http://127.0.0.1:4321"}, "REPLICA"),
        ({"failed": [make_page(2, verdict=Verdict.BLOCKED)]}, "PARTIAL"),
    ],
)
def test_no_language_hides_what_a_report_is(form: str, lang: str, over: dict[str, Any], word: str) -> None:
    """The mark's Latin word comes first in every language."""
    lines = texts_in(make_result(**over), form, lang)
    assert re.match(rf"(?:# )?【?{word}\b", lines[0]) or form == "xlsx"
    assert sum(word in line for line in lines) >= 4


def texts_in(result: SearchResult, form: str, lang: str) -> list[str]:
    report = render(result, form, lang=lang)
    if isinstance(report, str):
        return report.splitlines()
    book = openpyxl.load_workbook(io.BytesIO(report))
    return [
        str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]


def test_two_runs_over_the_same_pages_differ_in_their_times_alone() -> None:
    """The reports differ only in lines or cells that state the time."""
    later = make_result(
        started_at=dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
        finished_at=dt.datetime(2030, 1, 1, 0, 0, 9, tzinfo=dt.UTC),
    )
    for form in (*FOR_EYES, "json"):
        one, other = texts(make_result(), form), texts(later, form)
        assert len(one) == len(other)
        differing = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
        assert len(differing) <= 2
        assert all("2026-01-31" in a and "2030-01-01" in b for a, b in differing)
