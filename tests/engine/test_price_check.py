"""The proof of the cheapest book: a search never says «cheapest of all» if the shop has something cheaper."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import Crawler, SearchFinished, SearchResult, Settings, crawl
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.markup import render_search_page
from crawler.demo.server import DemoShop
from crawler.results import PageResult, PriceCheck
from crawler.search.judging import Judgement
from crawler.search.page_list import PageList
from crawler.search.price_check import check_price, pages_needed
from crawler.verdict import Verdict
from parsers.model import Layout, Listing, PageKind, SearchPage
from tests.factories import make_listing
from tests.profiles import examples

QUERY = "滲透測試"
SIZE = 60


def item(number: int, price: int | None, **over: Any) -> Listing:
    """Return a book at a price in hundredths of a yuan."""
    amount = None if price is None else Decimal(price) / 100
    return make_listing(
        product_id=str(20_000_000 + number),
        title=f"渗透测试之{number}",
        price=amount,
        price_text="" if amount is None else f"¥{amount:.2f}",
        **over,
    )


def pages_of(listings: Sequence[Listing]) -> list[Sequence[Listing]]:
    return [listings[start : start + SIZE] for start in range(0, len(listings), SIZE)] or [()]


def search_page(listings: Sequence[Listing], *, pages: int, total: int) -> SearchPage:
    return SearchPage(
        kind=PageKind.RESULTS, listings=tuple(listings), total=total, page=None, pages=pages, layout=Layout.LIST,
        query_echo=None, notice="", items=len(listings), sign="", charset="gb18030", undecodable=0,
    )  # fmt: skip


LOST = Judgement(Verdict.HTTP_ERROR, "503")


def read_list(
    listings: Sequence[Listing], *, price_order: bool, requested: int, failed: frozenset[int] = frozenset()
) -> PageList:
    """Return a list in the state after all requested pages have ended."""
    found = pages_of(listings)
    pages = PageList(price_order=price_order, requested=requested, asked=(), url=str)
    for number in range(1, min(requested, len(found)) + 1):
        page = search_page(found[number - 1], pages=len(found), total=len(listings))
        pages.settle(number, LOST if number in failed else Judgement(Verdict.OK, page=page))
    pages.end("the search ended")
    return pages


def page_result(pages: PageList, number: int) -> PageResult:
    judgement = pages.final[number]
    return PageResult(number, "", judgement.verdict, judgement.detail, pages.listings(number))


def checked(own: PageList, beside: PageList) -> tuple[PriceCheck, Decimal | None]:
    """Return the proof, and the cheapest price found."""
    found = [
        listing for pages in (own, beside) for number in pages.final for listing in pages.listings(number)
    ]
    cheapest = min((listing.price for listing in found if listing.price is not None), default=None)
    beside.enough = pages_needed(beside, cheapest)
    check = check_price(cheapest, own, beside, page_result, stopped=False)
    assert check is not None
    return check, cheapest


ORDERS = ("price", "random", "reversed", "swapped", "blocks", "moved from the search's own pages")


def in_order(
    name: str, listings: list[Listing], draw: random.Random, own: Sequence[Listing]
) -> list[Listing]:
    """Return the shop's price order, correct or not."""
    ordered = sorted(listings, key=lambda listing: listing.price or Decimal(0))
    match name:
        case "random":
            draw.shuffle(ordered)
        case "reversed":
            ordered.reverse()
        case "swapped":
            for _ in range(draw.randint(1, 40)):
                one, other = draw.randrange(len(ordered)), draw.randrange(len(ordered))
                ordered[one], ordered[other] = ordered[other], ordered[one]
        case "blocks":
            blocks = pages_of(ordered)
            draw.shuffle(blocks)
            ordered = [listing for block in blocks for listing in block]
        case "moved from the search's own pages":
            hidden = draw.choice(own)
            ordered.remove(hidden)
            ordered.append(hidden)
        case _:
            pass
    return ordered


