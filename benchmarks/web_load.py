"""Measure the web page while many searches run: its answers, the end of every search, and the server's memory.

    python benchmarks/web_load.py [SEARCHES [PAGES]]

Start `serve --demo`, then all searches at once (default: 50 of 20 pages), each followed by one reader of its events and
one that never reads. Meanwhile request the front page, a search's page, its books so far and the list of searches, one
after another. Print as JSON: the response times in milliseconds (median, also of each kind, 95th percentile, highest)
and their number, the seconds until the last search had ended, the searches that ended whole, and the server's memory in
MB before and at its peak.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from typing import Any

import aiohttp
import psutil

from crawler.demo.catalogue import PAGE_SIZE, catalogue


def queries(number: int, pages: int) -> list[str]:
    """Return queries for which the demo shop has enough full pages."""
    found = []
    for candidate in (f"演示{at}" for at in range(1000)):
        if len(catalogue(candidate)) >= pages * PAGE_SIZE:
            found.append(candidate)
            if len(found) == number:
                return found
    raise SystemExit(f"the demo shop has only {len(found)} such queries")


class Load:
    """The searches on one server, and the times of its responses meanwhile."""

    def __init__(self, session: aiohttp.ClientSession, url: str, pages: int) -> None:
        self.session, self.url, self.pages = session, url, pages
        self.ids: list[str] = []
        self.whole = 0
        self.times: dict[str, list[float]] = {}
        """Milliseconds, by what was requested."""
        self._begun = asyncio.Event()
        self._unread: list[asyncio.StreamWriter] = []

    async def run(self, searches: list[str]) -> None:
        """Run all searches at once."""
        async with self.session.get(f"{self.url}/api/v1/session") as response:
            token = (await response.json())["csrf_token"]
        watching = asyncio.create_task(self._watch())
        await asyncio.gather(*(self._search(query, token) for query in searches))
        watching.cancel()
        for writer in self._unread:
            writer.transport.abort()

    async def _search(self, query: str, token: str) -> None:
        body = {"query": query, "pages": self.pages, "price_check": 0}
        headers = {"X-CSRF-Token": token}
        async with self.session.post(f"{self.url}/api/v1/searches", json=body, headers=headers) as response:
            search = (await response.json())["id"]
        self.ids.append(search)
        self._begun.set()
        path = f"/api/v1/searches/{search}/events"
        host, port = self.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self._unread.append(writer)
        last: dict[str, Any] = {}
        async with self.session.get(f"{self.url}{path}") as stream:
            async for line in stream.content:
                if line.startswith(b"data: "):
                    last = json.loads(line[6:])
        state = last["search"]
        self.whole += state["complete"] and state["pages_done"] == self.pages and state["books"] > 0

    async def _watch(self) -> None:
        """Request pages one after another, as a visitor does."""
        await self._begun.wait()
        at = 0
        while True:
            search = self.ids[at % len(self.ids)]
            at += 1
            for what, path in (
                ("front page", "/"),
                ("search", f"/searches/{search}"),
                ("books", f"/api/v1/searches/{search}/books"),
                ("searches", "/api/v1/searches"),
            ):
                began = time.perf_counter()
                async with self.session.get(f"{self.url}{path}") as response:
                    await response.read()
                self.times.setdefault(what, []).append(1000 * (time.perf_counter() - began))
                await asyncio.sleep(0.02)


async def measure(number: int, pages: int) -> None:
    """Start the server, run the searches, and print."""
    searches = queries(number, pages)
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler", "serve", "--demo", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        url = (await server.stdout.readline()).decode().strip()
        process, before = psutil.Process(server.pid), psutil.Process(server.pid).memory_info().rss
        peak = before

        async def watch_memory() -> None:
            nonlocal peak
            while True:
                peak = max(peak, process.memory_info().rss)
                await asyncio.sleep(0.1)

        watching = asyncio.create_task(watch_memory())
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            load, began = Load(session, url, pages), time.perf_counter()
            await load.run(searches)
            seconds = time.perf_counter() - began
        watching.cancel()
        ordered = sorted(each for times in load.times.values() for each in times)
        print(
            json.dumps(
                {
                    "searches": number,
                    "whole": load.whole,
                    "seconds": round(seconds, 1),
                    "responses": len(ordered),
                    "median_ms": round(statistics.median(ordered), 1),
                    "medians_ms": {
                        what: round(statistics.median(each), 1) for what, each in load.times.items()
                    },
                    "p95_ms": round(ordered[int(0.95 * len(ordered))], 1),
                    "highest_ms": round(ordered[-1], 1),
                    "memory_before_mb": before >> 20,
                    "memory_peak_mb": peak >> 20,
                }
            )
        )
    finally:
        server.terminate()
        await server.wait()


if __name__ == "__main__":
    asyncio.run(measure(*map(int, (sys.argv[1:] + ["50", "20"][len(sys.argv) - 1 :]))))
