"""The HTTP client against a real server that each test scripts."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from crawler.download.client import Downloader, _may_redirect
from crawler.download.exchange import (
    AttemptRecord,
    DecodedBody,
    Exchange,
    FetchPolicy,
    HttpRecord,
    Problem,
    Request,
    Truncation,
)
from crawler.download.proxies import Proxies

Script = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]


class Server:
    """A TCP server that answers the n-th request with the n-th script, then repeats the last one."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = scripts
        self.requests: list[bytes] = []
        self.at_once = 0
        self.most_at_once = 0
        self.url = ""
        self.handlers: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.handlers.add(asyncio.create_task(self.handle(reader, writer)))

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.converse(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            script = self.scripts[min(len(self.requests), len(self.scripts)) - 1]
            await script(writer, head)
            await writer.drain()
        self.at_once -= 1


@asynccontextmanager
async def serving(*scripts: Script) -> AsyncIterator[Server]:
    server = Server(*scripts)
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    try:
        yield server
    finally:
        listener.close()
        for handler in server.handlers:
            handler.cancel()
        await asyncio.gather(*server.handlers, return_exceptions=True)


def answer(body: bytes = b"hello", status: str = "200 OK", *headers: str) -> Script:
    async def script(writer: asyncio.StreamWriter, _head: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return script


async def reset(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.transport.abort()


async def truncated(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nnot all of it")


async def unfinished_chunks(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")


async def endless(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    for _ in range(2000):  # 128 MB at most, should nobody hang up
        writer.write(b"x" * 65536)
        await writer.drain()


async def silent(_writer: asyncio.StreamWriter, _head: bytes) -> None:
    await asyncio.sleep(5)


async def no_http(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")


def policy(**changes: Any) -> FetchPolicy:
    """Return a policy for the tests' own servers, which have no robots.txt."""
    values: dict[str, Any] = {"named_hosts": frozenset({"127.0.0.1"}), "obey_robots": False}
    return FetchPolicy(**(values | changes))


async def fetch(
    url: str, wanted: FetchPolicy | None = None, *, read_timeout: float = 5.0
) -> tuple[Exchange, list[AttemptRecord]]:
    attempts: list[AttemptRecord] = []
    async with Downloader(read_timeout=read_timeout, connect_timeout=2.0) as downloader:
        exchange = await downloader.fetch(url, wanted or policy(), on_attempt=attempts.append)
    return exchange, attempts


async def test_a_good_answer_comes_back_whole() -> None:
    """Status, charset and body are as sent by the server."""
    async with serving(answer(b"\xc4\xe3", "200 OK", "Content-Type: text/html; charset=GBK")) as server:
        exchange, attempts = await fetch(server.url)
    assert (exchange.status, exchange.body, exchange.charset) == (200, b"\xc4\xe3", "GBK")
    assert [a.outcome for a in attempts] == ["200, 0 KB"]


async def test_the_address_goes_out_as_it_is() -> None:
    """A GBK key is neither decoded nor quoted again."""
    async with serving(answer()) as server:
        await fetch(f"{server.url}?key=%C9%F8%CD%B8&act=input")
    assert server.requests[0].startswith(b"GET /?key=%C9%F8%CD%B8&act=input HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "trouble",
    [
        reset,
        truncated,
        unfinished_chunks,
        answer(b"", "500 Internal Server Error"),
        answer(b"", "503 Service Unavailable"),
        answer(b"", "522 Connection Timed Out"),
        answer(b"", "429 Too Many Requests"),
    ],
)
async def test_passing_trouble_is_tried_again(trouble: Script) -> None:
    """Two failures followed by a response give the response."""
    async with serving(trouble, trouble, answer()) as server:
        exchange, attempts = await fetch(server.url)
    assert (exchange.status, exchange.body, exchange.attempts) == (200, b"hello", 3)
    assert [a.number for a in attempts] == [1, 2, 3]
    assert [a.retry_in is not None for a in attempts] == [True, True, False]


@pytest.mark.parametrize(
    ("trouble", "problem"),
    [(reset, Problem.RESET), (truncated, Problem.TRUNCATED), (unfinished_chunks, Problem.TRUNCATED)],
)
async def test_lasting_trouble_ends_after_the_attempts(trouble: Script, problem: Problem) -> None:
    """After three attempts, the exchange has the problem, and the server got three requests."""
    async with serving(trouble) as server:
        exchange, _ = await fetch(server.url)
    assert (exchange.problem, exchange.attempts, exchange.body) == (problem, 3, b"")
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "405 Method Not Allowed"])
async def test_what_will_not_change_is_asked_once(status: str) -> None:
    """A client error is a response with a body, and is not retried."""
    async with serving(answer(b"no", status)) as server:
        exchange, _ = await fetch(server.url)
    assert (exchange.status, exchange.body) == (int(status[:3]), b"no")
    assert len(server.requests) == 1


async def test_no_http_is_a_problem() -> None:
    """A server with another protocol gives a problem without another attempt."""
    async with serving(no_http) as server:
        exchange, _ = await fetch(server.url)
    assert exchange.problem is Problem.PROTOCOL
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "script",
    [
        endless,
        answer(b"x" * 200_000),
        answer(gzip.compress(b"\0" * 50_000_000), "200 OK", "Content-Encoding: gzip"),
    ],
    ids=["endless", "content-length", "gzip-bomb"],
)
async def test_a_body_over_the_cap_is_refused(script: Script) -> None:
    """An endless body, a large one and a small one that decompresses to a large one all end at the limit."""
    async with serving(script) as server:
        exchange, _ = await fetch(server.url, policy(max_bytes=100_000))
    assert (exchange.problem, exchange.body) == (Problem.TOO_LARGE, b"")
    assert exchange.detail == "the response is larger than 0.0954 MiB"
    assert len(server.requests) == 1


async def test_a_silent_server_is_left() -> None:
    """No byte within the read timeout is a timeout."""
    async with serving(silent) as server:
        exchange, _ = await fetch(server.url, policy(attempts=1), read_timeout=0.2)
    assert (exchange.problem, exchange.detail) == (Problem.TIMEOUT, "silent for 0.2 s")


async def test_all_attempts_together_have_an_end() -> None:
    """The total time limits attempts and waits, however many attempts are left."""
    async with serving(silent) as server:
        exchange, attempts = await fetch(server.url, policy(attempts=10, total_seconds=0.5))
    assert exchange.problem is Problem.TIMEOUT
    assert sum(a.seconds for a in attempts) < 2.0


async def test_retry_after_is_waited_for() -> None:
    """The server's own wait replaces a shorter one of ours."""
    busy = answer(b"", "503 Service Unavailable", "Retry-After: 1")
    async with serving(busy, answer()) as server:
        exchange, attempts = await fetch(server.url)
    assert exchange.status == 200
    assert attempts[0].retry_in is not None
    assert attempts[0].retry_in >= 1.0


async def test_a_retry_after_past_the_total_ends_the_page() -> None:
    """A wait that exceeds the page's time is not begun."""
    async with serving(answer(b"", "429 Too Many Requests", "Retry-After: 3600")) as server:
        exchange, _ = await fetch(server.url)
    assert (exchange.status, len(server.requests)) == (429, 1)


async def test_a_refused_connection_names_the_address() -> None:
    """Without a server at the address, the message is in plain words."""
    async with serving(answer()) as server:
        url = server.url
    exchange, _ = await fetch(url, policy(attempts=1))
    assert exchange.problem is Problem.CONNECT
    assert exchange.detail.startswith("no connection to 127.0.0.1:")


async def test_an_unknown_name_is_said() -> None:
    """A host without an address is named."""
    exchange, _ = await fetch("http://no-such-host.invalid/", policy(attempts=1))
    assert (exchange.problem, exchange.detail) == (Problem.NAME, "no address found for no-such-host.invalid")


async def test_a_plain_server_on_https_is_a_tls_problem() -> None:
    """An https address that does not speak TLS gives a TLS problem."""

    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    listener = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    exchange, _ = await fetch(f"https://127.0.0.1:{port}/", policy(attempts=1))
    listener.close()
    assert exchange.problem is Problem.TLS
    assert exchange.detail.startswith("no secure connection to 127.0.0.1: ")


async def test_redirects_are_followed_as_the_policy_says() -> None:
    """Within the policy a redirect is followed; outside of it the exchange ends with its address."""
    moved = answer(b"", "302 Found", "Location: /there?key=%C9%F8")
    wanted = policy(may_follow=lambda url: url.startswith("http://127.0.0.1"))
    async with serving(moved, answer()) as server:
        exchange, _ = await fetch(server.url, wanted)
    assert (exchange.status, exchange.final_url) == (200, f"{server.url}there?key=%C9%F8")
    assert server.requests[1].startswith(b"GET /there?key=%C9%F8 ")

    away = answer(b"", "302 Found", "Location: https://login.example.com/")
    async with serving(away, answer()) as server:
        exchange, _ = await fetch(server.url, wanted)
    assert (exchange.status, exchange.redirect) == (302, "https://login.example.com/")
    assert len(server.requests) == 1


async def test_a_ring_of_redirects_ends() -> None:
    """A redirect to itself is followed five times and no more."""
    async with serving(answer(b"", "301 Moved Permanently", "Location: /")) as server:
        exchange, _ = await fetch(server.url, policy(may_follow=lambda _url: True))
    assert (exchange.status, exchange.redirect) == (301, server.url)
    assert len(server.requests) == 6


async def test_a_host_gets_no_more_requests_at_once_than_allowed() -> None:
    """Twenty requests through three slots run three at a time, and waiting for a slot does not use up a page's time."""

    async def slow(writer: asyncio.StreamWriter, head: bytes) -> None:
        await asyncio.sleep(0.1)
        await answer()(writer, head)

    async with serving(slow) as server, Downloader(concurrency=3) as downloader:
        wanted = policy(attempts=1, total_seconds=0.5)
        exchanges = await asyncio.gather(*(downloader.fetch(server.url, wanted) for _ in range(20)))
    assert [e.status for e in exchanges] == [200] * 20
    assert server.most_at_once == 3


async def test_requests_go_through_the_proxy_that_was_named() -> None:
    """With a proxy, the request goes to it, in absolute form."""
    async with serving(answer()) as server, Downloader(proxy=server.url) as downloader:
        exchange = await downloader.fetch("http://shop.invalid/?key=%C9%F8", policy(attempts=1))
    assert exchange.status == 200
    assert server.requests[0].startswith(b"GET http://shop.invalid/?key=%C9%F8 HTTP/1.1\r\n")


async def test_a_proxys_password_is_never_told() -> None:
    """If a proxy refuses, the message has the proxy's reason, but not the address that contains its password."""
    refusal = answer(b"", "407 Proxy Authentication Required")
    async with serving(refusal) as server:
        proxy = server.url.replace("http://", "http://user:secret@")
        async with Downloader(proxy=proxy) as downloader:
            exchange = await downloader.fetch("https://shop.invalid/", policy(attempts=1))
    assert exchange.problem is Problem.PROXY
    assert exchange.detail == "the proxy refused: 407 Proxy Authentication Required"


async def test_a_socks_proxy_is_refused_with_the_remedy() -> None:
    """A proxy of another kind is not spoken to as if it were an HTTP proxy."""
    async with Downloader(proxy="socks5://127.0.0.1:9") as downloader:
        exchange = await downloader.fetch("http://shop.invalid/", policy(attempts=1))
    assert exchange.problem is Problem.PROXY
    assert exchange.detail == "socks5 proxies are not supported; give an http:// proxy with --proxy"


async def test_a_dead_proxy_is_named() -> None:
    """Without a proxy at its address, the message is in plain words."""
    async with Downloader(proxy="http://127.0.0.1:9") as downloader:
        exchange = await downloader.fetch("http://shop.invalid/", policy(attempts=1))
    assert exchange.problem is Problem.PROXY
    assert exchange.detail.startswith("no connection to the proxy 127.0.0.1:9: ")


async def test_headers_in_gbk_are_text_all_the_same() -> None:
    """A reason phrase and a redirect in raw GBK, as Chinese servers send them, are decoded and followed."""

    async def missing(writer: asyncio.StreamWriter, _head: bytes) -> None:
        writer.write("HTTP/1.1 404 找不到\r\nContent-Length: 0\r\n\r\n".encode("gbk"))

    async def moved(writer: asyncio.StreamWriter, _head: bytes) -> None:
        writer.write(
            "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /?key=渗透\r\nContent-Length: 0\r\n\r\n".encode(
                "gbk"
            )
        )

    async with serving(missing) as server:
        exchange, _ = await fetch(server.url)
    assert (exchange.status, exchange.reason) == (404, "找不到")
    async with serving(moved, answer()) as server:
        exchange, _ = await fetch(server.url, policy(may_follow=lambda _url: True))
    assert exchange.status == 200
    assert server.requests[1].startswith(b"GET /?key=%C9%F8%CD%B8 HTTP/1.1")


def test_the_environment_names_a_proxy_but_never_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY and NO_PROXY are obeyed, an explicit proxy takes precedence, and loopback is always direct."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://env.example:8080")
    monkeypatch.setenv("no_proxy", "direct.example")

    def proxy_for(url: str, explicit: str | None) -> str | None:
        proxy = Proxies(explicit).proxy_for(Request(url))
        return None if proxy is None else proxy.url

    assert proxy_for("https://shop.example/", None) == "http://env.example:8080"
    assert proxy_for("https://shop.example/", "http://mine.example:1") == "http://mine.example:1"
    assert proxy_for("https://direct.example/", None) is None
    assert proxy_for("https://127.0.0.1:8000/", "http://mine.example:1") is None
    assert proxy_for("https://localhost:8000/", None) is None


async def trickle(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    for _ in range(5000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def test_one_slow_answer_does_not_use_up_the_pages_time() -> None:
    """Each attempt has a time limit, so that another may follow a slow one."""
    async with serving(trickle, answer()) as server:
        exchange, attempts = await fetch(server.url, policy(request_seconds=0.3))
    assert (exchange.status, exchange.attempts) == (200, 2)
    assert attempts[0].outcome == "response not complete after 0.3 s"


@pytest.mark.parametrize(
    ("asked", "options", "words"),
    [
        ("3600", {}, "the shop asks to wait 3,600 s, longer than --max-wait 30"),
        ("40", {"max_wait": 60.0, "total_seconds": 5.0}, "no time left for another attempt (limit 5 s)"),
    ],
)
async def test_why_there_was_no_other_attempt_is_said(
    asked: str, options: dict[str, Any], words: str
) -> None:
    """If attempts remain unused, the exchange says why."""
    async with serving(answer(b"", "503 Service Unavailable", f"Retry-After: {asked}")) as server:
        exchange, _ = await fetch(server.url, policy(**options))
    assert (exchange.status, exchange.attempts, exchange.gave_up) == (503, 1, words)


async def test_a_rest_is_the_whole_hosts() -> None:
    """While a host rests, none of its pages is requested."""
    busy = answer(b"", "429 Too Many Requests", "Retry-After: 1")
    async with serving(busy, answer()) as server, Downloader(concurrency=1) as downloader:
        loop = asyncio.get_running_loop()
        started = loop.time()
        one, two = await asyncio.gather(*(downloader.fetch(server.url, policy()) for _ in range(2)))
        took = loop.time() - started
    assert (one.status, two.status) == (200, 200)
    assert took >= 1.0
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "location",
    ["ftp://127.0.0.1/", "file:///etc/passwd", "http://user:secret@127.0.0.1/", "javascript:alert(1)"],
)
async def test_some_redirects_no_policy_can_allow(location: str) -> None:
    """Other schemes than http(s), and credentials in an address, end the exchange there."""
    async with serving(answer(b"", "302 Found", f"Location: {location}"), answer()) as server:
        exchange, _ = await fetch(server.url, policy(may_follow=lambda _url: True))
    assert exchange.status == 302
    assert len(server.requests) == 1


def test_https_is_never_left_for_http() -> None:
    """A redirect from https goes to https or nowhere; from http it may go to either."""
    assert not _may_redirect("https://a.example/", "http://a.example/")
    assert _may_redirect("https://a.example/", "https://b.example/")
    assert _may_redirect("http://a.example/", "https://a.example/")
    assert not _may_redirect("http://a.example/", "http://[half/")


async def test_every_request_on_the_wire_is_told() -> None:
    """An archive gets each request with its head, and the response as sent, complete or truncated."""
    packed = gzip.compress(b"hello" * 100)
    hops: list[tuple[HttpRecord, bool]] = []
    moved = answer(b"moved", "302 Found", "Location: /there", "Set-Cookie: a=1")
    last = answer(packed, "200 OK", "Content-Encoding: gzip", "Content-Type: text/html; charset=GBK")
    async with serving(reset, truncated, moved, last) as server, Downloader() as downloader:
        exchange = await downloader.fetch(
            server.url, policy(may_follow=lambda _url: True), on_hop=lambda *seen: hops.append(seen)
        )
    assert exchange.body == b"hello" * 100
    lost, cut, redirect, whole = (hop for hop, _ in hops)
    assert not any(of_robots for _, of_robots in hops)
    assert (lost.response_head, lost.problem, lost.cut) == (b"", Problem.RESET, None)
    assert (cut.body, cut.problem, cut.cut) == (b"not all of it", Problem.TRUNCATED, Truncation.DISCONNECT)
    assert (redirect.body, redirect.cut) == (b"moved", None)
    assert (whole.url, whole.body, whole.peer) == (f"{server.url}there", packed, "127.0.0.1")
    assert (whole.decoded, cut.decoded) == (DecodedBody("gzip", exchange.body), None)
    assert whole.request_head.startswith(b"GET /there HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nCookie: a=1\r\n" in whole.request_head
    assert whole.response_head.startswith(b"HTTP/1.1 200 OK\r\nContent-Length: ")
    assert whole.response_head.endswith(b"\r\n\r\n")
    assert lost.request_head.startswith(b"GET / HTTP/1.1\r\nHost: 127.0.0.1")


async def test_a_proxys_password_is_in_no_archive() -> None:
    """The record of a request through a proxy contains neither its password nor its address."""
    hops: list[HttpRecord] = []
    async with serving(answer()) as server:
        proxy = server.url.replace("http://", "http://user:secret@")
        async with Downloader(proxy=proxy) as downloader:
            await downloader.fetch("http://shop.invalid/", policy(), on_hop=lambda hop, _: hops.append(hop))
    assert b"Proxy-Authorization: Basic" in server.requests[0]
    assert b"uthorization" not in hops[0].request_head
    assert hops[0].peer is None


ROBOTS = b"User-agent: *\nDisallow: /secret\nCrawl-delay: 0.2\n"


async def test_robots_are_asked_first_and_obeyed() -> None:
    """A page that robots.txt denies is not requested, directly or by a redirect; the others wait for their slots."""

    async def shop(writer: asyncio.StreamWriter, head: bytes) -> None:
        path = head.split()[1]
        scripts = {b"/robots.txt": answer(ROBOTS), b"/moved": answer(b"", "302 Found", "Location: /secret")}
        await scripts.get(path, answer())(writer, head)

    wanted = policy(obey_robots=True, may_follow=lambda _url: True)
    hops: list[tuple[str, bool]] = []
    async with serving(shop) as server, Downloader() as downloader:

        async def get(path: str) -> Exchange:
            address = f"{server.url}{path}"
            return await downloader.fetch(
                address, wanted, on_hop=lambda hop, robots: hops.append((hop.url, robots))
            )

        open_, denied, moved = await asyncio.gather(get("open"), get("secret/1"), get("moved"))
        assert downloader.pace.limit(server.url.split("/")[2]) == 10
    assert open_.status == 200
    assert (denied.problem, denied.attempts) == (Problem.ROBOTS, 0)
    assert moved.problem is Problem.ROBOTS
    assert moved.detail.startswith(f"redirected to {server.url}secret: ")
    asked = [head.split()[1] for head in server.requests]
    assert asked[0] == b"/robots.txt"
    assert sorted(asked[1:]) == [b"/moved", b"/open"]
    assert [robots for _, robots in hops] == [True, False, False]


async def test_an_address_in_a_private_network_is_not_asked() -> None:
    """Unless named, this machine gets no request, and no attempt is repeated."""
    async with serving(answer()) as server:
        exchange, attempts = await fetch(server.url, policy(named_hosts=frozenset()))
    assert (exchange.problem, exchange.attempts) == (Problem.ADDRESS, 1)
    assert exchange.detail == "127.0.0.1 is this machine"
    assert len(attempts) == 1
    assert not server.requests
