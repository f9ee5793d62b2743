"""Reading items by pattern and reading them from a tree give the same result, whatever the page."""

from __future__ import annotations

import re
import time
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers.dangdang import parse_search_page, result_list
from parsers.model import SearchPage
from tests.parsers.markup import as_sent, real
from tests.parsers.page_digests import DEMO_PAGES, demo_page
from tests.profiles import examples

CPU_SECONDS = 1.0
"""The limit of `test_mutilated_pages`."""


def parse(body: bytes) -> SearchPage:
    return parse_search_page(body, charset="GB2312", page=3)


def parse_by_tree(body: bytes) -> SearchPage:
    """Parse a page with every item read from a tree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(result_list, "_read_plain_list", lambda *_: None)
        page = parse(body)
    assert page.plain_items == 0
    return page


def check(text: str) -> SearchPage:
    """Parse a page, and check that both ways give the same result."""
    body = text.encode("gb18030", "replace")
    page = parse(body)
    assert page == parse_by_tree(body)
    assert page.plain_items + page.tree_items == page.items
    return page


@cache
def pages() -> tuple[str, ...]:
    """Return a few pages of ten items, lists and grids."""
    chosen = [DEMO_PAGES[at] for at in (0, 1, 2, 12, 13, 22, 33, 44)]
    return tuple(shortened(demo_page(*page).decode("gb18030")) for page in chosen)


def shortened(page: str) -> str:
    """Return a page with only its first ten items."""
    tenth = [match.start() for match in re.finditer('<li ddt-pit="[0-9]+" class="line', page)][10]
    return page[:tenth] + page[page.index("</ul>", tenth) :]


def list_of(page: str) -> tuple[int, int]:
    """Return the positions of the list's start and end."""
    start = max(0, page.find('<div id="search_nature_rg"'))
    return start, max(page.find('<div class="paging"', start), start + 1)


def test_demo_pages_are_plain() -> None:
    """Every item of the demo shop is plain, in lists and in grids."""
    for page in pages():
        assert check(page).plain_items == 10


def test_the_captured_page_is_plain() -> None:
    """Every item of the captured page is plain, as saved and as sent."""
    saved = real("search_2025_ai_first24.html")
    for body in (saved, as_sent(saved)):
        page = parse(body)
        assert page == parse_by_tree(body)
        assert (page.plain_items, page.tree_items) == (24, 0)


def test_only_odd_items_need_the_tree() -> None:
    """An item that is not plain is read from a tree of its own; the items around it stay plain."""
    page = pages()[0]
    places = [match.start() for match in re.finditer("<li ddt-pit", page)]
    for odd in (2, 5, 9):
        at = page.index("</p>", places[odd])
        page = page[:at] + "<!-- odd -->" + page[at:]
        places = [match.start() for match in re.finditer("<li ddt-pit", page)]
    found = check(page)
    assert (found.plain_items, found.tree_items) == (7, 3)
    unclosed = page.replace("                </li>", "", 3)
    assert check(unclosed).plain_items >= 4


def test_a_tag_that_affects_later_items_sends_the_list_to_the_tree() -> None:
    """If a tag between two items affects the items after it, no item is plain."""
    page = pages()[0]
    at = page.index('<li ddt-pit="4"')
    for reaching in (
        "<font color=red>",
        "<b>",
        "<table>",
        "<script>",
        "</ul>",
        "</div>",
        '<body class="cpc">',
    ):
        assert check(page[:at] + reaching + page[at:]).plain_items == 0


