"""Wish lists over HTTP: searched on the shared engine, followed, stopped, bounded."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.webapp import search_events
from crawler.webapp.state import STATE
from crawler.webapp.wishes.store import MOST_RUNNING
from crawler.webapp.wishlist_api import MAX_TEXT, WISHES
from parsers.model import Contributor
from tests.factories import make_listing
from tests.watching.scripted_shop import ScriptedShop, scripted_shop
from tests.webapp.conftest import Site, open_site


def listing(number: int, title: str, price: str) -> Any:
    return make_listing(
        product_id=f"2900{number:04}", title=title, subtitle="", price=Decimal(price), price_text=f"¥{price}",
        contributors=(Contributor("刘慈欣", "著"),), contributors_text="刘慈欣 著", rating=4.5, reviews=100,
    )  # fmt: skip


@pytest.fixture
async def shop() -> AsyncIterator[ScriptedShop]:
    async with scripted_shop() as served:
        served.pages = [[listing(1, "三体", "30.00"), listing(2, "三体漫画", "9.00")]]
        yield served


@pytest.fixture
async def wishing(shop: ScriptedShop, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path, base_url=shop.base_url) as site:
        yield site


async def told(site: Site, list_id: str, *, last: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return the events of a list with their ids, until its end."""
    found, number = [], ""
    headers = {"Last-Event-ID": last} if last else {}
    async with (
        asyncio.timeout(30),
        site.session.get(f"/api/v1/wishlists/{list_id}/events", headers=headers) as response,
    ):
        if response.status == 204:
            return []
        async for line in response.content:
            name, _, value = line.decode().strip().partition(": ")
            if name == "id":
                number = value
            elif name == "data":
                found.append((number, json.loads(value)))
    return found


async def test_each_wish_gets_an_outcome_and_the_list_a_total(wishing: Site) -> None:
    status, made = await wishing.api(
        "POST", "/api/v1/wishlists", {"text": "三体 / 刘慈欣\n三體\n---\n活着\n"}
    )
    assert (status, made["state"], made["duplicates"], made["unusable"]) == (201, "running", 1, ["---"])
    events = await told(wishing, made["id"])
    assert [number for number, _ in events] == ["1", "2", "3"]
    assert events[-1][1]["row"] is None
    assert events[-1][1]["state"] == "finished"
    _, found = await wishing.api("GET", f"/api/v1/wishlists/{made['id']}")
    first, second = found["wishes"]
    assert (first["state"], first["match"], first["cheapest"]["price"]) == ("found", "title_author", "30.00")
    assert (second["state"], second["cheapest"], second["words"]) == ("missing", None, "not found")
    totals = found["totals"]
    assert (totals["found"], totals["missing"], totals["cheapest"], totals["best"]) == (
        1,
        1,
        "30.00",
        "30.00",
    )
    assert totals["words"] == "1 of 2 found, 1 not found"


async def test_a_reader_continues_where_it_was(wishing: Site) -> None:
    _, made = await wishing.api("POST", "/api/v1/wishlists", {"text": "三体\n活着\n围城\n"})
    whole = await told(wishing, made["id"])
    assert len(whole) == 4
    assert await told(wishing, made["id"], last="2") == whole[2:]
    assert await told(wishing, made["id"], last="4") == []
    assert (await told(wishing, made["id"], last="999999999")) == []


async def test_a_list_is_stopped_with_what_was_found(wishing: Site, shop: ScriptedShop) -> None:
    shop.held = asyncio.Event()
    _, made = await wishing.api("POST", "/api/v1/wishlists", {"text": "三体\n活着\n"})
    await asyncio.wait_for(shop.came.wait(), 30)
    follower = asyncio.create_task(told(wishing, made["id"]))
    status, stopped = await wishing.api("DELETE", f"/api/v1/wishlists/{made['id']}")
    assert (status, stopped["state"], stopped["totals"]["done"]) == (200, "cancelled", 0)
    assert [event["state"] for _, event in await follower] == ["cancelled"]
    shop.held.set()
    assert [row["state"] for row in stopped["wishes"]] == ["waiting", "waiting"]


async def test_only_a_few_lists_are_searched_at_once(wishing: Site, shop: ScriptedShop) -> None:
    shop.held = asyncio.Event()
    made = [
        await wishing.api("POST", "/api/v1/wishlists", {"text": f"书{n}甲"}) for n in range(MOST_RUNNING + 1)
    ]
    assert [status for status, _ in made] == [201] * MOST_RUNNING + [429]
    assert made[-1][1]["code"] == "wish_lists_busy"
    shop.held.set()
    for _, each in made[:-1]:
        await told(wishing, each["id"])
    assert (await wishing.api("POST", "/api/v1/wishlists", {"text": "书"}))[0] == 201


