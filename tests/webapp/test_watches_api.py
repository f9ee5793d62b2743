"""Watches over HTTP: what is added here is what the command sees, and what is run here is what the command runs."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crawler.watching.lock import alone
from crawler.webapp.watch_service import MOST_WATCHES, WatchService
from crawler.webapp.watches_api import WATCHES
from tests.watching.scripted_shop import PREFIX, ScriptedShop, scripted_shop, shelf
from tests.webapp.conftest import Site, open_site

TEXT = '# mine\n[crawler]\n\n[[watch]]\nquery = "三体"  # always\ntarget_price = 20\n'


@asynccontextmanager
async def site_at(shop: ScriptedShop, folder: Path, text: str = TEXT) -> AsyncIterator[Site]:
    """Serve the application with a configuration file, and a shop of the test."""
    file = folder / "c.toml"
    file.write_text(text, encoding="utf-8")
    async with open_site(folder, base_url=shop.base_url, watch_config=file) as site:
        yield site


@pytest.fixture
async def shop() -> AsyncIterator[ScriptedShop]:
    async with scripted_shop() as served:
        served.pages = [shelf({"11": "30.00", "12": "50.00"})]
        yield served


@pytest.fixture
async def watched(shop: ScriptedShop, tmp_path: Path) -> AsyncIterator[Site]:
    async with site_at(shop, tmp_path) as site:
        yield site


async def when(site: Site, name: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return a watch as soon as a condition holds for it."""
    async with asyncio.timeout(30):
        while True:
            status, watch = await site.api("GET", f"/api/v1/watches/{quote(name, safe='')}")
            assert status == 200, watch
            if holds(watch):
                return dict(watch)
            await asyncio.sleep(0.02)


async def ended(site: Site, name: str) -> dict[str, Any]:
    """Return a watch that does not run any more."""
    return await when(site, name, lambda watch: not watch["running"])


def content(site: Site) -> str:
    assert site.context.watch_config is not None
    return site.context.watch_config.read_text(encoding="utf-8")


async def test_the_list_has_what_the_file_has(watched: Site) -> None:
    status, found = await watched.api("GET", "/api/v1/watches")
    [watch] = found["watches"]
    assert (status, found["editable"], found["scheduled"]) == (200, True, False)
    assert (watch["name"], watch["target_price"], watch["conditions"], watch["due"]) == (
        "三体", "20", ["target ¥20.00"], True,
    )  # fmt: skip
    with watched.context.watch_config.open("a", encoding="utf-8") as file:  # type: ignore[union-attr]
        file.write('[[watch]]\nquery = "by hand"\npaused = true\n')
    _, found = await watched.api("GET", "/api/v1/watches")
    assert [(each["name"], each["paused"], each["due"]) for each in found["watches"]] == [
        ("三体", False, True), ("by hand", True, False),
    ]  # fmt: skip


async def test_the_page_says_when_alerts_have_no_place(watched: Site, tmp_path: Path) -> None:
    """And why, if the table is wrong."""
    _, text = await watched.get("/watches")
    assert "names no place" in text
    file = watched.context.watch_config
    assert file is not None
    file.write_text(TEXT + f'[alerts]\nfile = "{tmp_path}/alerts.jsonl"\n', encoding="utf-8")
    _, text = await watched.get("/watches")
    assert "names no place" not in text


