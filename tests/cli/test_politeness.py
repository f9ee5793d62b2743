"""Politeness on the command line: robots.txt, delays, requested rests, and giving up in time."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from tests.cli.conftest import Ended

Run = Callable[..., Awaitable[Ended]]
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

QUERY = "滲透測試"
DENIES = "User-agent: *\nDisallow: /?key=\n"


def command(shop: DemoShop, *more: str, pages: int = 3) -> list[str]:
    return [QUERY, "--pages", str(pages), "--base-url", shop.base_url, "--format", "json", *more]


def paths(shop: DemoShop) -> list[str]:
    """Return the paths requested, without their query strings."""
    return [request.path_qs.partition("?")[0] for request in shop.requests]


def failures(report: dict[str, Any]) -> dict[int, tuple[str, str]]:
    return {page["page"]: (page["verdict"], page["detail"]) for page in report["pages"]["failed"]}


async def test_robots_that_deny_the_search_are_all_that_is_asked_for(run: Run, folder: Path) -> None:
    """If robots.txt denies the search, nothing else is fetched, and the remedy is named."""
    async with DemoShop(robots=DENIES) as shop:
        ended = await run(*command(shop))
        assert paths(shop) == ["/robots.txt"]
    report = json.loads(ended.out)
    assert ended.code == 4
    assert {verdict for verdict, _ in failures(report).values()} == {"robots_denied"}
    assert report["robots"] == "obeyed"
    assert "robots.txt" in ended.only_line
    assert "--ignore-robots" in ended.only_line


async def test_a_delay_beyond_a_day_is_cut_and_said(start: Start) -> None:
    """A rule that is obeyed in another form than in the shop's file is reported on stderr."""
    async with DemoShop(robots="User-agent: *\nCrawl-delay: 90000\n") as shop:
        process = await start(*command(shop, "--max-seconds", "2"))
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert "robots.txt asks for more than a day between requests; one day is used" in err.decode()


@pytest.mark.parametrize("line", ["Crawl-delay: 86400", "Request-rate: 1/1h"])
async def test_a_delay_that_nobody_waits_for_ends_the_run(run: Run, line: str) -> None:
    """Above ten times `--max-wait`, no page is requested and none waits: one line has the reason and the remedy."""
    async with DemoShop(robots=f"User-agent: *\n{line}\n") as shop:
        ended = await run(*command(shop))
        assert paths(shop) == ["/robots.txt"]
    assert ended.code == 4
    assert {verdict for verdict, _ in failures(json.loads(ended.out)).values()} == {"robots_denied"}
    seconds = "86,400" if line.startswith("Crawl-delay") else "3,600"
    assert f"robots.txt asks for {seconds} s between requests" in ended.only_line
    assert "more than ten times --max-wait 30; raise it" in ended.only_line
    assert "--ignore-robots" in ended.only_line


async def test_a_watch_is_not_held_by_a_delay_that_nobody_waits_for(run: Run, folder: Path) -> None:
    """`watch` reports it and ends; the history is free for the next one."""
    (folder / "books.toml").write_text('[[watch]]\nname = "a"\nquery = "三体"\n', encoding="utf-8")
    async with DemoShop(robots="User-agent: *\nCrawl-delay: 86400\n") as shop:
        for _ in range(2):
            ended = await run("watch", "--config", "books.toml", "--all", "--base-url", shop.base_url)
            assert ended.code == 4
            assert ended.only_line.startswith("bookprice: watch a: no page could be read: ")
            assert "robots.txt asks for 86,400 s between requests" in ended.only_line
        assert paths(shop) == ["/robots.txt"]


async def test_a_large_robots_file_is_obeyed(run: Run) -> None:
    """Of a file of 9 MB, more than a page may have, the beginning counts, and a message says so."""
    async with DemoShop(robots=DENIES + "# and so on\n" * 800_000) as shop:
        ended = await run(*command(shop))
        assert paths(shop) == ["/robots.txt"]
    assert ended.code == 4
    note, end = ended.err.splitlines()
    assert note.endswith("robots.txt is larger than 500 KiB; the rest is ignored")
    assert "robots.txt disallows it: Disallow: /?key=" in end


