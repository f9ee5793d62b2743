"""The shard runner against real hosts: exact results, archives, redirects, limits, and its end."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from crawler.bulk.control import Control
from crawler.bulk.model import Parse, ShardProgress, Store, Target, shard_of, store_path
from crawler.bulk.packed_pages import pack
from crawler.bulk.ports import Entry
from crawler.bulk.pulse import Pulse
from crawler.bulk.runner import Part, crawl, run_shards
from crawler.bulk.store import ShardStore
from crawler.bulk.target_list import TargetList
from crawler.demo.server import DemoShop
from crawler.verdict import Verdict
from parsers.registry import SHOPS, register_shop
from tests.bulk.sites import (
    PAGE,
    crawled,
    file_names,
    fill,
    options_for,
    page,
    read_lines,
    serving,
    targets,
    until,
)
from tests.bulk.warc_readers import read_by_warcio, read_records, responses


async def test_each_target_has_one_line_and_its_page_in_the_archive(tmp_path: Path) -> None:
    """Every URL of every host is requested once, has one result, and its body is archived as it was sent."""
    async with serving() as sites:
        urls = [sites.url(1 + n % 3, f"/p/{n}") for n in range(60)]
        run = await crawled(options_for(tmp_path, shards=2), targets(urls))
        assert sorted(sites.paths()) == sorted(f"/p/{n}" for n in range(60))
    assert sorted(run.by_number) == list(range(1, 61))
    assert len(run.lines) == 60
    assert [run.by_number[n]["url"] for n in range(1, 61)] == urls
    assert set(run.verdicts.values()) == {"ok"}
    bodies = responses(tmp_path)
    assert {url: [PAGE.format(path=url[url.index("/p/") :]).encode()] for url in urls} == bodies
    assert sum(each.finished for each in run.progress.values()) == 60
    assert all(each.idle and not each.in_flight for each in run.progress.values())
    assert sum(each.fetched_bytes for each in run.progress.values()) == sum(
        len(body) for (body,) in bodies.values()
    )


async def test_a_line_leads_to_its_record_in_the_archive(tmp_path: Path) -> None:
    """`warc_offset` is where the gzip member of the final response begins, after a redirect, too."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/old":
            raise web.HTTPFound("/new")
        return await page(request)

    async with serving(answer, hosts=1) as sites:
        run = await crawled(options_for(tmp_path), targets([sites.url(1, "/old"), sites.url(1, "/p")]))
        new = sites.url(1, "/new")
    for line, url in zip(
        sorted(run.lines, key=lambda line: line["number"]), (new, run.by_number[2]["url"]), strict=True
    ):
        assert line["final_url"] == url
        with (tmp_path / line["warc"]).open("rb") as file:
            file.seek(line["warc_offset"])
            (tmp_path / "rest.gz").write_bytes(file.read())
        kind, uri, block = read_by_warcio(tmp_path / "rest.gz")[0]
        assert (kind, uri) == ("response", url)
        assert block == PAGE.format(path=url[url.rindex("/") :]).encode()


async def test_lines_have_the_same_keys_and_the_input_s_columns(tmp_path: Path) -> None:
    """A failed target's line has the keys of a good one, in the same order; a column cannot hide one of ours."""
    columns = {"sku": "7", "status": "mine"}

    async def answer(request: web.Request) -> web.StreamResponse:
        return await page(request) if request.path == "/good" else web.Response(status=404)

    async with serving(answer, hosts=1) as sites:
        wanted = targets([sites.url(1, "/good"), sites.url(1, "/gone")], columns=columns)
        refused = Target(3, "http://10.0.0.1/", "10.0.0.1", "http://10.0.0.1/", columns)
        run = await crawled(options_for(tmp_path), wanted)
        other = tmp_path / "other"
        other.mkdir()
        second = await crawled(options_for(other, allow_private=False), [refused])
    assert [list(line) for line in run.lines + second.lines] == 3 * [list(run.lines[0])]
    assert run.by_number[1]["status"] == 200
    assert run.by_number[2] | {"status": 404, "verdict": "http_error"} == run.by_number[2]
    assert second.lines[0] | {"status": 0, "verdict": "address_refused", "attempts": 1} == second.lines[0]
    assert all(line["input_sku"] == "7" and line["input_status"] == "mine" for line in run.lines)
    texts = {name: value for name, value in second.lines[0].items() if value is None}
    assert list(texts) == ["price"]