async def test_a_watch_is_added_changed_and_deleted_in_the_file(watched: Site) -> None:
    """Comments stay; a book of a result is watched by its product number."""
    new = {
        "query": "三体",
        "name": "三体 典藏/版",
        "products": ["29220317"],
        "target_price": 19.9,
        "search": {"sellers": "all"},
    }
    status, added = await watched.api("POST", "/api/v1/watches", new)
    assert (status, added["target_price"], added["search"]) == (201, "19.9", {"sellers": "all"})
    path = f"/api/v1/watches/{quote(added['name'], safe='')}"
    assert content(watched).startswith(TEXT)

    status, changed = await watched.api(
        "PATCH", path, {"paused": True, "target_price": "18.50", "version": added["version"]}
    )
    assert (status, changed["paused"], changed["target_price"]) == (200, True, "18.50")
    tables = tomllib.loads(content(watched))["watch"]
    assert tables[1] == {
        "name": "三体 典藏/版",
        "query": "三体",
        "products": ["29220317"],
        "target_price": 18.5,
        "paused": True,
        "sellers": "all",
    }
    status, problem = await watched.api("PATCH", path, {"paused": False, "version": added["version"]})
    assert (status, problem["code"]) == (409, "watch_conflict")
    status, _ = await watched.api("DELETE", f"{path}?version={added['version']}")
    assert status == 409
    status, _ = await watched.api("DELETE", f"{path}?version={changed['version']}")
    assert (status, content(watched)) == (204, TEXT)
    assert (await watched.api("GET", path))[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"query": "三体"}, 409, "watch_conflict"),
        ({"query": ""}, 422, "watch_refused"),
        ({"query": "x", "every": "soon"}, 422, "watch_refused"),
        ({"query": "x", "target_price": -1}, 422, "watch_refused"),
        ({"query": "x", "products": ["../etc"]}, 422, "watch_refused"),
        ({"query": "x", "search": {"concurrency": 5}}, 422, "watch_setting"),
        ({"query": "x", "search": {"base_url": "http://169.254.169.254"}}, 422, "watch_setting"),
        ({"query": "x", "search": {"min_price": "a"}}, 422, "watch_refused"),
        ({"query": "x", "command": ["sh"]}, 422, "invalid_body"),
        ({"query": ".."}, 422, "watch_name"),
    ],
)
async def test_what_no_watch_can_be_is_refused(
    watched: Site, body: dict[str, Any], status: int, code: str
) -> None:
    """In one line; the file stays as it was."""
    got, problem = await watched.api("POST", "/api/v1/watches", body)
    assert (got, problem["code"]) == (status, code)
    assert "\n" not in problem["detail"]
    assert content(watched) == TEXT


async def test_problems_are_in_the_language_of_the_visitor(watched: Site) -> None:
    for lang, words in (
        ("zh-Hant", "已有追蹤 三体"),
        ("zh-Hans", "已有关注 三体"),
        ("en", "there is a watch 三体"),
    ):
        _, problem = await watched.api("POST", f"/api/v1/watches?lang={lang}", {"query": "三体"})
        assert problem["detail"].startswith(words)


async def test_a_run_records_prices_and_raises_alerts(watched: Site, shop: ScriptedShop) -> None:
    """As the command does: the same state, the same history, one alert for an event."""
    assert await watched.api("POST", "/api/v1/watches/三体/runs") == (202, {"name": "三体"})
    watch = await ended(watched, "三体")
    assert (watch["due"], watch["problem"], watch["last_alert"]) == (False, "", None)
    assert (watch["last_run"]["books"], watch["last_run"]["alerts"]) == (2, 0)
    shop.pages = [shelf({"11": "19.00", "12": "50.00"})]
    for alerts in (1, 0):
        await watched.api("POST", "/api/v1/watches/三体/runs")
        watch = await ended(watched, "三体")
        assert watch["last_run"]["alerts"] == alerts
    assert watch["last_alert"]["product_id"] == f"{PREFIX}11"
    assert watch["last_alert"]["price"] == "19.00"
    assert watch["last_alert"]["words"].startswith("REPLICA — target reached: ¥19.00 (target ¥20.00")


async def test_alerts_go_to_the_places_of_the_file(shop: ScriptedShop, tmp_path: Path) -> None:
    target = tmp_path / "alerts.jsonl"
    async with site_at(shop, tmp_path, f'{TEXT}[alerts]\nfile = "{target}"\n') as site:
        shop.pages = [shelf({"11": "19.00"})]
        await site.api("POST", "/api/v1/watches/三体/runs")
        await ended(site, "三体")
        assert '"price":19.00' in target.read_text(encoding="utf-8")
        status, sent = await site.api("POST", "/api/v1/watches/三体/test-alerts")
        assert (status, sent) == (200, {"places": [{"place": f"file {target}", "why": ""}]})
        assert '"kind":"test"' in target.read_text(encoding="utf-8")
        target.unlink()
        target.mkdir()
        _, sent = await site.api("POST", "/api/v1/watches/三体/test-alerts")
        assert sent["places"][0]["why"]


async def test_a_test_without_a_place_says_so(watched: Site) -> None:
    status, problem = await watched.api("POST", "/api/v1/watches/三体/test-alerts")
    assert (status, problem["code"]) == (422, "watch_refused")
    assert "[alerts]" in problem["detail"]


