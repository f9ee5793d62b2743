"""The table: columns that align in a terminal, and titles that cannot break it."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from crawler.books.pipeline import SelectionCriteria
from crawler.clean import clean
from crawler.labels import LANGUAGES, Labels
from crawler.report import render
from crawler.report.common.layout import _PIECE, folded
from crawler.report.search.wording import discount
from crawler.results import SearchResult
from crawler.verdict import Verdict
from parsers.dangdang.shop import SHOP
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

CODES = re.compile(rf"\x1b\[[0-9;]*m|{LINK.pattern}")

WIDTHS = [40, 60, 72, 80, 100, 120, 160]


def table(result: SearchResult, **options: Any) -> str:
    text = render(result, "table", **options)
    assert isinstance(text, str)
    return text


def plain(text: str) -> str:
    """Return a coloured table without its escape codes."""
    return "\n".join(line.rstrip() for line in CODES.sub("", text).splitlines())


def without_addresses(text: str) -> str:
    """Return a table without the addresses at the ends of its answers."""
    return re.sub(r" https://product\.\S+$", "", text, flags=re.MULTILINE)


def cells_before(line: str, end: int) -> int:
    return cell_len(line[:end])


def list_lines(text: str) -> list[str]:
    """Return header and rows of the list."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("─")) - 1
    return [lines[start], *lines[start + 2 :]]


