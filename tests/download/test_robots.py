"""robots.txt: asked of a real server, kept in real files, with a clock that the tests turn."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import protego._protego
import pytest
from aiohttp import web
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.download import robots_store
from crawler.download.client import Downloader
from crawler.download.exchange import Exchange, FetchPolicy, Problem
from crawler.download.robots import MAX_BYTES, Robots, Rules
from crawler.download.robots_store import Kept, Store

AGENT = "bookprice-crawler/0.1"
SOME_RULES = b"User-agent: *\nDisallow: /private/\nCrawl-delay: 2\n"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fetch = Callable[[str], Awaitable[Exchange]]


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += dt.timedelta(**time)


class Host:
    """A real server with one answer for all addresses, and its own log."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.log: list[str] = []
        self.asked, self.given_up = asyncio.Event(), asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.log.append(request.path)
        self.asked.set()
        try:
            return await self.answer(request)
        except asyncio.CancelledError:
            self.given_up.set()
            raise


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Host, Fetch]]:
    """Serve, and give a way to ask as the client does: two attempts, five redirects, the cap."""
    host = Host(answer)
    app = web.Application()
    app.router.add_get("/{path:.*}", host.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    policy = FetchPolicy(
        attempts=2,
        max_bytes=MAX_BYTES,
        may_follow=lambda _url: True,
        named_hosts=frozenset({"127.0.0.1"}),
        obey_robots=False,
    )
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host.url = "http://{}:{}".format(*runner.addresses[0])
        async with Downloader(read_timeout=0.3, connect_timeout=2.0) as downloader:
            yield host, lambda url: downloader.fetch(url, policy)
    finally:
        await runner.cleanup()


def text(body: bytes = SOME_RULES, status: int = 200) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body)

    return answer


async def hanging(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def redirecting(times: int) -> Answer:
    """Lead through so many addresses to the rules."""

    async def answer(request: web.Request) -> web.StreamResponse:
        step = 0 if request.path == "/robots.txt" else int(request.path.removeprefix("/"))
        if step == times:
            return web.Response(body=SOME_RULES)
        return web.Response(status=301, headers={"Location": f"/{step + 1}"})

    return answer


async def never(url: str) -> Exchange:
    raise AssertionError(f"{url} was asked for")


def answering(*exchanges: Exchange) -> Fetch:
    """Fetch without a server, for what a real one would take too long to bring about."""
    rest = list(exchanges)

    async def fetch(_url: str) -> Exchange:
        return rest.pop(0) if len(rest) > 1 else rest[0]

    return fetch


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def served(body: bytes, status: int = 200) -> Exchange:
    return Exchange("", "", status, body=body)


UNAVAILABLE = Exchange("", "", 503, "Service Unavailable", attempts=3)


async def test_rules_are_asked_for_once_and_obeyed() -> None:
    """One request of the host serves every page; the denied ones say by which line."""
    async with serving(text()) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT)
        rules = await robots.rules(f"{host.url}/a?b=c")
        assert await robots.rules(f"{host.url}/private/") is rules
        await robots.close()
        assert rules.allows(f"{host.url}/a?b=c")
        assert not rules.allows(f"{host.url}/private/x")
        assert rules.reason(f"{host.url}/a?b=c") == ""
        assert rules.reason(f"{host.url}/private/x") == "robots.txt denies it: Disallow: /private/"
        assert (rules.crawl_delay, rules.problem, rules.note) == (2.0, None, "")
        assert host.log == ["/robots.txt"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429])
async def test_where_there_is_none_everything_is_allowed(status: int) -> None:
    """A 4xx, whatever its body says, denies nothing (RFC 9309 §2.3.1.3)."""
    async with serving(text(b"User-agent: *\nDisallow: /\n", status)) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT)
        rules = await robots.rules(host.url)
        assert rules.allows(f"{host.url}/a")
        assert rules.problem is None


