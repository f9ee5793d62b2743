"""The downloader with thousands of hosts: bounded memory, one circuit breaker, plain values."""

from __future__ import annotations

import asyncio
import pickle
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from crawler.download.client import Downloader
from crawler.download.exchange import FetchPolicy, Problem, Request, blocked_for_certain
from crawler.download.limiter import HostLimiter, Outcome
from crawler.download.proxies import Proxies
from crawler.engine import RedirectScope
from tests.download.talking import Conversation, Talk, TalkingServer, page, talking


def policy(**changes: Any) -> FetchPolicy:
    values: dict[str, Any] = {
        "attempts": 1,
        "named_hosts": frozenset({"127.0.0.1", "localhost"}),
        "obey_robots": False,
    }
    return FetchPolicy(**(values | changes))


def saying(answer: bytes) -> Conversation:
    async def converse(talk: Talk) -> None:
        while True:
            await talk.request()
            talk.send(answer)

    return converse


@pytest.mark.parametrize("base_url", ["https://search.dangdang.com", "http://127.0.0.1:8000"])
def test_a_policy_can_be_sent_to_another_process(base_url: str) -> None:
    """Unpickling gives an equal value, which allows the same redirects."""
    wanted = policy(may_follow=RedirectScope(base_url), is_block=blocked_for_certain)
    copied: FetchPolicy = pickle.loads(pickle.dumps(wanted))  # noqa: S301 – our own bytes
    assert copied == wanted
    assert copied.may_follow(f"{base_url}/x")
    assert not copied.may_follow("http://elsewhere.example/x")
    assert not copied.may_follow(f"{base_url}/login")
    assert pickle.loads(pickle.dumps(FetchPolicy())) == FetchPolicy()  # noqa: S301 – our own bytes