@pytest.mark.parametrize("allowed", [True, False])
async def test_private_addresses_are_refused_unless_allowed(tmp_path: Path, allowed: bool) -> None:
    """A list of URLs names no host: without `allow_private`, nothing is sent to an address of this machine."""
    async with serving(hosts=1) as sites:
        wanted = targets([sites.url(1, "/"), f"http://localhost:{sites.port}/"])
        run = await crawled(options_for(tmp_path, allow_private=allowed), wanted)
        assert len(sites.requests) == (2 if allowed else 0)
    assert set(run.verdicts.values()) == ({"ok"} if allowed else {"address_refused"})


async def test_no_pages_are_kept_with_store_none(tmp_path: Path) -> None:
    """`--store none` writes results alone, and says so in each line."""
    async with serving(hosts=1) as sites:
        run = await crawled(options_for(tmp_path, store=Store.NONE), targets([sites.url(1, "/")]))
    assert run.lines[0]["warc"] == ""
    assert file_names(tmp_path) == ["results-unpriced-000-001.jsonl"]


async def test_a_host_has_one_robots_txt_that_is_obeyed_and_archived(tmp_path: Path) -> None:
    """However many targets a host has, its rules are fetched once; a denied target is not requested."""
    async with serving(hosts=3) as sites:
        sites.robots[sites.host(1)] = "User-agent: *\nDisallow: /no\n"
        urls = [sites.url(1 + n % 3, f"/{'no' if n % 2 else 'yes'}/{n}") for n in range(60)]
        run = await crawled(options_for(tmp_path, obey_robots=True), targets(urls))
        assert [path for _, path in sites.requests].count("/robots.txt") == 3
        assert not [path for path in sites.paths(1) if path.startswith("/no")]
    denied = {n for n, url in enumerate(urls, start=1) if url.startswith(f"http://{sites.host(1)}/no")}
    assert {n for n, verdict in run.verdicts.items() if verdict == "robots_denied"} == denied
    assert len(denied) == 10
    assert run.by_number[min(denied)]["warc"] == ""
    assert (
        len([uri for kind, uri, _ in read_records(tmp_path) if kind == "response" and "robots" in uri]) == 3
    )


