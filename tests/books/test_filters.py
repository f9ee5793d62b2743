"""Filters: each one separately, missing information, and the book judged as a whole."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crawler.books import FILTERS
from crawler.books.filters import Filters
from crawler.books.pipeline import SelectionCriteria, build_books
from crawler.query import simplified
from parsers.model import Contributor, Flag
from tests.factories import make_listing


@pytest.mark.parametrize(
    ("wanted", "facts", "passes"),
    [
        ({"max_volume_price": Decimal(39)}, {"price": Decimal("39.00")}, True),
        ({"max_volume_price": Decimal(39)}, {"price": Decimal("39.01")}, False),
        ({"max_volume_price": Decimal(20)}, {"price": Decimal("60.00"), "volumes": 3}, True),
        ({"max_volume_price": Decimal(20)}, {"price": Decimal("60.01"), "volumes": 3}, False),
        # of a set that does not say its size all of it must cost no more
        ({"max_volume_price": Decimal(20)}, {"price": Decimal("20.00"), "volumes": None}, True),
        ({"max_volume_price": Decimal(20)}, {"price": Decimal("60.00"), "volumes": None}, False),
        ({"max_volume_price": Decimal(20)}, {"price": None}, False),
        ({"max_volume_price": Decimal(20)}, {"price": None, "ebook_only": True, "ebook_price": Decimal(9)}, True),
        ({"publisher": "邮电"}, {"publisher": "人民邮电出版社"}, True),
        ({"publisher": "o'reilly"}, {"publisher": "O'Reilly Media"}, True),
        ({"publisher": "ＯＲＥＩＬＬＹ"}, {"publisher": "OReilly"}, True),
        ({"publisher": "邮电"}, {"publisher": "电子工业出版社"}, False),
        ({"publisher": "邮电"}, {"publisher": None}, False),
        ({"author": "罗素"}, {"contributors_text": "[美]斯图尔特·罗素 著，张博雅 译"}, True),
        ({"author": "张博雅"}, {"contributors_text": "[美]斯图尔特·罗素 著，张博雅 译"}, True),
        ({"author": "J.K.罗琳"}, {"contributors_text": "J·K·罗琳 著"}, True),
        ({"author": "stuart  russell"}, {"contributors_text": "Stuart Russell"}, True),
        ({"author": "Stuart Russell"}, {"contributors_text": "[美]斯图尔特·罗素（Stuart Russell） 著"}, True),
        ({"author": "张三"}, {"contributors_text": "主编 张三 李四"}, True),
        ({"author": "罗贯中", "simplified": simplified}, {"contributors_text": "羅貫中 著"}, True),
        ({"author": "李四"}, {"contributors_text": "张三 著"}, False),
        ({"author": "李四"}, {"contributors_text": ""}, False),
        ({"since": 2021}, {"published": dt.date(2021, 1, 1)}, True),
        ({"since": 2021}, {"published": dt.date(2020, 12, 31)}, False),
        ({"since": 2021}, {"published": None}, False),
        ({"min_reviews": 100}, {"reviews": 100}, True),
        ({"min_reviews": 100}, {"reviews": 99}, False),
        ({"min_reviews": 1}, {"reviews": None}, False),
        ({"min_reviews": 0}, {"reviews": None}, True),
        ({"condition": "any"}, {"flags": frozenset({Flag.SECOND_HAND})}, True),
        ({"condition": "new"}, {"flags": frozenset({Flag.SECOND_HAND})}, False),
        ({"condition": "new"}, {}, True),
        ({"condition": "used"}, {"flags": frozenset({Flag.SECOND_HAND})}, True),
        ({"condition": "used"}, {"flags": frozenset({Flag.BUNDLE})}, False),
    ],
)  # fmt: skip
def test_each_filter_asks_its_own_fact(wanted: dict[str, Any], facts: dict[str, Any], passes: bool) -> None:
    """Missing information does not meet a condition; the reason is the filter's name."""
    reason = Filters(**wanted).reason((make_listing(**facts),))
    assert reason == (None if passes else next(iter(wanted)))


def test_no_filter_lets_everything_pass() -> None:
    """Without conditions, a book without any information passes."""
    assert Filters().reason((make_listing(price=None, publisher=None, published=None, reviews=None),)) is None


def test_the_first_filter_that_fails_is_named() -> None:
    """Filters apply in the order of FILTERS; each of its names is a field."""
    facts: dict[str, Any] = {
        "price": Decimal(90), "publisher": None, "contributors_text": "", "published": None, "reviews": None
    }  # fmt: skip
    wanted: dict[str, Any] = {
        "condition": "used", "max_volume_price": Decimal(1), "publisher": "邮电", "author": "李四",
        "since": 2021, "min_reviews": 5,
    }  # fmt: skip
    assert tuple(wanted) == FILTERS
    for name in FILTERS:
        assert Filters(**wanted).reason((make_listing(**facts),)) == name
        del wanted[name]


def test_a_filter_asks_the_whole_book() -> None:
    """Information from one offer counts for the whole book: the cheap bare copy passes, and stays first."""
    cheap = make_listing(
        product_id="1", title="像黑客一样思考：测试者的第一本书", price=Decimal("10.00"), publisher=None,
        contributors=(), contributors_text="", published=None, rating=None, reviews=None,
    )  # fmt: skip
    full = make_listing(
        product_id="2", title="像黑客一样思考：测试者的第一本书", price=Decimal("50.00"), position=2,
        contributors=(Contributor("李四", "著"),), contributors_text="李四 著", publisher="海岸出版社",
        published=dt.date(2023, 5, 1), reviews=500,
    )  # fmt: skip
    filters = Filters(
        max_volume_price=Decimal(20), publisher="海岸", author="李四", since=2023, min_reviews=500
    )
    book_list = build_books([(1, [cheap, full])], SelectionCriteria(filters=filters))
    assert [book.offers for book in book_list.books] == [(cheap, full)]
    assert (book_list.counts.kept, book_list.counts.books) == (2, 1)


def test_a_book_that_is_dropped_takes_its_offers_along() -> None:
    """Each offer of a dropped book is counted under the filter's name, in page order."""
    offers = [
        make_listing(product_id=str(number), position=number, price=Decimal(50 - number))
        for number in (1, 2, 3)
    ]
    book_list = build_books([(1, offers)], SelectionCriteria(filters=Filters(since=2024)))
    assert book_list.books == ()
    assert book_list.dropped == tuple(("since", offer) for offer in offers)
    assert book_list.counts.dropped["since"] == 3
