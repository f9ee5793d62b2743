"""The Markdown report, read as a Markdown reader reads it."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from crawler.report import render
from crawler.report.clean import clean
from crawler.report.markdown import escape
from crawler.verdict import Verdict
from parsers.model import Contributor
from tests.factories import make_listing, make_page, make_result
from tests.report.hostile import HOSTILE

if TYPE_CHECKING:
    from markdown_it.token import Token

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NASTY = st.text(
    st.one_of(st.characters(), st.sampled_from("\\`*_[]<>#|~&$!-+=.()1: \n")), max_size=40
).filter(clean)


def tokens(text: str) -> list[Token]:
    """Return all tokens of a document, those inside paragraphs included."""
    return [inner for token in READER.parse(text) for inner in (token, *(token.children or ()))]


def words(text: str) -> str:
    return "".join(token.content for token in tokens(text) if token.type in {"text", "text_special"})


def table(text: str) -> list[list[str]]:
    """Return the cells of the document's table, as a reader shows them."""
    rows: list[list[str]] = []
    stream = READER.parse(text)
    for before, token in pairwise(stream):
        if before.type == "tr_open":
            rows.append([])
        if before.type in {"th_open", "td_open"}:
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows


@given(NASTY)
@pytest.mark.parametrize("frame", ["{}", "- **x**: {}", "# {}", "> {}"])
def test_escaped_text_is_only_text(frame: str, text: str) -> None:
    """At the start of a line, in a list, a heading or a quotation: a reader shows the cleaned text as it is."""
    document = frame.format(escape(text))
    shown = words(document)
    assert shown.removeprefix("x: ") == clean(text)
    kinds = {token.type for token in tokens(document)}
    assert not kinds & {"code_inline", "em_open", "s_open", "link_open", "html_inline", "image", "table_open"}


@given(NASTY)
def test_escaped_text_stays_in_its_cell(text: str) -> None:
    """In a table no title makes another cell or row."""
    document = f"| a | b |\n| --- | --- |\n| {escape(text)} | end |"
    assert table(document) == [["a", "b"], [clean(text), "end"]]


def test_addresses_do_not_become_links() -> None:
    """GitHub links bare addresses: an escape in the middle keeps it from it."""
    assert escape("https://evil.example WWW.evil.example") == r"https\://evil.example WWW\.evil.example"


def test_the_list_reads_as_a_table() -> None:
    """Each book is a row of the header's cells, its title linked to the product page on the shop's host."""
    result = make_result(
        [
            make_listing(product_id=str(n), price=Decimal(n), title=title)
            for n, title in enumerate(HOSTILE.values(), 1)
        ]
    )
    text = render(result, "md")
    header, *rows = table(text)
    assert header == ["#", "Price", "List", "Off", "Title", "Author", "Publisher", "Date", "Rating", "Note"]
    assert [row[4] for row in rows] == [clean(title) for title in HOSTILE.values()]
    assert [row[1] for row in rows] == [f"¥{n}.00" for n in range(1, len(HOSTILE) + 1)]
    links = {token.attrs["href"] for token in tokens(text) if token.type == "link_open"}
    assert links == {f"https://product.dangdang.com/{n}.html" for n in range(1, len(HOSTILE) + 1)}


@pytest.mark.parametrize(
    "url",
    [
        "http://product.dangdang.com/1.html",
        "https://product.dangdang.com.evil.example/1.html",
        "https://evildangdang.com/1.html",
        "https://dangdang.com@evil.example/1.html",
        "https://product.dangdang.com/1.html)[x](https://evil.example",
        "https://product.dangdang.com/1.html\n",
        "javascript:alert(1)",
        "",
    ],
)
def test_only_the_shops_own_pages_are_linked(url: str) -> None:
    """A product address that is not plain https on the shop's host is not linked."""
    text = render(make_result([make_listing(url=url)]), "md")
    assert not [token for token in tokens(text) if token.type == "link_open"]


@pytest.mark.parametrize("trick", HOSTILE)
def test_hostile_words_make_no_structure(trick: str) -> None:
    """Whatever stands in query, title, author, seller, detail or note, the document keeps its blocks."""
    plain, hostile = (
        render(
            make_result(
                [make_listing(title=text, publisher=text, contributors=(Contributor(text),), seller=text)],
                failed=[make_page(2, verdict=Verdict.BLOCKED, detail=text)],
                query=text,
                query_sent="x",
                notes=(text,),
            ),
            "md",
        )
        for text in ("书", HOSTILE[trick])
    )
    assert [token.type for token in READER.parse(hostile)] == [token.type for token in READER.parse(plain)]


def test_alarms_stand_first() -> None:
    """Between the answer and everything else: the failed pages of a partial search, and that it is a demo."""
    result = make_result(failed=[make_page(2, verdict=Verdict.BLOCKED, detail="403")], demo=True)
    text = render(result, "md")
    assert text.startswith("# PARTIAL, DEMO — Cheapest: ¥39.00")
    kinds = [token.type for token in READER.parse(text) if token.level == 0 and token.nesting == 1]
    assert kinds == ["heading_open", "blockquote_open", "blockquote_open", "bullet_list_open", "table_open"]
    assert "- page 2: blocked: 403" in text