async def test_a_redirect_to_another_shard_is_handed_over(tmp_path: Path) -> None:
    """The other shard continues the target: one result in all, with the attempts and the URL of the input."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/from":
            raise web.HTTPFound(f"http://{request.query['to']}/there")
        return await page(request)

    async with serving(answer, hosts=20) as sites:
        shards = {number: shard_of(sites.host(number), 2) for number in range(1, 21)}
        ours = next(number for number, shard in shards.items() if shard == 0)
        same = next(number for number, shard in shards.items() if shard == 0 and number != ours)
        theirs = next(number for number, shard in shards.items() if shard == 1)
        wanted = targets(
            [
                sites.url(ours, f"/from?to={sites.host(same)}"),
                sites.url(ours, f"/from?to={sites.host(theirs)}"),
            ]
        )
        options = options_for(tmp_path, shards=2)
        first = await crawled(options, wanted, shards=[0])
        assert first.verdicts == {1: "ok"}
        assert first.progress[0].handed_over == 1
        assert not sites.paths(theirs)
        with ShardStore.open(store_path(tmp_path, 1)) as store:
            (host,) = store.hosts(limit=9)
            assert store.next_of(host, limit=9)[1] == [
                Target(2, sites.url(theirs, "/there"), sites.host(theirs), wanted[1].url, {}, 1, 1)
            ]
        both = await crawled(options)
    assert both.verdicts == {1: "ok", 2: "ok"}
    assert len(both.lines) == 2
    line = both.by_number[2]
    assert (line["url"], line["final_url"]) == (wanted[1].url, sites.url(theirs, "/there"))
    assert line["attempts"] == 2
    assert {wanted[1].url, line["final_url"]} <= set(responses(tmp_path))


async def test_redirects_without_end_are_given_up_within_and_across_shards(tmp_path: Path) -> None:
    """The limit counts the redirects of all shards together; the target has one result, which says what happened."""

    async def answer(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(
            f"http://{request.query['b']}/{request.path}?a={request.query['b']}&b={request.query['a']}"
        )

    async with serving(answer, hosts=20) as sites:
        shards = {number: shard_of(sites.host(number), 2) for number in range(1, 21)}
        ours, same = [number for number, shard in shards.items() if shard == 0][:2]
        theirs = next(number for number, shard in shards.items() if shard == 1)
        wanted = targets(
            sites.url(ours, f"/?a={sites.host(ours)}&b={sites.host(other)}") for other in (same, theirs)
        )
        options = options_for(tmp_path, shards=2)
        fill(options, wanted)
        for _ in range(8):
            for shard in (0, 1):
                run = await crawled(options, shards=[shard])
    assert run.verdicts == {1: "unexpected_page", 2: "unexpected_page"}
    assert len(run.lines) == 2
    assert len(sites.paths()) == 12  # the first request and five redirects each


async def test_a_robots_txt_in_another_shard_is_obeyed_and_moves_no_page(tmp_path: Path) -> None:
    """The rules count wherever they are redirected to; a page never goes to the address of the rules."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/from":
            raise web.HTTPFound("mailto:nobody@shop.example")
        if request.path == "/rules":
            return web.Response(text="User-agent: *\nDisallow: /no\n")
        return await page(request)

    async with serving(answer, hosts=20) as sites:
        shards = {number: shard_of(sites.host(number), 2) for number in range(1, 21)}
        ours = next(number for number, shard in shards.items() if shard == 0)
        theirs = next(number for number, shard in shards.items() if shard == 1)
        sites.robots[sites.host(ours)] = sites.url(theirs, "/rules")
        wanted = targets(sites.url(ours, path) for path in ("/from", "/no", "/yes"))
        run = await crawled(options_for(tmp_path, shards=2, obey_robots=True), wanted, shards=[0])
        assert "/no" not in sites.paths(ours)
    assert run.verdicts == {1: "unexpected_page", 2: "robots_denied", 3: "ok"}
    assert not run.progress[0].handed_over


async def test_only_one_request_goes_to_a_host_until_it_has_answered(tmp_path: Path) -> None:
    """Then up to `per_host` go there at once, and never more."""
    arrived: list[int] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        arrived.append(sites.running[request.host])
        await asyncio.sleep(0.02)
        return await page(request)

    async with serving(answer, hosts=1) as sites:
        wanted = targets(sites.url(1, f"/{n}") for n in range(40))
        await crawled(options_for(tmp_path, per_host=3, concurrency=20), wanted)
        assert sites.most_running[sites.host(1)] == 3
    assert arrived[:2] == [1, 1]


async def test_neither_a_slow_host_nor_one_with_half_of_all_urls_delays_the_others(tmp_path: Path) -> None:
    """By the order of the answers: the small hosts are done while the others have most of theirs ahead."""
    answered: list[str] = []
    small_are_done = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/slow"):
            await small_are_done.wait()
        answered.append(request.path.split("/")[1])
        if answered.count("small") == 60:
            small_are_done.set()
        return await page(request)

    async with serving(answer, hosts=8) as sites:
        slow = [sites.url(1, f"/slow/{n}") for n in range(40)]
        big = [sites.url(2, f"/big/{n}") for n in range(200)]
        small = [sites.url(3 + n % 6, f"/small/{n}") for n in range(60)]
        run = await crawled(options_for(tmp_path, concurrency=16, per_host=4), targets([*slow, *big, *small]))
    assert set(run.verdicts.values()) == {"ok"}
    before = answered[: max(n for n, kind in enumerate(answered) if kind == "small")]
    assert "slow" not in before
    assert before.count("big") < 60


