"""Hostile hosts and pages: each target has one result, within bounds, and the others are not harmed."""

from __future__ import annotations

import asyncio
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from crawler.bulk import runner
from crawler.bulk.control import Control
from crawler.bulk.model import Parse
from crawler.bulk.runner import run_shards
from crawler.bulk.saver import Saver
from crawler.bulk.sink import ShardSink
from crawler.errors import OutputError
from crawler.settings.fetching import FetchSettings
from tests.bulk.sites import PAGE, crawled, fill, options_for, page, read_lines, serving, targets
from tests.bulk.warc_readers import read_records, responses

PRODUCT = """<html><head><title>t</title><script type="application/ld+json">
{{"@type": "Product", "name": "Book", "offers": {offers}}}</script></head></html>"""


async def endless(request: web.Request) -> web.StreamResponse:
    """Send bytes for ever."""
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


async def bomb(request: web.Request) -> web.StreamResponse:
    """Send 300 KB that unpack to 300 MB."""
    del request
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(packer.compress(bytes(2**20)) for _ in range(300)) + packer.flush()
    return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "text/html"})


async def cut(request: web.Request) -> web.StreamResponse:
    """State more bytes than are sent."""
    assert request.transport is not None
    request.transport.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 900\r\n\r\n<title>half"
    )
    request.transport.close()
    return web.Response()


async def no_http(request: web.Request) -> web.StreamResponse:
    """Send something else than HTTP."""
    assert request.transport is not None
    request.transport.write(bytes(range(256)))
    request.transport.close()
    return web.Response()