async def test_a_shop_that_blocks_is_no_shop_without_the_book(wishing: Site, shop: ScriptedShop) -> None:
    shop.failing = {1}
    _, made = await wishing.api("POST", "/api/v1/wishlists", {"text": "三体"})
    await told(wishing, made["id"])
    _, found = await wishing.api("GET", f"/api/v1/wishlists/{made['id']}?lang=zh-Hant")
    assert found["wishes"][0]["state"] == "failed"
    assert found["wishes"][0]["words"].startswith("未知，搜尋失敗")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": ""}, 422, "wish_list_refused"),
        ({"text": "---"}, 422, "wish_list_refused"),
        ({"text": '书名,作者\n"三体,刘慈欣\n'}, 422, "wish_list_refused"),
        ({"text": "三体", "sellers": "nobody"}, 422, "invalid_body"),
        ({"text": "三体", "pages": 100}, 422, "invalid_body"),
        ({}, 422, "invalid_body"),
    ],
)
async def test_what_is_no_list_is_refused(
    wishing: Site, body: dict[str, Any], status: int, code: str
) -> None:
    got, problem = await wishing.api("POST", "/api/v1/wishlists", body)
    assert (got, problem["code"]) == (status, code)


async def test_a_list_is_bounded(wishing: Site) -> None:
    headers = {"X-CSRF-Token": wishing.context.access.csrf_token, "Content-Type": "application/json"}
    body = io.BytesIO(b'{"text": "' + b"x" * MAX_TEXT + b'"}')
    async with wishing.session.post("/api/v1/wishlists", data=body, headers=headers) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (413, "too_large")
    assert (await wishing.api("GET", "/api/v1/wishlists/none"))[0] == 404


async def test_the_prices_of_wishes_are_recorded(shop: ScriptedShop, tmp_path: Path) -> None:
    async with open_site(tmp_path, base_url=shop.base_url, record=True) as site:
        _, made = await site.api("POST", "/api/v1/wishlists", {"text": "三体 / 刘慈欣"})
        await told(site, made["id"])
        _, found = await site.api("GET", "/api/v1/history/books?q=三体")
        assert found["total"] == 2


async def test_streams_are_bounded_together_with_those_of_searches(
    wishing: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made = await wishing.api("POST", "/api/v1/wishlists", {"text": "三体"})
    await told(wishing, made["id"])
    monkeypatch.setattr(search_events, "MAX_STREAMS", 0)
    status, problem = await wishing.api("GET", f"/api/v1/wishlists/{made['id']}/events")
    assert (status, problem["code"]) == (503, "too_many_streams")


async def test_a_reader_that_leaves_is_let_go(wishing: Site, shop: ScriptedShop) -> None:
    shop.held = asyncio.Event()
    _, made = await wishing.api("POST", "/api/v1/wishlists", {"text": "三体"})
    async with wishing.session.get(f"/api/v1/wishlists/{made['id']}/events") as response:
        assert response.status == 200
        assert wishing.server.app[STATE].streams.open == 1
    async with asyncio.timeout(30):
        while True:
            if wishing.server.app[STATE].streams.open == 0:
                break
            await asyncio.sleep(0.02)
    shop.held.set()
    assert (await told(wishing, made["id"]))[-1][1]["state"] == "finished"


async def test_a_title_full_of_markup_is_shown_as_text(wishing: Site, shop: ScriptedShop) -> None:
    title = "<script>alert(1)</script>三体"
    shop.pages = [[listing(1, title, "30.00")]]
    _, made = await wishing.api("POST", "/api/v1/wishlists", {"text": title})
    await told(wishing, made["id"])
    status, text = await wishing.get(f"/wishlist?list={made['id']}")
    assert (status, "<script>alert" in text, text.count("&lt;script&gt;alert(1)")) == (200, False, 3)


async def test_the_page_shows_the_list_after_a_reload(wishing: Site) -> None:
    _, made = await wishing.api("POST", "/api/v1/wishlists", {"text": "三体 / 刘慈欣"})
    await told(wishing, made["id"])
    status, text = await wishing.get(f"/wishlist?list={made['id']}")
    assert (status, "¥30.00" in text, "1 of 1 found" in text) == (200, True, True)


async def test_a_list_that_comes_while_the_server_closes_is_not_begun(
    wishing: Site, shop: ScriptedShop
) -> None:
    await wishing.server.app[WISHES].close()
    status, problem = await wishing.api("POST", "/api/v1/wishlists", {"text": "三体"})
    assert (status, problem["code"], shop.asked) == (503, "closing", [])


async def test_a_list_is_not_read_while_no_other_can_be_searched(
    wishing: Site, shop: ScriptedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a long list takes seconds."""
    monkeypatch.setattr("crawler.webapp.wishes.store.MOST_RUNNING", 0)
    status, problem = await wishing.api("POST", "/api/v1/wishlists", {"text": "---"})
    assert (status, problem["code"]) == (429, "wish_lists_busy")
