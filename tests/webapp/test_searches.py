"""Searches over HTTP: started, followed by any number of readers, cancelled, kept, and lost from memory."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from crawler.history.reading import open_history
from crawler.phrases import Phrase
from crawler.report import FORMATS
from crawler.settings import SearchSettings, options_of
from crawler.webapp import search_events, searches
from crawler.webapp.searches_api import MEDIA_TYPES, NewSearch
from crawler.webapp.state import STATE
from tests.webapp.conftest import Site, open_site
from tests.webapp.following import events, finished, start

if TYPE_CHECKING:
    import pytest
    from aiohttp import web

SLOW = Fault(FaultKind.LATENCY, delay=30.0)
"""No page arrives within a test."""


def test_a_search_may_have_every_option_but_an_address() -> None:
    """The fields are the settings of a search; where requests go is not for a visitor to say."""
    fields = set(NewSearch.__struct_fields__)
    assert fields == {"query"} | options_of(SearchSettings).keys() - {"base_url"}


def test_every_format_has_a_media_type() -> None:
    assert set(MEDIA_TYPES) == set(FORMATS)


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
    assert (await site.api("GET", f"/api/v1/searches/{search}"))[1] == state


async def test_a_broken_connection_continues_where_it_was(site: Site) -> None:
    """With Last-Event-ID no event comes twice, and none is lost."""
    search = await start(site)
    first: list[int] = []
    async for number, _ in events(site, search):
        first.append(number)
        if len(first) == 3:
            break
    rest = [number async for number, _ in events(site, search, **{"Last-Event-ID": str(first[-1])})]
    whole = [number async for number, _ in events(site, search)]
    assert first + rest == whole
    async with site.session.get(
        f"/api/v1/searches/{search}/events", headers={"Last-Event-ID": str(whole[-1])}
    ) as response:
        assert response.status == 204  # a browser then stops connecting
    for foreign in ("nonsense", "-1", str(whole[-1] + 1000), "9" * 30):
        assert [number async for number, _ in events(site, search, **{"Last-Event-ID": foreign})] == whole


async def test_any_number_of_readers_see_the_same(site: Site) -> None:
    """Another tab, and one that joins late, end with what the first one has."""
    search = await start(site, pages=5)

    async def told() -> dict[int, dict[str, Any]]:
        return {number: event async for number, event in events(site, search)}

    early = await asyncio.gather(told(), told(), told())
    late = await told()
    assert early[0] == early[1] == early[2]
    assert late.items() <= early[0].items()
    assert late[max(late)] == early[0][max(early[0])]


async def test_a_search_goes_on_when_nobody_follows(site: Site) -> None:
    """The page may be closed right after the start."""
    search = await start(site)
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(f"GET /api/v1/searches/{search}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await writer.drain()
    await reader.readline()
    writer.transport.abort()
    assert (await finished(site, search))["complete"] is True


async def test_cancelling_ends_a_search_at_once(tmp_path: Path) -> None:
    """Pages that were read stay; the others are named as not read, with the reason."""
    fault = Fault(FaultKind.LATENCY, delay=30.0, pages={3})
    async with DemoShop(faults=[fault]) as shop, open_site(tmp_path, base_url=shop.base_url) as site:
        search = await start(site)
        async for _, event in events(site, search):
            if event["type"] == "page" and event["books"]:
                status, _ = await site.api("DELETE", f"/api/v1/searches/{search}")
                assert status == 202
        _, state = await site.api("GET", f"/api/v1/searches/{search}?lang=zh-Hant")
        assert (state["state"], state["complete"], state["stopped"]) == ("finished", False, "已取消")
        assert state["books"] > 0
        status, again = await site.api("DELETE", f"/api/v1/searches/{search}?lang=zh-Hant")
        assert (status, again) == (202, state)
        _, page = await site.get(f"/searches/{search}")
        assert "PARTIAL" in page


async def test_failed_pages_are_told_with_their_reason(tmp_path: Path) -> None:
    fault = Fault(FaultKind.STATUS, status=404, pages={2})
    async with DemoShop(faults=[fault]) as shop, open_site(tmp_path, base_url=shop.base_url) as site:
        search = await start(site)
        failed = [event async for _, event in events(site, search) if event.get("failed")]
        assert [(event["page"], "404" in event["words"]) for event in failed] == [(2, True)]
        assert (await finished(site, search))["pages_failed"] == 1


async def test_the_books_so_far_are_there_while_pages_arrive(tmp_path: Path) -> None:
    fault = Fault(FaultKind.LATENCY, delay=30.0, pages={3})
    async with DemoShop(faults=[fault]) as shop, open_site(tmp_path, base_url=shop.base_url) as site:
        search = await start(site)
        read = 0
        async for _, event in events(site, search):
            read += event["type"] == "page"
            if read == 2:
                break
        status, books = await site.api("GET", f"/api/v1/searches/{search}/books")
        assert (status, books["final"]) == (200, False)
        assert len(books["rows"]) > 60
        for path in ("dropped", "files/csv", "books/1"):
            status, problem = await site.api("GET", f"/api/v1/searches/{search}/{path}")
            assert (status, problem["code"]) == (409, "still_running")


async def test_too_many_searches_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And there is room again once one has ended."""
    monkeypatch.setattr(searches, "MAX_RUNNING", 2)
    async with DemoShop(faults=[SLOW]) as shop, open_site(tmp_path, base_url=shop.base_url) as site:
        first = await start(site)
        await start(site)
        async with site.session.post(
            "/api/v1/searches",
            json={"query": "書"},
            headers={"X-CSRF-Token": site.context.access.csrf_token},
        ) as response:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) > 0
        await site.api("DELETE", f"/api/v1/searches/{first}")
        await finished(site, first)
        await start(site)


