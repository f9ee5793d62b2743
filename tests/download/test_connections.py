"""Requests and responses stay in step, and a connection that the server closed unnoticed has no cost."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from crawler.download.client import Downloader
from crawler.download.connections import READ_BYTES, InStepConnector, _InStepHandler, connecting
from crawler.download.exchange import Exchange, FetchPolicy, HttpRecord
from tests.download.talking import Talk, TalkingServer, anonymous_tls, page, talking, turns

STALE = page("stale")

ONCE = FetchPolicy(attempts=1, named_hosts=frozenset({"127.0.0.1"}), obey_robots=False)


async def answer_all(talk: Talk) -> None:
    """Answer every request with its own path."""
    while True:
        talk.send(page(await talk.request()))


class Fetched:
    """Pages fetched one after another by one downloader."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.hops: list[HttpRecord] = []
        self.paces: list[str] = []

    @property
    def bodies(self) -> list[str]:
        """The pages' bodies, or their problems."""
        return [e.body.decode() if e.problem is None else str(e.problem) for e in self.exchanges]


async def fetch_all(
    server: TalkingServer, *paths: str, policy: FetchPolicy = ONCE, **options: Any
) -> Fetched:
    fetched = Fetched()
    async with Downloader(on_pace=lambda *news: fetched.paces.append(news[-1]), **options) as downloader:
        for path in paths:
            fetched.exchanges.append(
                await downloader.fetch(
                    server.url + path, policy, on_hop=lambda hop, _: fetched.hops.append(hop)
                )
            )
    return fetched


def end_with(talk: Talk, how: str) -> None:
    if how == "reset":
        talk.reset()
    elif how == "408":
        talk.send(page("", "408 Request Timeout", "Connection: close"))


@pytest.mark.parametrize("how", ["reset", "close", "408"])
async def test_a_silent_close_gets_a_new_connection(how: str) -> None:
    """The server closes while the next request is on its way: no attempt is used, no overload assumed."""

    async def conversation(talk: Talk) -> None:
        talk.send(page(await talk.request()))
        await talk.request()
        end_with(talk, how)

    async with talking(conversation) as server:
        fetched = await fetch_all(server, "/1", "/2")
        assert [len(talk.heads) for talk in server.talks] == [2, 1]
    assert fetched.bodies == ["/1", "/2"]
    assert [e.attempts for e in fetched.exchanges] == [1, 1]
    assert fetched.paces == []
    assert [(hop.url[-2:], hop.problem, hop.body) for hop in fetched.hops] == [
        ("/1", None, b"/1"),
        ("/2", None, b"/2"),
    ]


async def test_the_new_connection_is_none_from_the_pool() -> None:
    """If several pooled connections were closed, the request is repeated once, on a new one."""
    both = asyncio.Event()

    async def conversation(talk: Talk) -> None:
        path = await talk.request()
        if talk.number == 1:
            both.set()
        await both.wait()
        talk.send(page(path))
        await talk.request()
        talk.reset()

    async with talking(conversation) as server, Downloader() as downloader:
        await asyncio.gather(*(downloader.fetch(f"{server.url}/{n}", ONCE) for n in range(2)))
        exchange = await downloader.fetch(f"{server.url}/3", ONCE)
        assert (exchange.body, exchange.attempts) == (b"/3", 1)
        assert len(server.talks) == 3


async def test_reading_the_answer_before_is_no_answer() -> None:
    """The body of one page may still be read while its connection is used for the next page, and closed then."""
    asked = asyncio.Event()

    async def conversation(talk: Talk) -> None:
        talk.send(page(await talk.request()))
        await talk.request()
        asked.set()
        await read.wait()
        talk.reset()

    read = asyncio.Event()
    async with (
        talking(conversation) as server,
        aiohttp.ClientSession(connector=InStepConnector()) as session,
    ):
        session._retry_connection = False

        async def second() -> bool:
            with connecting() as used:
                try:
                    await get(session, f"{server.url}/2", (None, True))
                except aiohttp.ClientError as error:
                    return used.was_stale(error)
            return False

        async with session.get(f"{server.url}/1") as first:
            await turns()
            task = asyncio.create_task(second())
            await asked.wait()
            assert await first.text() == "/1"
            read.set()
            assert await task
        assert len(server.talks) == 1


