from __future__ import annotations

import copy
import dataclasses
import html
import re
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import parse_search_page_to_wire, text
from parsers.dangdang import parse_search_page
from parsers.model import Listing, SearchPage
from parsers.text import MAX_PRICE, parse_count, parse_date, parse_price
from tests.parsers.markup import LIST_ITEM, real, search_page
from tests.profiles import examples

MARKUP = r"""
    <div id="search_nature_rg">|<ul class="bigimg" id="component_59">|</ul>|</li>|<li id="p29000001">|<li sku=290000>
    |<a class="pic" title="|" href="//product.dangdang.com/29000001.html">|</a>|<p class="name">|</p>|<title>|'|"
    |<span class="search_now_price">|<span class="price_n">|&yen;39.00|¥|</span>|<script>|-->|<!--|&#xD800;|搜索无结果页
    |&yen;39.999|&yen;9,999,999.00
    |<p class="search_book_author">|<span> /2021-13-99|共<em class='b'>|</em>件商品|<div class="paging">
    |抱歉，没有找到|<
    |page_index=99999999999999999999|<span class="or">1</span><span>/2|<span class="level"><span style="width: 9999%">
"""
FRAGMENTS = st.sampled_from([*MARKUP.split("|"), "\x00", "9" * 5000, LIST_ITEM])


@given(st.binary(max_size=400), st.one_of(st.none(), st.text(max_size=12)))
def test_any_bytes_give_a_page(body: bytes, charset: str | None) -> None:
    """Any bytes and any declared charset give a page."""
    assert isinstance(parse_search_page(body, charset=charset), SearchPage)


@given(st.lists(FRAGMENTS, max_size=25), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_any_markup_gives_a_page(fragments: list[str], codec: str) -> None:
    """Fragments of the shop's markup in any order give a page that survives the transfer between processes."""
    page = parse_search_page("".join(fragments).encode(codec, "replace"))
    assert SearchPage.from_wire(page.to_wire()) == page
    assert len(page.listings) <= page.items


def prices_in(page: str) -> set[Decimal]:
    """Return every number that stands on a page."""
    return {
        Decimal(number.replace(",", ""))
        for number in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", html.unescape(page))
    }


AMOUNTS = st.from_regex(
    r"[¥￥]?[0-9０-９]{1,8}([,.][0-9]{1,4}){0,3}(元|起|条评论)?(-[¥]?[0-9]{1,3})?", fullmatch=True
)


@given(AMOUNTS)
def test_a_price_is_what_stands_there(said: str) -> None:
    """A price has at most two decimals, is above 0 and plausible, and is in the text as a number."""
    price = parse_price(said)
    if price is not None:
        assert 0 < price <= MAX_PRICE
        assert price == price.quantize(Decimal("0.01"))
        assert price in prices_in(unicodedata.normalize("NFKC", said))


@given(AMOUNTS | st.from_regex(r"¥\d{1,7}\.\d\d?|\d{1,10}条评论|[12][09]\d\d-\d\d-\d{1,2}", fullmatch=True))
def test_usual_forms_are_read_as_all_others(said: str) -> None:
    """The fast patterns for the usual prices, counts and dates give the same as the general ones."""
    quick = parse_price.__wrapped__(said), parse_count(said), parse_date.__wrapped__(said)
    never = re.compile("(?!)")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_USUAL_PRICE", "_USUAL_COUNT", "_USUAL_DATE"):
            patch.setattr(text, name, never)
        assert quick == (parse_price.__wrapped__(said), parse_count(said), parse_date.__wrapped__(said))


def check_mutilated(body: bytes, start: int, length: int) -> None:
    rest = body[: start % len(body)] + body[start % len(body) + length :]
    page = parse_search_page(rest)
    numbers = prices_in(rest.decode("utf-8", "replace"))
    for listing in page.listings:
        assert {listing.price, listing.list_price, listing.ebook_price} - {None} <= numbers
    assert SearchPage.from_wire(page.to_wire()) == page


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=3000))
def test_a_mutilated_page(start: int, length: int) -> None:
    """A page with a piece removed gives the rest, and no price that is not on it."""
    items = (
        LIST_ITEM.replace("29000001", f"2900000{n}").replace("39.00", f"1{n},039.50") for n in range(1, 5)
    )
    check_mutilated(search_page(*items).encode(), start, length)


@settings(max_examples=examples(25))  # half a megabyte each time
@given(st.integers(min_value=0), st.integers(min_value=0, max_value=200_000))
def test_a_mutilated_real_page(start: int, length: int) -> None:
    """A captured page with a piece removed gives the rest, and no price that is not on it."""
    check_mutilated(real("search_2025_ai_first24.html"), start, length)


def test_the_way_between_processes() -> None:
    """The wire form of a page with listings is plain values, and gives an equal page."""
    body = search_page(LIST_ITEM, LIST_ITEM.replace("29000001", "29000002")).encode("gb18030")
    wire = parse_search_page_to_wire("dangdang", body, "gbk", 4)
    assert SearchPage.from_wire(wire) == parse_search_page(body, charset="gbk", page=4)
    assert _is_plain(wire)


def _is_plain(value: object) -> bool:
    if type(value) is tuple:
        return all(map(_is_plain, value))
    return type(value) in {str, int, float, bool, type(None)}


def test_a_parsed_listing_is_like_one_that_was_constructed() -> None:
    """It is frozen, and equal to one from the constructor, from the parser as from the wire."""
    page = parse_search_page(search_page(LIST_ITEM).encode("gb18030"))
    for listing in (page.listings[0], SearchPage.from_wire(page.to_wire()).listings[0]):
        made = Listing(**{field.name: getattr(listing, field.name) for field in dataclasses.fields(Listing)})
        assert type(listing) is Listing
        assert (listing, hash(listing), repr(listing)) == (made, hash(made), repr(made))
        assert copy.copy(listing) == listing == dataclasses.replace(listing)
        with pytest.raises(dataclasses.FrozenInstanceError):
            listing.title = ""  # type: ignore[misc]