async def test_too_many_pages_at_once_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory grows with pages, not with searches."""
    monkeypatch.setattr(searches, "MAX_PAGES", 10)
    async with DemoShop(faults=[SLOW]) as shop, open_site(tmp_path, base_url=shop.base_url) as site:
        await start(site, pages=4, price_check=3)
        for pages, expected in ((4, 429), (3, 202)):
            body = {"query": "書", "pages": pages, "price_check": 0}
            assert (await site.api("POST", "/api/v1/searches", body))[0] == expected


async def test_too_many_readers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_events, "MAX_STREAMS", 1)
    async with DemoShop(faults=[SLOW]) as shop, open_site(tmp_path, base_url=shop.base_url) as site:
        search = await start(site)
        async for _ in events(site, search):
            status, problem = await site.api("GET", f"/api/v1/searches/{search}/events")
            assert (status, problem["code"]) == (503, "too_many_streams")
            break


async def test_the_oldest_results_are_dropped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number and by listings, but never the newest; the link then says so."""
    monkeypatch.setattr(searches, "MAX_KEPT", 2)
    ids = [await start(site, pages=1) for _ in range(3)]
    for search in ids:
        await finished(site, search)
    statuses = [(await site.api("GET", f"/api/v1/searches/{search}"))[0] for search in ids]
    assert sorted(statuses) == [200, 200, 404]
    gone = ids[statuses.index(404)]
    status, page = await site.get(f"/searches/{gone}")
    assert status == 404
    assert "Start it again" in page
    monkeypatch.setattr(searches, "MAX_KEPT_LISTINGS", 1)
    last = await start(site, pages=1)
    await finished(site, last)
    _, listed = await site.api("GET", "/api/v1/searches")
    assert [each["id"] for each in listed["searches"]] == [last]


class _Narrow:
    """Makes the streams that ask for it real but narrow: tiny buffers, and more data than they hold."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.blocked = asyncio.Event()
        """Set while a write waits for the reader."""
        self._write = search_events._write
        patch.setattr(search_events, "_write", self.write)

    async def write(self, response: web.StreamResponse, text: str) -> None:
        request = response._req
        assert request is not None
        if "X-Slow" not in request.headers:
            await self._write(response, text)
            return
        assert request.transport is not None
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        request.transport.set_write_buffer_limits(0)
        self.blocked.set()
        await self._write(response, f": {'.' * 1_000_000}\n{text}")
        self.blocked.clear()


async def _not_reading(site: Site, search: str) -> asyncio.StreamWriter:
    """Follow a search with a connection that never reads."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    slow.connect(site.address)
    slow.setblocking(False)
    _, writer = await asyncio.open_connection(sock=slow, limit=1)
    path = f"/api/v1/searches/{search}/events"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Slow: 1\r\n\r\n".encode())
    await writer.drain()
    return writer