async def test_a_run_that_reads_no_page_says_why(watched: Site, shop: ScriptedShop) -> None:
    shop.failing = {1, 2, 3}
    await watched.api("POST", "/api/v1/watches/三体/runs")
    watch = await ended(watched, "三体")
    assert watch["last_run"]["problem"]
    assert "no page could be read" in watch["problem"]


async def test_a_watch_runs_once_at_a_time(watched: Site, shop: ScriptedShop) -> None:
    shop.held = asyncio.Event()
    await watched.api("POST", "/api/v1/watches/三体/runs")
    await asyncio.wait_for(shop.came.wait(), 30)
    status, problem = await watched.api("POST", "/api/v1/watches/三体/runs")
    assert (status, problem["code"]) == (409, "watch_conflict")
    _, watch = await watched.api("GET", "/api/v1/watches/三体")
    assert watch["running"]
    shop.held.set()
    assert (await ended(watched, "三体"))["last_run"]["problem"] == ""


async def test_another_program_that_runs_watches_is_not_disturbed(watched: Site) -> None:
    with alone(watched.context.history, wait=False) as free:
        assert free
        await watched.api("POST", "/api/v1/watches/三体/runs")
        watch = await ended(watched, "三体")
    assert "another program is running watches" in watch["last_run"]["problem"]


async def test_the_schedule_runs_what_is_due_and_nothing_else(shop: ScriptedShop, tmp_path: Path) -> None:
    """Off at first; on, a due watch runs, a paused one does not, and one that was added is seen at once."""
    text = f'{TEXT}[[watch]]\nname = "off"\nquery = "三体"\npaused = true\n'
    async with site_at(shop, tmp_path, text) as site:
        service = WatchService(site.context)
        await service.run_due()
        _, before = await site.api("GET", "/api/v1/watches")
        asked = len(shop.asked)
        await service.run_due()
        assert len(shop.asked) == asked
        assert [each["due"] for each in before["watches"]] == [False, False]
        assert await site.api("GET", "/api/v1/schedule") == (200, {"on": False})
        assert await site.api("PUT", "/api/v1/schedule", {"on": True}) == (200, {"on": True})
        await site.api("POST", "/api/v1/watches", {"query": "三体", "name": "new"})
        await when(site, "new", lambda watch: watch["last_success"] is not None)
        assert await site.api("PUT", "/api/v1/schedule", {"on": False}) == (200, {"on": False})
        assert (await site.api("GET", "/api/v1/watches/off"))[1]["last_success"] is None


async def test_a_schedule_that_cannot_run_says_why_and_goes_on(shop: ScriptedShop, tmp_path: Path) -> None:
    """The history is no file at first; then the due watch runs."""
    async with site_at(shop, tmp_path) as site:
        site.context.history.mkdir()
        await site.api("PUT", "/api/v1/schedule", {"on": True})
        service = site.server.app[WATCHES]
        async with asyncio.timeout(30):
            while True:
                if service.problem:
                    break
                await asyncio.sleep(0.02)
        site.context.history.rmdir()
        await site.api("PATCH", "/api/v1/watches/三体", {"every": "1h"})
        await when(site, "三体", lambda watch: watch["last_success"] is not None)
        async with asyncio.timeout(30):  # until the round is over, which also delivers alerts
            while True:
                if service.problem == "":
                    break
                await asyncio.sleep(0.02)


async def test_the_end_of_the_page_ends_a_run_and_leaves_its_watch_due(
    shop: ScriptedShop, tmp_path: Path
) -> None:
    shop.held = asyncio.Event()
    async with site_at(shop, tmp_path) as site:
        await site.api("POST", "/api/v1/watches/三体/runs")
        await asyncio.wait_for(shop.came.wait(), 30)
    shop.held.set()
    async with site_at(shop, tmp_path) as site:
        _, watch = await site.api("GET", "/api/v1/watches/三体")
        assert (watch["due"], watch["running"]) == (True, False)


async def test_without_a_file_nothing_can_be_changed(tmp_path: Path, shop: ScriptedShop) -> None:
    async with open_site(tmp_path, base_url=shop.base_url) as site:
        assert (await site.api("GET", "/api/v1/watches"))[1] == {
            "watches": [], "editable": False, "scheduled": False, "problem": "", "undelivered": "",
        }  # fmt: skip
        status, problem = await site.api("POST", "/api/v1/watches", {"query": "三体"})
        assert (status, problem["code"]) == (422, "watch_refused")
        assert "--config" in problem["detail"]


