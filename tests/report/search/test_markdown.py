"""The Markdown report, read as a Markdown reader reads it."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from crawler.books.pipeline import SelectionCriteria
from crawler.clean import clean
from crawler.report import render
from crawler.report.search.files import mark_query
from crawler.report.search.markdown import escape
from crawler.results import SearchResult
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
    """Return all tokens of a document, including those inside paragraphs."""
    return [inner for token in READER.parse(text) for inner in (token, *(token.children or ()))]


def words(text: str) -> str:
    return "".join(token.content for token in tokens(text) if token.type in {"text", "text_special"})


def report(result: SearchResult, **options: Any) -> str:
    text = render(result, "md", **options)
    assert isinstance(text, str)
    return text


def table(text: str) -> list[list[str]]:
    """Return the cells of the document's tables, as a reader shows them."""
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
    """At the start of a line, in a list, a heading or a quotation, a reader shows the cleaned text unchanged."""
    document = frame.format(escape(text))
    shown = words(document)
    assert shown.removeprefix("x: ") == clean(text)
    kinds = {token.type for token in tokens(document)}
    assert not kinds & {"code_inline", "em_open", "s_open", "link_open", "html_inline", "image", "table_open"}


@given(NASTY)
def test_escaped_text_stays_in_its_cell(text: str) -> None:
    """In a table, no title creates another cell or row."""
    document = f"| a | b |\n| --- | --- |\n| {escape(text)} | end |"
    assert table(document) == [["a", "b"], [clean(text), "end"]]


def test_addresses_do_not_become_links() -> None:
    """GitHub turns bare addresses into links; an escape inside prevents that."""
    assert escape("https://evil.example WWW.evil.example") == r"https\://evil.example WWW\.evil.example"


def test_the_list_reads_as_a_table() -> None:
    """Each book is a row with the header's cells; its title links to the product page on the shop's host."""
    result = make_result(
        [
            make_listing(product_id=str(n), price=Decimal(n), title=title)
            for n, title in enumerate(HOSTILE.values(), 1)
        ]
    )
    text = report(result)
    header, *rows = table(text)
    assert header == [
        "#", "", "Price", "List", "Off", "Title", "Author", "Publisher", "Date", "Rating", "Quality", "Note",
    ]  # fmt: skip
    assert [row[5] for row in rows] == [clean(title) for title in HOSTILE.values()]
    assert [row[2] for row in rows] == [f"¥{n}.00" for n in range(1, len(HOSTILE) + 1)]
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
    text = report(make_result([make_listing(url=url)]))
    assert not [token for token in tokens(text) if token.type == "link_open"]


@pytest.mark.parametrize("trick", HOSTILE)
def test_hostile_words_make_no_structure(trick: str) -> None:
    """Whatever query, title, author, seller, detail or note contain, the document keeps its blocks."""
    plain, hostile = (
        report(
            make_result(
                [
                    make_listing(title=text, publisher=text, contributors=(Contributor(text),), seller=text),
                    make_listing(product_id="2", title=text, sold_out=True),
                ],
                failed=[make_page(2, verdict=Verdict.BLOCKED, detail=text)],
                query=text,
                query_sent="x",
                suggestion=text,
                notes=(text,),
                stopped=text,
            ),
            show_dropped=True,
        )
        for text in ("书", HOSTILE[trick])
    )
    assert [token.type for token in READER.parse(hostile)] == [token.type for token in READER.parse(plain)]


def test_alarms_stand_first() -> None:
    """The failed pages of a partial search, and the mark of a demo, are between the answer and everything else."""
    result = make_result(failed=[make_page(2, verdict=Verdict.BLOCKED, detail="403")], demo=True)
    text = report(result)
    assert text.startswith("# PARTIAL, DEMO — Cheapest: ¥39.00")
    kinds = [token.type for token in READER.parse(text) if token.level == 0 and token.nesting == 1]
    assert kinds == [
        "heading_open", "paragraph_open", "paragraph_open", "blockquote_open", "blockquote_open", "bullet_list_open",
        "table_open",
    ]  # fmt: skip
    assert "- page 2: blocked: 403" in text


