"""A search over real HTTP against the demo shop: every page ends with a verdict, and nothing is lost silently."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from aiohttp import web

from crawler import (
    Attempt,
    Crawler,
    EngineClosedError,
    Event,
    PageFinished,
    PagesKnown,
    SearchFinished,
    SearchResult,
    SearchStarted,
    Settings,
    SettingsError,
    UsageError,
    Verdict,
    WorkerEvent,
    crawl,
)
from crawler.books import FILTERS, KEEPABLE
from crawler.demo.catalogue import catalogue
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.markup import render_search_page
from crawler.demo.server import DemoShop
from tests.engine.inline import INLINE
from tests.processes import children, gone

QUERY = "滲透測試"


async def search(shop: DemoShop, **options: Any) -> SearchResult:
    wanted: dict[str, Any] = {"pages": 3, "price_check": 0, "base_url": shop.base_url} | options
    return await crawl(QUERY, **wanted)


def verdicts(result: SearchResult) -> dict[int, str]:
    return {page.page: str(page.verdict) for page in result.pages}


async def events_of(crawler: Crawler, query: str, **options: Any) -> list[Event]:
    return [event async for event in crawler.search(query, **options)]


async def test_twenty_pages_are_a_whole_answer(shop: DemoShop) -> None:
    """Twenty pages of sixty, the query in Simplified Chinese, and books in order of price."""
    result = await search(shop, pages=20)
    assert verdicts(result) == dict.fromkeys(range(1, 21), "ok")
    assert (result.query, result.query_sent) == (QUERY, "渗透测试")
    assert result.complete
    assert not result.demo  # an address is not taken for the demo because the demo happens to be there
    assert result.counts.listings == 1200
    assert result.counts.kept == result.counts.unique - sum(result.counts.dropped.values())
    assert result.counts.books == len(result.books) <= result.counts.kept
    assert sum(len(book.offers) for book in result.books) == result.counts.kept
    assert all(result.counts.dropped[reason] > 0 for reason in KEEPABLE)
    assert not any(result.counts.dropped[name] for name in FILTERS)
    prices = [book.price for book in result.books if book.price is not None]
    assert prices == sorted(prices)
    assert len(prices) == len(result.books)
    assert [book.rank for book in result.books] == list(range(1, len(result.books) + 1))
    assert len(shop.searches) == 20
    assert {request.query for request in shop.searches} == {"渗透测试"}


async def test_the_same_pages_give_the_same_books(shop: DemoShop) -> None:
    """Two runs differ only in their times, whatever the order in which pages arrive."""
    async with DemoShop(faults=[Fault(FaultKind.LATENCY, pages={1, 2}, delay=0.3)]) as late:
        first, second = (
            await search(shop, pages=6, executor=INLINE),
            await search(late, pages=6, executor=INLINE),
        )
    assert first.books == second.books
    assert first.counts == second.counts
    assert [page.listings for page in first.pages] == [page.listings for page in second.pages]


async def test_no_more_requests_at_once_than_allowed() -> None:
    """Pages are requested in parallel, without waiting for page 1, but within the concurrency limit."""
    async with DemoShop(latency=0.1) as shop:
        await search(shop, pages=20, concurrency=4, executor=INLINE)
        assert shop.peak_in_flight == 4


FAULTS = [
    # what the shop does on page 2, the page's verdict, words of its detail, requests for it
    (Fault(FaultKind.STATUS, pages={2}, status=503), Verdict.HTTP_ERROR, "503", 3),
    (Fault(FaultKind.STATUS, pages={2}, status=500), Verdict.HTTP_ERROR, "500", 3),
    (Fault(FaultKind.STATUS, pages={2}, status=404), Verdict.HTTP_ERROR, "404", 1),
    (Fault(FaultKind.STATUS, pages={2}, status=403), Verdict.BLOCKED, "403", 1),
    (Fault(FaultKind.STATUS, pages={2}, status=429), Verdict.BLOCKED, "429", 3),
    (Fault(FaultKind.RESET, pages={2}), Verdict.NETWORK_ERROR, "closed", 3),
    (Fault(FaultKind.TRUNCATED, pages={2}), Verdict.NETWORK_ERROR, "broke off", 3),
    (Fault(FaultKind.TRUNCATED_CHUNKED, pages={2}), Verdict.NETWORK_ERROR, "broke off", 3),
    (Fault(FaultKind.ENDLESS, pages={2}), Verdict.TOO_LARGE, "larger than", 1),
    (Fault(FaultKind.GZIP_BOMB, pages={2}), Verdict.TOO_LARGE, "larger than", 1),
    (Fault(FaultKind.FIREWALL, pages={2}), Verdict.BLOCKED, "405", 1),
    (Fault(FaultKind.FIREWALL, pages={2}, status=200), Verdict.BLOCKED, "200", 1),
    (Fault(FaultKind.SLIDER, pages={2}), Verdict.BLOCKED, "200", 1),
    (Fault(FaultKind.LOGIN, pages={2}), Verdict.BLOCKED, "login", 1),
    (Fault(FaultKind.EMPTY, pages={2}), Verdict.BLOCKED, "empty", 1),
    (Fault(FaultKind.SCRIPT_ONLY, pages={2}), Verdict.BLOCKED, "Script", 1),
    (Fault(FaultKind.CHANGED_LAYOUT, pages={2}), Verdict.LAYOUT_CHANGED, "0 items found", 1),
    (Fault(FaultKind.PRICES_GONE, pages={2}), Verdict.LAYOUT_CHANGED, "a price", 1),
    (Fault(FaultKind.HOME, pages={2}), Verdict.UNEXPECTED_PAGE, "not a search page", 1),
    (Fault(FaultKind.NOT_FOUND, pages={2}), Verdict.UNEXPECTED_PAGE, "not a search page", 1),
    (Fault(FaultKind.NO_RESULTS, pages={2}), Verdict.UNEXPECTED_PAGE, "found nothing", 1),
]


def fault_name(value: object) -> str | None:
    return f"{value.kind}-{value.status or value.charset}" if isinstance(value, Fault) else None


@pytest.mark.parametrize(("fault", "verdict", "words", "requests"), FAULTS, ids=fault_name)
async def test_a_faulty_page_costs_itself_alone(
    fault: Fault, verdict: Verdict, words: str, requests: int
) -> None:
    """Page 2 fails with its verdict and reason; pages 1 and 3 are in the report, which is incomplete."""
    async with DemoShop(faults=[fault]) as shop:
        result = await search(shop, max_body_bytes=1_000_000, executor=INLINE)
    assert verdicts(result) == {1: "ok", 2: str(verdict), 3: "ok"}
    assert words in result.pages[1].detail
    assert not result.complete
    assert [page.page for page in result.failed] == [2]
    assert result.counts.listings == 120
    seen = sum(1 for request in shop.requests if request.page == 2)
    # A reset on a reused connection is repeated on a new one: a request more, and no attempt.
    most = 2 * requests if fault.kind is FaultKind.RESET else requests
    assert requests <= seen <= most
    assert result.pages[1].attempts == requests


HEALED = [
    Fault(FaultKind.STATUS, pages={2}, status=503, times=2),
    Fault(FaultKind.STATUS, pages={2}, status=429, retry_after=1, times=1),
    Fault(FaultKind.RESET, pages={2}, times=2),
    Fault(FaultKind.TRUNCATED, pages={2}, times=1),
    Fault(FaultKind.WRONG_CHARSET, pages={2}),
    Fault(FaultKind.WRONG_CHARSET, pages={2}, charset="latin-1"),
    Fault(FaultKind.UTF8, pages={2}),
]


@pytest.mark.parametrize("fault", HEALED, ids=fault_name)
async def test_what_can_be_saved_is_saved(shop: DemoShop, fault: Fault) -> None:
    """Temporary failures and a wrong charset cost nothing: the books are those of a healthy shop."""
    async with DemoShop(faults=[fault]) as faulty:
        result = await search(faulty, executor=INLINE)
    healthy = await search(shop, executor=INLINE)
    assert result.complete
    assert result.books == healthy.books


async def test_pages_beyond_the_last_are_dropped() -> None:
    """Once the shop states its number of pages, later ones are not requested, and nothing has failed."""
    async with DemoShop(latency=0.05) as shop:
        async with Crawler(
            Settings(base_url=shop.base_url, price_check=0, concurrency=2), executor=INLINE
        ) as crawler:
            events = await events_of(crawler, QUERY, pages=100, min_price=5, max_price=9)
        finished = events[-1]
        assert isinstance(finished, SearchFinished)
        result = finished.result
        available = result.available
        assert available is not None
        assert 1 <= available < 90
        assert [e.available for e in events if isinstance(e, PagesKnown)] == [available]
        assert verdicts(result) == {n: "ok" if n <= available else "past_end" for n in range(1, 101)}
        assert result.complete
        assert len(shop.searches) < available + 4


async def test_pages_come_back_when_the_shop_states_more() -> None:
    """A page that was given up as past the end is requested if another page states more pages."""
    books = catalogue("渗透测试")

    async def answer(request: web.Request) -> web.Response:
        page = int(request.rel_url.query["page_index"])
        if page > 1:
            await asyncio.sleep(0.3)
        stated = 2 if page == 1 else 8
        body = render_search_page(
            books.page(page), query="渗透测试", page=page, pages=stated, total=60 * stated
        )
        return web.Response(body=body, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with Crawler(Settings(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}")) as crawler:
            events = await events_of(crawler, QUERY, pages=8, price_check=0)
    finally:
        await runner.cleanup()
    finished = events[-1]
    assert isinstance(finished, SearchFinished)
    assert [e.available for e in events if isinstance(e, PagesKnown)] == [2, 8]
    assert verdicts(finished.result) == dict.fromkeys(range(1, 9), "ok")
    told = [
        (e.page, str(e.verdict), e.revised) for e in events if isinstance(e, PageFinished) and e.page == 5
    ]
    assert told == [(5, "past_end", False), (5, "ok", True)]


async def test_closing_the_engine_ends_its_searches() -> None:
    """If its engine is closed, a running search gives its result, marked; nothing is raised in its reader."""
    faults = [Fault(FaultKind.LATENCY, pages=range(2, 100), delay=30)]
    async with DemoShop(faults=faults) as shop:
        async with Crawler(Settings(base_url=shop.base_url, price_check=0)) as crawler:
            reading = asyncio.create_task(events_of(crawler, QUERY, pages=5))
            while len(shop.searches) < 5:  # noqa: ASYNC110 – the shop's log is a plain list
                await asyncio.sleep(0.02)
        events = await reading
    assert isinstance(events[-1], SearchFinished)
    assert events[-1].result.stopped == "the engine was closed"
    assert children() == []


async def test_cancelling_crawl_leaves_no_process() -> None:
    """Cancelled, even twice while it closes, `crawl()` ends its workers all the same."""
    async with DemoShop(faults=[Fault(FaultKind.NESTED, pages={1})]) as shop:
        crawling = asyncio.create_task(search(shop, pages=1, parse_timeout=60))
        while not any(child.cpu_times().user > 1 for child in children()):  # noqa: ASYNC110 – another process
            await asyncio.sleep(0.05)
        (worker,) = children()
        crawling.cancel()
        await asyncio.sleep(0)
        crawling.cancel()
        await asyncio.wait([crawling])
        assert await gone(worker.pid)


async def test_a_list_that_repeats_itself_is_at_its_end() -> None:
    """A page with the products of the previous page is past the end, counted once, with a note."""
    async with DemoShop(faults=[Fault(FaultKind.REPEATS, pages={3})]) as shop:
        result = await search(shop, executor=INLINE)
    assert verdicts(result) == {1: "ok", 2: "ok", 3: "past_end"}
    assert result.counts.listings == 120
    assert any("page 3" in note and "same products as page 2" in note for note in result.notes)


async def test_nothing_found_is_an_honest_answer() -> None:
    """The shop's own «nothing found» is not a failure: 0 pages available, none ok, none failed."""
    async with DemoShop(faults=[Fault(FaultKind.NO_RESULTS)]) as shop:
        result = await search(shop, pages=20, executor=INLINE)
    assert set(verdicts(result).values()) == {"no_results"}
    assert (result.available, result.complete, result.had_a_page) == (0, True, True)
    assert result.counts.listings == 0


