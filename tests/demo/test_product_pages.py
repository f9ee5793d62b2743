"""The demo's product pages: a page for each id, the same facts as in the searches, and all ways to state them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from crawler.demo.catalogue import catalogue
from crawler.demo.price_moves import on_day
from crawler.demo.product_page import ProductData, data_of
from crawler.demo.product_urls import URL_LIST, serve_storefronts
from crawler.demo.server import DemoShop
from crawler.demo.storefronts import QUERY, STOREFRONTS, isbn_of
from parsers.dangdang import parse_search_page, search_url
from parsers.model import Listing
from parsers.product import Availability, ProductPage, Source, parse_product_page

SOURCES = {
    ProductData.JSON_LD: Source.JSON_LD,
    ProductData.GRAPH: Source.JSON_LD,
    ProductData.MICRODATA: Source.MICRODATA,
    ProductData.OPENGRAPH: Source.OPENGRAPH,
}


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as client:
        yield client


async def product_page(client: aiohttp.ClientSession, url: str) -> tuple[int, ProductPage]:
    async with client.get(url) as response:
        return response.status, parse_product_page(await response.read(), charset=response.charset, url=url)


def price_in(listing: Listing) -> Decimal | None:
    return listing.ebook_price if listing.ebook_only else listing.price


@pytest.mark.parametrize("day", [None, dt.date(2025, 8, 20)])
async def test_a_page_agrees_with_the_search_that_lists_it(
    client: aiohttp.ClientSession, day: dt.date | None
) -> None:
    """Every product of a search page, whatever its kind, has a page with the same facts, in all forms of data."""
    seen: set[ProductData] = set()
    async with DemoShop(today=None if day is None else lambda: day) as shop:
        async with client.get(
            search_url("操作系统", 3, sellers="all", category="all", base_url=shop.base_url)
        ) as page:
            listings = parse_search_page(await page.read(), page=3).listings
        truth = {
            found.product_id: found for found in catalogue("操作系统", sellers="all", category="all").page(3)
        }
        for listing in listings:
            status, found = await product_page(client, f"{shop.base_url}/{listing.product_id}.html")
            assert status == 200
            data = data_of(STOREFRONTS[0], listing.product_id)
            seen.add(data)
            expected = truth[listing.product_id] if day is None else on_day(truth[listing.product_id], day)
            if data is ProductData.NONE:
                assert not found.has_product
                assert found.title.startswith(listing.title)
                continue
            assert found.problems == ()
            assert (found.price, found.isbn) == (price_in(listing), isbn_of(expected))
            assert found.title == expected.title
            assert found.authors == expected.authors
            assert found.image == expected.image
            assert (found.availability is Availability.OUT_OF_STOCK) == expected.sold_out
            if found.price is not None:
                assert (found.currency, found.source_of("price")) == ("CNY", SOURCES[data])
            if data in {ProductData.JSON_LD, ProductData.GRAPH, ProductData.MICRODATA}:
                assert found.publisher == (expected.publisher or "")
    assert len(listings) == 60
    assert seen == set(ProductData)


async def test_a_product_needs_no_earlier_search(client: aiohttp.ClientSession) -> None:
    """A shop that has just opened serves the pages of its own list, the same each time; unknown ids are not found."""
    listing = catalogue(QUERY)[7]
    bodies = []
    for _ in range(2):
        async with DemoShop() as shop:
            async with client.get(f"{shop.base_url}/{listing.product_id}.html") as response:
                bodies.append((await response.read()).replace(shop.base_url.encode(), b""))
            for unknown in ("1", "80000001", "9999999999999", "12345678901234"):
                assert (await product_page(client, f"{shop.base_url}/{unknown}.html"))[0] == 404
            assert [request.status for request in shop.requests] == [200, 404, 404, 404, 404]
    assert bodies[0] == bodies[1]


async def test_the_shop_forgets_old_queries_only(client: aiohttp.ClientSession) -> None:
    """However many searches a shop serves, it remembers few queries; the latest one's products are found."""
    async with DemoShop() as shop:
        for number in range(70):
            shop._remember(f"书{number}")
        assert len(shop._queries) == 64
        last = catalogue("书69")[0].product_id
        assert (await product_page(client, f"{shop.base_url}/{last}.html"))[0] == 200


async def test_rare_characters_and_markup_survive(client: aiohttp.ClientSession) -> None:
    """A title that GB2312 cannot encode, or that looks like the end of a script, is read as it was written."""
    seen: set[ProductData] = set()
    for query in ("𰻞𰻞面", "a</script><b>b"):
        async with DemoShop() as shop:
            async with client.get(search_url(query, base_url=shop.base_url)) as response:
                assert response.status == 200
            for listing in catalogue(query).page(1):
                _, page = await product_page(client, f"{shop.base_url}/{listing.product_id}.html")
                data = data_of(STOREFRONTS[0], listing.product_id)
                if data is not ProductData.NONE:
                    assert page.title == listing.title
                assert (page.charset, page.undecodable) == ("gb18030", 0)
                seen.add(data)
    assert seen == set(ProductData)


async def test_the_list_leads_to_all_storefronts(client: aiohttp.ClientSession, tmp_path: Path) -> None:
    """Every URL of the list has a page, robots.txt allows it, and most books have offers in several currencies."""
    offers: dict[str, set[tuple[str, Decimal]]] = defaultdict(set)
    async with serve_storefronts(tmp_path / "new", products=40) as demo:
        lines = demo.url_list.read_text(encoding="utf-8").splitlines()
        urls = [line for line in lines if not line.startswith("#")]
        assert len(urls) == len(set(urls)) > 90
        assert {url.rsplit("/", 1)[0] for url in urls} == {shop.base_url for shop in demo.shops}
        assert demo.base_url == demo.shops[0].base_url
        for shop in demo.shops:
            async with client.get(f"{shop.base_url}/robots.txt") as response:
                assert await response.text() == "User-agent: *\nAllow: /\n"
        for url in urls:
            status, page = await product_page(client, url)
            assert status == 200
            assert page.problems == ()
            if page.isbn and page.price and page.currency:
                offers[page.isbn].add((page.currency, page.price))
    assert sum(len({currency for currency, _ in each}) > 1 for each in offers.values()) > len(offers) / 2
    assert {currency for each in offers.values() for currency, _ in each} == {"CNY", "TWD", "EUR", "USD"}


async def test_a_list_keeps_its_addresses(tmp_path: Path) -> None:
    """Opened again, the storefronts have the addresses of the existing list, so that a crawl of it can be resumed."""
    async with serve_storefronts(tmp_path, products=2) as demo:
        first = demo.url_list.read_bytes()
        addresses = [shop.base_url for shop in demo.shops]
        with pytest.raises(OSError, match="in use"):
            async with serve_storefronts(tmp_path):
                pass
    async with serve_storefronts(tmp_path) as again:
        assert [shop.base_url for shop in again.shops] == addresses
        assert again.url_list.read_bytes() == first


async def test_a_foreign_list_is_replaced(tmp_path: Path) -> None:
    """A file that is not the demo's list does not choose its ports."""
    (tmp_path / URL_LIST).write_bytes(b"\xff\nhttps://shop.example/\n")
    async with serve_storefronts(tmp_path, products=1) as demo:
        assert demo.base_url.encode() in demo.url_list.read_bytes()