async def test_five_redirects_lead_to_the_rules() -> None:
    """They are followed, as RFC 9309 §2.3.1.2 wants; a sixth means that there is no robots.txt."""
    async with serving(redirecting(5)) as (host, fetch):
        rules = await Robots(fetch, user_agent=AGENT).rules(host.url)
        assert not rules.allows(f"{host.url}/private/")
        host.answer = redirecting(6)
        rules = await Robots(fetch, user_agent=AGENT).rules(host.url)
        assert rules.allows(f"{host.url}/private/")
        assert rules.problem is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (text(b"", 500), "500 Internal Server Error (after 2 attempts)"),
        (text(b"", 503), "503 Service Unavailable (after 2 attempts)"),
        (hanging, "(after 2 attempts)"),
        (reset, "(after 2 attempts)"),
    ],
)
async def test_where_it_cannot_be_had_nothing_is_allowed(answer: Answer, words: str) -> None:
    """5xx and silence deny everything but robots.txt itself, and every page says why (RFC 9309 §2.3.1.4)."""
    async with serving(answer) as (host, fetch):
        rules = await Robots(fetch, user_agent=AGENT).rules(host.url)
        assert host.log == ["/robots.txt"] * 2
        assert rules.problem is not None
        assert not rules.allows(f"{host.url}/a")
        assert rules.allows(f"{host.url}/robots.txt")
        assert rules.reason(f"{host.url}/a").startswith("robots.txt could not be had: ")
        assert rules.reason(f"{host.url}/a").endswith(words)


async def test_a_refused_address_can_be_told_from_other_troubles() -> None:
    """Whoever asks sees the problem itself, and its words without attempts where none was made."""
    refused = Exchange("", "", problem=Problem.ADDRESS, detail="10.0.0.1 is a private address")
    rules = await Robots(answering(refused), user_agent=AGENT).rules("http://intranet/")
    assert rules.problem is refused
    assert rules.reason("http://intranet/") == "robots.txt could not be had: 10.0.0.1 is a private address"


async def test_why_there_was_no_further_attempt_is_said() -> None:
    """A server that asked for too long a rest is quoted."""
    gave_up = replace(UNAVAILABLE, attempts=1, gave_up="asked to wait 3600 s")
    rules = await Robots(answering(gave_up), user_agent=AGENT).rules("http://a/")
    assert rules.reason("http://a/") == (
        "robots.txt could not be had: 503 Service Unavailable (after 1 attempt; asked to wait 3600 s)"
    )


@pytest.mark.parametrize("problem", [Problem.TRUNCATED, Problem.TIMEOUT])
async def test_half_an_answer_is_none(problem: Problem) -> None:
    """Rules of which a part is missing are not taken for the whole, even with status 200."""
    half = Exchange("", "", 200, body=SOME_RULES, problem=problem, detail="broke off")
    rules = await Robots(answering(half), user_agent=AGENT).rules("http://a/")
    assert rules.reason("http://a/x") == "robots.txt could not be had: broke off"


@pytest.mark.parametrize("cut_by_client", [True, False])
async def test_of_a_file_too_large_its_beginning_counts(tmp_path: Path, cut_by_client: bool) -> None:
    """The first 500 KiB are obeyed, but for the line that the cut runs through; the copy on disk says the same."""
    body = b"User-agent: *\nDisallow: /private/\n"
    body += b"# ...........\n" * (MAX_BYTES // 14 + 1)
    body = body[: MAX_BYTES - 12] + b"\nDisallow: /too-long\n"
    assert body[:MAX_BYTES].endswith(b"Disallow: /")
    cut = Exchange("", "", 200, body=body[:MAX_BYTES], problem=Problem.TOO_LARGE)
    for fetch in (answering(cut if cut_by_client else served(body)), never):
        robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
        rules = await robots.rules("http://a/")
        await robots.close()
        assert rules.allows("http://a/public")
        assert rules.allows("http://a/too-long")
        assert not rules.allows("http://a/private/")


async def test_however_many_ask_the_host_is_asked_once() -> None:
    """A hundred callers at once share one request and its rules."""
    async with serving(text()) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT)
        rules = await asyncio.gather(*(robots.rules(f"{host.url}/{number}") for number in range(100)))
        assert len(set(map(id, rules))) == 1
        assert host.log == ["/robots.txt"]
        assert not robots._inquiries


class Gate:
    """A fetch that waits until it is told to go on."""

    def __init__(self) -> None:
        self.open, self.reached = asyncio.Event(), asyncio.Event()
        self.asked = self.cancelled = 0

    async def fetch(self, _url: str) -> Exchange:
        self.asked += 1
        self.reached.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return served(SOME_RULES)


async def test_a_caller_that_is_cancelled_costs_the_others_nothing() -> None:
    """The first of three goes away, and the others have their rules from the same request."""
    gate = Gate()
    robots = Robots(gate.fetch, user_agent=AGENT)
    callers = [asyncio.create_task(robots.rules("http://a/")) for _ in range(3)]
    await gate.reached.wait()
    callers[0].cancel()
    await asyncio.wait(callers[:1])
    gate.open.set()
    assert await callers[1] is await callers[2]
    assert callers[0].cancelled()
    assert (gate.asked, gate.cancelled) == (1, 0)


