"""The client's attempts: retries, waits, time limits, and the reason for giving up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crawler.download.client import Downloader
from crawler.download.exchange import Problem
from tests.download.scripted_server import (
    Script,
    answer,
    fetch,
    no_http,
    policy,
    reset,
    serving,
    silent,
    truncated,
    unfinished_chunks,
)


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


async def trickle(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    for _ in range(5000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def test_one_slow_answer_does_not_use_up_the_pages_time() -> None:
    """Each attempt has a time limit, so that another may follow a slow one."""
    async with serving(trickle, answer()) as server:
        exchange, attempts = await fetch(server.url, policy(request_seconds=1.0))
    assert (exchange.status, exchange.attempts) == (200, 2)
    assert attempts[0].outcome == "response not complete after 1 s"


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
