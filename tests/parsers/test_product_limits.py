"""A hostile page causes a bounded amount of work, and `problems` names everything left out."""

from __future__ import annotations

import time

import pytest

from parsers.product import ProblemCode, ProductPage, parse_product_page
from parsers.product.json_ld import read_json_ld
from parsers.product.microdata import MAX_PROPERTIES, MAX_REFERRING
from parsers.product.nodes import MAX_PROBLEMS
from parsers.product.offers import MAX_OFFERS
from parsers.product.page import MAX_PAGE
from parsers.product.scan import MAX_DEPTH, MAX_JSON, MAX_SCRIPTS, MAX_TAGS, scan
from parsers.text import MAX_TEXT

CPU_SECONDS = 4
"""CPU time on a slow machine; each page takes up to 0.1 s on a fast one, and ten seconds or more without its limit."""

ITEM = '<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Atlas</b><b itemprop="price">5</b>'


def ld(json: str) -> str:
    return f'<script type="application/ld+json">{json}</script>'


def parse(markup: str) -> ProductPage:
    return parse_product_page(markup.encode())


def codes(page: ProductPage) -> set[ProblemCode]:
    return {problem.code for problem in page.problems}


def seconds(markup: str) -> float:
    """Return the CPU time for a page."""
    began = time.process_time()
    parse(markup)
    return time.process_time() - began


