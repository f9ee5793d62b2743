"""Searches for wishes: the surest query first, what was not found, and the totals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from crawler.books.pipeline import SelectionCriteria
from crawler.results import SearchResult
from crawler.verdict import Verdict
from crawler.webapp.wishes.matching import Match
from crawler.webapp.wishes.reading import Wish
from crawler.webapp.wishes.searching import Finding, look_up, look_up_all, totals_of
from parsers.model import Contributor
from tests.factories import make_empty_result, make_listing, make_page, make_result


def book(number: int, title: str, author: str, price: str, **over: Any) -> Any:
    return make_listing(
        product_id=str(number), title=title, subtitle="", price=Decimal(price), price_text=f"¥{price}",
        contributors=(Contributor(author, "著"),), contributors_text=f"{author} 著", **over,
    )  # fmt: skip


THREE_BODY = [
    book(1, "三体", "刘慈欣", "30.00", rating=4.0, reviews=10),
    book(2, "三体（典藏版）", "刘慈欣", "60.00", rating=5.0, reviews=90_000),
    book(3, "三体漫画", "刘慈欣", "9.00"),
]


class Shop:
    """Answers to queries; any other query finds nothing."""

    def __init__(self, answers: Mapping[str, SearchResult | Sequence[Any]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def search(self, query: str) -> SearchResult:
        self.asked.append(query)
        answer = self.answers.get(query, ())
        return answer if isinstance(answer, SearchResult) else make_result(answer)


BLOCKED = make_empty_result(make_page(1, verdict=Verdict.BLOCKED, detail="405"))


async def test_the_cheapest_and_the_best_of_the_surest_matches() -> None:
    shop = Shop({"三体 刘慈欣": THREE_BODY})
    found = await look_up(Wish("三体", "刘慈欣"), shop.search)
    assert found.match is Match.TITLE_AUTHOR
    assert found.cheapest is not None
    assert found.best is not None
    assert (found.cheapest.product_id, found.best.product_id, found.books) == ("1", "2", 2)
    assert (found.is_sure, shop.asked, found.query) == (True, ["三体 刘慈欣"], "三体 刘慈欣")


async def test_an_isbn_comes_first_then_title_and_author_then_the_title() -> None:
    wish = Wish("三体", "刘慈欣", "9787536692930")
    shop = Shop({"9787536692930": THREE_BODY[:1], "三体": THREE_BODY})
    assert (await look_up(wish, shop.search)).match is Match.ISBN
    assert shop.asked == ["9787536692930"]
    shop = Shop({"三体": THREE_BODY})
    assert (await look_up(wish, shop.search)).match is Match.TITLE_AUTHOR
    assert shop.asked == ["9787536692930", "三体 刘慈欣", "三体"]


async def test_a_similar_book_is_shown_only_when_no_other_is_found() -> None:
    shop = Shop({"三体 刘慈欣": THREE_BODY[2:], "三体": THREE_BODY})
    assert (await look_up(Wish("三体", "刘慈欣"), shop.search)).match is Match.TITLE_AUTHOR
    shop = Shop({"三体 刘慈欣": THREE_BODY[2:]})
    found = await look_up(Wish("三体", "刘慈欣"), shop.search)
    assert (found.match, found.is_sure, found.query) == (Match.SIMILAR, False, "三体 刘慈欣")


async def test_what_is_not_found_and_what_is_not_known_are_different() -> None:
    assert await look_up(Wish("三体"), Shop({}).search) == Finding(Wish("三体"), query="三体")
    found = await look_up(Wish("三体"), Shop({"三体": BLOCKED}).search)
    assert (found.match, found.problem) == (None, "405")


async def test_a_book_that_is_sold_out_is_said_to_be() -> None:
    gone = make_result([book(1, "三体", "刘慈欣", "30.00", sold_out=True)], criteria=SelectionCriteria())
    found = await look_up(Wish("三体", "刘慈欣"), Shop({"三体": gone}).search)
    assert (found.match, found.sold_out) == (None, True)


async def test_all_wishes_are_searched_a_few_at_a_time() -> None:
    running, most = 0, 0

    async def search(query: str) -> SearchResult:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return make_result([book(1, query, "谁", "10.00")])

    found: dict[int, Finding] = {}
    await look_up_all([Wish(f"书{number}") for number in range(20)], search, found.__setitem__)
    assert sorted(found) == list(range(20))
    assert most == 3


async def test_the_totals_count_what_is_sure_apart_from_the_rest() -> None:
    shop = Shop({
        "三体 刘慈欣": THREE_BODY,
        "漫画": THREE_BODY[2:],
        "坏": BLOCKED,
        "售罄": [book(7, "售罄", "谁", "5.00", sold_out=True)],
        "无评": [book(8, "无评", "谁", "11.50", rating=None, reviews=None)],
    })  # fmt: skip
    titles = [Wish("三体", "刘慈欣"), *map(Wish, ["漫画", "坏", "售罄", "无评", "没有"])]
    totals = totals_of([await look_up(wish, shop.search) for wish in titles])
    assert (totals.found, totals.similar, totals.sold_out, totals.missing, totals.failed) == (2, 1, 1, 1, 1)
    assert (totals.cheapest, totals.best) == (Decimal("41.50"), Decimal("71.50"))
    assert totals.similar_cheapest == Decimal("9.00")


@pytest.mark.parametrize("length", [99, 100, 150])
async def test_a_query_is_never_too_long(length: int) -> None:
    shop = Shop({})
    await look_up(Wish("书" * min(length, 100), "人" * 50), shop.search)
    assert all(len(query) <= 100 for query in shop.asked)