async def test_who_ignores_robots_says_so(run: Run) -> None:
    """With `--ignore-robots`, it is not even requested, and JSON and report say so."""
    async with DemoShop(robots=DENIES) as shop:
        ended = await run(*command(shop, "--ignore-robots"))
        told = await run(QUERY, "--base-url", shop.base_url, "--ignore-robots", "-o", "a.md")
        assert "/robots.txt" not in paths(shop)
    report = json.loads(ended.out)
    assert (ended.code, report["robots"]) == (0, "ignored")
    assert "robots.txt  ignored (--ignore-robots)" in told.text


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_robots_that_cannot_be_had_deny(run: Run, status: int) -> None:
    """A server error in place of robots.txt is no permission (RFC 9309); it is requested three times."""
    async with DemoShop(robots=status) as shop:
        ended = await run(*command(shop))
        assert paths(shop) == ["/robots.txt"] * 3
    assert ended.code == 4
    assert f"robots.txt could not be fetched: {status}" in ended.only_line


@pytest.mark.parametrize("status", [404, 403])
async def test_a_shop_without_robots_allows(run: Run, status: int) -> None:
    """A missing robots.txt denies nothing."""
    async with DemoShop(robots=status) as shop:
        assert (await run(*command(shop))).code == 0


async def test_robots_are_kept_for_the_next_run(run: Run) -> None:
    """A second run within a day does not request robots.txt, and obeys the stored one."""
    async with DemoShop(robots="User-agent: *\nDisallow: /nothing\n") as shop:
        for _ in range(2):
            assert (await run(*command(shop))).code == 0
        assert paths(shop).count("/robots.txt") == 1


async def test_crawl_delay_is_kept(run: Run) -> None:
    """With a Crawl-delay of one second, no two requests arrive within a second, including that for robots.txt."""
    async with DemoShop(robots="User-agent: *\nCrawl-delay: 1\n") as shop:
        ended = await run(*command(shop, pages=4))
        times = [request.time_monotonic for request in shop.requests]
    assert ended.code == 0
    assert len(times) == 5
    assert all(later - earlier >= 1 for earlier, later in pairwise(times))


async def test_a_delay_is_kept_give_or_take_half(run: Run) -> None:
    """`--delay` keeps requests apart, at irregular intervals."""
    async with DemoShop(latency=0.05) as shop:
        ended = await run(*command(shop, "--delay", "0.4", pages=6))
        times = [request.time_monotonic for request in shop.requests if request.page is not None]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert ended.code == 0
    assert min(gaps) > 0.1  # half of it is 0.2 at this end, and the way to the server may shorten that
    assert len({round(gap, 2) for gap in gaps}) > 1


async def test_too_many_at_once_are_made_fewer(run: Run) -> None:
    """If a shop accepts four requests at a time, the limit ends at four or fewer, and no page is lost."""
    async with DemoShop(latency=0.05, max_connections=4) as shop:
        ended = await run(*command(shop, "--concurrency", "16", "--verbose", pages=36))
        refused = [n for n, request in enumerate(shop.requests) if request.status == 429]
    assert ended.code == 0
    assert json.loads(ended.out)["pages"]["ok"] == 36
    assert refused
    assert " requests at a time from now on (" in ended.err
    assert not [n for n in refused if n > len(shop.requests) / 2]  # settled: the second half met no refusal


async def test_a_rest_that_is_asked_for_is_kept(run: Run) -> None:
    """Retry-After in seconds and as a date is obeyed."""
    date = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=6), usegmt=True)
    faults = [
        Fault(FaultKind.STATUS, status=503, pages={1}, times=1, retry_after=1),
        Fault(FaultKind.STATUS, status=429, pages={2}, times=1, retry_after=date),
    ]
    async with DemoShop(faults=faults) as shop:
        ended = await run(*command(shop, "--concurrency", "1", pages=2))
        one, two = ([r.time_monotonic for r in shop.requests if r.page == page] for page in (1, 2))
    assert ended.code == 0
    assert one[1] - one[0] >= 1
    assert two[1] - two[0] >= 1  # of the six seconds those are gone that went by before it was asked


async def test_a_rest_longer_than_max_wait_fails_the_page(run: Run) -> None:
    """A longer rest than `--max-wait` is not waited for; the page says so, and the others arrive."""
    fault = Fault(FaultKind.STATUS, status=503, pages={2}, retry_after=100)
    async with DemoShop(faults=[fault]) as shop:
        ended = await run(*command(shop, "--max-wait", "5"))
    report = json.loads(ended.out)
    assert ended.code == 3
    words = "503 Service Unavailable (the shop asks to wait 100 s, longer than --max-wait 5)"
    assert failures(report) == {2: ("http_error", words)}


