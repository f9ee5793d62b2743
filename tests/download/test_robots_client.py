"""robots.txt and the client: redirects, refusals, and a Crawl-delay that is too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from crawler.download.client import Downloader
from crawler.download.exchange import Exchange, FetchPolicy, Problem

DENIES = "User-agent: *\nDisallow: /private\n"

Robots = Callable[[web.Request], web.StreamResponse]


class Host:
    """A server with a configurable /robots.txt, rules at «/rules», and a page everywhere else."""

    def __init__(self, robots: Robots) -> None:
        self.robots = robots
        self.log: list[str] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.log.append(request.path)
        if request.path == "/robots.txt":
            return self.robots(request)
        return web.Response(text=DENIES if request.path == "/rules" else "a page")


def text(body: str, status: int = 200, **headers: str) -> Robots:
    return lambda _request: web.Response(text=body, status=status, headers=headers)


@asynccontextmanager
async def serving(robots: Robots) -> AsyncIterator[Host]:
    host = Host(robots)
    app = web.Application()
    app.router.add_get("/{path:.*}", host.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host.url = "http://{}:{}".format(*runner.addresses[0])
        yield host
    finally:
        await runner.cleanup()


def policy(host: Host, **changes: Any) -> FetchPolicy:
    """Return the policy of a search at a named replica: redirects within its host and port."""
    netloc = urlsplit(host.url).netloc
    values: dict[str, Any] = {
        "attempts": 2,
        "named_hosts": frozenset({"127.0.0.1"}),
        "may_follow": lambda url: urlsplit(url).netloc == netloc and "login" not in url,
    }
    return FetchPolicy(**values | changes)


async def fetch(host: Host, *paths: str, **changes: Any) -> tuple[list[Exchange], list[str]]:
    """Fetch pages one after the other; return their outcomes, and the notes on robots.txt."""
    notes: list[str] = []
    async with Downloader(on_robots_note=lambda _host, note: notes.append(note)) as downloader:
        return [await downloader.fetch(f"{host.url}{path}", policy(host, **changes)) for path in paths], notes


async def test_a_redirect_within_the_shop_leads_to_its_rules() -> None:
    """Where pages may be redirected, robots.txt may."""
    async with serving(text("", 301, Location="/rules")) as host:
        (denied, page), notes = await fetch(host, "/private", "/page")
    assert (denied.problem, page.status, notes) == (Problem.ROBOTS, 200, [])
    assert host.log == ["/robots.txt", "/rules", "/page"]


@pytest.mark.parametrize("location", ["{other}/rules", "http://localhost:{port}/rules", "ftp://{netloc}/rules",
                                      "http://me:x@{netloc}/rules", "/login?to=/rules"])  # fmt: skip
async def test_a_redirect_out_of_the_shop_is_not_followed(location: str) -> None:
    """Another port, name or scheme, credentials, a login: none is requested, and a note tells the user."""
    async with serving(text(DENIES)) as other, serving(text("")) as host:
        netloc = urlsplit(host.url).netloc
        target = location.format(other=other.url, port=urlsplit(host.url).port, netloc=netloc)
        host.robots = text("", 302, Location=target)
        (page,), (note,) = await fetch(host, "/page")
    assert page.status == 200
    assert note.startswith("robots.txt redirects to ")
    assert target.replace("me:x@", "***@") in note
    assert note.endswith(", which is not followed; treated as having no robots.txt")
    assert host.log == ["/robots.txt", "/page"]
    assert not other.log


@pytest.mark.parametrize("status", [407, 429, 500, 503])
async def test_a_refusal_denies_after_all_attempts(status: int) -> None:
    """No page is requested while robots.txt is refused."""
    async with serving(text("User-agent: *\nAllow: /\n", status)) as host:
        (page,), _ = await fetch(host, "/page")
    assert page.problem is Problem.ROBOTS
    assert page.detail.startswith(f"robots.txt could not be fetched: {status} ")
    assert set(host.log) == {"/robots.txt"}
    assert len(host.log) == (1 if status == 407 else 2)


@pytest.mark.parametrize(
    ("line", "max_wait", "seconds"),
    [
        ("Crawl-delay: 86400", 30.0, "86,400"),
        ("Crawl-delay: 99999999", 30.0, "86,400"),
        ("Crawl-delay: 300.5", 30.0, "300.5"),
        ("Request-rate: 1/1d", 30.0, "86,400"),
        ("Request-rate: 1/10m", 30.0, "600"),
        ("Crawl-delay: 0.01", 0.0, "0.01"),
        ("Crawl-delay: 21", 2.0, "21"),
    ],
)
async def test_a_delay_that_nobody_waits_for_ends_every_page_at_once(
    line: str, max_wait: float, seconds: str
) -> None:
    """Beyond ten times the longest wait, no page is requested, none waits, and each says why."""
    async with serving(text(f"User-agent: *\n{line}\n")) as host:
        ends, _ = await asyncio.wait_for(fetch(host, "/page", "/other", max_wait=max_wait), 30)
    for end in ends:
        assert end.problem is Problem.ROBOTS
        assert f" {seconds} s between requests, more than ten times --max-wait {max_wait:g};" in end.detail
    assert host.log == ["/robots.txt"]


async def test_a_delay_of_just_ten_times_the_longest_wait_is_kept() -> None:
    """Two pages come, the second after the delay; with no delay at all `max_wait` 0 denies nothing."""
    async with serving(text("User-agent: *\nCrawl-delay: 0.2\n")) as host:
        ends, _ = await fetch(host, "/page", "/other", max_wait=0.02)
        assert [end.status for end in ends] == [200, 200]
        host.robots = text("User-agent: *\nCrawl-delay: 0\n")
        ends, _ = await fetch(host, "/page", max_wait=0.0)
        assert [end.status for end in ends] == [200]


async def test_a_denied_page_says_that_first() -> None:
    """A rule that denies the address outweighs the delay."""
    async with serving(text(f"{DENIES}Crawl-delay: 9999\n")) as host:
        (end,), _ = await fetch(host, "/private")
    assert end.detail == "robots.txt disallows it: Disallow: /private"
