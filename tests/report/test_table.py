"""The table: columns that align in a terminal, and nothing that a title could do to it."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from rich.cells import cell_len

from crawler.report import render
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag
from tests.factories import make_listing, make_page, make_result
from tests.report.hostile import HOSTILE

TITLES = [
    "Web安全",
    "渗透测试实战：从入门到精通，企业安全攻防指南与案例解析（第2版）",
    "ABC ①②③ ～“引号”…—",
    *HOSTILE.values(),
]
RESULT = make_result(
    [
        make_listing(
            product_id=str(1000 + n), title=title, price=Decimal(n * n * 100 + 880) / 100, position=n + 1,
            volumes=3 if n % 4 == 0 else 1, flags=frozenset({Flag.SET}) if n % 4 == 0 else frozenset(),
            contributors=(Contributor("斯图尔特·罗素（Stuart Russell）"),) if n % 2 else (),
            publisher=None if n % 3 == 0 else "演示工业大学出版社有限公司", rating=None if n % 5 == 0 else 4.5,
        )
        for n, title in enumerate(TITLES)
    ],
    failed=[make_page(2, verdict=Verdict.BLOCKED, detail="403 [bold]Forbidden[/bold]\x1b[2J")],
)  # fmt: skip
LINK = re.compile(r"\x1b]8;;([^\x1b]*)\x1b\\")
"""A terminal's link (OSC 8), opened with an address and closed without one."""

WIDTHS = [40, 60, 72, 80, 100, 120, 160]


def cells_before(line: str, end: int) -> int:
    return cell_len(line[:end])


def list_lines(text: str) -> list[str]:
    """Return header and rows of the list."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("─")) - 1
    return [lines[start], *lines[start + 2 :]]


@pytest.mark.parametrize("width", WIDTHS)
def test_prices_and_titles_align(width: int) -> None:
    """In every row the price ends and the title begins at the display column of the header, Chinese or not."""
    header, *rows = list_lines(render(RESULT, "table", width=width))
    price_ends = cells_before(header, header.index("Price") + len("Price"))
    title_begins = cells_before(header, header.index("Title"))
    books = [row for row in rows if "¥" in row[: len("  1  ¥1,000.00")]]
    assert len(books) == len(TITLES)
    for row in books:
        price = re.search(r"¥[\d,.]+\d\.\d\d|¥\d\.\d\d", row)
        assert price is not None
        assert cells_before(row, price.end()) == price_ends
        gap = [cells_before(row, n) for n, char in enumerate(row) if char != " "]
        assert title_begins in gap, row
        assert title_begins - 1 not in gap, row


@pytest.mark.parametrize("width", [72, 80, 100])
def test_the_last_column_ends_at_the_width(width: int) -> None:
    """Ratings stand flush right: each line that has one ends at the last terminal column, whatever its title."""
    rows = [line for line in list_lines(render(RESULT, "table", width=width)) if line.endswith(")")]
    assert len(rows) == len(TITLES)
    assert {cell_len(row) for row in rows} == {width}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Only the answer, which the terminal wraps, may be longer than asked."""
    answer, *lines = render(RESULT, "table", width=width).splitlines()
    assert "Cheapest" in answer
    assert max(cell_len(line) for line in lines) <= width


def test_more_room_shows_more() -> None:
    """A narrow table keeps rank, price and title; author, publisher and list price come with the room for them."""
    headers = {width: list_lines(render(RESULT, "table", width=width))[0].split() for width in WIDTHS}
    assert headers[40] == ["#", "Price", "Title"]
    assert headers[80] == ["#", "Price", "Off", "Title", "Author", "Rating"]
    assert headers[160] == [
        "#", "Price", "List", "Off", "Title", "Author", "Publisher", "Date", "Rating", "Product",
    ]  # fmt: skip


def test_a_set_says_what_a_volume_costs() -> None:
    """The line under a set's title names volumes and price per volume."""
    text = render(make_result([make_listing(volumes=4, flags=frozenset({Flag.SET}))]), "table", width=80)
    assert re.search(r"^ +set of 4 · ¥9\.75 each$", text, re.MULTILINE)


@pytest.mark.parametrize("trick", HOSTILE)
@pytest.mark.parametrize("color", [False, True])
def test_hostile_words_do_nothing(trick: str, color: bool) -> None:
    """Every foreign word may be hostile: no escape code but the report's own, no direction mark, no line end."""
    word = HOSTILE[trick]
    plain, hostile = (
        make_result(
            [make_listing(title=text, publisher=text, contributors=(Contributor(text),), seller=text)],
            failed=[make_page(2, verdict=Verdict.BLOCKED, detail=text)],
            query=text,
            notes=(text,),
        )
        for text in ("书", word)
    )
    text = render(hostile, "table", width=200, color=color)
    codes = re.compile(rf"\x1b\[[0-9;]*m|{LINK.pattern}")
    assert set(codes.findall(text)) <= set(codes.findall(render(plain, "table", width=200, color=color)))
    assert codes.sub("", text).replace("\n", "").isprintable() or trick == "marks"
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufe0f]", text)
    assert text.count("\n") == render(plain, "table", width=200, color=color).count("\n")


def test_markup_is_text() -> None:
    """What looks like rich's markup or emoji code is shown as it stands."""
    text = render(make_result([make_listing(title=HOSTILE["rich"])]), "table", width=200)
    assert text.count("[red]not markup[/red] [link=https://evil.example]x[/link] :smile:") == 2


def test_colour_only_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape codes appear when asked for, whatever the environment says, and change no word."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    plain = render(RESULT, "table", width=100)
    assert "\x1b" not in plain
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "33")
    colored = render(RESULT, "table", width=100, color=True)
    assert "\x1b[" in colored
    stripped = re.sub(rf"\x1b\[[0-9;]*m|{LINK.pattern}", "", colored)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_titles_lead_to_the_shop() -> None:
    """On a terminal with colours a title is a link to its product page, the same bytes each time; elsewhere not."""
    books = [
        make_listing(product_id="7", flags=frozenset({Flag.SET}), volumes=2),
        make_listing(product_id="8"),
    ]
    result = make_result(books)
    text = render(result, "table", width=100, color=True)
    assert LINK.findall(text) == [
        "https://product.dangdang.com/7.html", "", "https://product.dangdang.com/8.html", "",
    ]  # fmt: skip
    assert "7.html\x1b\\渗透测试实战\x1b]8;;" in text
    assert text == render(result, "table", width=100, color=True)
    assert not LINK.search(render(result, "table", width=100))
    for elsewhere in (make_result(books, demo=True), make_result(books, base_url="http://127.0.0.1:4321")):
        assert not LINK.search(render(elsewhere, "table", width=100, color=True))