@pytest.mark.parametrize("kind", [FaultKind.FIREWALL, FaultKind.SLIDER, FaultKind.LOGIN])
async def test_a_shop_that_blocks_is_left_alone(run: Run, kind: FaultKind) -> None:
    """After five blocks in a row, no request is sent; the report has the earlier pages, and says when to try again."""
    fault = Fault(kind, pages=range(6, 37), location="/signin.aspx")
    async with DemoShop(faults=[fault], latency=0.1) as shop:
        ended = await run(*command(shop, "--concurrency", "2", pages=36))
        asked = len([request for request in shop.requests if request.page is not None])
    report = json.loads(ended.out)
    verdicts = [verdict for verdict, _ in failures(report).values()]
    assert ended.code == 3
    assert report["pages"]["ok"] == 5
    # One block may come while the last good page is still out. Of the five others the last is judged by one of four
    # page workers (twice as many as requests at once), and each of the other workers may have a page under way.
    most = 1 + 5 + 3
    assert 5 <= verdicts.count("blocked") <= most
    assert verdicts.count("not_asked") == 31 - verdicts.count("blocked")
    assert asked <= 5 + 1 + most  # one of them for the price order
    assert report["stopped"].startswith("the shop blocked 5 pages in a row (")
    assert "; try again in 15 min, after " in report["stopped"]
    assert "UTC" in next(line for line in ended.err.splitlines() if "try again" in line)


async def test_a_shop_that_blocks_from_the_first_page(run: Run, folder: Path) -> None:
    """Without any page, there is one line: blocked, the sign, and when to try again."""
    async with DemoShop(faults=[Fault(FaultKind.FIREWALL)], latency=0.1) as shop:
        ended = await run(QUERY, "--pages", "36", "--concurrency", "2", "--base-url", shop.base_url)
    assert ended.code == 4
    assert (
        "the shop blocked 5 pages in a row (405 Method Not Allowed); try again in 15 min" in ended.only_line
    )


async def test_cookies_are_kept_for_a_run(run: Run) -> None:
    """The cookie of one page is sent with the next, and dropped after the run."""
    async with DemoShop() as shop:
        await run(*command(shop, "--concurrency", "1", pages=2))
        await run(*command(shop, "--concurrency", "1", pages=1))
        cookies = [request.cookie for request in shop.requests if request.page is not None]
    assert cookies[0] is None
    assert cookies[1] is not None
    assert cookies[2] is None


async def test_the_user_agent_is_honest_and_can_be_set(run: Run) -> None:
    """The shop gets the program's name and version, or the user's text."""
    heard: list[str] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        heard.extend(line for line in head.split("\r\n") if line.startswith("User-Agent"))
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        arguments = (QUERY, "--pages", "1", "--base-url", address, "--ignore-robots")
        await run(*arguments)
        await run(*arguments, "--user-agent", "somebody/1.0 (mail@example.org)")
    assert heard[0].startswith("User-Agent: bookprice-crawler/0.")
    assert heard[1] == "User-Agent: somebody/1.0 (mail@example.org)"


async def test_verbose_tells_the_waits(run: Run) -> None:
    """Every attempt is a line: its outcome, its duration, the wait before it, and the time of the next one."""
    fault = Fault(FaultKind.STATUS, status=503, pages={1}, times=1)
    async with DemoShop(faults=[fault]) as shop:
        ended = await run(*command(shop, "--verbose", "--delay", "0.2", pages=2))
    lines = ended.err.splitlines()
    assert any(
        line.startswith("page 1: attempt 1: 503, 0 KB in ") and "; retrying in " in line for line in lines
    )
    assert any(", after waiting " in line for line in lines)


async def test_an_address_of_this_machine_is_refused_unless_it_was_named(run: Run) -> None:
    """A redirect to an address of this machine is not requested."""
    reached: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.read(10))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        fault = Fault(FaultKind.LOGIN, location=f"http://localhost:{port}/")
        async with DemoShop(faults=[fault]) as shop:
            ended = await run(*command(shop, pages=1))
    assert ended.code == 4
    assert not reached
