"""The HTTP client against a real server: responses, robots.txt, and the record of each request."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from crawler.download.client import Downloader
from crawler.download.exchange import DecodedBody, Exchange, HttpRecord, Problem, Truncation
from tests.download.scripted_server import Script, answer, endless, fetch, policy, reset, serving, truncated


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


async def test_a_host_gets_no_more_requests_at_once_than_allowed() -> None:
    """Twenty requests through three slots run three at a time, and waiting for a slot does not use up a page's time."""

    async def slow(writer: asyncio.StreamWriter, head: bytes) -> None:
        await asyncio.sleep(0.3)
        await answer()(writer, head)

    async with serving(slow) as server, Downloader(concurrency=3) as downloader:
        wanted = policy(attempts=1, total_seconds=2.0)  # less than seven times the time of one
        exchanges = await asyncio.gather(*(downloader.fetch(server.url, wanted) for _ in range(20)))
    assert [e.status for e in exchanges] == [200] * 20
    assert server.most_at_once == 3


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