async def test_when_all_callers_are_gone_the_request_is_given_up() -> None:
    """The server sees the connection close, nothing runs on, and the next caller asks anew."""
    async with serving(hanging) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT)
        callers = [asyncio.create_task(robots.rules(host.url)) for _ in range(3)]
        await host.asked.wait()
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        await host.given_up.wait()
        await robots.close()
        assert not robots._inquiries
        assert not robots._tasks
        host.answer = text()
        assert (await Robots(fetch, user_agent=AGENT).rules(host.url)).crawl_delay == 2.0


async def test_a_new_caller_does_not_inherit_what_the_last_one_gave_up() -> None:
    """Asked in the very moment after the last caller went, the host is asked again."""
    gate = Gate()
    robots = Robots(gate.fetch, user_agent=AGENT)
    first = asyncio.create_task(robots.rules("http://a/"))
    await gate.reached.wait()
    first.cancel()
    await asyncio.wait([first])
    second = asyncio.create_task(robots.rules("http://a/"))
    gate.open.set()
    assert (await second).crawl_delay == 2.0
    assert (gate.asked, gate.cancelled) == (2, 1)


async def test_close_ends_what_is_under_way() -> None:
    """Who still waits is told that it is closed, not that it was cancelled; no task is left."""
    gate = Gate()
    robots = Robots(gate.fetch, user_agent=AGENT)
    caller = asyncio.create_task(robots.rules("http://a/"))
    await gate.reached.wait()
    await robots.close()
    with pytest.raises(RuntimeError, match="close"):
        await caller
    with pytest.raises(RuntimeError, match="close"):
        await robots.rules("http://b/")
    assert gate.cancelled == 1
    assert not robots._tasks


