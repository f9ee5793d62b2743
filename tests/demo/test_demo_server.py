"""The demo shop over real HTTP: searches, pages, keys, its log, its closing."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from crawler.demo import answers
from crawler.demo.catalogue import _chosen, catalogue
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.search_request import SearchRequest, read_search
from crawler.demo.server import DemoShop
from parsers.dangdang import parse_search_page, search_url
from parsers.model import PageKind, SearchPage

QUERY = "渗透测试"
# GB2312 hanzi by the shop's own code: what people type.
HANZI = [bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)]


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as client:
        yield client


async def get(client: aiohttp.ClientSession, url: str) -> tuple[int, str, bytes]:
    """Return status, content type and body; the address is sent unchanged."""
    async with client.get(URL(url, encoded=True)) as response:
        return response.status, response.headers["Content-Type"], await response.read()


async def search(
    client: aiohttp.ClientSession, shop: DemoShop, page: int = 1, query: str = QUERY
) -> SearchPage:
    status, _, body = await get(client, search_url(query, page, base_url=shop.base_url))
    assert status == 200
    return parse_search_page(body, page=page)


async def test_a_search_is_answered_from_the_catalogue(shop: DemoShop, client: aiohttp.ClientSession) -> None:
    """The options of `search_url` reach the catalogue: the ids on the page are the ids that it lists."""
    for options in (
        {},
        {"sellers": "all"},
        {"sort": "price", "min_price": 20, "max_price": 50},
        {"category": "all", "sort": "newest"},
    ):
        _, _, body = await get(client, search_url(QUERY, 2, base_url=shop.base_url, **options))
        found = catalogue(QUERY, **options)
        page = parse_search_page(body, page=2)
        assert [listing.product_id for listing in page.listings] == [b.product_id for b in found.page(2)]
        assert (page.total, page.pages, page.page, page.query_echo) == (found.total, found.pages, 2, QUERY)


async def test_each_day_has_its_own_prices(client: aiohttp.ClientSession) -> None:
    """The day is determined at every search: plain, sorted and bounded pages are those of that day's catalogue.

    Days repeat, and two shops with other days, or none, get requests in turn: none serves a page of another.
    """
    monday, later = dt.date(2026, 3, 2), dt.date(2026, 8, 20)
    day = monday
    options: tuple[dict[str, Any], ...] = (
        {},
        {"sort": "price", "sellers": "all", "min_price": 20, "max_price": 30},
    )
    bodies = set()
    async with DemoShop(today=lambda: day) as moving, DemoShop() as timeless:
        for day in (monday, later, monday):
            for each in options:
                for shop, its_day in (moving, day), (timeless, None):
                    _, _, body = await get(client, search_url(QUERY, 2, base_url=shop.base_url, **each))
                    page = parse_search_page(body, page=2)
                    found = catalogue(QUERY, **each, day=its_day)
                    assert [(b.product_id, b.price, b.list_price, b.sold_out) for b in page.listings] == [
                        (b.product_id, b.price, b.list_price, b.sold_out) for b in found.page(2)
                    ]
                    assert page.total == found.total
                    bodies.add(body)
    assert len(bodies) == 3 * len(options)


async def test_a_fault_has_the_days_prices_too(client: aiohttp.ClientSession) -> None:
    """A fault that only changes the encoding keeps the prices of the day."""
    day = dt.date(2026, 3, 2)
    async with DemoShop(faults=[Fault(FaultKind.UTF8)], today=lambda: day) as shop:
        page = await search(client, shop)
    assert [b.price for b in page.listings] == [b.price for b in catalogue(QUERY, day=day).page(1)]


def test_a_year_of_days_is_not_kept() -> None:
    """However many days are requested, few lists and pages stay in memory."""
    for number in range(100):
        answers._rendered(
            SearchRequest("软体教程", understood=True, sort="price"),
            dt.date(2026, 1, 1) + dt.timedelta(days=number),
            gzip=False,
        )
    assert answers._rendered.cache_info().currsize <= 64
    assert answers._catalogue.cache_info().currsize <= 4
    assert _chosen.cache_info().currsize <= 2


async def test_past_the_end_the_last_page_repeats(shop: DemoShop, client: aiohttp.ClientSession) -> None:
    """Beyond the last page, and beyond the hundredth, its items repeat with the true number of pages."""
    last = await search(client, shop, catalogue(QUERY).pages)
    for number in (last.pages or 0) + 1, 101, 5000:
        page = await search(client, shop, number)
        assert [b.product_id for b in page.listings] == [b.product_id for b in last.listings]
        assert page.pages == last.pages
    assert last.pages == catalogue(QUERY).pages


async def test_a_key_in_utf8_is_misread(shop: DemoShop, client: aiohttp.ClientSession) -> None:
    """A UTF-8 key finds nothing, and the page names what its bytes mean in GBK."""
    _, _, body = await get(client, f"{shop.base_url}/?key=%E9%AB%98%E7%AD%89%E6%95%B0%E5%AD%A6&act=input")
    page = parse_search_page(body)
    assert page.kind is PageKind.NO_RESULTS
    assert page.query_echo == "楂樼瓑鏁板"
    assert page.listings == ()


@given(st.text(st.sampled_from(HANZI), min_size=1, max_size=2))
def test_a_gbk_key_is_understood(query: str) -> None:
    """A word of one or two common characters is read as GBK, also where its bytes would be UTF-8."""
    request = read_search(search_url(query).partition("?")[2])
    assert request is not None
    assert (request.query, request.understood) == (query, True)


@given(st.text(st.sampled_from(HANZI), min_size=1, max_size=20))
def test_a_utf8_key_is_not(query: str) -> None:
    """Chinese in UTF-8 is never taken for a GBK key."""
    request = read_search(f"key={URL.build(query={'q': query}).raw_query_string[2:]}&act=input")
    assert request is not None
    assert not request.understood


@given(st.text())
def test_no_query_string_is_too_strange(query_string: str) -> None:
    """Any query string is read without an exception, and gives pages from 1 on."""
    request = read_search(query_string)
    assert request is None or request.page >= 1


async def test_four_byte_keys_are_understood(shop: DemoShop, client: aiohttp.ClientSession) -> None:
    """A character that only gb18030 has can be searched."""
    page = await search(client, shop, query="𰻞𰻞面")
    assert page.query_echo == "𰻞𰻞面"
    assert len(page.listings) == 60


async def test_gzip_where_the_client_takes_it(shop: DemoShop) -> None:
    """A client that accepts gzip gets it, another gets the same bytes uncompressed; both are declared GB2312."""
    url = URL(search_url(QUERY, base_url=shop.base_url), encoded=True)
    async with aiohttp.ClientSession(auto_decompress=False) as client:
        async with client.get(url, headers={"Accept-Encoding": "gzip"}) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            packed = await response.read()
        async with client.get(url, headers={"Accept-Encoding": "identity"}) as response:
            assert "Content-Encoding" not in response.headers
            assert response.headers["Content-Type"] == "text/html; charset=GB2312"
            assert gzip.decompress(packed) == await response.read()


async def test_the_other_addresses(shop: DemoShop, client: aiohttp.ClientSession) -> None:
    """No key leads to the home page, robots.txt allows all, the login has its form, anything else is not found."""
    assert parse_search_page((await get(client, f"{shop.base_url}/"))[2]).kind is PageKind.OTHER
    assert (
        parse_search_page((await get(client, f"{shop.base_url}/?key=&act=input"))[2]).kind is PageKind.OTHER
    )
    assert (await get(client, f"{shop.base_url}/robots.txt"))[2] == b"User-agent: *\nAllow: /\n"
    assert parse_search_page((await get(client, f"{shop.base_url}/signin.aspx"))[2]).kind is PageKind.BLOCKED
    status, _, body = await get(client, f"{shop.base_url}/a/b.html")
    assert (status, parse_search_page(body).kind) == (404, PageKind.OTHER)


async def test_requests_are_remembered(shop: DemoShop, client: aiohttp.ClientSession) -> None:
    """The log has every request in order: time, page, query, and status."""
    before = time.monotonic()
    await search(client, shop, 3)
    await get(client, f"{shop.base_url}/robots.txt")
    third, robots = shop.requests
    assert (third.method, third.page, third.query, third.status) == ("GET", 3, QUERY, 200)
    assert third.path_qs.startswith("/?key=%C9%F8%CD%B8%B2%E2%CA%D4&act=input&")
    assert (robots.path_qs, robots.page, robots.query) == ("/robots.txt", None, None)
    assert before <= third.time_monotonic <= robots.time_monotonic <= time.monotonic()


async def test_the_peak_of_requests_is_known(client: aiohttp.ClientSession) -> None:
    """The shop knows how many searches were open at once."""
    async with DemoShop(latency=0.2) as shop:
        await asyncio.gather(*(search(client, shop, number) for number in range(1, 8)))
        assert shop.peak_in_flight == 7


async def test_latency_holds_every_answer_back(client: aiohttp.ClientSession) -> None:
    """Answers come no earlier than the latency says."""
    async with DemoShop(latency=0.3) as shop:
        started = time.monotonic()
        await asyncio.gather(search(client, shop, 1), search(client, shop, 2))
        assert time.monotonic() - started >= 0.3


async def test_a_taken_port_is_an_os_error(shop: DemoShop) -> None:
    """A second shop on the same port does not open."""
    with pytest.raises(OSError, match="address already in use"):
        async with DemoShop(port=shop.port):
            pass


async def test_a_closed_shop_has_no_address() -> None:
    """The address is known while the shop is open, and the port is free again afterwards."""
    shop = DemoShop()
    with pytest.raises(RuntimeError, match="not open"):
        assert shop.base_url
    async with shop:
        port = shop.port
    with pytest.raises(RuntimeError, match="not open"):
        assert shop.base_url
    async with DemoShop(port=port) as again:
        assert again.port == port


@pytest.mark.parametrize(
    "fault",
    [Fault(FaultKind.ENDLESS), Fault(FaultKind.TRICKLE, delay=600), Fault(FaultKind.LATENCY, delay=600)],
    ids=lambda fault: fault.kind.value,
)
async def test_closing_is_prompt(client: aiohttp.ClientSession, fault: Fault) -> None:
    """A shop with responses in progress closes at once and leaves no client waiting."""
    async with DemoShop(faults=[fault]) as shop:
        waiting = asyncio.create_task(get(client, search_url(QUERY, base_url=shop.base_url)))
        while not shop.requests:  # noqa: ASYNC110 – the shop has no event for «a request came»
            await asyncio.sleep(0.01)
    with pytest.raises(aiohttp.ClientError):
        await waiting
