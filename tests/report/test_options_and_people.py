"""Reports for people show the lowest price of several options, and all the contributors of a book."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crawler.report import render
from parsers.model import Contributor, Flag
from tests.factories import make_listing, make_result

PEOPLE = (Contributor("安·李", "著", "美", "Ann Lee"), Contributor("王五", "译"), Contributor("赵六", "绘"))


@pytest.mark.parametrize("name", ["table", "md", "html"])
@pytest.mark.parametrize(
    ("lang", "words"), [("en", "from ¥54.50"), ("zh-Hans", "¥54.50起"), ("zh-Hant", "¥54.50起")]
)
def test_a_lowest_price_says_that_it_is_one(name: str, lang: str, words: str) -> None:
    """The price of a product with several options is «from», in the list and among dropped products."""
    options = make_listing(price=Decimal("54.50"), flags=frozenset({Flag.OPTIONS}), volumes=None)
    plain = make_listing(product_id="29000001", title="红队实战", price=Decimal("60.00"))
    report = render(make_result([options, plain]), name, lang=lang, width=160)
    assert isinstance(report, str)
    assert words in report
    dropped = make_result([plain], dropped=(("off_topic", options),))
    report = render(dropped, name, lang=lang, width=160, show_dropped=True)
    assert isinstance(report, str)
    assert words in report


@pytest.mark.parametrize("name", ["table", "md", "html"])
def test_translators_and_illustrators_are_named(name: str) -> None:
    """The other contributors to a book stand beside its author, by role."""
    report = render(make_result([make_listing(contributors=PEOPLE)]), name, lang="zh-Hans", width=160)
    assert isinstance(report, str)
    assert "安·李" in report
    assert "王五 译" in report
    assert "赵六 绘" in report