async def test_what_fetch_raises_reaches_every_caller() -> None:
    """A mistake in the client is no trouble of the host's: it is raised, and not remembered."""

    async def broken(_url: str) -> Exchange:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    robots = Robots(broken, user_agent=AGENT)
    ends = await asyncio.gather(*(robots.rules("http://a/") for _ in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [ZeroDivisionError] * 3
    assert not robots._inquiries


async def test_a_second_run_asks_nothing_for_a_day(tmp_path: Path) -> None:
    """Over the same folder the copy serves; a day later the host is asked again, and the copy renewed."""
    clock = Clock()
    async with serving(text()) as (host, fetch):

        async def run() -> Rules:
            robots = Robots(fetch, user_agent=AGENT, folder=tmp_path / "robots", now=clock)
            rules = await robots.rules(f"{host.url}/a")
            await robots.close()
            return rules

        await run()
        clock.pass_(hours=23, minutes=59)
        rules = await run()
        assert host.log == ["/robots.txt"]
        assert (rules.crawl_delay, rules.allows(f"{host.url}/private/")) == (2.0, False)
        clock.pass_(minutes=1)
        host.answer = text(b"User-agent: *\nDisallow: /other/\n")
        rules = await run()
        assert host.log == ["/robots.txt"] * 2
        assert rules.allows(f"{host.url}/private/")
        rules = await run()
        assert host.log == ["/robots.txt"] * 2
        assert not rules.allows(f"{host.url}/other/")


async def test_memory_holds_for_a_day_too() -> None:
    """A process that lives on asks again after a day, or when its clock was set back."""
    clock = Clock()
    async with serving(text()) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT, now=clock)
        for hours, asked in [(0, 1), (23.9, 1), (0.1, 2), (-1, 3)]:
            clock.pass_(hours=hours)
            await robots.rules(host.url)
            assert len(host.log) == asked


async def test_a_404_is_kept_as_well(tmp_path: Path) -> None:
    """That there is no robots.txt need not be asked twice a day."""
    async with serving(text(b"User-agent: *\nDisallow: /", 404)) as (host, fetch):
        for _ in range(2):
            robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
            assert (await robots.rules(host.url)).allows(f"{host.url}/a")
            await robots.close()
        assert host.log == ["/robots.txt"]


@pytest.mark.parametrize("answer", [text(b"", 503), reset, redirecting(9)])
async def test_a_failure_is_not_kept(tmp_path: Path, answer: Answer) -> None:
    """The next run asks again where robots.txt could not be had, or only redirects were."""
    async with serving(answer) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
        await robots.rules(host.url)
        await robots.close()
        assert files(tmp_path) == []


async def test_a_failure_is_remembered_for_a_minute() -> None:
    """Pages of one run do not each wait for a dead host; a later search has another chance."""
    clock = Clock()
    fetch = answering(UNAVAILABLE, served(SOME_RULES))
    robots = Robots(fetch, user_agent=AGENT, now=clock)
    assert (await robots.rules("http://a/")).problem is UNAVAILABLE
    clock.pass_(seconds=59)
    assert (await robots.rules("http://a/")).problem is UNAVAILABLE
    clock.pass_(seconds=1)
    assert (await robots.rules("http://a/")).problem is None


async def test_of_two_failures_the_later_is_told() -> None:
    """Rules that deny for want of a robots.txt are no copy to go by."""
    clock = Clock()
    reset_later = Exchange("", "", problem=Problem.RESET, detail="the connection was closed")
    robots = Robots(answering(UNAVAILABLE, reset_later), user_agent=AGENT, now=clock)
    await robots.rules("http://a/")
    clock.pass_(minutes=1)
    rules = await robots.rules("http://a/")
    assert (rules.problem, rules.note) == (reset_later, "")


@pytest.mark.parametrize("on_disk", [True, False])
async def test_an_old_copy_serves_while_no_newer_one_can_be_had(tmp_path: Path, on_disk: bool) -> None:
    """Beyond its day it is obeyed, from disk or memory, and that is said; the host is asked again later."""
    clock = Clock()
    fetch = answering(served(SOME_RULES), UNAVAILABLE, UNAVAILABLE, served(b""))
    robots = Robots(fetch, user_agent=AGENT, folder=tmp_path if on_disk else None, now=clock)
    first = await robots.rules("http://a/")
    if on_disk:
        await robots.close()
        robots = Robots(fetch, user_agent=AGENT, folder=tmp_path, now=clock)
    for days in (2, 3):
        clock.pass_(days=days)
        rules = await robots.rules("http://a/")
        assert (rules.allows("http://a/"), rules.allows("http://a/private/")) == (True, False)
        assert rules.problem is None
        assert rules.note == (
            "robots.txt could not be had: 503 Service Unavailable (after 3 attempts);"
            " that of 2026-03-01 12:00 UTC is obeyed"
        )
        assert await robots.rules("http://a/") is rules
    assert first.note == ""
    clock.pass_(hours=1)
    assert (await robots.rules("http://a/")).allows("http://a/private/")


async def test_a_folder_that_cannot_be_written_costs_a_note(tmp_path: Path) -> None:
    """The rules are there all the same, and say in the end why no copy is."""
    (tmp_path / "file").write_bytes(b"")
    robots = Robots(answering(served(SOME_RULES)), user_agent=AGENT, folder=tmp_path / "file" / "folder")
    rules = await robots.rules("http://a/")
    assert not rules.allows("http://a/private/")
    await robots.close()
    assert rules.note.startswith(f"robots.txt could not be kept in {tmp_path / 'file' / 'folder'}: ")
    robots = Robots(answering(served(SOME_RULES)), user_agent=AGENT, folder=Path("a\0b"))
    rules = await robots.rules("http://a/")
    await robots.close()
    assert "could not be kept" in rules.note


async def test_origins_are_told_apart_and_their_spellings_are_not(tmp_path: Path) -> None:
    """Scheme, host and port make an origin; case, a default port and a password do not."""
    asked: list[str] = []

    async def fetch(url: str) -> Exchange:
        asked.append(url)
        return served(b"")

    robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
    for url in (
        "http://Shop.example/a", "HTTP://shop.example:80/b", "http://me:secret@shop.example/c",
        "https://shop.example/", "https://shop.example:443", "http://shop.example:8080/", "http://[::1]:81/",
    ):  # fmt: skip
        await robots.rules(url)
    await robots.close()
    assert asked == [
        "http://shop.example/robots.txt",
        "https://shop.example/robots.txt",
        "http://shop.example:8080/robots.txt",
        "http://[::1]:81/robots.txt",
    ]
    assert len(files(tmp_path)) == 4


@pytest.mark.parametrize(
    "url", ["", "nothing", "http://", "ftp://a/", "http://[", "http://a:b/", "http://a:99999/"]
)
async def test_what_is_no_address_is_not_asked_for(url: str) -> None:
    """The request itself will say what is wrong with it."""
    robots = Robots(never, user_agent=AGENT)
    assert (await robots.rules(url)).problem is None


async def test_memory_is_bounded() -> None:
    """Of many origins the latest are remembered."""
    robots = Robots(answering(served(b"")), user_agent=AGENT)
    for number in range(1_100):
        await robots.rules(f"http://{number}.example/")
    assert len(robots._known) == 1_000
    assert "http://1099.example" in robots._known
    assert not robots._inquiries


# Rules


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("bookprice-crawler", True),
        ("BookPrice-Crawler", True),
        ("bookprice-crawler/9.9", True),
        ("bookprice-crawler (all versions) # comment", True),
        ("book", False),
        ("bookprice", False),
        ("crawler", False),
        ("bookprice-crawler-news", False),
        ("we", False),
        ("others", False),
        ("Googlebot", False),
    ],
)
def test_a_group_is_ours_by_its_whole_name(name: str, ours: bool) -> None:
    """The product token decides, in any case and with any version (RFC 9309 §2.2.1); else everybody's rules hold."""
    rules = Rules(f"User-agent: *\nDisallow: /all\n\nUser-agent: {name}\nDisallow: /one\n", user_agent=AGENT)
    assert rules.allows("http://a/all") is ours
    assert rules.allows("http://a/one") is not ours


