"""The demo shop as a real HTTP server on the loopback interface.

async with DemoShop() as shop:
    print(shop.base_url)          # http://127.0.0.1:40123; search it like https://search.dangdang.com

The page of product 80123456 is at /80123456.html.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from crawler.demo import pages
from crawler.demo.answers import answer, page_response, planned_status
from crawler.demo.faults import Fault, FaultPlan
from crawler.demo.product_page import render_product_page
from crawler.demo.search_request import SearchRequest, read_search
from crawler.demo.storefronts import STOREFRONTS, Storefront, product_of

__all__ = ["MAX_LOG", "DemoShop", "ServedRequest"]

MAX_LOG = 20_000
"""How many requests `DemoShop.requests` remembers; the oldest are dropped."""

_MAX_QUERIES = 64
"""How many queries a shop remembers, the latest ones, to find the products of their lists."""

_CLOSING_SECONDS = 0.1
"""Time for requests in flight to finish when the shop closes; the rest are cancelled."""


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """A received request, with the status of its response."""

    time_monotonic: float
    """`time.monotonic()` of its arrival."""
    method: str
    path_qs: str
    """Path and query string as sent."""
    page: int | None
    """The requested result page; None if the request is not a search."""
    query: str | None
    """The query as the shop read it; None if the request is not a search."""
    status: int
    """0 if the connection is reset."""
    cookie: str | None = None
    """The Cookie header as sent."""


class DemoShop:
    """The shop; an async context manager that serves while it is open.

    `port` 0 means any free port; `latency` delays every search and every product page by so many seconds. `robots` is
    the text of its robots.txt, or a status to send instead. Searches beyond `max_connections` in parallel get a 429.
    `today` is called at every search for the day whose prices to show; without it, the prices are the timeless ones of
    the catalogue, which never change. `storefront` is the shop that the product pages belong to. Opening raises OSError
    if the port is in use.
    """

    def __init__(
        self,
        port: int = 0,
        faults: Iterable[Fault] = (),
        latency: float = 0.0,
        *,
        robots: str | int = "User-agent: *\nAllow: /\n",
        max_connections: int | None = None,
        today: Callable[[], dt.date] | None = None,
        storefront: Storefront = STOREFRONTS[0],
    ) -> None:
        self._port = port
        self._robots_answer = robots
        self._max_connections = max_connections
        self._today = today
        self._storefront = storefront
        self._latency = latency
        self._plan = FaultPlan(faults, latency=latency)
        self._queries: dict[str, None] = {}
        """The queries that were searched for, the latest one last."""
        self._requests: deque[ServedRequest] = deque(maxlen=MAX_LOG)
        self._in_flight = 0
        self._peak = 0
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """Return the shop's origin; available while the shop is open."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """Return the port on which the shop listens. Raises RuntimeError while it is closed."""
        if self._runner is None:
            raise RuntimeError("the demo shop is not open")
        return int(self._runner.addresses[0][1])

    @property
    def requests(self) -> list[ServedRequest]:
        """Return the requests so far, in order of arrival."""
        return list(self._requests)

    @property
    def searches(self) -> list[ServedRequest]:
        """Return the requests that were searches."""
        return [request for request in self._requests if request.page is not None]

    @property
    def peak_in_flight(self) -> int:
        """Return the highest number of parallel search requests so far."""
        return self._peak

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/", self._front)
        app.router.add_get("/robots.txt", self._robots)
        app.router.add_get("/signin.aspx", self._login)
        app.router.add_get("/{product_id:[0-9]{1,13}}.html", self._product)
        app.router.add_get("/{path:.*}", self._unknown)
        runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_CLOSING_SECONDS,
            keepalive_timeout=30,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _front(self, request: web.Request) -> web.StreamResponse:
        search = read_search(request.rel_url.raw_query_string)
        if search is None:
            self._log(request, None, 200)
            return page_response(pages.home_page())
        if self._max_connections is not None and self._in_flight >= self._max_connections:
            self._log(request, search, 429)
            return web.Response(text="too many at once", status=429)
        day = self._day()
        if search.understood:
            self._remember(search.query)
        outcome = self._plan.outcome(search.query, search.page)
        self._log(request, search, planned_status(outcome.fault))
        async with self._counted():
            if outcome.delay:
                await asyncio.sleep(outcome.delay)
            response = await answer(request, search, outcome.fault, day=day)
            if not response.prepared and "Cookie" not in request.headers:
                response.set_cookie("demo_session", f"{len(self._requests)}")
            return response

    def _day(self) -> dt.date | None:
        return None if self._today is None else self._today()

    def _remember(self, query: str) -> None:
        self._queries.pop(query, None)
        self._queries[query] = None
        if len(self._queries) > _MAX_QUERIES:
            del self._queries[next(iter(self._queries))]

    async def _product(self, request: web.Request) -> web.StreamResponse:
        product_id = request.match_info["product_id"]
        product = product_of(self._storefront, product_id, reversed(self._queries), day=self._day())
        if product is None:
            return await self._unknown(request)
        self._log(request, None, 200)
        if self._latency:
            await asyncio.sleep(self._latency)
        body = render_product_page(product, self._storefront, f"{self.base_url}/{product_id}.html")
        content_type = f"text/html; charset={self._storefront.declared_charset}"
        return page_response(body, content_type=content_type)

    async def _robots(self, request: web.Request) -> web.Response:
        status = self._robots_answer if isinstance(self._robots_answer, int) else 200
        self._log(request, None, status)
        text = "" if isinstance(self._robots_answer, int) else self._robots_answer
        return web.Response(text=text, status=status)

    async def _login(self, request: web.Request) -> web.Response:
        self._log(request, None, 200)
        return page_response(pages.login_page())

    async def _unknown(self, request: web.Request) -> web.Response:
        self._log(request, None, 404)
        return page_response(pages.not_found_page(), status=404)

    def _log(self, request: web.Request, search: SearchRequest | None, status: int) -> None:
        page, query = (None, None) if search is None else (search.page, search.query)
        self._requests.append(
            ServedRequest(
                time.monotonic(),
                request.method,
                request.raw_path,
                page,
                query,
                status,
                request.headers.get("Cookie"),
            )
        )

    @contextlib.asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= 1