@pytest.mark.parametrize("width", WIDTHS)
def test_prices_and_titles_align(width: int) -> None:
    """In every row, the price ends and the title begins at the display column of the header, Chinese or not."""
    header, *rows = list_lines(table(RESULT, width=width))
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
    """Numbers are aligned right: each line with the last one ends at the last terminal column, whatever its title."""
    header, *rows = list_lines(table(RESULT, width=width))
    last = r"\)$" if width < 90 else r"\) +\d\.\d\d$"
    found = [row for row in rows if re.search(last, row)]
    rated = [book for book in RESULT.books if book.rating is not None or width < 90]
    assert len(found) == len(rated) > 5
    assert {cell_len(row) for row in (header, *found)} == {width}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Only the answers, which the terminal wraps, may be longer than the width; in every language."""
    for lang in LANGUAGES:
        text = table(RESULT, width=width, lang=lang, show_dropped=True)
        answers, rest = text.split("\n\n", maxsplit=1)
        assert len(answers.splitlines()) == 3
        assert max(cell_len(line) for line in rest.splitlines()) <= width


def test_more_room_shows_more() -> None:
    """A narrow table keeps rank, price and title; author, publisher and list price appear with more room."""
    headers = {width: list_lines(table(RESULT, width=width))[0].split() for width in WIDTHS}
    assert headers[40] == ["#", "Price", "Title"]
    assert headers[60] == ["#", "Price", "Off", "Title"]
    assert headers[80] == ["#", "Price", "Off", "Title", "Author", "Rating"]
    assert headers[100] == ["#", "Price", "Off", "Title", "Author", "Rating", "Quality"]
    assert headers[120] == ["#", "Price", "Off", "Title", "Author", "Publisher", "Date", "Rating", "Quality"]
    assert headers[160] == [
        "#", "Price", "List", "Off", "Title", "Author", "Publisher", "Date", "Rating", "Quality", "Product",
    ]  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
def test_a_title_has_room(width: int) -> None:
    """However many columns there are, at least ten Chinese characters of a title are visible."""
    result = make_result([make_listing(title="书" * 100, rating=4.5, reviews=99_999)])
    assert "书" * 10 in list_lines(table(result, width=width))[1]


def test_the_price_a_volume_is_shown_where_it_decides() -> None:
    """The ranking by price per volume has a column for it, with «–» if the number of volumes is unknown."""
    listings = [
        make_listing(product_id="1", title="甲书（全四册）", volumes=4, flags=frozenset({Flag.SET})),
        make_listing(product_id="2", title="乙书（套装）", volumes=None, flags=frozenset({Flag.SET})),
    ]
    ranked = make_result(listings, criteria=SelectionCriteria(rank="per-volume"))
    for width in WIDTHS:
        header, *rows = list_lines(table(ranked, width=width))
        assert header.split()[:3] == ["#", "Price", "Per-vol."]
        assert re.search(r"^1 +★? +¥39\.00 +¥9\.75 ", rows[0])
        assert any(re.search(r"^2 +★? +¥39\.00 +– ", row) for row in rows)
    assert "Per-vol." not in list_lines(table(make_result(listings), width=160))[0]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_frontier_is_marked_and_explained(width: int) -> None:
    """A ★ stands before the price, in a column of its own, and a line above the list explains it."""
    good = make_listing(product_id="1", title="甲书", price=Decimal(20), rating=5.0)
    beaten = make_listing(product_id="2", title="乙书", price=Decimal(30), rating=4.0)
    text = table(make_result([beaten, good]), width=width)
    _, first, second = list_lines(text)
    assert first.startswith("1  ★  ¥20.00")
    assert second.startswith("2     ¥30.00")
    folded = " ".join(text.split())
    assert "Frontier ★ no other book is both cheaper and better (1)" in folded
    assert cell_len("★") == 1


def test_what_was_kept_without_a_price_shows_a_dash() -> None:
    """It has a dash in place of the price, and the reason why it is there."""
    result = make_result([make_listing(price=None)], criteria=SelectionCriteria(keep=frozenset({"no_price"})))
    _, row, note = list_lines(table(result, width=100))
    assert re.match(r"1 +– +渗透测试实战", row)
    assert note.strip() == "kept though without a readable price"


def test_a_note_is_folded_and_not_cut() -> None:
    """A note that ends with a price is shown to its end, on as many lines as that takes."""
    listings = [
        make_listing(product_id=str(n), price=Decimal(n), volumes=3, flags=frozenset({Flag.SET}))
        for n in (1000, 2000)
    ]
    for lang, words in (
        ("en", "set of 3 · ¥333.33 each · 2 offers, up to ¥2,000.00"),
        ("zh-Hans", "共 3 册 · 每册 ¥333.33 · 2 个报价，最高 ¥2,000.00"),
    ):
        _, _, *note = list_lines(table(make_result(listings), width=40, lang=lang))
        assert " ".join(line.strip() for line in note) == words


DROPPED = make_result(
    [
        make_listing(product_id="1"),
        make_listing(product_id="2", title="甲书", sold_out=True, position=2),
        make_listing(product_id="3", title="乙书[red]", price=None, position=3),
        make_listing(
            product_id="4", title="丙书", ebook_only=True, ebook_price=Decimal("8.5"), page=1, position=4
        ),
    ]
)


def test_what_was_dropped_is_listed_on_demand() -> None:
    """It has reason, price, title and place; a narrow table omits the place; without the option there is no list."""
    assert "Dropped" not in table(DROPPED)
    text = table(DROPPED, show_dropped=True, width=80)
    rows = [re.split(r"  +", line.strip()) for line in text[text.index("\nDropped\n") :].splitlines()[2:]]
    assert rows[0] == ["Reason", "Price", "Title", "Place"]
    assert rows[2:] == [
        ["sold out", "¥39.00", "甲书", "page 1, 2"],
        ["without a readable price", "–", "乙书[red]", "page 1, 3"],
        ["e-book only", "¥8.50", "丙书", "page 1, 4"],
    ]
    narrow = table(DROPPED, show_dropped=True, width=40)
    assert re.search(r"^sold out +¥39\.00 +甲书$", narrow, re.MULTILINE)
    assert "已排除\n" in table(DROPPED, show_dropped=True, lang="zh-Hant")
    nothing_left = make_result([make_listing(sold_out=True)])
    assert "sold out" in table(nothing_left, show_dropped=True).split("Dropped\n")[1]
    assert "Dropped" not in table(make_result(), show_dropped=True)


def test_each_answer_is_one_line_with_its_address() -> None:
    """The answers come first, one line each, with the address at the end; with colours, the line itself is the link."""
    lines = table(RESULT, width=40).splitlines()[:3]
    assert [line.split(" — ")[1].split(":")[0] for line in lines] == ["Cheapest", "Best", "Best value"]
    assert all(re.search(r" https://product\.dangdang\.com/\d+\.html$", line) for line in lines)
    for line in table(RESULT, width=40, color=True).splitlines()[:3]:
        assert re.match(r"\x1b\]8;;https://product\.dangdang\.com/\d+\.html\x1b\\", line)
        assert "https://product" not in plain(line)
    assert "https://product" not in table(make_result(demo=True))


@given(
    st.text(st.sampled_from("书店渗透，。（）“”「」、：abc 0123 .,-/★…é"), max_size=80), st.integers(16, 60)
)
def test_folding_keeps_every_word(text: str, width: int) -> None:
    """Lines stay within the width, except for a longer single word, and only spaces at the folds are lost."""
    words = clean(text)
    lines = folded(words, width).splitlines()
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    longest = max((cell_len(piece) for piece in _PIECE.findall(words)), default=0)
    assert all(cell_len(line) <= max(width, longest) for line in lines)


def test_chinese_is_broken_between_any_characters() -> None:
    """Not only at spaces: a number stays with its measure word, punctuation with the preceding character."""
    assert folded("请求 5 页：5 页正常、0 页失败；书店称共 36 页", 24).splitlines() == [
        "请求 5 页：5 页正常、",
        "0 页失败；书店称共 36 页",
    ]
    assert folded("no other book is both cheaper and better", 20).splitlines() == [
        "no other book is",
        "both cheaper and",
        "better",
    ]


def test_a_cut_leaves_no_gap_before_its_ellipsis() -> None:
    """A Chinese character that fits only by half leaves its blank after the ellipsis, not before it."""
    for width in range(40, 60):
        text = table(make_result([make_listing(title="渗透测试" * 30)]), width=width)
        assert re.search(r"[渗透测试]…", text)
        assert " …" not in text


def test_a_set_says_what_a_volume_costs() -> None:
    """The line below a set's title states volumes and price per volume."""
    text = table(make_result([make_listing(volumes=4, flags=frozenset({Flag.SET}))]), width=80)
    assert re.search(r"^ +set of 4 · ¥9\.75 each$", text, re.MULTILINE)