async def test_a_blamed_page_is_fetched_and_archived_but_not_parsed(tmp_path: Path) -> None:
    """A page that killed or hung the parser has the verdict of its blame in the next process."""
    async with serving(hosts=1) as sites:
        wanted = targets(sites.url(1, f"/{n}") for n in range(3))
        options = options_for(tmp_path)
        fill(options, wanted)
        with ShardStore.open(store_path(tmp_path, 0)) as store:
            store.set_blame(1, Verdict.PARSE_CRASHED)
            store.set_blame(2, Verdict.PARSE_TIMEOUT)
        run = await crawled(options)
    assert run.verdicts == {1: "parse_crashed", 2: "parse_timeout", 3: "ok"}
    assert [run.by_number[n]["title"] for n in (1, 2, 3)] == ["", "", "/2"]
    assert len(responses(tmp_path)) == 3


async def test_the_pulse_names_the_page_while_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The coordinator must know which page hung or killed the parser; afterwards the pulse names none."""
    from parsers.product import page as product_page

    seen: list[tuple[int, int, bool]] = []
    parse = product_page.parse_product_page

    def watched(body: bytes, **values: str) -> object:
        reading = pulse.read()
        seen.append((reading.shard, reading.number, reading.since >= reading.beat_at - 60))
        return parse(body, charset=values["charset"], url=values["url"])

    monkeypatch.setattr(product_page, "parse_product_page", watched)
    with Pulse.create(tmp_path / "pulse") as pulse:
        created = pulse.read()
        control = Control(pulse)
        control.drain()
        async with serving(hosts=1) as sites:
            await crawled(options_for(tmp_path), targets([sites.url(1, "/a")]), control=control)
        assert seen == [(0, 1, True)]
        assert pulse.read().number == 0
        assert pulse.read().beat_at > created.beat_at


async def test_stop_ends_requests_in_flight_and_keeps_what_was_fetched(tmp_path: Path) -> None:
    """What has an answer is on disk, what has none is still pending; a later run fetches just that."""
    hanging, unlocked = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/slow"):
            hanging.set()
            await unlocked.wait()
        return await page(request)

    async with serving(answer, hosts=2) as sites:
        wanted = targets(
            [*(sites.url(1, f"/{n}") for n in range(9)), *(sites.url(2, f"/slow/{n}") for n in range(9))]
        )
        options = options_for(tmp_path)
        fill(options, wanted)
        control = Control()
        running = asyncio.create_task(crawled(options, control=control))
        await hanging.wait()
        await until(lambda: len(sites.paths(1)) == 9)
        control.stop()
        stopped = await running
        assert set(stopped.verdicts) <= set(range(1, 10))
        with ShardStore.open(store_path(tmp_path, 0)) as store:
            assert store.counts().pending == 18 - len(stopped.lines)
        unlocked.set()
        resumed = await crawled(options)
    assert sorted(line["number"] for line in resumed.lines) == list(range(1, 19))
    assert set(resumed.verdicts.values()) == {"ok"}
    assert len(responses(tmp_path)) == 18


async def test_a_runner_without_work_waits_for_targets_until_it_is_drained(tmp_path: Path) -> None:
    """The intake, or another shard, may add targets at any time."""
    control = Control()
    idle = asyncio.Event()

    def report(progress: ShardProgress) -> None:
        if progress.idle:
            idle.set()

    def requested(count: int) -> bool:
        return len(sites.paths()) == count

    options = options_for(tmp_path)
    fill(options, [])
    async with serving(hosts=1) as sites:
        running = asyncio.create_task(run_shards([0], options, control, report))
        for n in range(3):
            idle.clear()
            await idle.wait()
            with ShardStore.open(store_path(tmp_path, 0)) as store:
                store.add([Target(n + 1, sites.url(1, f"/{n}"), sites.host(1), sites.url(1, f"/{n}"))])
            control.wake()
            await until(partial(requested, n + 1))
        control.drain()
        await running
    assert [line["number"] for line in read_lines(tmp_path)] == [1, 2, 3]


async def test_a_host_without_any_response_is_given_up(tmp_path: Path) -> None:
    """After three targets in a row, the others of that host are not requested, and say why."""
    async with serving(hosts=1) as sites:
        gone = f"127.0.0.9:{sites.port}"  # nobody listens there
        wanted = targets(
            [*(f"http://{gone}/{n}" for n in range(8)), *(sites.url(1, f"/{n}") for n in range(8))]
        )
        run = await crawled(options_for(tmp_path), wanted)
    assert [run.verdicts[n] for n in range(1, 9)] == ["network_error"] * 3 + ["not_asked"] * 5
    assert gone in run.by_number[8]["detail"]
    assert {run.verdicts[n] for n in range(9, 17)} == {"ok"}


async def test_a_host_that_redirects_to_dead_ones_is_not_given_up(tmp_path: Path) -> None:
    """It has answered; only the hosts that its redirects lead to have not."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/dead"):
            raise web.HTTPFound(f"http://127.0.0.9:{sites.port}/")
        return await page(request)

    async with serving(answer, hosts=1) as sites:
        wanted = targets(sites.url(1, path) for path in ("/dead1", "/dead2", "/dead3", "/a", "/b"))
        run = await crawled(options_for(tmp_path), wanted)
    assert run.verdicts == dict.fromkeys((1, 2, 3), "network_error") | dict.fromkeys((4, 5), "ok")


