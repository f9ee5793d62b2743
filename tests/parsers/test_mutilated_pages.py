"""The parser on damaged pages: it never raises, never returns a price that is not on the page, and is always fast."""

from __future__ import annotations

import html
import re
import time
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.demo.catalogue import catalogue
from crawler.demo.markup import render_search_page
from crawler.demo.page_chrome import ENCODING
from parsers.dangdang import parse_search_page
from parsers.model import Listing, SearchPage
from parsers.text import decode, detect_charset
from tests.profiles import examples

CPU_SECONDS = 1.0
"""What a page may take of the processor; a clock on the wall would send to of the machine's other work."""


@cache
def demo_page(query: str) -> bytes:
    """Return the first page of a query in the demo shop, with goods of every kind in two layouts."""
    found = catalogue(query, category="all")
    return render_search_page(
        found.page(1), query=query, page=1, pages=found.pages, total=found.total, layout=found.layout
    )


PLACES = st.floats(0, 1, exclude_max=True)
"""A place in the page, as a share of its length."""


@st.composite
def mutilated(draw: st.DrawFn) -> bytes:
    """Return a page with some cuts, swapped tags, duplicated pieces and noise."""
    body = demo_page(draw(st.sampled_from(["文具", "渗透测试", "人工智能"])))
    for _ in range(draw(st.integers(1, 6))):
        one, two = sorted(int(draw(PLACES) * len(body)) for _ in range(2))
        kind = draw(st.sampled_from(["cut", "drop", "double", "noise", "swap", "untag"]))
        if kind == "cut":
            body = body[:two]
        elif kind == "drop":
            body = body[:one] + body[min(two, one + 2000) :]
        elif kind == "double":
            body = body[:two] + body[one : min(two, one + 2000)] + body[two:]
        elif kind == "noise":
            body = body[:one] + draw(st.binary(min_size=1, max_size=40)) + body[one + 20 :]
        else:
            tags = [match.span() for match in re.finditer(rb"<[^<>]{1,200}>", body[one : one + 4000])]
            if len(tags) < 2:
                continue
            first, second = (tags[int(draw(PLACES) * len(tags))] for _ in range(2))
            part = body[one : one + 4000]
            if kind == "untag":
                part = part[: first[0]] + part[first[1] :]
            elif first < second:
                a, b = part[slice(*first)], part[slice(*second)]
                part = part[: first[0]] + b + part[first[1] : second[0]] + a + part[second[1] :]
            body = body[:one] + part + body[one + 4000 :]
    return body


def amounts(page: bytes) -> str:
    """Return the text of a page without tags, white space and commas."""
    text = decode(page, detect_charset(page, "GB2312")).text
    return re.sub(r"[\s,，]", "", html.unescape(re.sub(r"<[^<>]*>", "", text)) + html.unescape(text))


def prices(listing: Listing) -> list[Decimal]:
    return [p for p in (listing.price, listing.list_price, listing.ebook_price) if p is not None]


def stands_on(amount: Decimal, text: str) -> bool:
    return any(form in text for form in {f"{amount:f}", f"{amount.normalize():f}"})


@settings(
    max_examples=examples(300), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(mutilated())
def test_a_mutilated_page_is_no_harm(body: bytes) -> None:
    """Whatever was cut, swapped, duplicated or overwritten, a value is returned in time, with prices of the page."""
    began = time.process_time()
    page = parse_search_page(body, charset="GB2312", page=1)
    took = time.process_time() - began
    assert isinstance(page, SearchPage)
    text = amounts(body)
    strange = [p for listing in page.listings for p in prices(listing) if not stands_on(p, text)]
    assert not strange
    assert took < CPU_SECONDS


@pytest.mark.parametrize(
    "piece",
    [
        "<span class=",
        "<input id='t__cp' ",
        "<title ",
        "<div id='",
        "<a class='",
        "&#",
        "<!--",
        "共<i>",
        "<li id='p1'>",
    ],
)
def test_repeated_beginnings_take_no_more_than_their_length(piece: str) -> None:
    """Half a megabyte of unterminated openings is read in time, too."""
    body = (piece * (500_000 // len(piece))).encode(ENCODING)
    began = time.process_time()
    parse_search_page(body, charset="GB2312", page=1)
    assert time.process_time() - began < CPU_SECONDS