async def test_a_broken_file_is_one_line(watched: Site) -> None:
    watched.context.watch_config.write_text("[[watch", encoding="utf-8")  # type: ignore[union-attr]
    for method, path, body in (("GET", "", None), ("POST", "", {"query": "x"}), ("POST", "/三体/runs", None)):
        status, problem = await watched.api(method, f"/api/v1/watches{path}", body)
        assert (status, problem["code"]) == (422, "watch_refused")
        assert "c.toml is not valid TOML" in problem["detail"]


async def test_the_page_adds_no_watches_without_end(shop: ScriptedShop, tmp_path: Path) -> None:
    text = "[crawler]\n" + "".join(f'[[watch]]\nquery = "{number}"\n' for number in range(MOST_WATCHES))
    async with site_at(shop, tmp_path, text) as site:
        status, problem = await site.api("POST", "/api/v1/watches", {"query": "三体"})
        assert (status, problem["code"]) == (422, "watch_refused")
        assert content(site) == text


async def test_a_name_full_of_markup_is_shown_as_text(watched: Site) -> None:
    name = "</h2><script>alert(1)</script>\"'&"
    status, added = await watched.api("POST", "/api/v1/watches", {"query": name})
    assert (status, added["name"]) == (201, name)
    status, text = await watched.get("/watches")
    assert status == 200
    assert "<script>alert" not in text
    assert "&lt;/h2&gt;&lt;script&gt;alert(1)" in text
    assert (await watched.api("DELETE", f"/api/v1/watches/{quote(name, safe='')}"))[0] == 204


async def test_a_change_needs_the_csrf_token(watched: Site) -> None:
    for method, path in (("POST", ""), ("PATCH", "/三体"), ("DELETE", "/三体"), ("POST", "/三体/runs")):
        status, problem = await watched.api(
            method, f"/api/v1/watches{path}", {}, headers={"X-CSRF-Token": "no"}
        )
        assert (status, problem["code"]) == (403, "csrf")
    assert content(watched) == TEXT


@pytest.mark.parametrize("changes", [{"name": ".."}, {"name": "."}, {"query": ".."}])
async def test_no_change_gives_a_name_that_no_address_has(watched: Site, changes: dict[str, str]) -> None:
    status, problem = await watched.api("PATCH", "/api/v1/watches/三体", changes)
    assert (status, problem["code"], content(watched)) == (422, "watch_name", TEXT)


@pytest.mark.parametrize(
    "values",
    [
        {"target_price": "0e-400000"},
        {"target_price": "3." + "0" * 50_000},
        {"drop_percent": "5." + "0" * 50_000},
        {"search": {"min_price": "0e400000"}},
    ],
)
async def test_no_amount_fills_the_file(watched: Site, values: dict[str, Any]) -> None:
    """Each of these is a number within its limits, but written out it has thousands of zeros."""
    status, problem = await watched.api("POST", "/api/v1/watches", {"query": "long", **values})
    assert (status, problem["code"], content(watched)) == (422, "watch_refused", TEXT)


async def test_a_watch_that_waits_for_its_turn_runs_as_it_is_then(watched: Site, shop: ScriptedShop) -> None:
    """Not as it was when somebody asked for the run: deleted meanwhile, it does not run at all."""
    await watched.api("POST", "/api/v1/watches", {"query": "other"})
    shop.held = asyncio.Event()
    await watched.api("POST", "/api/v1/watches/三体/runs")
    await asyncio.wait_for(shop.came.wait(), 30)
    assert (await watched.api("POST", "/api/v1/watches/other/runs"))[0] == 202
    assert (await watched.api("DELETE", "/api/v1/watches/other"))[0] == 204
    shop.held.set()
    service = watched.server.app[WATCHES]
    async with asyncio.timeout(30):
        while True:
            if not service.running:
                break
            await asyncio.sleep(0.02)
    assert service.last_runs["三体"].problem == ""
    assert "other" in service.last_runs["other"].problem


async def test_no_text_fills_the_file(watched: Site) -> None:
    for method, path in (("POST", "/api/v1/watches"), ("PATCH", "/api/v1/watches/三体")):
        body = {"query": "long", "search": {"publisher": "x" * 60_000}}
        status, problem = await watched.api(method, path, body)
        assert (status, problem["code"], content(watched)) == (422, "invalid_body", TEXT)
