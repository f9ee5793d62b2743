"""The HTTP client against a real server that says exactly what each test tells it to."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from crawler.download.client import Downloader
from crawler.download.exchange import AttemptRecord, Exchange, FetchPolicy, Problem
from crawler.download.proxies import proxy_for

Script = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]


class Server:
    """A TCP server that answers the n-th request with the n-th script, the last one for ever."""

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


async def fetch(
    url: str, policy: FetchPolicy | None = None, *, read_timeout: float = 5.0
) -> tuple[Exchange, list[AttemptRecord]]:
    attempts: list[AttemptRecord] = []
    async with Downloader(read_timeout=read_timeout, connect_timeout=2.0) as downloader:
        exchange = await downloader.fetch(url, policy or FetchPolicy(), on_attempt=attempts.append)
    return exchange, attempts


async def test_a_good_answer_comes_back_whole() -> None:
    """Status, charset and body are as the server sent them."""
    async with serving(answer(b"\xc4\xe3", "200 OK", "Content-Type: text/html; charset=GBK")) as server:
        exchange, attempts = await fetch(server.url)
    assert (exchange.status, exchange.body, exchange.charset) == (200, b"\xc4\xe3", "GBK")
    assert [a.outcome for a in attempts] == ["200, 0 KB"]


async def test_the_address_goes_out_as_it_is() -> None:
    """A GBK key is neither decoded nor quoted again on its way."""
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
    """Two failures and then an answer are an answer."""
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
    """After three attempts the problem is the outcome, and the server was asked three times."""
    async with serving(trouble) as server:
        exchange, _ = await fetch(server.url)
    assert (exchange.problem, exchange.attempts, exchange.body) == (problem, 3, b"")
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "405 Method Not Allowed"])
async def test_what_will_not_change_is_asked_once(status: str) -> None:
    """A client error is an answer, with its body."""
    async with serving(answer(b"no", status)) as server:
        exchange, _ = await fetch(server.url)
    assert (exchange.status, exchange.body) == (int(status[:3]), b"no")
    assert len(server.requests) == 1


async def test_no_http_is_a_problem() -> None:
    """Something that speaks another protocol is no answer and is not asked again."""
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
    """An endless body, a large one and a small one that unpacks to a large one all end at the cap, at once."""
    async with serving(script) as server:
        exchange, _ = await fetch(server.url, FetchPolicy(max_bytes=100_000))
    assert (exchange.problem, exchange.body) == (Problem.TOO_LARGE, b"")
    assert exchange.detail == "the answer is larger than 0.0954 MiB"
    assert len(server.requests) == 1


async def test_a_silent_server_is_left() -> None:
    """No byte within the read timeout is a problem of time."""
    async with serving(silent) as server:
        exchange, _ = await fetch(server.url, FetchPolicy(attempts=1), read_timeout=0.2)
    assert (exchange.problem, exchange.detail) == (Problem.TIMEOUT, "silent for 0.2 s")


async def test_all_attempts_together_have_an_end() -> None:
    """The total bounds attempts and waits, however many attempts are left."""
    async with serving(silent) as server:
        exchange, attempts = await fetch(server.url, FetchPolicy(attempts=10, total_seconds=0.5))
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
    """A wait that does not fit into the page's time is not begun."""
    async with serving(answer(b"", "429 Too Many Requests", "Retry-After: 3600")) as server:
        exchange, _ = await fetch(server.url)
    assert (exchange.status, len(server.requests)) == (429, 1)


async def test_a_refused_connection_names_the_address() -> None:
    """Nobody listening is a problem in plain words."""
    async with serving(answer()) as server:
        url = server.url
    exchange, _ = await fetch(url, FetchPolicy(attempts=1))
    assert exchange.problem is Problem.CONNECT
    assert exchange.detail.startswith("no connection to 127.0.0.1:")


async def test_an_unknown_name_is_said() -> None:
    """A host without an address is named."""
    exchange, _ = await fetch("http://no-such-host.invalid/", FetchPolicy(attempts=1))
    assert (exchange.problem, exchange.detail) == (Problem.NAME, "no address found for no-such-host.invalid")


async def test_a_plain_server_on_https_is_a_tls_problem() -> None:
    """An https address that does not speak TLS gives a TLS problem."""

    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    listener = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    exchange, _ = await fetch(f"https://127.0.0.1:{port}/", FetchPolicy(attempts=1))
    listener.close()
    assert exchange.problem is Problem.TLS
    assert exchange.detail.startswith("no secure connection to 127.0.0.1: ")