async def test_nothing_found_by_mistake_ends_no_search() -> None:
    """Page 1 says «nothing found» at once, and page 2 arrives late with books: the search continues."""
    faults = [Fault(FaultKind.NO_RESULTS, pages={1}), Fault(FaultKind.LATENCY, delay=0.3, pages={2, 3})]
    async with DemoShop(faults=faults) as shop:
        result = await search(shop, executor=INLINE)
    assert verdicts(result) == {1: "unexpected_page", 2: "ok", 3: "ok"}


async def test_nobody_there() -> None:
    """Without a server, robots.txt permits nothing; a search that ignores it meets a network error."""
    async with DemoShop() as shop:
        closed = shop.base_url
    denied = await crawl(QUERY, pages=2, price_check=0, base_url=closed, attempts=1, executor=INLINE)
    assert verdicts(denied) == {1: "robots_denied", 2: "robots_denied"}
    assert denied.pages[0].detail.startswith("robots.txt could not be fetched: no connection to 127.0.0.1")
    result = await crawl(
        QUERY, pages=2, price_check=0, base_url=closed, attempts=1, executor=INLINE, obey_robots=False
    )
    assert verdicts(result) == {1: "network_error", 2: "network_error"}
    assert "127.0.0.1" in result.pages[0].detail
    assert not result.had_a_page