@settings(max_examples=examples(60))
@given(st.sampled_from(ORDERS), st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_what_is_proven_is_the_cheapest_of_two_thousand(
    order: str, seed: int, own_pages: int, check_pages: int, faulty: bool
) -> None:
    """Random catalogues and orders, failing pages, wrong orders: a proof is always true of the whole catalogue."""
    draw = random.Random(seed)
    listings = [
        item(n, draw.choice([draw.randint(100, 20_000), draw.randint(100, 1_500)])) for n in range(2_000)
    ]
    draw.shuffle(listings)
    own = read_list(listings, price_order=False, requested=own_pages)
    failed = frozenset({draw.randint(1, check_pages)}) if faulty else frozenset[int]()
    shown = in_order(order, listings, draw, listings[: own_pages * SIZE])
    beside = read_list(shown, price_order=True, requested=check_pages, failed=failed)
    check, cheapest = checked(own, beside)
    truth = min(listing.price for listing in listings if listing.price is not None)
    assert not check.proven or cheapest == truth
    if order == "price" and not faulty:
        assert check.proven
    if 1 in failed:
        assert (check.proven, check.reason) == (False, "failed")


def test_something_unreadable_may_be_cheaper() -> None:
    """An unreadable price or item before the cheapest book prevents the proof."""
    listings = [item(n, 1000 + n) for n in range(200)]
    own = read_list(listings[::-1], price_order=False, requested=1)
    hidden = read_list([item(999, None), *listings], price_order=True, requested=3)
    assert (checked(own, hidden)[0].proven, checked(own, hidden)[0].reason) == (False, "unreadable")
    behind = read_list([*listings[:5], item(999, None), *listings[5:]], price_order=True, requested=3)
    assert checked(own, behind)[0].proven
    torn = PageList(price_order=True, requested=1, asked=(), url=str)
    page = search_page(listings[:60], pages=9, total=500)
    torn.settle(
        1, Judgement(Verdict.OK, page=SearchPage.from_wire((*page.to_wire()[:8], 61, *page.to_wire()[9:])))
    )
    assert checked(own, torn)[0].reason == "unreadable"


def test_prices_that_have_not_passed_the_cheapest() -> None:
    """Three pages of products cheaper than any book prove nothing about books."""
    bookmarks = [item(n, 100) for n in range(300)]
    own = read_list([item(900, 5000)], price_order=False, requested=1)
    own.available = 9
    beside = read_list([*bookmarks, item(900, 5000)], price_order=True, requested=3)
    check = check_price(Decimal(50), own, beside, page_result, stopped=False)
    assert check is not None
    assert (check.proven, check.reason, check.up_to) == (False, "not_passed", Decimal(1))


def test_a_list_that_was_read_whole_needs_no_order() -> None:
    """After reading everything, the cheapest is known."""
    listings = [item(n, 1000 - n) for n in range(100)]
    own = read_list(listings, price_order=False, requested=5)
    check = check_price(Decimal("9.01"), own, None, page_result, stopped=False)
    assert check is not None
    assert (check.proven, len(check.pages), check.total) == (True, 2, 100)
    part = read_list(listings, price_order=False, requested=1)
    assert check_price(Decimal("9.01"), part, None, page_result, stopped=False) is None


# The whole way, over real HTTP.


@dataclass
class ListShop:
    """A shop with two lists as its orders, and pages that may fail."""

    own: Sequence[Listing]
    by_price: Sequence[Listing]
    fails: frozenset[int] = frozenset()
    """Pages of the price order that are answered with 404."""
    short: frozenset[int] = frozenset()
    """Pages of the price order that have 20 listings, not 60."""
    asked: list[tuple[str, int]] = field(default_factory=list)
    base_url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        query = parse_qs(urlsplit(request.raw_path).query, encoding="gb18030")
        number, by_price = int(query["page_index"][0]), "sort_type" in query
        self.asked.append(("price" if by_price else "own", number))
        if by_price and number in self.fails:
            return web.Response(status=404)
        listings = self.by_price if by_price else self.own
        found = pages_of(listings)
        shown = tuple(found[min(number, len(found)) - 1])
        if by_price and number in self.short:
            shown = shown[:20]
        body = render_search_page(
            shown, query=query["key"][0], page=number, pages=len(found),
            total=len(listings), layout=Layout.LIST,
        )  # fmt: skip
        return web.Response(body=body, headers={"Content-Type": "text/html; charset=GB2312"})


@asynccontextmanager
async def served(shop: ListShop) -> AsyncIterator[ListShop]:
    app = web.Application()
    app.router.add_get("/", shop.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    shop.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield shop
    finally:
        await runner.cleanup()


async def search(shop: ListShop, **options: Any) -> SearchResult:
    async with served(shop):
        return await crawl(QUERY, base_url=shop.base_url, obey_robots=False, **options)


LISTINGS = [item(n, 1000 + 7 * n) for n in range(400)]
SHUFFLED = random.Random(7).sample(LISTINGS, len(LISTINGS))


async def test_the_cheapest_is_found_and_proven() -> None:
    """The cheapest is on none of the requested pages; its listing is a book of the report, from the price order."""
    result = await search(ListShop(SHUFFLED, LISTINGS), pages=1)
    check = result.price_check
    assert check is not None
    assert (check.proven, check.in_order, check.total, len(check.pages)) == (True, True, 400, 1)
    assert result.cheapest is not None
    assert (result.cheapest.price, result.cheapest.listing.price_order) == (Decimal("10.00"), True)


async def test_no_more_pages_than_are_needed_count() -> None:
    """Pages in price order beyond the one that passes the cheapest are in no report, whichever arrives first."""
    result = await search(ListShop(SHUFFLED, LISTINGS), pages=1, price_check=5)
    assert [page.page for page in result.price_pages] == [1]
    assert result.counts.listings == 120


async def test_a_failed_page_of_the_check_leaves_the_search_whole() -> None:
    """All requested pages are there; the proof is missing, with the reason."""
    result = await search(ListShop(SHUFFLED, LISTINGS, fails=frozenset({1})), pages=2)
    assert (result.complete, result.failed) == (True, ())
    assert result.price_check is not None
    assert (result.price_check.proven, result.price_check.reason) == (False, "failed")
    assert result.price_pages[0].verdict is Verdict.HTTP_ERROR


async def test_a_lying_order_proves_nothing() -> None:
    result = await search(ListShop(SHUFFLED, SHUFFLED[::-1]), pages=2)
    assert result.price_check is not None
    assert (result.price_check.in_order, result.price_check.proven) == (False, False)


async def test_the_check_can_be_left_out() -> None:
    shop = ListShop(SHUFFLED, LISTINGS)
    result = await search(shop, pages=2, price_check=0)
    assert (result.price_check, result.price_pages) == (None, ())
    assert sorted(shop.asked) == [("own", 1), ("own", 2)]


async def test_a_search_in_price_order_proves_itself() -> None:
    """Its own pages serve as the check: none is requested twice."""
    shop = ListShop(SHUFFLED, LISTINGS)
    result = await search(shop, pages=2, sort="price")
    assert result.price_check is not None
    assert (result.price_check.proven, len(result.price_check.pages)) == (True, 2)
    assert sorted(shop.asked) == [("price", 1), ("price", 2)]


async def test_what_a_filter_drops_is_not_what_the_prices_must_pass() -> None:
    """The cheap books are by another publisher: pages are requested until the prices pass the one that is kept."""
    cheap = [item(n, 500) for n in range(150)]
    listings = [*cheap, *(item(n, 2000 + n, publisher="海岸出版社") for n in range(200, 600))]
    result = await search(ListShop(listings[::-1], listings), pages=1, publisher="海岸", price_check=6)
    assert result.price_check is not None
    assert (result.price_check.proven, len(result.price_check.pages)) == (True, 3)
    assert result.cheapest is not None
    assert result.cheapest.price == Decimal("22.00")


async def test_a_list_read_to_its_end_names_no_price() -> None:
    """A short list ends before any price is passed: the report says that it was read to its end."""
    result = await crawl("人工智慧", demo=True)
    check = result.price_check
    assert check is not None
    assert (check.proven, check.whole, check.up_to) == (True, True, None)
    words = next(
        line for line in result.render("table", lang="en").splitlines() if line.startswith("Price check")
    )
    assert str(check.listings) in words
    assert "¥" not in words


async def test_the_demo_is_proven_by_default() -> None:
    """The cheapest of all the demo's listings is proven with three pages and the default price check."""
    result = await crawl(QUERY, demo=True)
    check = result.price_check
    assert check is not None
    assert (check.proven, check.total) == (True, 2131)
    assert result.cheapest is not None
    assert result.cheapest.price == Decimal("9.30")


async def test_runs_differ_in_nothing_by_the_order_of_arrival() -> None:
    """Pages in price order give the same report, whether they arrive early or late."""
    late = [Fault(FaultKind.LATENCY, delay=0.3, pages={1})]
    async with DemoShop() as shop, DemoShop(faults=late) as slow:
        first, second = await asyncio.gather(
            crawl(QUERY, base_url=shop.base_url, price_check=5),
            crawl(QUERY, base_url=slow.base_url, price_check=5),
        )
    assert first.books == second.books
    assert first.counts == second.counts
    assert first.price_check is not None
    assert second.price_check is not None
    assert first.price_check.listings == second.price_check.listings


async def test_what_could_not_be_read_of_a_price_page_is_told() -> None:
    """The report has notes on the pages in price order like those on the others, for the pages that count."""
    bookmarks = [item(n, 100 + n, publisher="晨光") for n in range(20)]
    shop = ListShop(SHUFFLED, [*bookmarks, *LISTINGS], short=frozenset({1, 4}))
    result = await search(shop, pages=1, price_check=4)
    assert [page.page for page in result.price_pages] == [1]
    notes = [note for note in result.notes if "full page" in note]
    assert notes == ["page 1 of the price order: 20 listings; a full page has 60"]


async def test_the_check_of_a_blocked_search_is_no_second_block() -> None:
    """Three blocked pages and their three price pages do not open the circuit breaker; five blocked pages do."""
    async with (
        DemoShop(faults=[Fault(FaultKind.FIREWALL)]) as shop,
        Crawler(Settings(base_url=shop.base_url)) as crawler,
    ):

        async def blocked(query: str) -> SearchResult:
            async for event in crawler.search(query):
                if isinstance(event, SearchFinished):
                    return event.result
            raise AssertionError("no result")

        first, second, third = [await blocked(query) for query in ("三体", QUERY, "Python")]
    assert {page.verdict for page in (*first.pages, *first.price_pages)} == {Verdict.BLOCKED}
    assert (len(first.price_pages), first.stopped) == (3, None)
    assert Verdict.BLOCKED in {page.verdict for page in second.pages}
    assert (second.stopped or "").startswith("the shop blocked 5 pages in a row")
    assert {page.verdict for page in third.pages} == {Verdict.NOT_ASKED}