@given(st.from_regex(r"\A(https?|HTTP|ftp)://[a-zA-Z0-9.:@\[\]_-]{0,20}[/?#a-z%.:@*=&?\[ -]{0,12}\Z"))
@example("http://a.example/?")
@example("http://a.example/??")
@example("http://a.example?x")
@example("http://a.example:70000/")
@example("http://a.example./")
@example("http://[::1]:81/x")
@example("http://A.example:0080/x")
def test_a_url_has_the_parts_that_the_library_finds(url: str) -> None:
    """The fast parser of ordinary URLs gives the same result as the complete one; only `netloc` is in one spelling."""
    request = Request(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        assert not request.host
        return
    if not host or parts.scheme not in {"http", "https"}:
        assert not request.host
        return
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    found = (request.scheme, request.host, request.port, request.path)
    assert found == (parts.scheme, host, port, path)
    usual_port = {"http": 80, "https": 443}[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    shown += "" if port in {None, usual_port} else f":{port}"
    assert request.netloc.rpartition("@")[2] == shown


async def test_headers_go_out_and_come_back() -> None:
    """A request's own headers reach the server, and the response's headers can be read as sent."""
    answer = page("x", "200 OK", 'ETag: "1"', "Vary: a", "vary: b")
    async with talking(saying(answer)) as server, Downloader() as downloader:
        exchange = await downloader.fetch(Request(server.url, {"If-None-Match": '"0"'}), policy())
    assert b'\r\nIf-None-Match: "0"\r\n' in server.talks[0].heads[0]
    assert exchange.header("etag") == '"1"'
    assert exchange.header("Vary") == "a, b"
    assert exchange.header("Age") is None
    assert pickle.loads(pickle.dumps(exchange)) == exchange  # noqa: S301 – our own bytes


async def test_headers_stay_within_their_origin() -> None:
    """A redirect keeps them only on the same host and port; the request for robots.txt goes without them."""
    secret = {"Cookie": "token=1"}
    async with talking(saying(page("there"))) as other:

        async def redirect(talk: Talk) -> None:
            while (path := await talk.request()) != "/last":
                target = "/own" if path == "/" else f"{other.url}/last"
                talk.send(
                    page("", "404 Not Found" if "robots" in path else "302 Found", f"Location: {target}")
                )

        async with talking(redirect) as server, Downloader() as downloader:
            wanted = policy(may_follow=lambda _url: True, obey_robots=True)
            exchange = await downloader.fetch(Request(f"{server.url}/", secret), wanted)
        assert exchange.body == b"there"
        own = {head.split()[1]: b"token=1" in head for talk in server.talks for head in talk.heads}
        assert own == {b"/robots.txt": False, b"/": True, b"/own": True}
        assert not any(b"token=1" in head for talk in other.talks for head in talk.heads)


@pytest.mark.parametrize(
    ("name", "value"), [("Host", "a"), ("content-length", "1"), ("a b", "1"), ("", "1"), ("A", "1\r\nB: 2")]
)
def test_a_header_that_would_break_the_request_is_refused(name: str, value: str) -> None:
    """The caller gets the error when the request is created, before anything is sent."""
    with pytest.raises(ValueError, match="header"):
        Request("http://a.example/", {name: value})


async def test_a_fetch_asks_the_breaker() -> None:
    """After five blocks in a row, nothing is sent to the host, and the exchange says so; other hosts get requests."""
    async with (
        talking(saying(page("no", "403 Forbidden"))) as server,
        talking(saying(page("yes"))) as other,
        Downloader() as downloader,
    ):
        statuses = [(await downloader.fetch(server.url, policy())).status for _ in range(5)]
        refused = await downloader.fetch(f"{server.url}/more", policy())
        fine = await downloader.fetch(other.url, policy())
    assert statuses == [403] * 5
    assert (refused.problem, refused.status, refused.attempts) == (Problem.BLOCKED, None, 0)
    assert server.url.partition("//")[2] in refused.detail
    assert sum(len(talk.heads) for talk in server.talks) == 5
    assert fine.status == 200


async def test_a_caller_that_judges_pages_keeps_the_row() -> None:
    """If the policy leaves it to the caller, a good status does not end a run of blocks."""
    answers = iter([page("no", "403 Forbidden")] * 4 + [page("captcha")] + [page("no", "403 Forbidden")])

    async def converse(talk: Talk) -> None:
        while True:
            await talk.request()
            talk.send(next(answers))

    async with talking(converse) as server, Downloader() as downloader:
        for _ in range(6):
            await downloader.fetch(server.url, policy(is_block=blocked_for_certain))
        assert downloader.breaker.open_until(server.url.partition("//")[2]) is not None


async def test_idle_connections_are_few() -> None:
    """Of eight hosts, the connections to the last two stay; the others are closed at once."""
    closed: list[int] = []
    six_closed = asyncio.Event()

    def host(number: int) -> Conversation:
        async def converse(talk: Talk) -> None:
            await talk.request()
            talk.send(page("x"))
            await talk.closed()
            closed.append(number)
            if len(closed) == 6:
                six_closed.set()

        return converse

    async with AsyncExitStack() as stack:
        servers: list[TalkingServer] = [
            await stack.enter_async_context(talking(host(number))) for number in range(8)
        ]
        async with Downloader(concurrency=1, max_idle_connections=2) as downloader:
            for server in servers:
                assert (await downloader.fetch(server.url, policy())).status == 200
            await six_closed.wait()
            assert sorted(closed) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("cancelled", [0, 3])
async def test_all_hosts_together_have_a_limit(cancelled: int) -> None:
    """Never are more requests in flight than the total, every request gets its turn, and no host blocks another."""
    pace = HostLimiter(10, total=3)
    out = most = 0
    order: list[str] = []

    async def one(host: str) -> None:
        nonlocal out, most
        async with pace.turn(host) as turn:
            out += 1
            most = max(most, out)
            order.append(host)
            await asyncio.sleep(0)
            turn.end(Outcome.SERVED)
            out -= 1

    tasks = [asyncio.create_task(one("a")) for _ in range(30)]
    tasks += [asyncio.create_task(one(host)) for host in "bcde"]
    await asyncio.sleep(0)
    for task in tasks[10 : 10 + cancelled]:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert most == 3
    assert sum(isinstance(end, asyncio.CancelledError) for end in ended) == cancelled
    assert len(order) == len(tasks) - cancelled
    assert max(order.index(host) for host in "bcde") < 15


def test_a_host_without_a_limit_is_forgotten_after_a_minute() -> None:
    """A host that refused is remembered longer."""

    async def main() -> None:
        now = 0.0
        pace = HostLimiter(10, clock=lambda: now)
        for number in range(3_000):
            async with pace.turn(f"{number}.example") as turn:
                turn.end(Outcome.SERVED if number else Outcome.REFUSED)
            now += 0.1
        assert len(pace._hosts) <= 2_000
        assert pace.limit("0.example") == 1

    asyncio.run(main())


def test_the_environment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later changes of a variable do not affect a running downloader."""
    for name in ("http_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://one.example:1")
    monkeypatch.setenv("no_proxy", "direct.example")
    proxies = Proxies(None)
    first = proxies.proxy_for(Request("http://a.example/"))
    monkeypatch.setenv("http_proxy", "http://two.example:2")
    monkeypatch.delenv("no_proxy")
    second = proxies.proxy_for(Request("http://b.example/"))
    assert first is not None
    assert second is not None
    assert first.url == second.url == "http://one.example:1"
    assert proxies.proxy_for(Request("http://direct.example/")) is None


async def test_cookies_are_bounded() -> None:
    """The library drops old cookies: thousands of hosts that set some do not fill the memory."""
    async with Downloader() as downloader:
        session = downloader._wire._session
        assert session is not None
        jar = session.cookie_jar
        assert isinstance(jar, aiohttp.CookieJar)
        for number in range(4_000):
            jar.update_cookies({"a": "b"}, URL(f"http://{number}.example/"))
        assert len(jar) <= 3_300
        assert jar.filter_cookies(URL("http://3999.example/"))