async def test_a_slow_reader_stalls_nobody(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server waits for it, the search ends, and another reader gets everything."""
    narrow = _Narrow(monkeypatch)
    search = await start(site, pages=20)
    slow = await _not_reading(site, search)
    state = await finished(site, search)
    assert (state["complete"], state["pages_done"]) == (True, 20)
    await narrow.blocked.wait()
    assert (await site.get("/"))[0] == 200
    slow.transport.abort()


async def test_a_reader_that_takes_nothing_is_let_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _Narrow(monkeypatch)
    monkeypatch.setattr(search_events, "STALLED_SECONDS", 0.05)
    search = await start(site, pages=1)
    slow = await _not_reading(site, search)
    await finished(site, search)
    while "bookprice_event_streams_open 0" not in (await site.get("/metrics"))[1]:
        pass
    slow.transport.abort()


async def test_a_silent_stream_shows_that_it_is_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments keep a proxy from closing it, and show the server whether the reader is still there."""
    monkeypatch.setattr(search_events, "HEARTBEAT_SECONDS", 0.05)
    async with DemoShop(faults=[SLOW]) as shop, open_site(tmp_path, base_url=shop.base_url) as site:
        search = await start(site)
        async with site.session.get(f"/api/v1/searches/{search}/events") as response:
            async for line in response.content:
                if line.startswith(b": "):
                    break


async def test_a_finished_search_is_recorded_and_has_its_past(tmp_path: Path) -> None:
    """The second search knows the prices of the first; its last event comes when it is recorded."""
    async with open_site(tmp_path, record=True) as site:
        for _ in range(2):
            search = await start(site, pages=1)
            assert (await finished(site, search))["recorded"] is True
        _, books = await site.api("GET", f"/api/v1/searches/{search}/books")
        row = dict(zip(books["columns"], books["rows"][0], strict=True))
        assert row["past"]
        _, book = await site.api("GET", f"/api/v1/searches/{search}/books/{row['product_id']}")
        assert book["history"]["lowest"] == row["price"]
        status, page = await site.get(f"/searches/{search}/books/{row['product_id']}")
        assert status == 200
        assert "<svg" in page
    with open_history(site.context.history) as history:  # type: ignore[union-attr]
        assert [each.runs for each in history.searches()] == [2]


async def test_a_history_that_cannot_be_written_costs_no_result(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    async with open_site(tmp_path, record=True, history=tmp_path / "folder") as site:
        search = await start(site, pages=1)
        state = await finished(site, search)
        assert (state["complete"], state["recorded"]) == (True, False)
        assert str(tmp_path) in state["unrecorded"]
        assert state["unrecorded"] in (await site.get(f"/searches/{search}"))[1].replace("&#39;", "'")


async def test_every_format_can_be_downloaded(site: Site) -> None:
    """As an attachment whose name has nothing in it that a visitor typed, and whole."""
    search = await start(site, '../../evil"; filename=x', pages=1)
    await finished(site, search)
    for form, described in FORMATS.items():
        async with site.session.get(f"/api/v1/searches/{search}/files/{form}") as response:
            assert response.status == 200
            name = f'attachment; filename="search-{search}{described.suffixes[0]}"'
            assert response.headers["Content-Disposition"] == name
            body = await response.read()
            assert len(body) > 1000
        if form == "json":
            assert json.loads(body)["query"] == '../../evil"; filename=x'
        if form == "xlsx":
            assert body.startswith(b"PK")
        if form == "csv":
            assert body.startswith("\ufeff".encode())
    status, problem = await site.api("GET", f"/api/v1/searches/{search}/files/exe")
    assert (status, problem["code"]) == (404, "format_unknown")


async def test_dropped_products_come_with_their_reason(site: Site) -> None:
    search = await start(site)
    await finished(site, search)
    status, listed = await site.api("GET", f"/api/v1/searches/{search}/dropped?lang=zh-Hans")
    assert status == 200
    assert {each["reason"]: each["words"] for each in listed["dropped"]}["ebook"] == "只有电子书"


async def test_stopping_the_server_leaves_partial_results(tmp_path: Path) -> None:
    """A reader still gets the end of the search, and nothing new can be started."""
    async with (
        DemoShop(faults=[Fault(FaultKind.LATENCY, delay=30.0, pages={3})]) as shop,
        open_site(tmp_path, base_url=shop.base_url) as site,
    ):
        search = await start(site)
        told = []
        async for _, event in events(site, search):
            told.append(event)
            if event["type"] == "page" and len([each for each in told if each["type"] == "page"]) == 2:
                assert await site.server.stop_searches(Phrase("terminated")) == 1
        assert told[-1]["type"] == "finished"
        assert (told[-1]["search"]["complete"], told[-1]["search"]["stopped"]) == (False, "terminated")
        assert told[-1]["search"]["books"] > 0
        assert "PARTIAL" in (await site.get(f"/searches/{search}"))[1]  # until the server closes
        status, problem = await site.api("POST", "/api/v1/searches", {"query": "書"})
        assert (status, problem["code"]) == (503, "closing")


async def test_a_search_that_has_not_begun_is_stopped_too(tmp_path: Path) -> None:
    """Otherwise the server would wait for all of its pages."""
    async with open_site(tmp_path) as site:
        store = site.server.app[STATE].searches
        starting = asyncio.create_task(store.start("書", {"pages": 20}))
        await asyncio.sleep(0)  # its task exists now, and has not run yet
        assert await store.close("stopped") == 1
        result = (await starting).result
    assert result is not None
    assert (result.stopped, len(result.failed)) == ("stopped", 20)