async def test_a_request_is_repeated_once() -> None:
    """If the new connection fails too, the page has failed once: that is an attempt, and a sign of overload."""

    async def conversation(talk: Talk) -> None:
        if talk.number == 0:
            talk.send(page(await talk.request()))
        await talk.request()
        talk.reset()

    async with talking(conversation) as server:
        fetched = await fetch_all(server, "/1", "/2")
        assert len(server.talks) == 2
    assert fetched.bodies == ["/1", "reset"]
    assert fetched.exchanges[1].attempts == 1
    assert len(fetched.paces) == 1


async def test_a_reset_of_a_new_connection_is_a_reset() -> None:
    """A server that resets a new connection is not silently requested again."""

    async def conversation(talk: Talk) -> None:
        await talk.request()
        talk.reset()

    async with talking(conversation) as server:
        fetched = await fetch_all(server, "/1")
        assert len(server.talks) == 1
    assert fetched.bodies == ["reset"]


async def test_an_answer_that_began_is_not_asked_for_again() -> None:
    """One byte of a response shows that the server received the request."""

    async def conversation(talk: Talk) -> None:
        talk.send(page(await talk.request()))
        await talk.request()
        talk.send(b"HTTP/1.1 2")

    async with talking(conversation) as server:
        fetched = await fetch_all(server, "/1", "/2")
        assert len(server.talks) == 1
    assert fetched.bodies == ["/1", "reset"]


async def test_a_silent_server_is_no_closed_connection() -> None:
    """A silent reused connection is a timeout, like any other."""

    async def conversation(talk: Talk) -> None:
        talk.send(page(await talk.request()))
        await talk.closed()

    async with talking(conversation) as server:
        fetched = await fetch_all(server, "/1", "/2", read_timeout=0.1)
        assert len(server.talks) == 1
    assert fetched.bodies == ["/1", "timeout"]


@pytest.mark.parametrize("first", ["/robots.txt", "/moved"])
async def test_redirects_and_robots_txt_profit_too(first: str) -> None:
    """Each request of a page may meet a closed connection."""

    async def conversation(talk: Talk) -> None:
        while True:
            match await talk.request():
                case "/robots.txt":
                    talk.send(page("", "404 Not Found"))
                case "/moved":
                    talk.send(page("", "302 Found", "Location: /there"))
                case path:
                    talk.send(page(path))
            await talk.request()
            talk.reset()
            return

    wanted = FetchPolicy(
        attempts=1,
        named_hosts=ONCE.named_hosts,
        obey_robots=first == "/robots.txt",
        may_follow=lambda _url: True,
    )
    async with talking(conversation) as server:
        fetched = await fetch_all(server, "/moved", policy=wanted)
    assert fetched.bodies == ["/there"]
    assert [hop.problem for hop in fetched.hops] == [None] * len(fetched.hops)
    assert fetched.paces == []


GARBAGE = {
    "answer": STALE,
    "half an answer": STALE[:20],
    "garbage": b"<html>\0",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n",
    "two answers": STALE * 2,
    "timeout": page("", "408 Request Timeout", "Connection: close"),
}
"""What a server may send that was not requested."""


TlsPair = tuple[ssl.SSLContext | None, ssl.SSLContext | bool]


@pytest.fixture(params=["plain", "tls"])
def tls_pair(request: pytest.FixtureRequest) -> TlsPair:
    """Return the TLS of server and client."""
    return anonymous_tls() if request.param == "tls" else (None, True)


async def get(session: aiohttp.ClientSession, url: str, tls_pair: TlsPair, **options: Any) -> str:
    async with session.get(url, ssl=tls_pair[1], **options) as response:
        return await response.text()


async def get_two(
    conversation: Callable[[Talk], Any],
    tls_pair: TlsPair,
    between: Callable[[TalkingServer], Any] | None = None,
) -> tuple[list[str], int]:
    """Return two pages' bodies, and the number of connections used."""
    async with (
        talking(conversation, tls=tls_pair[0]) as server,
        aiohttp.ClientSession(connector=InStepConnector()) as session,
    ):
        session._retry_connection = False
        bodies = [await get(session, f"{server.url}/1", tls_pair)]
        if between is not None:
            await between(server)
        bodies.append(await get(session, f"{server.url}/2", tls_pair))
        return bodies, len(server.talks)


