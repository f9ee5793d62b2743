"""A shop with content from a test: the products on its pages, their prices, and the page that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import parse_qs

from aiohttp import web

from crawler.demo.markup import render_search_page
from crawler.demo.pages import firewall_page
from parsers.model import Listing
from tests.factories import make_listing

PREFIX = "290000"
"""What every product number begins with."""


@dataclass
class ScriptedShop:
    """Pages of listings, and the numbers of those that a firewall blocks."""

    pages: list[list[Listing]] = field(default_factory=list)
    price_pages: list[list[Listing]] | None = None
    """What stands on the pages in price order; the same as on the others when None."""
    failing: set[int] = field(default_factory=set)
    failing_query: str | None = None
    """A part of the addresses that are answered by a firewall as well."""
    asked: list[int] = field(default_factory=list)
    held: asyncio.Event | None = None
    """While it is not set, the page below is not answered."""
    held_page: int = 1
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """That this page was asked for."""
    port: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        page = int(request.query.get("page_index", "1"))
        self.asked.append(page)
        if self.held is not None and page == self.held_page:
            self.came.set()
            await self.held.wait()
        asked = request.rel_url.raw_query_string
        if page in self.failing or (self.failing_query is not None and self.failing_query in asked):
            return web.Response(status=405, body=firewall_page(), content_type="text/html")
        [query] = parse_qs(asked, encoding="gb18030")["key"]
        shown = self.pages
        if self.price_pages is not None and "sort_xlowprice_asc" in asked:
            shown = self.price_pages
        total = sum(map(len, shown))
        body = render_search_page(
            shown[page - 1] if page <= len(shown) else [],
            query=query, page=page, pages=len(shown), total=total,
        )  # fmt: skip
        return web.Response(body=body, content_type="text/html", charset="gb2312")


@asynccontextmanager
async def scripted_shop() -> AsyncIterator[ScriptedShop]:
    """Serve such a shop on its own port."""
    shop = ScriptedShop()
    app = web.Application()
    app.router.add_get("/{path:.*}", shop.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.port = runner.addresses[0][1]
    try:
        yield shop
    finally:
        await runner.cleanup()


def shelf(prices: dict[str, str], *, sold_out: Sequence[str] = ()) -> list[Listing]:
    """Return listings of 三体 by the last digits of their product numbers, with prices; each is a separate book."""
    return [
        make_listing(
            product_id=PREFIX + number, title=f"三体 第{number}种讲法", subtitle="",
            price=Decimal(price), price_text=f"¥{price}",
            list_price=Decimal(100), list_price_text="¥100.00", discount_text="", sold_out=number in sold_out,
        )
        for number, price in prices.items()
    ]  # fmt: skip
