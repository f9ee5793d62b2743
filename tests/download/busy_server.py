"""A real server that counts requests and refuses some, and workers that request its pages."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import aiohttp
from aiohttp import web

from crawler.download.limiter import HostLimiter, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


T = TypeVar("T")


class BusyServer:
    """A real server that refuses requests with 429 while it answers `bears` others."""

    def __init__(self, bears: int = 10**9) -> None:
        self.bears = bears
        self.at_once = self.most_at_once = self.refused = 0
        self.arrivals: list[float] = []
        self.url = ""
        self.host = ""

    async def answer(self, _request: web.Request) -> web.Response:
        self.arrivals.append(time.monotonic())
        if self.at_once >= self.bears:
            self.refused += 1
            return web.Response(status=429)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        return web.Response(text="whole")


@asynccontextmanager
async def serving(bears: int = 10**9) -> AsyncIterator[tuple[BusyServer, aiohttp.ClientSession]]:
    server = BusyServer(bears)
    app = web.Application()
    app.router.add_get("/", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.host = "{}:{}".format(*runner.addresses[0])
        server.url = f"http://{server.host}/"
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield server, session
    finally:
        await runner.cleanup()


async def get(pace: HostLimiter, server: BusyServer, session: aiohttp.ClientSession) -> bool:
    """Make one request in its turn; return True if it was served."""
    async with pace.turn(server.host) as turn, session.get(server.url) as response:
        await response.read()
        served = response.status == 200
        turn.end(Outcome.SERVED if served else Outcome.OVERLOADED)
        return served


async def in_workers(count: int, jobs: list[Callable[[], Awaitable[T]]]) -> list[T]:
    """Do the jobs, `count` of them at a time, as a crawl's workers do."""
    rest = iter(jobs)
    results: list[T] = []

    async def worker() -> None:
        results.extend([await job() for job in rest])

    await asyncio.gather(*(worker() for _ in range(count)))
    return results