def test_each_answer_is_a_line_with_its_link() -> None:
    """The cheapest is the heading; best and best value follow in bold, each with its address below."""
    cheap = make_listing(product_id="1", title="便宜的书", price=Decimal(10), rating=3.0)
    good = make_listing(product_id="2", title="*最好*的书", price=Decimal(90), rating=5.0)
    text = report(make_result([cheap, good]))
    assert text.startswith(
        "# Cheapest: ¥10.00 便宜的书 — 张三, 演示出版社 · 3.0 (1,234) (before coupons and postage)\n\n"
        "<https://product.dangdang.com/1.html>\n\n"
    )
    assert (
        "\n**Best: ¥90.00 \\*最好\\*的书 — 张三, 演示出版社 · 5.0 (1,234)**  \n"
        "<https://product.dangdang.com/2.html>\n"
    ) in text
    marked = report(make_result([cheap, good], demo=True))
    assert marked.startswith("# DEMO — Cheapest: ")
    assert "\n**DEMO — Best: " in marked
    assert "\n**DEMO — Best value: " in marked


def test_the_frontier_is_marked_and_explained() -> None:
    """The rank has a ★ beside it, a line above the list explains it, and the quality has a column."""
    good = make_listing(product_id="1", title="甲书", price=Decimal(20), rating=5.0)
    beaten = make_listing(product_id="2", title="乙书", price=Decimal(30), rating=4.0)
    unrated = make_listing(product_id="3", title="丙书", price=Decimal(40), rating=None, reviews=None)
    text = report(make_result([beaten, good, unrated]))
    _, *rows = table(text)
    assert [row[:3] for row in rows] == [["1", "★", "¥20.00"], ["2", "", "¥30.00"], ["3", "", "¥40.00"]]
    assert [bool(re.fullmatch(r"\d\.\d\d", row[10])) for row in rows] == [True, True, False]
    assert "- **Frontier**: ★ no other book is both cheaper and better (1)\n" in text


def test_what_was_dropped_is_listed_on_demand() -> None:
    """They have a heading of their own, with reason, price, linked title and place; kept products state the reason."""
    listings = [
        make_listing(product_id="1", price=None),
        make_listing(product_id="2", title="甲书|x", sold_out=True, position=2),
        make_listing(product_id="3", title="乙书", ebook_only=True, ebook_price=Decimal("8.5"), position=3),
    ]
    result = make_result(listings, criteria=SelectionCriteria(keep=frozenset({"no_price"})))
    text = report(result, show_dropped=True)
    before, after = text.split("\n## Dropped\n")
    assert table(after) == [
        ["Reason", "Price", "Title", "Place"],
        ["sold out", "¥39.00", "甲书|x", "page 1, 2"],
        ["e-book only", "¥8.50", "乙书", "page 1, 3"],
    ]
    assert table(before)[1][2] == "–"
    assert table(before)[1][-1] == "kept though without a readable price"
    assert "Dropped" not in report(result)
    assert "\n- **范围**：" in report(result, lang="zh-Hans")
    assert "## 已排除" in report(result, show_dropped=True, lang="zh-Hans")


@pytest.mark.parametrize("query", ["书", "a -->b", "--", "<!-- x", "\u202e", '"quoted"'])
def test_the_file_says_whose_report_it_is(query: str) -> None:
    """The last line is a comment with the query, for `prune`; no reader shows it, and no query ends it early."""
    text = report(make_result(query=query))
    assert text.splitlines()[-1] == mark_query(query)
    last = READER.parse(text)[-1]
    assert (last.type, last.content.strip()) == ("html_block", mark_query(query))
    assert last.content.count("-->") == 1
