"""Each fault as a client sees it, over real HTTP."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from yarl import URL

from crawler.demo.answers import NESTED_TAGS
from crawler.demo.catalogue import catalogue
from crawler.demo.faults import Fault, FaultKind, FaultPlan
from crawler.demo.responses import BOMB_BYTES, gzip_bomb
from crawler.demo.server import DemoShop
from parsers.dangdang import parse_search_page, search_url
from parsers.model import PageKind, SearchPage

QUERY = "渗透测试"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as client:
        yield client


def address(shop: DemoShop, page: int = 1, query: str = QUERY) -> URL:
    return URL(search_url(query, page, base_url=shop.base_url), encoded=True)


async def read(client: aiohttp.ClientSession, fault: Fault, page: int = 1) -> SearchPage:
    """Fetch a page under a fault that answers 200, and parse it."""
    async with DemoShop(faults=[fault]) as shop, client.get(address(shop, page)) as response:
        assert response.status == 200
        return parse_search_page(await response.read(), charset=response.charset, page=page)


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (Fault(FaultKind.STATUS), 503, None),
        (Fault(FaultKind.STATUS, status=429, retry_after=2), 429, "2"),
        (
            Fault(FaultKind.STATUS, status=503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"),
            503,
            "Wed, 21 Oct 2026 07:28:00 GMT",
        ),
        (Fault(FaultKind.STATUS, status=500), 500, None),
        (Fault(FaultKind.STATUS, status=404), 404, None),
    ],
)
async def test_a_status_with_retry_after(
    client: aiohttp.ClientSession, fault: Fault, status: int, retry_after: str | None
) -> None:
    """Any status is possible, with Retry-After in seconds or as a date, and the log has it."""
    async with DemoShop(faults=[fault]) as shop, client.get(address(shop)) as response:
        assert (response.status, response.headers.get("Retry-After")) == (status, retry_after)
        assert [request.status for request in shop.requests] == [status]


async def test_a_reset_connection(client: aiohttp.ClientSession) -> None:
    """The connection is reset before the first byte of the response; the log says status 0."""
    async with DemoShop(faults=[Fault(FaultKind.RESET)]) as shop:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await client.get(address(shop))
        assert shop.requests[0].status == 0


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATED, FaultKind.TRUNCATED_CHUNKED])
async def test_a_truncated_body(client: aiohttp.ClientSession, kind: FaultKind) -> None:
    """The header announces a complete page, the body ends half way, and the client notices."""
    async with DemoShop(faults=[Fault(kind)]) as shop, client.get(address(shop)) as response:
        assert response.status == 200
        assert ("Content-Length" in response.headers) == (kind is FaultKind.TRUNCATED)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_an_endless_body(client: aiohttp.ClientSession) -> None:
    """A body continues as long as it is read: four megabytes arrive, and no length is announced."""
    async with DemoShop(faults=[Fault(FaultKind.ENDLESS)]) as shop:
        response = await client.get(address(shop))
        assert "Content-Length" not in response.headers
        body = await response.content.readexactly(4 * 2**20)
        response.close()
    assert b"component_59" in body


async def test_a_trickling_body(client: aiohttp.ClientSession) -> None:
    """A body arrives a hundred bytes at a time, as slowly as requested."""
    async with DemoShop(faults=[Fault(FaultKind.TRICKLE, delay=0.1)]) as shop:
        started = time.monotonic()
        response = await client.get(address(shop))
        await response.content.readexactly(400)
        assert time.monotonic() - started >= 0.3
        response.close()


def test_the_bomb_is_a_valid_gzip_file() -> None:
    """The bomb unpacks to 256 MiB, checksum and all, from a thousandth of that."""
    unpacker, size = zlib.decompressobj(wbits=31), 0
    data = gzip_bomb()
    assert len(data) < BOMB_BYTES / 900
    while data and not unpacker.eof:
        size += len(unpacker.decompress(data, 2**20))
        data = unpacker.unconsumed_tail
    size += len(unpacker.flush())
    assert unpacker.eof
    assert size == BOMB_BYTES == 256 * 2**20


async def test_a_gzip_bomb_on_the_wire() -> None:
    """The bomb comes as a page of 200, small on the wire."""
    async with (
        DemoShop(faults=[Fault(FaultKind.GZIP_BOMB)]) as shop,
        aiohttp.ClientSession(auto_decompress=False) as client,
        client.get(address(shop)) as response,
    ):
        assert (response.status, response.headers["Content-Encoding"]) == (200, "gzip")
        assert await response.read() == gzip_bomb()


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
async def test_a_wrong_charset(client: aiohttp.ClientSession, charset: str) -> None:
    """The header names a charset that the body is not in; the body is the healthy one."""
    fault = Fault(FaultKind.WRONG_CHARSET, charset=charset)
    async with DemoShop(faults=[fault]) as shop, client.get(address(shop)) as response:
        assert response.headers["Content-Type"] == f"text/html; charset={charset}"
        body = await response.read()
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")
    assert len(parse_search_page(body).listings) == 60


@pytest.mark.parametrize(("status", "expected"), [(None, 405), (200, 200), (403, 403)])
async def test_a_firewall_page(client: aiohttp.ClientSession, status: int | None, expected: int) -> None:
    """The firewall's page comes with 405, or with the given status."""
    fault = Fault(FaultKind.FIREWALL, status=status)
    async with DemoShop(faults=[fault]) as shop, client.get(address(shop)) as response:
        assert response.status == expected
        assert parse_search_page(await response.read()).kind is PageKind.BLOCKED