async def test_the_events_tell_the_whole_story() -> None:
    """Start first, result last, every attempt with its wait, and one final verdict per page."""
    fault = Fault(FaultKind.STATUS, pages={2}, status=503, times=1)
    async with (
        DemoShop(faults=[fault]) as shop,
        Crawler(Settings(base_url=shop.base_url, price_check=0)) as crawler,
    ):
        events = await events_of(crawler, QUERY, pages=3)
    assert isinstance(events[0], SearchStarted)
    assert (events[0].query_sent, events[0].pages) == ("渗透测试", 3)
    assert isinstance(events[-1], SearchFinished)
    attempts = [(e.page, e.number, e.retry_in is not None) for e in events if isinstance(e, Attempt)]
    assert sorted(attempts) == [(1, 1, False), (2, 1, True), (2, 2, False), (3, 1, False)]
    pages = [event for event in events if isinstance(event, PageFinished)]
    assert sorted(page.page for page in pages) == [1, 2, 3]
    assert pages[-1].books == events[-1].result.counts.kept
    assert pages[-1].cheapest == events[-1].result.books[0].price
    assert any(isinstance(event, WorkerEvent) and event.what == "started" for event in events)


async def test_a_verdict_may_be_revised() -> None:
    """Page 3 repeats page 2 but arrives first: it is `ok` until page 2 arrives."""
    faults = [Fault(FaultKind.REPEATS, pages={3}), Fault(FaultKind.LATENCY, pages={2}, delay=0.4)]
    async with (
        DemoShop(faults=faults) as shop,
        Crawler(Settings(base_url=shop.base_url, price_check=0), executor=INLINE) as crawler,
    ):
        events = await events_of(crawler, QUERY, pages=3)
    third = [(str(e.verdict), e.revised) for e in events if isinstance(e, PageFinished) and e.page == 3]
    assert third == [("ok", False), ("past_end", True)]


