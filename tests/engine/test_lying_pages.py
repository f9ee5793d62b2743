"""Wrong or incomplete pages, over real HTTP: requested again, and never accepted silently."""

from __future__ import annotations

from typing import Any

import pytest

from crawler import Crawler, PageRejected, SearchFinished, SearchResult, Settings, Verdict, crawl
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from tests.engine.inline import INLINE

QUERY = "滲透測試"


async def search(*faults: Fault, **options: Any) -> tuple[SearchResult, DemoShop]:
    async with DemoShop(faults=faults) as shop:
        return await crawl(
            QUERY, pages=3, price_check=0, base_url=shop.base_url, executor=INLINE, **options
        ), shop


def verdicts(result: SearchResult) -> list[str]:
    return [page.verdict.value for page in result.pages]


def asked(shop: DemoShop, page: int) -> int:
    return sum(request.page == page for request in shop.searches)


LIES = [
    (FaultKind.OTHER_QUERY, "unexpected_page", "«山海经»", 2),
    (FaultKind.OTHER_PAGE, "unexpected_page", "page 3 instead of page 2", 2),
    (FaultKind.CUT, "truncated", "(after 3 attempts)", 3),
]


@pytest.mark.parametrize(("kind", "verdict", "words", "requests"), LIES)
async def test_a_lie_for_good_costs_its_page(
    kind: FaultKind, verdict: str, words: str, requests: int
) -> None:
    """Books of another query or page, or half a page, are in no report; the page says what was received."""
    result, shop = await search(Fault(kind, pages={2}))
    assert verdicts(result) == ["ok", verdict, "ok"]
    assert words in result.pages[1].detail
    assert (asked(shop, 2), result.pages[1].attempts) == (requests, requests)
    assert (result.counts.listings, result.complete) == (120, False)


@pytest.mark.parametrize("kind", [kind for kind, *_ in LIES])
async def test_a_lie_told_once_costs_nothing(kind: FaultKind) -> None:
    """The page is requested again, and the books are those of a correct shop."""
    result, shop = await search(Fault(kind, pages={2}, times=1))
    honest, _ = await search()
    assert verdicts(result) == ["ok", "ok", "ok"]
    assert asked(shop, 2) == 2
    assert result.books == honest.books


@pytest.mark.parametrize("kind", [kind for kind, *_ in LIES])
async def test_one_attempt_is_one_attempt(kind: FaultKind) -> None:
    """With one attempt allowed, there is no second one for a wrong page, either."""
    result, shop = await search(Fault(kind, pages={2}), attempts=1)
    assert result.pages[1].verdict.failed
    assert asked(shop, 2) == 1


async def test_every_page_of_another_search() -> None:
    """A shop that always answers another query has not answered."""
    result, _ = await search(Fault(FaultKind.OTHER_QUERY))
    assert verdicts(result) == ["unexpected_page"] * 3
    assert (result.had_a_page, result.books) == (False, ())


async def test_a_rejected_answer_is_an_event() -> None:
    """An event has the reason for requesting a page again; its attempts continue to count."""
    fault = Fault(FaultKind.CUT, pages={1}, times=2)
    async with (
        DemoShop(faults=[fault]) as shop,
        Crawler(Settings(base_url=shop.base_url, price_check=0), executor=INLINE) as crawler,
    ):
        events = [event async for event in crawler.search(QUERY, pages=1)]
    rejected = [event for event in events if isinstance(event, PageRejected)]
    assert [event.page for event in rejected] == [1, 1]
    assert "before its list" in rejected[0].detail
    finished = events[-1]
    assert isinstance(finished, SearchFinished)
    assert (finished.result.pages[0].verdict, finished.result.pages[0].attempts) == (Verdict.OK, 3)