@pytest.mark.parametrize(
    "line", ["User-agent: {}", "useragent:{}", "USER AGENT : {}", "user-agent {}", "  User-Agent:\t{}  # us"]
)
def test_every_spelling_of_the_line_is_known(line: str) -> None:
    """The generous forms that protego accepts name a group as the plain one does."""
    rules = Rules(
        line.format("book") + "\nDisallow: /one\n" + line.format("bookprice-crawler") + "\nDisallow: /two",
        user_agent=AGENT,
    )
    assert rules.allows("http://a/one")
    assert not rules.allows("http://a/two")


def test_a_group_for_everybody_may_be_written_with_more() -> None:
    """«* » followed by anything is still everybody, a name with a star is not."""
    assert not Rules("User-agent: * all\nDisallow: /", user_agent=AGENT).allows("http://a/")
    assert Rules("User-agent: *bot\nDisallow: /", user_agent=AGENT).allows("http://a/")


@pytest.mark.parametrize("word", sorted(protego._protego._DISALLOW_DIRECTIVE))
def test_no_spelling_that_protego_accepts_is_overlooked(word: str) -> None:
    """The quick look, which spares the parser, lets every one of them through, and each is named as the reason."""
    rules = Rules(f"User-agent: *\n{word.title()}: /a\n", user_agent=AGENT)
    assert rules.reason("http://a/a") == f"robots.txt denies it: {word.title()}: /a"


@pytest.mark.parametrize(
    ("lines", "delay"),
    [
        ("Crawl-delay: 1", 1.0),
        ("crawl delay 0.5", 0.5),
        ("Crawl-delay: 0", None),
        ("Crawl-delay: -3", None),
        ("Crawl-delay: nan", None),
        ("Crawl-delay: inf", None),
        ("Crawl-delay: soon", None),
        ("Crawl-delay: 86400", 86_400.0),
        ("Crawl-delay: 1e300", 86_400.0),
        ("Request-rate: 1/5", 5.0),
        ("Request-rate: 10/1m 0900-1700", 6.0),
        ("Request-rate: 1/3d", 86_400.0),
        ("Request-rate: 1/" + "9" * 4000, 86_400.0),
        ("Request-rate: " + "9" * 4000 + "/" + "9" * 4000, 1.0),
        ("Request-rate: " + "9" * 5000 + "/1", None),
        ("Request-rate: 1/5\nCrawl-delay: 2", 2.0),
        ("Disallow: /", None),
    ],
)
def test_the_delay_between_requests(lines: str, delay: float | None) -> None:
    """From Crawl-delay, else from Request-rate; nonsense is ignored, more than a day is a day, and that is noted."""
    rules = Rules(f"User-agent: *\n{lines}\n", user_agent=AGENT)
    assert rules.crawl_delay == delay
    assert ("a day is kept" in rules.note) is (delay == 86_400.0 and "86400" not in lines)


def test_a_delay_of_others_is_not_ours() -> None:
    """Crawl-delay belongs to its group."""
    assert Rules("User-agent: Bingbot\nCrawl-delay: 9", user_agent=AGENT).crawl_delay is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\xfe" * 100,
        b"User-agent: *\nAllow: /\n",
        b"Disallow: /\n",
        b"User-agent: *\nDisallow:\n",
        b"<!DOCTYPE html>\n<title>404</title>\n<p>User-agent: *\n<p>Disallow: /\n<p>crawl requests disallowed: /\n",
    ],
)
def test_what_denies_nothing_allows_everything(body: bytes) -> None:
    """Nothing, noise, a page in HTML served for a missing file, and rules without group or path deny nothing."""
    rules = Rules.read(body, user_agent=AGENT)
    assert rules.allows("http://a/x?y")
    assert (rules.crawl_delay, rules.note) == (None, "")