async def test_a_reader_that_sleeps_stalls_nothing() -> None:
    """The crawl continues while nobody reads its events."""
    async with DemoShop() as shop, Crawler(Settings(base_url=shop.base_url, price_check=0)) as crawler:
        events = crawler.search(QUERY, pages=10)
        await anext(events)
        deadline = time.monotonic() + 20
        while len(shop.searches) < 10:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        rest = [event async for event in events]
    assert isinstance(rest[-1], SearchFinished)
    assert rest[-1].result.complete


async def test_a_deadline_ends_the_run_with_what_there_is() -> None:
    """Pages without a response in time are `not_asked`, with the reason."""
    faults = [Fault(FaultKind.LATENCY, pages=range(2, 100), delay=600)]
    async with DemoShop(faults=faults) as shop:
        result = await search(shop, pages=20, max_seconds=1.5, executor=INLINE)
    assert verdicts(result) == {1: "ok"} | dict.fromkeys(range(2, 21), "not_asked")
    assert result.stopped == "the deadline of 1.5 s was reached"
    assert {page.detail for page in result.failed} == {result.stopped}
    assert result.counts.listings == 60


async def test_stop_ends_every_search_of_an_engine() -> None:
    """`stop()` cancels requests in flight at once; each search still gives its result."""
    faults = [Fault(FaultKind.LATENCY, pages=range(2, 100), delay=30)]
    async with (
        DemoShop(faults=faults) as shop,
        Crawler(Settings(base_url=shop.base_url, price_check=0), executor=INLINE) as crawler,
    ):

        async def watch(query: str) -> SearchResult:
            async for event in crawler.search(query, pages=5):
                if isinstance(event, PageFinished) and event.page == 1:
                    crawler.stop("enough")
                if isinstance(event, SearchFinished):
                    return event.result
            raise AssertionError("no result")

        first, second = await asyncio.gather(watch(QUERY), watch("人工智能"))
    assert first.stopped == second.stopped == "enough"
    assert verdicts(first)[5] == verdicts(second)[5] == "not_asked"