@pytest.mark.parametrize("behind", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("split", ["one packet", "within the body", "within a large body", "within the head"])
async def test_bytes_right_behind_an_answer_close_the_connection(
    behind: bytes, split: str, tls_pair: TlsPair
) -> None:
    """They do not belong to the next page's response, however the packets are split."""

    async def conversation(talk: Talk) -> None:
        while True:
            path = await talk.request()
            if talk.number:
                talk.send(page(path))
                continue
            first = page(path + "." * (400_000 if split == "within a large body" else 10))
            middle = {"one packet": 0, "within the head": 20}.get(split, len(first) - 5)
            talk.send(first[:middle])
            await turns()
            talk.send(first[middle:] + behind)

    if behind == GARBAGE["garbage"] and split in {"one packet", "within the head"}:
        # aiohttp's parser gives up the whole answer: that is a failure, and said.
        with pytest.raises(aiohttp.ClientResponseError, match="Bad status line"):
            await get_two(conversation, tls_pair)
        return
    bodies, connections = await get_two(conversation, tls_pair)
    assert (bodies[0].strip("."), bodies[1], connections) == ("/1", "/2", 2)


@pytest.mark.parametrize("behind", GARBAGE.values(), ids=GARBAGE.keys())
async def test_bytes_on_an_idle_connection_close_it(behind: bytes, tls_pair: TlsPair) -> None:
    """The connection closes as soon as they arrive, not when it is used again."""

    async def between(server: TalkingServer) -> None:
        server.talks[0].send(behind)
        await closed.wait()

    closed = asyncio.Event()

    async def conversation(talk: Talk) -> None:
        talk.send(page(await talk.request()))
        if talk.number == 0:
            await talk.closed()
            closed.set()

    async with asyncio.timeout(10):
        assert await get_two(conversation, tls_pair, between) == (["/1", "/2"], 2)


@pytest.mark.parametrize("behind", GARBAGE.values(), ids=GARBAGE.keys())
async def test_bytes_that_nobody_has_read_yet_close_the_connection(behind: bytes, tls_pair: TlsPair) -> None:
    """They arrived just before the request: the system has them, the loop has not seen them yet."""

    async def between(server: TalkingServer) -> None:
        server.talks[0].send(behind)  # and no turn of the loop before the next request

    assert await get_two(answer_all, tls_pair, between) == (["/1", "/2"], 2)


async def test_an_end_that_nobody_has_seen_yet_is_seen_before_the_request_goes_out(tls_pair: TlsPair) -> None:
    """A connection that the server has closed gets no request."""

    async def between(server: TalkingServer) -> None:
        if tls_pair[0] is None:
            server.talks[0].writer.write_eof()
        else:
            server.talks[0].reset()
            await asyncio.sleep(0)

    assert await get_two(answer_all, tls_pair, between) == (["/1", "/2"], 2)


@pytest.mark.parametrize("seen", [True, False])
async def test_a_server_that_speaks_first_is_not_heard(seen: bool) -> None:
    """Bytes on a new connection before the request are no response to it, whether or not the loop has seen them."""
    accepted = asyncio.Event()

    async def conversation(talk: Talk) -> None:
        accepted.set()
        await talk.closed()

    async def speak(*_: Any) -> None:
        await accepted.wait()
        server.talks[0].send(STALE)
        if seen:
            await turns()

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(speak)
    async with (
        talking(conversation) as server,
        aiohttp.ClientSession(connector=InStepConnector(), trace_configs=[trace]) as session,
    ):
        session._retry_connection = False
        with pytest.raises(aiohttp.ServerDisconnectedError, match="before the request"):
            await get(session, server.url, (None, True))


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"]
)
async def test_interim_answers_are_legal(interim: bytes, tls_pair: TlsPair) -> None:
    """An interim response before the final one is valid, and the connection is reused."""

    async def conversation(talk: Talk) -> None:
        while True:
            path = await talk.request()
            talk.send(interim)
            await turns()
            talk.send(page(path))

    assert await get_two(conversation, tls_pair) == (["/1", "/2"], 1)


@pytest.mark.parametrize("size", [0, 10, 300_000])
async def test_a_connection_in_step_is_used_again(size: int, tls_pair: TlsPair) -> None:
    """Whatever a response's size and framing, the next request uses the same connection."""

    async def conversation(talk: Talk) -> None:
        while True:
            await talk.request()
            if size == 0:
                talk.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            elif size == 10:
                talk.send(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"
                )
            else:
                talk.send(page("x" * size))

    bodies, connections = await get_two(conversation, tls_pair)
    assert ([len(body) for body in bodies], connections) == ([size, size], 1)