def test_a_mark_at_the_beginning_and_wrong_bytes_do_no_harm() -> None:
    """A byte order mark does not hide the first line, nor do bytes that are not UTF-8 hide the others."""
    body = b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /\xd6\xd0\rDisallow: /two\r\n"
    rules = Rules.read(body, user_agent=AGENT)
    assert not rules.allows("http://a/two")


def test_addresses_are_compared_decoded() -> None:
    """Chinese in a rule meets its percent-encoded form; query and wildcards count."""
    rules = Rules("User-agent: *\nDisallow: /书\nDisallow: /*?sort=\nDisallow: /end$\n", user_agent=AGENT)
    assert not rules.allows("http://a/%E4%B9%A6/1")
    assert not rules.allows("http://a/list?sort=price")
    assert not rules.allows("http://a/end")
    assert rules.allows("http://a/end/more")


def test_the_rule_that_decided_is_named() -> None:
    """Of several that match, across groups, the longest; a longer one of another group is not it."""
    body = (
        "User-agent: *\nDisallow: /\n"
        "User-agent: bookprice-crawler\nDisallow: /a\nAllow: /a/b\nDisallow:   /a/b/c\t# why\nDisallow: /*/c/d$\n"
        "User-agent: Other\nDisallow: /a/b/c/d/e\n"
    )
    rules = Rules(body, user_agent=AGENT)
    assert rules.reason("http://a/") == ""
    assert rules.reason("http://a/a/x") == "robots.txt denies it: Disallow: /a"
    assert rules.reason("http://a/a/b/x") == ""
    assert rules.reason("http://a/a/b/c/d/e") == "robots.txt denies it: Disallow: /a/b/c"
    assert rules.reason("http://a/x/c/d") == "robots.txt denies it: Disallow: /*/c/d$"


def test_a_rule_of_the_next_group_is_not_named() -> None:
    """Leaving rules out to find the one that decided makes no one group of two."""
    body = "User-agent: bookprice-crawler\nDisallow: /a\nUser-agent: Other\nDisallow: /a/b/c\n"
    assert Rules(body, user_agent=AGENT).reason("http://a/a/b/c") == "robots.txt denies it: Disallow: /a"


def test_what_is_no_address_is_not_allowed() -> None:
    """An address that cannot be taken apart is denied without a rule's name, and raises nothing."""
    rules = Rules("User-agent: *\nDisallow: /a\n", user_agent=AGENT)
    assert not rules.allows("http://[/b")
    assert rules.reason("http://[/b") == "robots.txt denies it"


def test_a_reason_stays_short_and_harmless() -> None:
    """A long line is cut, what cannot be printed is replaced, and among hundreds of rules none is searched for."""
    rules = Rules(f"User-agent: *\nDisallow: /a{'b' * 500}\nDisallow: /\x1b[31m\n", user_agent=AGENT)
    assert len(rules.reason(f"http://a/a{'b' * 500}")) <= 130
    assert rules.reason("http://a/%1B[31m") == "robots.txt denies it: Disallow: /�[31m"
    many = Rules("User-agent: *\n" + "".join(f"Disallow: /{n}\n" for n in range(300)), user_agent=AGENT)
    assert many.reason("http://a/7") == "robots.txt denies it"


paths = st.text(alphabet="ab/", max_size=4).map(lambda path: f"/{path}")


@given(st.lists(st.tuples(st.sampled_from(["Allow", "Disallow"]), paths), max_size=12), paths)
def test_the_longest_match_decides(lines: list[tuple[str, str]], path: str) -> None:
    """Against the rule of RFC 9309 §2.2.2 spelled out for plain prefixes: verdict and named line agree."""
    body = "User-agent: *\n" + "".join(f"{kind}: {prefix}\n" for kind, prefix in lines)
    rules = Rules(body, user_agent=AGENT)
    matching = [(len(prefix), kind == "Allow", prefix) for kind, prefix in lines if path.startswith(prefix)]
    _, allowed, prefix = max(matching, default=(0, True, ""))
    assert rules.allows(f"http://a{path}") is allowed
    assert rules.reason(f"http://a{path}") == ("" if allowed else f"robots.txt denies it: Disallow: {prefix}")


robots_words = st.lists(
    st.sampled_from(
        [
            "User-agent",
            "Disallow",
            "Allow",
            "Crawl-delay",
            "Request-rate",
            ":",
            " ",
            "\n",
            "*",
            "$",
            "/",
            "#",
            "%",
            "1",
        ]
    )
    | st.text(max_size=3)
).map("".join)


