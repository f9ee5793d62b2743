"""The limits on a page, and its completeness: everything that a limit removes is reported."""

from __future__ import annotations

import pytest

from parsers.dangdang import parse_search_page
from parsers.dangdang.result_list import MAX_ELEMENTS, MAX_ITEMS, MAX_MARKUP
from parsers.model import PageKind, SearchPage
from parsers.text import MAX_TEXT
from tests.parsers.markup import HEAD, LIST_ITEM, real, search_page


def parse(text: str) -> SearchPage:
    return parse_search_page(text.encode("gb18030"))


def items(count: int, first: int = 29000001) -> list[str]:
    return [LIST_ITEM.replace("29000001", str(first + number)) for number in range(count)]


def test_a_list_of_more_than_is_read() -> None:
    """The first items are read, the others counted."""
    page = parse(search_page(*items(MAX_ITEMS + 7)))
    assert (len(page.listings), page.items, page.surplus) == (MAX_ITEMS, MAX_ITEMS, 7)
    whole = parse(search_page(*items(MAX_ITEMS)))
    assert (len(whole.listings), whole.surplus) == (MAX_ITEMS, 0)


def test_a_list_of_more_elements_than_are_looked_at() -> None:
    """Elements without a product cost no more than products do."""
    page = parse(search_page(*["<li></li>"] * (MAX_ELEMENTS + 5), *items(1)))
    assert (page.items, page.listings) == (0, ())
    some = parse(search_page(*items(2), *["<li></li>"] * MAX_ELEMENTS, *items(3, 29100000)))
    assert (some.items, some.surplus) == (2, 5)


def test_markup_beyond_what_is_parsed() -> None:
    """An item beyond the parsing limit hides those behind it, and the page says so."""
    huge = LIST_ITEM.replace("从海岸说到雪线。", "<b></b>" * (MAX_MARKUP // 7 + 1))
    page = parse(search_page(huge, *items(59, 29000100)))
    assert len(page.listings) == 1
    assert page.unparsed > 59 * 1000
    assert parse(search_page(*items(60))).unparsed == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("山海小史（第2版）", "山" * 300_000),
        ("从海岸说到雪线。", "\x9d" * 300_000),
        ("海岸出版社", "海" * 300_000),
        ("王小明 译", "王小明、" * 100_000),
        ("1234条评论", "9" * 300_000),
        ("(5折)", "折" * 300_000),
        ("2021-03-31", "2021-03-31" * 30_000),
        ("&yen;39.00", "&yen;" + "3" * 300_000),
        (
            "加入购物车</a></p>",
            f'加入</a></p><p class="search_shangjia"><a name="itemlist-shop-name">{"店" * 9999}</a></p>',
        ),
    ],
)
def test_no_text_is_longer_than_is_kept(before: str, after: str) -> None:
    """Every text of a listing has a limit, and the page counts the shortened listings."""
    assert before in LIST_ITEM
    page = parse(search_page(LIST_ITEM.replace(before, after), *items(1, 29000100)))
    first, second = page.listings
    texts = [getattr(first, name) for name in first.__slots__]
    assert max(len(text) for text in texts if isinstance(text, str)) <= MAX_TEXT
    assert max(len(person.name) for person in first.contributors) <= MAX_TEXT
    assert page.clipped == 1
    assert second.title == "山海小史（第2版）"


@pytest.mark.parametrize("digits", ["9" * 21, "9" * 140_000, "２９００００"])
def test_an_id_is_a_few_plain_digits(digits: str) -> None:
    """An id that no shop would use is not a product: the item counts as unreadable."""
    page = parse(search_page(LIST_ITEM.replace("29000001", digits), *items(1, 29000100)))
    assert [listing.product_id for listing in page.listings] == ["29000100"]
    assert page.items == 2


def test_an_address_has_an_end() -> None:
    """An image with an address longer than any browser sends counts as none."""
    page = parse(search_page(LIST_ITEM.replace("29000001-1_b_3", "9" * 5000)))
    assert page.listings[0].image is None


WHOLE = search_page(*items(3))
LIST_START, LIST_STOP = WHOLE.index("<ul"), WHOLE.index("</ul>")


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        (WHOLE, True),
        (WHOLE[: WHOLE.index("</html>")], True),  # the paging bar is there
        (WHOLE[: WHOLE.index("</ul></div>") + 11], True),  # the list is
        (WHOLE[: LIST_STOP - 300], False),
        (WHOLE[: LIST_START + 200], False),
        (WHOLE[: LIST_START - 20], False),
        (HEAD, False),
        (HEAD[:40], False),
        ("<!DOCTYPE HTML><title>登录", False),
        (LIST_ITEM, True),  # a fragment never had an end
        ("", True),
    ],
)
def test_whether_a_page_reaches_its_end(text: str, ended: bool) -> None:
    """A page ends with its list, its paging bar or `</html>`; one that began and has none of them was cut."""
    assert parse(text).ended is ended


def test_a_real_page_cut_anywhere() -> None:
    """Until its list ends a captured page is cut wherever it stops, but for the parts of it that never had a list."""
    body = real("search_2025_ai_first24.html")
    assert parse_search_page(body).ended
    stop = body.index(b'class="paging"')
    for share in range(5, 100, 5):
        cut = body[: stop * share // 100]
        page = parse_search_page(cut)
        lost = len(page.listings) < 24
        assert not page.ended or not lost, share
        assert page.kind in {PageKind.RESULTS, PageKind.OTHER, PageKind.EMPTY}