def body_of(body: bytes, kind: str = "text/html", **headers: str) -> Any:
    async def answer(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(body=body, headers={"Content-Type": kind, **headers})

    return answer


ANSWERS = {
    "/good": page,
    "/endless": endless,
    "/bomb": bomb,
    "/cut": cut,
    "/no-http": no_http,
    "/empty": body_of(b""),
    "/noise": body_of(bytes(range(256)) * 40),
    "/gbk": body_of("<title>价格</title>".encode("gbk"), "text/html; charset=utf-8"),
    "/no-charset": body_of("<title>价格</title>".encode("gbk"), "text/html; charset=no-such"),
    "/latin": body_of(b"<title>a</title>", "text/html; x=\xff"),
    "/pdf": body_of(b"%PDF-1.7 <title>no</title>", "application/pdf"),
    "/br": body_of(b"xx", **{"Content-Encoding": "br"}),
    "/deep": body_of(b"<title>deep</title>" + b"<div>" * 30_000),
    "/lone": body_of(b'<title>x</title><meta property="og:title" content="&#xD800;">'),
    "/newline": body_of("<title>a\u2028b\nc</title>".encode()),
}

VERDICTS = {
    "/endless": "too_large", "/bomb": "too_large", "/cut": "network_error", "/no-http": "network_error",
    "/empty": "blocked", "/br": "network_error",
}  # fmt: skip


async def test_hostile_answers_cost_their_own_target_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every target is accounted for, no archive is torn, and a good page between them is read."""
    monkeypatch.setattr(runner, "MAX_BYTES", 200_000)

    async def answer(request: web.Request) -> web.StreamResponse:
        answer = ANSWERS[request.path]
        response: web.StreamResponse = await answer(request)
        return response

    async with serving(answer, hosts=1) as sites:
        paths = [*ANSWERS, "/good?again"]
        run = await crawled(options_for(tmp_path), targets(sites.url(1, path) for path in paths))
    verdicts = {path: run.verdicts[n] for n, path in enumerate(paths, start=1)}
    assert verdicts == {path: VERDICTS.get(path, "ok") for path in paths}
    lines = {path: run.by_number[n] for n, path in enumerate(paths, start=1)}
    assert lines["/endless"]["bytes"] <= 200_000
    assert lines["/gbk"]["title"] == lines["/no-charset"]["title"] == "价格"
    assert lines["/pdf"] | {"title": "", "problems": "not_html"} == lines["/pdf"]
    assert lines["/deep"]["title"] == "deep"
    assert lines["/good?again"]["title"] == "/good"
    found = responses(tmp_path)
    assert found[lines["/good"]["url"]] == [PAGE.format(path="/good").encode()]
    assert 0 < len(found[lines["/endless"]["url"]][0]) <= 200_001
    assert len(found[lines["/bomb"]["url"]][0]) < 200_000
    assert read_records(tmp_path)


OFFERS = {
    '{"price": "free", "priceCurrency": "USD"}': None,
    '{"price": 1e400, "priceCurrency": "USD"}': None,
    f'{{"price": {"9" * 2_000}, "priceCurrency": "USD"}}': None,
    '{"price": -3, "priceCurrency": "USD"}': None,
    '{"price": NaN, "priceCurrency": "USD"}': None,
    '[{"price": "12.50", "priceCurrency": "EUR"}, {"price": 9, "priceCurrency": "EUR"}]': 9.0,
    '{"price": "1.234,56", "priceCurrency": "EUR"}': 1234.56,
}


async def test_product_data_that_lies_gives_a_number_or_none(tmp_path: Path) -> None:
    """A price in the results is a JSON number with a decimal point, as libraries expect of a column."""
    bodies = [PRODUCT.format(offers=offers).encode() for offers in OFFERS]

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bodies[int(request.path[1:])], content_type="text/html")

    async with serving(answer, hosts=1) as sites:
        wanted = targets(sites.url(1, f"/{n}") for n in range(len(bodies)))
        run = await crawled(options_for(tmp_path, parse=Parse.PRODUCT), wanted)
    prices = [run.by_number[n]["price"] for n in range(1, 1 + len(bodies))]
    assert prices == list(OFFERS.values())
    assert all(isinstance(price, float) for price in prices if price is not None)
    assert Decimal(str(prices[-1])) == Decimal("1234.56")
    assert all(run.by_number[n]["problems"] for n, price in enumerate(prices, start=1) if price is None)


async def test_a_parser_that_raises_costs_its_own_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is archived all the same."""
    from parsers.product import page as product_page

    parse = product_page.parse_product_page

    def fragile(body: bytes, **values: str) -> object:
        if b"<title>/1</title>" in body:
            raise RecursionError("too deep\nto read")
        return parse(body, charset=values["charset"], url=values["url"])

    monkeypatch.setattr(product_page, "parse_product_page", fragile)
    async with serving(hosts=1) as sites:
        run = await crawled(options_for(tmp_path), targets(sites.url(1, f"/{n}") for n in range(3)))
    assert run.verdicts == {1: "ok", 2: "parse_crashed", 3: "ok"}
    assert run.by_number[2]["detail"] == "RecursionError: too deep to read"
    assert len(responses(tmp_path)) == 3


async def test_a_full_disk_ends_the_crawl_which_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is raised, not a result lost; with room again, each target has one result."""
    save, calls = ShardSink.save, 0

    def failing(sink: ShardSink, entries: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            sink._files.append(entries)  # as if the disk were full just before the store's transaction
            raise OutputError("the disk is full")
        save(sink, entries)

    monkeypatch.setattr(ShardSink, "save", failing)
    monkeypatch.setattr("crawler.bulk.saver.COMMIT_ENTRIES", 10)
    async with serving(hosts=3) as sites:
        wanted = targets(sites.url(1 + n % 3, f"/{n}") for n in range(60))
        options = options_for(tmp_path)
        with pytest.raises(OutputError, match="the disk is full"):
            await crawled(options, wanted)
        assert len(read_lines(tmp_path)) > 10
        run = await crawled(options)
    assert sorted(line["number"] for line in run.lines) == list(range(1, 61))
    assert len(responses(tmp_path)) == 60
    assert all(len(bodies) == 1 for bodies in responses(tmp_path).values())


async def test_a_slow_disk_slows_the_crawl_and_not_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While too many bytes wait to be saved, nothing further is requested."""
    monkeypatch.setattr("crawler.bulk.saver.MOST_BYTES", 40_000)
    monkeypatch.setattr("crawler.bulk.saver.COMMIT_ENTRIES", 1)
    most = 0
    add = Saver.add

    def watched(saver: Saver, shard: int, entry: Any) -> None:
        nonlocal most
        add(saver, shard, entry)
        most = max(most, saver._bytes + saver._saving_bytes)

    monkeypatch.setattr(Saver, "add", watched)
    async with serving(hosts=2) as sites:
        wanted = targets(sites.url(1 + n % 2, f"/{n}") for n in range(100))
        run = await crawled(options_for(tmp_path, concurrency=4), wanted)
    assert len(run.lines) == 100
    assert most <= 40_000 + 4 * 8_000  # and what was in flight


async def test_hosts_that_accept_and_never_answer_end_and_delay_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hold one coroutine each; all other targets are done before the first of theirs times out."""
    settings = FetchSettings(read_timeout=0.5, page_timeout=1.2, attempts=2)
    monkeypatch.setattr(runner, "FetchSettings", lambda: settings)
    order: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.host.startswith("127.0.0.1:"):
            await asyncio.sleep(3600)
        order.append(request.path)
        return await page(request)

    async with serving(answer, hosts=2) as sites:
        wanted = targets(
            [*(sites.url(1, f"/s{n}") for n in range(40)), *(sites.url(2, f"/{n}") for n in range(40))]
        )
        options = options_for(tmp_path, concurrency=2)
        fill(options, wanted)
        control = Control()
        control.drain()
        async with asyncio.timeout(60):
            await run_shards([0], options, control, lambda _: None)
        lines = read_lines(tmp_path)
        assert len(sites.paths(1)) <= 6  # three targets with two attempts each
    assert sorted(line["number"] for line in lines) == list(range(1, 81))
    first = next(n for n, line in enumerate(lines) if line["number"] <= 40)
    assert first >= 40
    assert {line["verdict"] for line in lines if line["number"] <= 40} == {"network_error", "not_asked"}
