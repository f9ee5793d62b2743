"""Many searches at once: all end, nothing is lost, and readers that do not read stall nobody.

`benchmarks/web_load.py` measures the times of the page meanwhile.
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from crawler.demo.catalogue import PAGE_SIZE, catalogue
from tests.webapp.conftest import Site, open_site
from tests.webapp.following import events, start


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_fifty_searches_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each of 20 pages, with a reader of its events and one that never reads; the page answers meanwhile."""
    queries = [
        query for query in (f"演示{at}" for at in range(300)) if len(catalogue(query)) >= 20 * PAGE_SIZE
    ][:50]
    assert len(queries) == 50
    async with open_site(tmp_path, record=True) as site:
        idle: list[socket.socket] = []

        async def one(query: str) -> None:
            search = await start(site, query, pages=20)
            idle.append(socket.create_connection(site.address))
            idle[-1].sendall(
                f"GET /api/v1/searches/{search}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            told = [event async for _, event in events(site, search)]
            assert {event["page"] for event in told if event["type"] == "page"} == set(range(1, 21))
            state = told[-1]["search"]
            assert (state["complete"], state["recorded"], state["pages_done"]) == (True, True, 20)
            _, books = await site.api("GET", f"/api/v1/searches/{search}/books")
            assert len(books["rows"]) == state["books"] > 0

        watching = asyncio.create_task(_watch(site))
        await asyncio.gather(*map(one, queries))
        watching.cancel()
        assert not watching.done() or watching.cancelled()
        _, listed = await site.api("GET", "/api/v1/searches")
        assert {each["query"] for each in listed["searches"]} == set(queries)
        _, metrics = await site.get("/metrics")
        assert "bookprice_searches_finished_total 50\n" in metrics
        assert "bookprice_searches_partial_total 0\n" in metrics
        for each in idle:
            each.close()


async def _watch(site: Site) -> None:
    """Request the front page, again and again."""
    while True:
        assert (await site.get("/"))[0] == 200
        await asyncio.sleep(0.02)