@given(robots_words.map(str.encode) | st.binary(), st.text() | st.text(max_size=20).map("http://a/{}".format))
def test_rules_never_raise(body: bytes, url: str) -> None:
    """Whatever bytes are served and whatever is asked, there is an answer and a reason on one line."""
    rules = Rules.read(b"User-agent: *\n" + body, user_agent=AGENT)
    assert bool(rules.reason(url)) is not rules.allows(url)
    assert len(rules.reason(url).splitlines()) <= 1
    assert rules.crawl_delay is None or 0 < rules.crawl_delay <= 86_400


def test_many_names_times_many_rules_do_not_fill_the_memory() -> None:
    """Half a megabyte of the worst there is costs no more than a few dozen."""
    names = "".join(f"User-agent: a{number}\n" for number in range(12_000))
    body = names + "Disallow: /x\n" * ((MAX_BYTES - len(names)) // 13)
    tracemalloc.start()
    try:
        rules = Rules(body, user_agent=AGENT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rules.allows("http://a/x")
    assert peak < 50 * 2**20


def test_the_parser_is_loaded_only_where_it_is_needed() -> None:
    """A robots.txt that denies nothing spares its import; one that denies something does not."""
    program = (
        "import sys; from crawler.download.robots import Rules\n"
        "Rules('User-agent: *\\nAllow: /\\nSitemap: http://a/map.xml', user_agent='x')\n"
        "print('protego' in sys.modules)\n"
        "Rules('User-agent: *\\ndisALLOW: /', user_agent='x')\n"
        "print('protego' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


# Copies on disk


NOW = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all examples of a property."""
    return tmp_path_factory.mktemp("robots")


@settings(deadline=None)
@given(st.binary(max_size=2000) | st.text().map(str.encode))
def test_any_file_in_the_copys_place_counts_as_none(folder: Path, data: bytes) -> None:
    """No bytes, as header, body or both, make reading raise or pass for a copy."""
    path = folder / robots_store._file_name("http://a")
    store = Store(folder)
    for content in (data, data + b"\n" + SOME_RULES):
        path.write_bytes(content)
        assert store.read("http://a") is None


values = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("2026-03-01T12:00:00+00:00")
)


@settings(deadline=None)
@example({"fetched_at": "0001-01-01T00:00:00+10:00"})
@given(st.dictionaries(st.sampled_from(["fetched_at", "status", "sha256", "origin"]), values) | values)
def test_a_header_of_other_values_counts_as_none(folder: Path, head: object) -> None:
    """JSON that is well formed but not ours is no copy either."""
    (folder / robots_store._file_name("http://a")).write_bytes(json.dumps(head).encode() + b"\n")
    assert Store(folder).read("http://a") is None


@settings(deadline=None)
@given(st.data())
def test_a_damaged_copy_counts_as_none(folder: Path, data: st.DataObject) -> None:
    """A copy with bytes changed or missing is never taken for rules; an unharmed one is read as it was written."""
    kept = Kept(NOW, 200, SOME_RULES)
    assert Store(folder).write("http://a", kept, NOW) == ""
    path = folder / robots_store._file_name("http://a")
    whole = path.read_bytes()
    assert Store(folder).read("http://a") == kept
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:at])
    else:
        changed = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
        path.write_bytes(whole[:at] + bytes([changed]) + whole[at + 1 :])
    found = Store(folder).read("http://a")
    assert found is None or found.body == SOME_RULES


async def test_a_damaged_copy_is_asked_for_again(tmp_path: Path) -> None:
    """Damage costs a request, and the copy is whole afterwards."""
    async with serving(text()) as (host, fetch):
        for damage in (False, True, False):
            if damage:
                (path,) = files(tmp_path)
                path.write_bytes(b"{")
            robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
            assert (await robots.rules(host.url)).crawl_delay == 2.0
            await robots.close()
        assert host.log == ["/robots.txt"] * 2


@pytest.mark.parametrize("status", [[], {}, None, 500, "200", 1e400])
def test_a_copy_of_no_status_to_keep_counts_as_none(tmp_path: Path, status: object) -> None:
    """All else in it may be right."""
    assert Store(tmp_path).write("http://a", Kept(NOW, 200, SOME_RULES), NOW) == ""
    (path,) = files(tmp_path)
    head, _, body = path.read_bytes().partition(b"\n")
    path.write_bytes(json.dumps(json.loads(head) | {"status": status}).encode() + b"\n" + body)
    assert Store(tmp_path).read("http://a") is None


def test_another_origins_copy_is_not_taken(tmp_path: Path) -> None:
    """A file that was moved to another origin's name counts as absent."""
    Store(tmp_path).write("http://a", Kept(NOW, 200, SOME_RULES), NOW)
    (path,) = files(tmp_path)
    path.rename(tmp_path / robots_store._file_name("http://b"))
    assert Store(tmp_path).read("http://b") is None


def test_what_is_no_file_is_no_copy(tmp_path: Path) -> None:
    """A folder or a pipe in a copy's place is neither read nor waited for."""
    for origin, make in (("http://a", os.mkdir), ("http://b", getattr(os, "mkfifo", os.mkdir))):
        make(tmp_path / robots_store._file_name(origin))
        assert Store(tmp_path).read(origin) is None


def test_names_of_files_are_readable_and_harmless() -> None:
    """Host and port show; nothing leaves the folder, hides, or is too long for a file system."""
    assert robots_store._file_name("https://shop.example:8443").startswith("shop.example-8443-")
    for origin in (
        "http://../../etc/passwd",
        "http://.hidden",
        "http://" + "a" * 500,
        "http://[::1]:80",
        "http://书",
    ):
        name = robots_store._file_name(origin)
        assert Path(name).name == name
        assert not name.startswith(".")
        assert len(name) < 100
        assert name.isascii()
    assert robots_store._file_name("http://a") != robots_store._file_name("https://a")


def test_old_copies_and_those_beyond_the_number_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After thirty days, or when there are too many, the oldest go, and what a killed process left; nothing else."""
    monkeypatch.setattr(robots_store, "MOST_FILES", 5)

    def write(origin: str, days_ago: float, store: Store) -> None:
        fetched_at = NOW - dt.timedelta(days=days_ago)
        assert store.write(origin, Kept(fetched_at, 200, b""), NOW) == ""

    filling = Store(tmp_path)
    write("http://first", 0, filling)  # prunes, and need not do so again
    write("http://old", 30.1, filling)
    for number in range(7):
        write(f"http://{number}", 1 + number, filling)
    other = tmp_path / "notes.robots"
    other.write_bytes(b"mine")
    os.utime(other, (0, 0))
    fresh, abandoned = tmp_path / f".{'a' * 16}.tmp", tmp_path / f".{'b' * 16}.tmp"
    fresh.write_bytes(b"")
    abandoned.write_bytes(b"")
    os.utime(abandoned, (0, 0))
    write("http://last", 0, Store(tmp_path))
    kept = {"http://first", "http://last", "http://0", "http://1", "http://2"}
    expected = {robots_store._file_name(origin) for origin in kept} | {other.name, fresh.name}
    assert {path.name for path in files(tmp_path)} == expected


def test_copies_of_thirty_days_stay(tmp_path: Path) -> None:
    """Age alone, too, makes a copy go, and not a moment early."""
    filling = Store(tmp_path)
    for origin, days in (("http://first", 0), ("http://young", 29.9), ("http://old", 30.1)):
        filling.write(origin, Kept(NOW - dt.timedelta(days=days), 200, b""), NOW)
    Store(tmp_path).write("http://last", Kept(NOW, 200, b""), NOW)
    kept = {robots_store._file_name(f"http://{name}") for name in ("first", "young", "last")}
    assert {path.name for path in files(tmp_path)} == kept


def test_a_copy_that_cannot_take_its_place_leaves_nothing(tmp_path: Path) -> None:
    """What was written beside it is gone, and why is said."""
    place = tmp_path / robots_store._file_name("http://a")
    place.mkdir()
    assert "could not be kept" in Store(tmp_path).write("http://a", Kept(NOW, 200, b""), NOW)
    assert files(tmp_path) == [place]


def test_two_processes_never_leave_half_a_copy(tmp_path: Path) -> None:
    """While two write the same copy again and again, a reader finds the one or the other, whole."""
    program = (
        "import sys, datetime as dt; from pathlib import Path\n"
        "from crawler.download.robots_store import Kept, Store\n"
        "now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)\n"
        "store, body = Store(Path(sys.argv[1])), sys.argv[2].encode() * 20_000\n"
        "for _ in range(100): assert store.write('http://a', Kept(now, 200, body), now) == ''\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, os.fspath(tmp_path), letter]) for letter in "xy"
    ]
    store, found = Store(tmp_path), 0
    try:
        while any(writer.poll() is None for writer in writers):
            kept = store.read("http://a")
            if kept is None:
                assert not found
            else:
                found += 1
                assert kept.body in {b"x" * 20_000, b"y" * 20_000}
    finally:
        codes = [writer.wait() for writer in writers]
    assert codes == [0, 0]
    assert found
    assert len(files(tmp_path)) == 1