@pytest.mark.parametrize("trick", HOSTILE)
@pytest.mark.parametrize("color", [False, True])
def test_hostile_words_do_nothing(trick: str, color: bool) -> None:
    """Any text from outside may be hostile: no foreign escape code, direction mark or line end appears."""
    texts = []
    for word in ("书", HOSTILE[trick]):
        listing = make_listing(title=word, publisher=word, contributors=(Contributor(word),), seller=word)
        result = make_result(
            [listing, make_listing(product_id="2", title=word, sold_out=True)],
            failed=[make_page(2, verdict=Verdict.BLOCKED, detail=word)],
            query=word,
            query_sent="x",
            suggestion=word,
            notes=(word,),
            stopped=word,
        )
        texts.append(table(result, width=240, color=color, show_dropped=True))
    harmless, text = texts
    assert set(CODES.findall(text)) <= set(CODES.findall(harmless))
    assert CODES.sub("", text).replace("\n", "").isprintable() or trick == "marks"
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufe0f]", text)
    assert text.count("\n") == harmless.count("\n")


def test_markup_is_text() -> None:
    """Text that looks like rich's markup or emoji codes is shown unchanged."""
    text = table(make_result([make_listing(title=HOSTILE["rich"])]), width=200)
    assert text.count("[red]not markup[/red] [link=https://evil.example]x[/link] :smile:") == 3 + 1


def test_colour_only_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape codes appear on demand, whatever the environment says, and change no word."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    uncolored = table(RESULT, width=100)
    assert "\x1b" not in uncolored
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "33")
    colored = table(RESULT, width=100, color=True)
    assert "\x1b[" in colored
    assert plain(colored).splitlines() == without_addresses(uncolored).splitlines()


def test_titles_lead_to_the_shop() -> None:
    """On a terminal with colours a title links to its product page, with the same bytes each time; elsewhere not."""
    books = [
        make_listing(product_id="7", flags=frozenset({Flag.SET}), volumes=2),
        make_listing(product_id="8", title="乙书"),
        make_listing(product_id="9", title="丙书", sold_out=True),
    ]
    result = make_result(books)
    text = table(result, width=100, color=True, show_dropped=True)
    titles = text[text.index("─") :]
    assert LINK.findall(titles) == [
        "https://product.dangdang.com/7.html", "", "https://product.dangdang.com/8.html", "",
        "https://product.dangdang.com/9.html", "",
    ]  # fmt: skip
    assert "7.html\x1b\\渗透测试实战\x1b]8;;" in text
    assert text == table(result, width=100, color=True, show_dropped=True)
    assert not LINK.search(table(result, width=100))
    for elsewhere in (make_result(books, demo=True), make_result(books, base_url="http://127.0.0.1:4321")):
        assert not LINK.search(table(elsewhere, width=100, color=True))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize(
    ("rank", "heading", "cells"),
    [
        ("best", "Quality", ["4.996", "4.990"]),
        ("value", "Value", ["2.00", "-2.00"]),
        ("per-volume", "Per-vol.", ["¥50.00", "¥51.00"]),
    ],
)
def test_the_column_that_orders_the_list_is_shown_at_every_width(
    width: int, rank: str, heading: str, cells: list[str]
) -> None:
    """A third digit separates books of 4.99; the same holds in Markdown."""
    listings = [
        make_listing(
            product_id=str(n), title=f"{name}的渗透测试", price=Decimal(50 + n), rating=5.0, reviews=reviews,
            position=n + 1, volumes=1,
        )
        for n, (name, reviews) in enumerate([("甲", 99_999), ("乙", 9_999)])
    ]  # fmt: skip
    result = make_result(listings, criteria=SelectionCriteria(rank=rank))
    assert [book.rank for book in result.books] == [1, 2]
    for shown in (table(result, width=width), render(result, "md")):
        assert isinstance(shown, str)
        lines = shown.splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith(("──", "| --:")))
        assert heading in lines[start - 1].split()
        assert [cell in line for cell, line in zip(cells, lines[start + 1 :], strict=False)] == [
            True,
            True,
        ], shown


@pytest.mark.parametrize(
    ("price", "english", "chinese"), [("23.40", "-70%", "3 折"), ("28.08", "-64%", "3.6 折"), ("78", "", "")]
)
def test_chinese_states_a_discount_in_tenths(price: str, english: str, chinese: str) -> None:
    """Chinese states the rest to pay, not the reduction; without a discount it states nothing."""
    book = make_result([make_listing(price=Decimal(price), list_price=Decimal(78))]).books[0]
    assert discount(book) == english
    assert discount(book, Labels("zh-Hant")) == discount(book, Labels("zh-Hans")) == chinese


def test_the_shop_has_its_name_in_each_script() -> None:
    """A shop without a name in a language keeps its title there."""
    names = [Labels(lang).shop(SHOP) for lang in LANGUAGES]
    assert names == ["Dangdang 当当网", "当当网", "當當網"]
    assert Labels("zh-Hant").shop(replace(SHOP, title="Other", titles={})) == "Other"