async def test_a_redirect_to_the_login(client: aiohttp.ClientSession) -> None:
    """The shop sends its reader to a login: its own by name, or the form that the demo has itself."""
    faults = [
        Fault(FaultKind.LOGIN, pages={1}),
        Fault(FaultKind.LOGIN, pages={2}, location="/signin.aspx?returnurl=%2F"),
    ]
    async with DemoShop(faults=faults) as shop:
        async with client.get(address(shop, 1), allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (
                302,
                "https://login.dangdang.com/signin.aspx",
            )
        async with client.get(address(shop, 2)) as response:
            assert response.url.path == "/signin.aspx"
            assert parse_search_page(await response.read()).kind is PageKind.BLOCKED


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.SLIDER, PageKind.BLOCKED),
        (FaultKind.EMPTY, PageKind.EMPTY),
        (FaultKind.HOME, PageKind.OTHER),
        (FaultKind.NOT_FOUND, PageKind.OTHER),
        (FaultKind.NO_RESULTS, PageKind.NO_RESULTS),
    ],
)
async def test_pages_in_place_of_results(
    client: aiohttp.ClientSession, kind: FaultKind, expected: PageKind
) -> None:
    """Each page is recognized, although its status is 200."""
    page = await read(client, Fault(kind))
    assert (page.kind, page.listings) == (expected, ())


async def test_a_page_of_scripts(client: aiohttp.ClientSession) -> None:
    """A challenge has no content, and counts as blocked or empty."""
    page = await read(client, Fault(FaultKind.SCRIPT_ONLY))
    assert page.kind in {PageKind.EMPTY, PageKind.BLOCKED}


async def test_a_changed_layout(client: aiohttp.ClientSession) -> None:
    """Total and pager are there and no listing can be read, in either layout."""
    page = await read(client, Fault(FaultKind.CHANGED_LAYOUT))
    assert page.kind is PageKind.RESULTS
    assert (page.total, page.pages) == (catalogue(QUERY).total, catalogue(QUERY).pages)
    assert page.listings == ()


async def test_prices_gone(client: aiohttp.ClientSession) -> None:
    """All sixty items are there, none with a price."""
    page = await read(client, Fault(FaultKind.PRICES_GONE))
    assert len(page.listings) == 60
    assert all(listing.title and listing.price is listing.ebook_price is None for listing in page.listings)


async def test_repeats(client: aiohttp.ClientSession) -> None:
    """Page 3 has the items of page 2 and says that it is page 3."""
    page = await read(client, Fault(FaultKind.REPEATS), page=3)
    assert [listing.product_id for listing in page.listings] == [
        b.product_id for b in catalogue(QUERY).page(2)
    ]
    assert page.page == 3


async def test_a_page_of_another_query(client: aiohttp.ClientSession) -> None:
    """The page of another search is healthy, and says whose it is."""
    page = await read(client, Fault(FaultKind.OTHER_QUERY), page=2)
    assert (page.query_echo, page.page, len(page.listings)) == ("山海经", 1, 60)