HOSTILE = {
    "nested arrays": ld("[" * 100_000 + "]" * 100_000),
    "nested objects": ld('{"a":' * 37_000),
    "open comments in JSON": ld("{" + "/*" * 100_000),
    "commas in JSON": ld("{" + ", " * 100_000),
    "escaped quotes in JSON": ld('{"' + '\\"' * 100_000),
    "white space before the end": ld('{"a":1} x' + " ;" * 100_000 + "x"),
    "references without end": ld(
        '{"@graph": [{"@id": "p", "@type": "Product", "name": "x", "offers": {"@id": "o"}}, {"@id": "o", "offers": ['
        + ", ".join(['{"@id": "o"}'] * 1_000)
        + "]}]}"
    ),
    "open HTML comments": "<!--" * 225_000,
    "angle brackets": "<" * 4_000_000,
    "open tags": "<meta " * 150_000,
    "open quotes": "<meta \"'" * 125_000,
    "open scripts": "<script>" * 125_000,
    "scripts": "<script>'<div itemprop=price>'</script>" * 25_000,
    "nested items": ITEM * 7_000,
    "nested elements": ITEM + "<div itemprop=x>" * 50_000,
    "formatting elements": ITEM + "".join(f"<b itemprop=x id={number}>" for number in range(25_000)),
    "options": ITEM + "<select itemprop=x>" + "<option itemprop=x>" * 37_000,
    "cells": ITEM + "<table><tr><td itemprop=x>" * 25_000,
    "attributes of one tag": ITEM + "<i itemprop=x " + " ".join(f"a{number}" for number in range(100_000)) + ">",
    "attributes of many tags": ITEM + ("<i itemprop=x " + " ".join(f"a{n}" for n in range(90)) + "></i>") * 9_000,
    "references to one element": '<i itemscope itemref="x" itemtype="Product"></i>' * 3_000
    + "<div id=x>" + "<b itemprop=price>1</b>" * 3_000,
    "one text in many properties": ITEM + "<i itemprop=name>" * 190 + "x" * 3_000_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_is_bounded(name: str) -> None:
    """A megabyte of markup that takes some parser quadratic time takes little."""
    assert seconds(HOSTILE[name]) < CPU_SECONDS


def test_json_nested_too_deeply_leaves_the_other_sources() -> None:
    page = parse(ld("[" * 200_000) + '<meta property="og:title" content="Atlas">')
    assert (page.title, codes(page)) == ("Atlas", {ProblemCode.BROKEN_JSON})


@pytest.mark.parametrize(
    "name", ["price", "offers", "priceSpecification", "seller", "name", "@graph", "hasVariant", "image"]
)
def test_deep_values_of_a_product(name: str) -> None:
    """Code that visits a value can handle any depth that the JSON reader accepts."""
    deep = f'{{"price": ["1", {{}}], "{name}": ' * 400 + "1" + "}" * 400
    page = parse(ld(f'{{"@type": "Product", "name": "Atlas", "offers": {deep}, "{name}": [{deep}, {deep}]}}'))
    assert ProductPage.from_wire(page.to_wire()) == page


def test_a_page_beyond_the_limit() -> None:
    """The parser reads everything within the limit, and reports that the rest is missing."""
    page = parse('<meta property="og:title" content="Atlas">' + " " * MAX_PAGE)
    assert (page.title, codes(page)) == ("Atlas", {ProblemCode.PAGE_CUT})
    assert parse('<meta property="og:title" content="Atlas">' + " " * 1_000_000).problems == ()


def test_scripts_beyond_the_limits() -> None:
    """JSON-LD beyond the limits is left out and counted; scripts of other types do not count towards them."""
    product = ld('{"@type": "Product", "name": "Atlas"}')
    page = parse(product + ld('"' + "x" * MAX_JSON + '"') + product)
    assert (page.title, codes(page)) == ("Atlas", {ProblemCode.JSON_CUT})
    page = parse(product + ld("{}") * (MAX_SCRIPTS + 5))
    assert page.problems[0].detail == "6 scripts"
    assert parse(product + "<script>var x = 1</script>" * (MAX_SCRIPTS + 5)).problems == ()


@pytest.mark.parametrize("count", [MAX_OFFERS, MAX_OFFERS + 7, 5_000])
def test_more_offers_than_are_kept(count: int) -> None:
    """The parser keeps the first offers and counts all others."""
    offers = ", ".join(f'{{"price": "{price + 1}"}}' for price in range(count))
    page = parse(ld(f'{{"@type": "Product", "name": "Atlas", "offers": [{offers}]}}'))
    assert len(page.offers) == MAX_OFFERS
    said = [problem.detail for problem in page.problems if problem.code is ProblemCode.OFFERS_CUT]
    assert said == ([f"{count - MAX_OFFERS} left out"] if count > MAX_OFFERS else [])


def test_elements_nested_too_deeply() -> None:
    """The parser reads elements within the limit; it leaves out and counts those beyond it."""
    deep = (
        ITEM + '<div itemprop="x">' * (MAX_DEPTH + 10) + "</div>" * (MAX_DEPTH + 10) + "<b itemprop=sku>7</b>"
    )
    page = parse(deep)
    assert (page.title, page.sku, codes(page)) == ("Atlas", "7", {ProblemCode.MARKUP_CUT})
    assert scan(ITEM + "<div itemprop=x></div>" * 500).problems == []
    assert scan(ITEM + "<p itemprop=x>" * 500).problems == []  # each ends the previous one


def test_more_tags_than_are_parsed() -> None:
    """The parser keeps the first tags and counts the others."""
    found = scan(ITEM + "<i itemprop=x></i>" * MAX_TAGS)
    assert found.markup.count("<") == MAX_TAGS
    assert [problem.detail for problem in found.problems] == [f"{MAX_TAGS + ITEM.count('<')} tags"]
    page = parse(ITEM + "<i itemprop=x></i>" * MAX_TAGS)
    assert (page.title, codes(page)) == ("Atlas", {ProblemCode.MARKUP_CUT})


@pytest.mark.parametrize(
    "markup",
    [
        ITEM + "<i itemprop=sku>1</i>" * (MAX_PROPERTIES + 1),
        ITEM + "<i itemprop=name>" * 100 + "x" * (MAX_PAGE // 2),
        "<i itemscope itemref=x itemtype=Product></i>" * (MAX_REFERRING + 1) + "<b id=x itemprop=price>1</b>",
    ],
)
def test_properties_beyond_the_limits(markup: str) -> None:
    """The parser reports the properties that it leaves out."""
    assert ProblemCode.MARKUP_CUT in codes(parse(markup))


def test_texts_and_problems_are_bounded() -> None:
    """Every text of a page, including its problems, and the list of problems have a maximum length."""
    offers = ", ".join(f'{{"price": "free {number}"}}' for number in range(MAX_PROBLEMS + 5))
    page = parse(ld(f'{{"@type": "Product", "name": "{"x" * 9_999}", "offers": [{offers}]}}'))
    assert len(page.title) == MAX_TEXT
    assert codes(page) == {ProblemCode.TEXT_CUT, ProblemCode.UNREADABLE_PRICE, ProblemCode.MORE_PROBLEMS}
    assert len(page.problems) == MAX_PROBLEMS + 1
    assert max(len(problem.detail) for problem in page.problems) <= 80


@pytest.mark.parametrize(
    "script", ["", "null", "[]", "<!-- -->", "/* nothing */", "  ;", '{"a": 1}{"b": 2}; [3]']
)
def test_valid_scripts(script: str) -> None:
    """An empty script and several values in sequence are valid."""
    assert read_json_ld(script) is not None


@pytest.mark.parametrize("script", ["{", "x", '{"a": 1', "{'a': 1}", '{"a" 1}', "{{product}}", '{"a": 1} x'])
def test_invalid_scripts(script: str) -> None:
    assert read_json_ld(script) is None