async def test_redirects_are_followed_as_the_policy_says() -> None:
    """Within the policy a redirect is followed; outside of it the exchange ends with its address."""
    moved = answer(b"", "302 Found", "Location: /there?key=%C9%F8")
    policy = FetchPolicy(may_follow=lambda url: url.startswith("http://127.0.0.1"))
    async with serving(moved, answer()) as server:
        exchange, _ = await fetch(server.url, policy)
    assert (exchange.status, exchange.final_url) == (200, f"{server.url}there?key=%C9%F8")
    assert server.requests[1].startswith(b"GET /there?key=%C9%F8 ")

    away = answer(b"", "302 Found", "Location: https://login.example.com/")
    async with serving(away, answer()) as server:
        exchange, _ = await fetch(server.url, policy)
    assert (exchange.status, exchange.redirect) == (302, "https://login.example.com/")
    assert len(server.requests) == 1


async def test_a_ring_of_redirects_ends() -> None:
    """A redirect to itself is followed five times and no more."""
    async with serving(answer(b"", "301 Moved Permanently", "Location: /")) as server:
        exchange, _ = await fetch(server.url, FetchPolicy(may_follow=lambda _url: True))
    assert (exchange.status, exchange.redirect) == (301, server.url)
    assert len(server.requests) == 6


async def test_a_host_gets_no_more_requests_at_once_than_allowed() -> None:
    """Twenty requests through three slots are three at a time, and the wait for a slot uses up no page's time."""

    async def slow(writer: asyncio.StreamWriter, head: bytes) -> None:
        await asyncio.sleep(0.1)
        await answer()(writer, head)

    async with serving(slow) as server, Downloader(concurrency=3) as downloader:
        policy = FetchPolicy(attempts=1, total_seconds=0.5)
        exchanges = await asyncio.gather(*(downloader.fetch(server.url, policy) for _ in range(20)))
    assert [e.status for e in exchanges] == [200] * 20
    assert server.most_at_once == 3


async def test_requests_go_through_the_proxy_that_was_named() -> None:
    """With a proxy, the request goes to it, in absolute form."""
    async with serving(answer()) as server, Downloader(proxy=server.url) as downloader:
        exchange = await downloader.fetch("http://shop.invalid/?key=%C9%F8", FetchPolicy(attempts=1))
    assert exchange.status == 200
    assert server.requests[0].startswith(b"GET http://shop.invalid/?key=%C9%F8 HTTP/1.1\r\n")


async def test_a_proxys_password_is_never_told() -> None:
    """A proxy that refuses is named by what it said, without the address that holds its password."""
    refusal = answer(b"", "407 Proxy Authentication Required")
    async with serving(refusal) as server:
        proxy = server.url.replace("http://", "http://user:secret@")
        async with Downloader(proxy=proxy) as downloader:
            exchange = await downloader.fetch("https://shop.invalid/", FetchPolicy(attempts=1))
    assert exchange.problem is Problem.PROXY
    assert exchange.detail == "the proxy refused: 407 Proxy Authentication Required"


async def test_a_socks_proxy_is_refused_with_the_remedy() -> None:
    """A proxy of another kind is not spoken to as if it were an HTTP proxy."""
    async with Downloader(proxy="socks5://127.0.0.1:9") as downloader:
        exchange = await downloader.fetch("http://shop.invalid/", FetchPolicy(attempts=1))
    assert exchange.problem is Problem.PROXY
    assert exchange.detail == "socks5 proxies are not supported: name an http:// one with --proxy"


async def test_a_dead_proxy_is_named() -> None:
    """Nobody listening at the proxy's address is said in plain words."""
    async with Downloader(proxy="http://127.0.0.1:9") as downloader:
        exchange = await downloader.fetch("http://shop.invalid/", FetchPolicy(attempts=1))
    assert exchange.problem is Problem.PROXY
    assert exchange.detail.startswith("no connection to the proxy 127.0.0.1:9: ")


async def test_headers_in_gbk_are_text_all_the_same() -> None:
    """A reason phrase and a redirect in raw GBK, as Chinese servers send them, are read and followed."""

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
        exchange, _ = await fetch(server.url, FetchPolicy(may_follow=lambda _url: True))
    assert exchange.status == 200
    assert server.requests[1].startswith(b"GET /?key=%C9%F8%CD%B8 HTTP/1.1")


def test_the_environment_names_a_proxy_but_never_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY and NO_PROXY are honoured, an explicit proxy goes first, loopback is always direct."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://env.example:8080")
    monkeypatch.setenv("no_proxy", "direct.example")
    assert proxy_for("https://shop.example/", None) == "http://env.example:8080"
    assert proxy_for("https://shop.example/", "http://mine.example:1") == "http://mine.example:1"
    assert proxy_for("https://direct.example/", None) is None
    assert proxy_for("https://127.0.0.1:8000/", "http://mine.example:1") is None
    assert proxy_for("https://localhost:8000/", None) is None
