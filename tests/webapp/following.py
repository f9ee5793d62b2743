"""Start searches and follow them over HTTP."""

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
        assert response.content_type == "text/event-stream"
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