async def test_leaving_the_events_leaves_nothing_behind() -> None:
    """Breaking out of a search cancels its requests, and closing the engine ends its processes."""
    faults = [Fault(FaultKind.LATENCY, pages=range(2, 100), delay=30)]
    async with DemoShop(faults=faults) as shop:
        async with Crawler(Settings(base_url=shop.base_url, price_check=0)) as crawler:
            events = crawler.search(QUERY, pages=20)
            async for event in events:
                if isinstance(event, PageFinished):
                    break
            await events.aclose()
            asked = len(shop.searches)
            assert asked <= 11
        assert len(shop.searches) == asked
    assert children() == []


async def test_one_engine_many_searches(shop: DemoShop) -> None:
    """Searches in parallel and one after the other share an engine without mixing."""
    async with Crawler(Settings(base_url=shop.base_url, price_check=0)) as crawler:

        async def result(query: str) -> SearchResult:
            event = (await events_of(crawler, query, pages=2))[-1]
            assert isinstance(event, SearchFinished)
            return event.result

        together = await asyncio.gather(*(result(query) for query in (QUERY, "人工智能", "Python")))
        again = await result(QUERY)
    assert [r.query for r in together] == [QUERY, "人工智能", "Python"]
    assert again.books == together[0].books
    assert all(r.complete and r.counts.listings == 120 for r in together)


async def test_a_poisoned_page_costs_itself_alone() -> None:
    """60,000 nested tags occupy the parser for seconds: the page is given up, the others are in the report."""
    async with DemoShop(faults=[Fault(FaultKind.NESTED, pages={7})]) as shop:
        result = await search(shop, pages=20, parse_timeout=2.0)
    assert [(p.page, str(p.verdict)) for p in result.failed] == [(7, "parse_timeout")]
    assert result.counts.listings == 19 * 60
    assert children() == []


async def test_the_demo_is_marked(shop: DemoShop) -> None:
    """`demo=True` starts the embedded shop, and the result says so."""
    result = await crawl(QUERY, pages=1, price_check=0, demo=True, executor=INLINE)
    assert (result.demo, result.complete, result.counts.listings) == (True, True, 60)
    assert shop.requests == []


