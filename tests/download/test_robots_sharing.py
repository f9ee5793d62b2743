"""Callers of robots.txt at the same time: one request for all, whoever is cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawler.download.robots import Robots
from tests.download.robots_host import AGENT, Gate, answering, hanging, served, serving, text

if TYPE_CHECKING:
    from crawler.download.exchange import Exchange


async def test_however_many_ask_the_host_is_asked_once() -> None:
    """A hundred callers at once share one request and its rules."""
    async with serving(text()) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT)
        rules = await asyncio.gather(*(robots.rules(f"{host.url}/{number}") for number in range(100)))
        assert len(set(map(id, rules))) == 1
        assert host.log == ["/robots.txt"]
        assert not robots._inquiries


async def test_a_caller_that_is_cancelled_costs_the_others_nothing() -> None:
    """If the first of three is cancelled, the others get their rules from the same request."""
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
    """The server sees the connection close, no task is left, and the next caller starts a new request."""
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
    """If a caller arrives just after the last one left, the host is requested again."""
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
    """Waiting callers learn that it is closed, not that they were cancelled; no task is left."""
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
    """An error in the client is not the host's fault: it is raised, and not remembered."""

    async def broken(_url: str) -> Exchange:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    robots = Robots(broken, user_agent=AGENT)
    ends = await asyncio.gather(*(robots.rules("http://a/") for _ in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [ZeroDivisionError] * 3
    assert not robots._inquiries


async def test_thousands_of_origins_are_asked_once_each() -> None:
    """The memory suffices for the work: round after round, no origin is requested again."""
    asked: list[str] = []
    answer = answering(served(b"User-agent: *\nDisallow: /private/\n"))

    async def fetch(url: str) -> Exchange:
        asked.append(url)
        return await answer(url)

    robots = Robots(fetch, user_agent=AGENT)
    for _ in range(3):
        for number in range(2_000):
            await robots.rules(f"http://{number}.example/page")
    assert len(asked) == len(set(asked)) == 2_000
