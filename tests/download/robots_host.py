"""A host that serves robots.txt, fetches without one, and a clock that the tests control."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from crawler.download.client import Downloader
from crawler.download.exchange import Exchange, FetchPolicy
from crawler.download.robots import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

AGENT = "bookprice-crawler/0.1"
SOME_RULES = b"User-agent: *\nDisallow: /private/\nCrawl-delay: 2\n"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fetch = Callable[[str], Awaitable[Exchange]]


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += dt.timedelta(**time)


class Host:
    """A real server with one response for all addresses, and a log of requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.log: list[str] = []
        self.asked, self.given_up = asyncio.Event(), asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.log.append(request.path)
        self.asked.set()
        try:
            return await self.answer(request)
        except asyncio.CancelledError:
            self.given_up.set()
            raise


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Host, Fetch]]:
    """Serve, and yield a function that fetches like the client: two attempts, five redirects, the size limit."""
    host = Host(answer)
    app = web.Application()
    app.router.add_get("/{path:.*}", host.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    policy = FetchPolicy(
        attempts=2,
        max_bytes=MAX_BYTES,
        may_follow=lambda _url: True,
        named_hosts=frozenset({"127.0.0.1"}),
        obey_robots=False,
    )
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host.url = "http://{}:{}".format(*runner.addresses[0])
        async with Downloader(read_timeout=0.3, connect_timeout=2.0) as downloader:
            yield host, lambda url: downloader.fetch(url, policy)
    finally:
        await runner.cleanup()


def text(body: bytes = SOME_RULES, status: int = 200) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body)

    return answer


async def hanging(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def redirecting(times: int) -> Answer:
    """Redirect through this many addresses to the rules."""

    async def answer(request: web.Request) -> web.StreamResponse:
        step = 0 if request.path == "/robots.txt" else int(request.path.removeprefix("/"))
        if step == times:
            return web.Response(body=SOME_RULES)
        return web.Response(status=301, headers={"Location": f"/{step + 1}"})

    return answer


async def never(url: str) -> Exchange:
    raise AssertionError(f"{url} was asked for")


def answering(*exchanges: Exchange) -> Fetch:
    """Respond without a server, for cases that would take a real one too long."""
    rest = list(exchanges)

    async def fetch(_url: str) -> Exchange:
        return rest.pop(0) if len(rest) > 1 else rest[0]

    return fetch


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def served(body: bytes, status: int = 200) -> Exchange:
    return Exchange("", "", status, body=body)


UNAVAILABLE = Exchange("", "", 503, "Service Unavailable", attempts=3)


class Gate:
    """A fetch that waits for a signal."""

    def __init__(self) -> None:
        self.open, self.reached = asyncio.Event(), asyncio.Event()
        self.asked = self.cancelled = 0

    async def fetch(self, _url: str) -> Exchange:
        self.asked += 1
        self.reached.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return served(SOME_RULES)