@pytest.mark.parametrize("moment", ["behind", "idle"])
async def test_a_proxys_connections_are_kept_in_step_too(moment: str) -> None:
    """A plain proxy passes on the shop's responses, so it may also send a second one."""

    async def conversation(talk: Talk) -> None:
        while True:
            path = await talk.request()
            talk.send(page(path[-2:]) + (STALE if moment == "behind" and talk.number == 0 else b""))

    async with talking(conversation) as server, Downloader(proxy=server.url) as downloader:
        first = await downloader.fetch("http://shop.example/1", ONCE)
        if moment == "idle":
            server.talks[0].send(STALE)
        second = await downloader.fetch("http://shop.example/2", ONCE)
    assert (first.body, second.body) == (b"/1", b"/2")
    assert len(server.talks) == 2


@pytest.mark.parametrize("moment", ["behind", "idle", "reset"])
async def test_so_are_those_through_a_tunnel(moment: str) -> None:
    """The connection in the pool is the one to the shop, through the proxy."""
    server_tls, client_tls = anonymous_tls()

    async def conversation(talk: Talk) -> None:
        await talk.request()
        talk.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await talk.start_tls(server_tls)
        while True:
            path = await talk.request()
            talk.send(page(path) + (STALE if moment == "behind" and talk.number == 0 else b""))

    async with (
        talking(conversation) as server,
        aiohttp.ClientSession(connector=InStepConnector()) as session,
    ):
        session._retry_connection = False
        tls_pair: TlsPair = (None, client_tls)
        bodies = [await get(session, "https://shop.example/1", tls_pair, proxy=server.url)]
        if moment == "idle":
            server.talks[0].send(STALE)
        elif moment == "reset":
            server.talks[0].reset()
            await asyncio.sleep(0)
        bodies.append(await get(session, "https://shop.example/2", tls_pair, proxy=server.url))
        assert (bodies, len(server.talks)) == (["/1", "/2"], 2)


@pytest.mark.parametrize(
    ("head", "declared"),
    [
        ("Content-Length: 5", True),
        ("content-length: 5\r\nConnection: close", True),
        ("Transfer-Encoding: chunked", True),
        ("Connection: close", False),
        ("Transfer-Encoding: gzip\r\nConnection: close", False),
    ],
)
async def test_whether_the_length_was_declared_is_told(head: str, declared: bool) -> None:
    """If only the end of the connection marks the end of the body, a truncated one looks complete."""

    async def conversation(talk: Talk) -> None:
        await talk.request()
        body = "5\r\nhello\r\n0\r\n\r\n" if "chunked" in head else "hello"
        talk.send(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}".encode())

    async with talking(conversation) as server:
        fetched = await fetch_all(server, "/1")
    assert fetched.bodies == ["hello"]
    assert fetched.exchanges[0].length_declared is declared


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_an_answer_without_a_body_declares_that(status: str) -> None:
    """Its status implies the length of its body."""

    async def conversation(talk: Talk) -> None:
        await talk.request()
        talk.send(f"HTTP/1.1 {status}\r\n\r\n".encode())

    async with talking(conversation) as server:
        fetched = await fetch_all(server, "/1")
    assert fetched.exchanges[0].length_declared


async def test_a_connection_reads_less_at_once_than_asyncio_would() -> None:
    """The attribute of asyncio that limits a read still exists, and each read keeps to it."""
    sizes: list[int] = []

    class Handler(_InStepHandler):
        def data_received(self, data: bytes) -> None:
            sizes.append(len(data))
            super().data_received(data)

    async def conversation(talk: Talk) -> None:
        await talk.request()
        talk.send(page("x" * (64 * READ_BYTES)))

    async with talking(conversation) as server, InStepConnector() as connector:
        factory: Any = functools.partial(Handler, loop=asyncio.get_running_loop())
        connector._factory = factory
        async with aiohttp.ClientSession(connector=connector) as session, session.get(server.url) as response:
            assert len(await response.read()) == 64 * READ_BYTES
    assert max(sizes) <= READ_BYTES