async def test_a_block_counts_for_the_host_that_blocks(tmp_path: Path) -> None:
    """A host whose redirects lead to one that blocks is not left alone; the other one is."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.host == sites.host(2):
            return web.Response(status=403)
        if request.path.startswith("/to"):
            raise web.HTTPFound(sites.url(2, request.path))
        return await page(request)

    async with serving(answer, hosts=2) as sites:
        wanted = targets(sites.url(1, f"/to{n}") for n in range(6)) + targets([sites.url(1, "/a")])
        wanted[-1] = replace(wanted[-1], number=7)
        run = await crawled(options_for(tmp_path, per_host=1), wanted)
        assert sites.paths(2) == [f"/to{n}" for n in range(5)]
    assert run.verdicts == dict.fromkeys(range(1, 6), "blocked") | {6: "not_asked", 7: "ok"}
    assert sites.host(2) in run.by_number[6]["detail"]


async def test_search_pages_are_read_by_the_shop_of_their_host(tmp_path: Path) -> None:
    """A page of a registered shop gives listings; a host without a shop is an error that says so."""
    async with DemoShop() as demo:
        shop = replace(SHOPS["dangdang"], name="replica", base_url=demo.base_url)
        register_shop(shop)
        try:
            async with serving(hosts=1) as sites:
                wanted = targets([shop.search_url("python", 1, base_url=demo.base_url), sites.url(1, "/")])
                run = await crawled(options_for(tmp_path, parse=Parse.SEARCH), wanted)
        finally:
            del SHOPS["replica"]
    assert run.verdicts == {1: "ok", 2: "unexpected_page"}
    assert len(run.by_number[1]["listings"]) == 60
    assert all(listing["title"] for listing in run.by_number[1]["listings"])
    assert sites.host(1) in run.by_number[2]["detail"]


async def test_a_list_of_targets_and_another_sink_use_the_same_runner(tmp_path: Path) -> None:
    """A task of a cluster has neither a store nor files of its own."""
    saved: list[Entry] = []

    class Kept:
        def save(self, entries: Sequence[Entry]) -> None:
            saved.extend(entries)

        def close(self) -> None:
            pass

    control = Control()
    control.drain()
    async with serving(hosts=2) as sites:
        wanted = targets(sites.url(1 + n % 2, f"/{n}") for n in range(50))
        async with asyncio.timeout(60):
            await crawl({0: Part(TargetList(wanted), Kept())}, options_for(tmp_path), control, lambda _: None)
    assert sorted(entry.target.number for entry in saved) == list(range(1, 51))
    assert all(entry.hops and entry.line["title"] for entry in saved)
    assert json.loads(json.dumps(saved[0].line))
    assert gzip.decompress(pack(saved[0].hops, "").data).startswith(b"WARC/1.1\r\nWARC-Type: request\r\n")