@pytest.mark.parametrize(
    ("query", "options", "error", "words"),
    [
        ("", {}, UsageError, "the query is empty"),
        ("  \t ", {}, UsageError, "the query is empty"),
        ("a" * 101, {}, UsageError, "101 characters"),
        ("a\x1b[31mb", {}, UsageError, r"U\+001B"),
        ("a\ud800", {}, UsageError, r"U\+D800"),
        (QUERY, {"pages": 0}, SettingsError, "pages must be"),
        (QUERY, {"pages": 101}, SettingsError, "pages must be"),
        (QUERY, {"page": 3}, SettingsError, "pages"),
        (QUERY, {"demo": True, "base_url": "http://127.0.0.1:1"}, UsageError, "its own address"),
    ],
    ids=str,
)
async def test_bad_input_is_refused_before_anything_starts(
    query: str, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    """One clear line names the error; nothing was started."""
    with pytest.raises(error, match=words) as caught:
        await crawl(query, **options)
    assert "\n" not in str(caught.value)
    assert children() == []


async def test_an_engine_is_used_inside_its_block() -> None:
    """A search outside `async with` is refused, before and after it."""
    crawler = Crawler()
    with pytest.raises(EngineClosedError):
        await anext(crawler.search(QUERY))
    async with crawler:
        with pytest.raises(UsageError, match="concurrency applies to the whole engine"):
            await anext(crawler.search(QUERY, concurrency=3))  # type: ignore[call-arg]  # mypy knows
        with pytest.raises(SettingsError, match="unknown setting page; the nearest is pages"):
            await anext(crawler.search(QUERY, page=3))  # type: ignore[call-arg]  # mypy knows
    with pytest.raises(EngineClosedError):
        await anext(crawler.search(QUERY))


@pytest.mark.parametrize(
    ("query", "faults", "suggestion"),
    [
        ("程式設計", [], "编程"),
        ("程式設計", [Fault(FaultKind.NO_RESULTS)], "编程"),
        ("程式設計", [Fault(FaultKind.FIREWALL)], None),  # nothing is known of what the shop has
        ("滑鼠", [], None),  # words of Taiwan that find plenty, though one page alone is read
        ("滲透測試", [Fault(FaultKind.NO_RESULTS)], None),  # no words of Taiwan
    ],
)
async def test_the_mainlands_wording_is_suggested_where_the_shop_has_little(
    query: str, faults: list[Fault], suggestion: str | None
) -> None:
    """Few products in the whole shop cause the suggestion, not few pages read or failed."""
    async with DemoShop(faults=faults) as shop:
        result = await crawl(query, pages=1, base_url=shop.base_url, executor=INLINE)
    assert result.suggestion == suggestion


class OutOfOrder(Executor):
    """Parses pages at once, except one: that one only after `others` more."""

    def __init__(self, late: int, others: int) -> None:
        self._late = late
        self._others = others
        self._release: Callable[[], None] | None = None

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        future = Future[Any]()
        if arguments[-1] == self._late:
            self._release = lambda: future.set_result(call(*arguments, **options))
            return future
        future.set_result(call(*arguments, **options))
        self._others -= 1
        if not self._others and self._release is not None:
            self._release()
        return future


async def test_a_good_page_that_is_parsed_late_does_not_hide_the_blocks_after_it() -> None:
    """Page 1 came before all blocks and is judged after four of them; the fifth in a row still ends the search."""
    fault = Fault(FaultKind.SLIDER, pages=range(2, 21))
    async with DemoShop(faults=[fault]) as shop:
        result = await search(shop, pages=20, concurrency=1, executor=OutOfOrder(late=1, others=4))
        requests = len(shop.searches)
    assert (result.stopped or "").startswith("the shop blocked 5 pages in a row")
    # When the fifth block shows, the other page worker may have one more request under way.
    assert requests <= 1 + 5 + 1
    ended = verdicts(result)
    assert [ended[number] for number in range(1, 7)] == ["ok", *["blocked"] * 5]
    assert {ended[number] for number in range(8, 21)} == {"not_asked"}