@pytest.mark.parametrize(
    "piece", ["<li ddt-pit='", '<li ddt-pit="1" class="line1" id="p29000001"><a title="', "<li>"]
)
def test_repeated_beginnings_take_linear_time(piece: str) -> None:
    """Repeated beginnings without an end take linear time even after plain items."""
    page = pages()[0]
    end = page.index("</ul>", page.index('<li ddt-pit="10"'))
    body = (page[:end] + piece * (700_000 // len(piece)) + page[end:]).encode("gb18030")
    began = time.process_time()
    parse(body)
    assert time.process_time() - began < CPU_SECONDS


ITEM = 'class="line2" id='
"""A place in the opening tag of the second item."""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ITEM, 'data-new="1" class="line2" id='),
        (ITEM, 'class="line2" onclick=\'x("y")\' id='),
        ('class="pic" name="itemlist-picture"', 'name="itemlist-picture"\n  class="pic"'),
        ('<p class="name" name="title" >', '<p name="title" class="name">'),
        ('<p class="price" >', "<p class='price'>"),
        ('<span class="search_now_price">', '<span data-price="1" class="search_now_price" id="x">'),
        ('<span class="tag_box"></span>', '<span class="new_box">x</span> <span class="tag_box"></span>'),
        ('<span class="tag_box"></span>', ""),
        ("</p>", "</p>\n"),
        ("&yen;", "&#165;"),
        ("&yen;", "¥"),
        ("name='Buy'", 'name="Buy"'),
        (' target="_blank" >', ' target="_blank" rel="noopener">'),
    ],
)
def test_markup_that_differs_a_little_is_plain_too(old: str, new: str) -> None:
    """The order and number of attributes, quotes, white space and parts without information do not matter."""
    page = pages()[0]
    assert old in page
    assert check(page.replace(old, new)).tree_items <= result_list._ODD_ITEMS


def author_block(author: str, date: str, publisher: str, *, whole: str = "", title: str = "") -> str:
    """Return an author block in the shop's markup."""
    return (
        f"<span><a href='//x' name='itemlist-author' dd_name='y' title='{whole}'>{author}</a></span>"
        f"<span> /{date}</span><span> /<a href='//x' name='P_cbs' dd_name='y' title='{title}'>{publisher}</a></span>"
    )


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (author_block("李雷 著", "2021-03-31", "海岸出版社"), ("李雷 著", "2021-03-31", "海岸出版社")),
        (author_block("李雷 著", "2021年3月", "海岸", title="海岸出版社"), ("李雷 著", "2021年3月", "海岸出版社")),
        (author_block("李雷 著", "2021", "A&amp;B", whole="李雷 著，韩梅 译"), ("李雷 著，韩梅 译", "2021", "A&B")),
        (author_block("海岸出版社", "2021-03-31", "海岸出版社"), ("", "2021-03-31", "海岸出版社")),
        (author_block("", "2021-03-31", "海岸出版社"), ("", "2021-03-31", "海岸出版社")),
        (author_block("2021", "2022", "海岸出版社"), ("2022", "2021", "海岸出版社")),
        (author_block("李雷", "2021", "2021"), ("李雷", "", "2021")),
        (author_block("李雷", "2021-13-99", "海岸出版社"), ("李雷", "", "海岸出版社")),
        (author_block("李雷", "2021-03-31", "不详"), ("李雷", "2021-03-31", None)),
        (author_block("李雷", "2021-03-31", ""), ("李雷", "2021-03-31", None)),
        (author_block("李雷", "2021-03-31", "岸" * 4000), ("李雷", "2021-03-31", "岸" * 2999 + "…")),
    ],
)  # fmt: skip
def test_author_blocks_read_alike(block: str, said: tuple[str, str, str | None]) -> None:
    """The direct way for the usual author block agrees with the general one for every other."""
    page = pages()[0]
    start = page.index('<p class="search_book_author">') + len('<p class="search_book_author">')
    page = page[:start] + block + page[page.index("</p>", start) :]
    found = check(page)
    first = found.listings[0]
    assert (first.contributors_text, first.published_text, first.publisher) == said
    assert found.plain_items == 10


