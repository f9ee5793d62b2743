"""Searches over HTTP: started, followed by any number of readers, cancelled, kept, and lost from memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from tests.webapp.conftest import Site


async def events(site: Site, search: str, **headers: str) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """Yield the events of a stream with their ids."""
    number = 0
    async with site.session.get(f"/api/v1/searches/{search}/events", headers=headers) as response:
        assert response.status == 200
        async for line in response.content:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "id":
                number = int(value)
            elif field == "data":
                yield number, json.loads(value)


async def start(site: Site, query: str = "滲透測試", **options: Any) -> str:
    """Start a search and return its id."""
    status, state = await site.api("POST", "/api/v1/searches", {"query": query, "pages": 3, **options})
    assert status == 202, state
    return str(state["id"])


async def finished(site: Site, search: str) -> dict[str, Any]:
    """Follow a search to its end and return its last state."""
    last: dict[str, Any] = {}
    async for _, event in events(site, search):
        last = event
    assert last["type"] == "finished"
    state: dict[str, Any] = last["search"]
    return state


async def test_a_search_is_followed_to_its_end(site: Site) -> None:
    search = await start(site)
    told = [(number, event) async for number, event in events(site, search)]
    kinds = [event["type"] for _, event in told]
    assert kinds[0] == "started"
    assert kinds[-1] == "finished"
    assert {event["page"] for _, event in told if event["type"] == "page"} == {1, 2, 3}
    assert [number for number, _ in told] == sorted({number for number, _ in told})
    state = told[-1][1]["search"]
    assert (state["state"], state["complete"], state["pages_done"]) == ("finished", True, 3)
    status, books = await site.api("GET", f"/api/v1/searches/{search}/books")
    assert (status, books["final"], len(books["rows"])) == (200, True, state["books"])