async def test_another_page(client: aiohttp.ClientSession) -> None:
    """The next page replaces the requested one, and says so."""
    page = await read(client, Fault(FaultKind.OTHER_PAGE), page=2)
    assert page.page == 3
    assert [listing.product_id for listing in page.listings] == [
        listing.product_id for listing in catalogue(QUERY).page(3)
    ]


async def test_a_body_cut_without_a_word(client: aiohttp.ClientSession) -> None:
    """By HTTP the response is complete: only the page itself shows that it was cut."""
    async with DemoShop(faults=[Fault(FaultKind.CUT)]) as shop, client.get(address(shop)) as response:
        page = parse_search_page(await response.read())
        assert "Content-Length" not in response.headers
        assert "Transfer-Encoding" not in response.headers
    assert not page.ended
    assert 30 < len(page.listings) < 50


async def test_nested_tags_stand_in_the_list(client: aiohttp.ClientSession) -> None:
    """The nest is between the list's tags, so that a parser which cuts to the list still meets it."""
    fault = Fault(FaultKind.NESTED)
    async with DemoShop(faults=[fault]) as shop, client.get(address(shop)) as response:
        body = await response.read()
    nest = body[body.index(b'id="component_59"') : body.index(b'name="Fy"')]
    assert nest.count(b"<div>" * NESTED_TAGS) == 1
    assert NESTED_TAGS == 60_000


async def test_a_page_in_utf8(client: aiohttp.ClientSession) -> None:
    """The same page in UTF-8 declares GB2312 and reads the same."""
    page = await read(client, Fault(FaultKind.UTF8))
    assert page.charset == "utf-8"
    assert [b.title for b in page.listings] == [b.title for b in catalogue(QUERY).page(1)]


def test_a_fault_strikes_as_often_as_it_is_told() -> None:
    """`times` counts for each page of each query separately."""
    plan = FaultPlan([Fault(FaultKind.STATUS, times=2)])
    struck = [plan.outcome("a", 1).fault is not None for _ in range(4)]
    assert struck == [True, True, False, False]
    assert plan.outcome("a", 2).fault is not None
    assert plan.outcome("b", 1).fault is not None


def test_a_fault_strikes_where_it_is_told() -> None:
    """`pages` and `queries` restrict a fault; of several that match, the first decides, and latencies add up."""
    first, second = Fault(FaultKind.RESET, pages={2}), Fault(FaultKind.EMPTY, queries={"a"})
    late = Fault(FaultKind.LATENCY, delay=0.5, pages={2})
    plan = FaultPlan([first, second, late], latency=0.25)
    assert (plan.outcome("a", 2).fault, plan.outcome("a", 2).delay) == (first, 0.75)
    assert (plan.outcome("a", 1).fault, plan.outcome("a", 1).delay) == (second, 0.25)
    assert plan.outcome("b", 1).fault is None


def test_a_rate_is_kept_and_seeded() -> None:
    """A rate affects that share of requests, the same ones for a seed, whatever the order of requests."""

    def struck(seed: int, pages: list[int]) -> set[int]:
        plan = FaultPlan([Fault(FaultKind.RESET, rate=0.3, seed=seed)])
        return {page for page in pages if plan.outcome("a", page).fault is not None}

    pages = list(range(1, 1001))
    assert 250 <= len(struck(1, pages)) <= 350
    assert struck(1, pages) == struck(1, pages[::-1])
    assert struck(1, pages) != struck(2, pages)


def test_a_rate_spares_the_next_attempt() -> None:
    """Each request of a page is drawn separately: a retry can succeed."""
    plan = FaultPlan([Fault(FaultKind.RESET, rate=0.5)])
    assert len({plan.outcome("a", 1).fault is None for _ in range(50)}) == 2


@pytest.mark.parametrize("rate", [1.5, -0.1])
def test_a_wrong_rate_is_refused(rate: float) -> None:
    """A rate is a share."""
    with pytest.raises(ValueError, match="rate must be between 0 and 1"):
        Fault(FaultKind.RESET, rate=rate)


def test_latency_requires_a_delay() -> None:
    """A latency without a delay is refused: it would have no effect."""
    with pytest.raises(ValueError, match="latency"):
        Fault(FaultKind.LATENCY)