ODD = [
    "<!-- x -->", "<script>x</script>", "<b>", "</b>", "</a>", "<a>", "<p>", "</p>", "</li>", "<li>", "</ul>", "<ul>",
    "</div>", "<table>", "<tr>", '<font class="skcolor_ljg">', "<i>", "<div>", "<textarea>", "<title>", "<plaintext>",
    '<body class="cpc">', '<html id="ad_">', "<svg>", "<template>", "<select>", "<form>", "<marquee>", "<br>", "\0",
    '<span class="search_now_price">¥1.00</span>', "<span class=price_n>¥2.00</span>", '<img src="//x/y.jpg">',
    '<a name="pdno"></a>', '<p class="detail">x</p>', "&", "&amp;", "&nbsp", "&yen", "&#0;", "&#x80;", "&notit;",
    "&lt", "<", ">", '"', "'", "=", "/", " ", "\u3000", "\xa0", "\r\n", "\f", "\x0b", "é", "𠮷", "当当自营", "到货通知",
    '<span class="new_lable1">当当自营</span>', "</font>", "</span>", "<object>", "<col>", "<frameset>", "<noscript>",
    '<ul class="pic_list"><li><a class="pic" href="//product.dangdang.com/1.html"></a></li></ul>',
    '<li class="line9" id="p12345678"></li>', '<div id="search_nature_rg"><ul><li></li></ul></div>', "起",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD)
def test_anything_odd_anywhere(odd: str) -> None:
    """A piece inserted at any place of an item where it may matter gives the same result both ways."""
    page = pages()[1]
    start, end = (page.index(f'<li ddt-pit="{number}"') for number in (3, 4))
    for match in re.finditer(r"(?<=>)|(?==)|(?<=[\"'])|(?=</)", page[start:end]):
        at = start + match.start()
        check(page[:at] + odd + page[at:])


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw a page with some bytes, tags, attributes or references in the list changed."""
    page = draw(st.sampled_from(pages()))
    for _ in range(draw(st.integers(1, 4))):
        start, end = list_of(page)
        at = draw(st.integers(start, end))
        kind = draw(st.sampled_from(["drop", "double", "odd", "untag", "swap", "requote", "move", "case"]))
        tags = list(re.compile("<[^<>]{1,300}>").finditer(page, at, min(len(page), at + 1500)))
        if kind == "drop":
            page = page[:at] + page[at + draw(st.sampled_from([1, 2, 5, 30, 300, 3000])) :]
        elif kind == "double":
            length = draw(st.sampled_from([1, 20, 400, 4000]))
            page = page[: at + length] + page[at : at + length] + page[at + length :]
        elif kind == "odd":
            page = page[:at] + draw(st.sampled_from(ODD)) + page[at:]
        elif tags:
            tag = draw(st.sampled_from(tags))
            page = page[: tag.start()] + changed_tag(draw, kind, tag[0]) + page[tag.end() :]
    return page


def changed_tag(draw: st.DrawFn, kind: str, tag: str) -> str:
    """Draw a change of a tag; '' removes it."""
    attributes = re.findall(r"""[\w-]+=(?:"[^"]*"|'[^']*'|[^\s"'>]+)""", tag)
    if kind == "untag" or not attributes:
        return ""
    if kind == "case":
        return tag.upper() if draw(st.booleans()) else tag.replace("class", "CLASS")
    if kind == "requote":
        return tag.replace('"', "'") if draw(st.booleans()) else tag.replace('"', "").replace("'", "")
    if kind == "swap":
        attributes = draw(st.permutations(attributes))
    else:
        attributes.append(draw(st.sampled_from([*attributes, 'class="pic"', 'src="x"', 'name="title"', "y"])))
    return f"<{tag[1:].split(maxsplit=1)[0]} {' '.join(attributes)}>"


@settings(
    max_examples=examples(1_000), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(mutated())
def test_both_ways_read_a_mutated_page_equally(page: str) -> None:
    """After any change in a list, both ways give equal pages."""
    check(page)
