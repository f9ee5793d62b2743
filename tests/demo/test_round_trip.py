"""The parser reads exactly what the demo shop renders: each proves the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crawler.demo.catalogue import catalogue
from crawler.demo.markup import render_search_page
from parsers.dangdang import parse_search_page
from parsers.model import Layout, Listing, PageKind, SearchPage
from tests.profiles import examples
from tests.strategies import ResultPage, result_pages


def read(body: bytes, page: int) -> SearchPage:
    return parse_search_page(body, charset="GB2312", page=page)


def differences(found: Sequence[Listing], expected: Sequence[Listing]) -> list[str]:
    """Name each field that differs from the rendered one: a whole listing is too long to compare by eye."""
    pairs = zip(found, expected, strict=True)
    return [
        f"{right.product_id} «{right.title}» {field.name}: {getattr(left, field.name)!r}, not {value!r}"
        for left, right in pairs
        for field in fields(right)
        if getattr(left, field.name) != (value := getattr(right, field.name))
    ]


def on_a_grid(listing: Listing) -> Listing:
    """Remove the fields that the grid layout does not show."""
    return replace(
        listing,
        ebook_price=None,
        ebook_only=False,
        contributors=(),
        contributors_text="",
        publisher=None,
        published=None,
        published_text="",
    )


@settings(
    max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.sampled_from(Layout).flatmap(result_pages))
def test_any_page_comes_back_equal(drawn: ResultPage) -> None:
    """Any listings, rendered in either layout and read again, are the same listings."""
    assume(drawn.listings)
    body = render_search_page(
        drawn.listings,
        query=drawn.query,
        page=drawn.page,
        pages=drawn.pages,
        total=drawn.total,
        layout=drawn.layout,
    )
    found = read(body, drawn.page)
    assert differences(found.listings, drawn.listings) == []
    assert found.kind is PageKind.RESULTS
    assert (found.page, found.pages, found.total) == (drawn.page, drawn.pages, drawn.total)
    assert (found.layout, found.query_echo, found.items) == (drawn.layout, drawn.query, len(drawn.listings))
    assert (found.charset, found.undecodable) == ("gb18030", 0)


@pytest.mark.parametrize(
    ("query", "sellers", "category"),
    [
        ("渗透测试", "self", "books"),
        ("人工智能", "all", "books"),
        ("Python 爬虫", "all", "all"),
        ("𰻞𰻞面", "self", "books"),
        ("C++", "self", "books"),
    ],
)
def test_catalogues_come_back_equal(query: str, sellers: str, category: str) -> None:
    """Every page of a catalogue comes back equal, in the layout that its search has."""
    found = catalogue(query, sellers=sellers, category=category)
    for number in range(1, min(found.pages, 20) + 1):
        page = found.page(number)
        body = render_search_page(
            page, query=query, page=number, pages=found.pages, total=found.total, layout=found.layout
        )
        again = read(body, number)
        if found.layout is Layout.GRID:
            assert differences([*map(on_a_grid, again.listings)], [*map(on_a_grid, page)]) == []
        else:
            assert differences(again.listings, page) == []
