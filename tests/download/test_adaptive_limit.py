"""The host limiter's limit, which follows the capacity of the host."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.download.limiter import HostLimiter, Outcome
from tests.download.busy_server import get, in_workers, serving
from tests.download.simulated_time import HOST, simulate

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("concurrency", [10, 20, 64])
async def test_it_settles_at_what_a_server_bears_and_loses_no_page(concurrency: int) -> None:
    """If a server refuses more than four, the limit settles at four or five; each page takes at most three attempts."""
    async with serving(bears=4) as (server, session):
        pace = HostLimiter(concurrency)

        async def page() -> int:
            for attempt in range(1, 4):
                if await get(pace, server, session):
                    return attempt
                await asyncio.sleep(random.uniform(0, 0.05 * 2**attempt))
            return 0

        attempts = await in_workers(2 * concurrency, [page] * 200)
        assert 0 not in attempts, f"{attempts.count(0)} pages never came, {server.refused} refusals"
        assert len(attempts) == 200
        assert pace.limit(server.host) <= 4 + 1  # now and then it tries whether the server bears one more


async def test_a_server_that_bears_everything_gets_the_whole_concurrency() -> None:
    """All requests allowed are sent from the start, and the limit does not change."""
    changes: list[tuple[str, int, str]] = []
    async with serving() as (server, session):
        pace = HostLimiter(8, on_change=lambda *change: changes.append(change))
        served = await in_workers(16, [lambda: get(pace, server, session)] * 80)
        assert all(served)
        assert server.most_at_once == 8
        assert (pace.limit(server.host), changes) == (8, [])


async def ask(
    pace: HostLimiter, count: int, bears: Callable[[int], bool], *, workers: int = 128, seconds: float = 0.1
) -> int:
    """Make `count` requests to a host that serves while `bears(requests in flight)`; return the number refused."""
    out = 0

    async def request() -> bool:
        nonlocal out
        async with pace.turn(HOST) as turn:
            out += 1
            served = bears(out)
            await asyncio.sleep(seconds * random.uniform(0.5, 1.5) if served else 0.001)
            out -= 1
            turn.end(Outcome.SERVED if served else Outcome.OVERLOADED)
            return served

    return (await in_workers(workers, [request] * count)).count(False)


@pytest.mark.parametrize("bears", [1, 4, 7, 40])
def test_a_settled_limit_meets_hardly_any_refusal(bears: int) -> None:
    """After the first burst, at most one request in fifty is refused, and the limit stays near the host's capacity."""

    async def main(clock: Callable[[], float]) -> tuple[int, int]:
        pace = HostLimiter(64, clock=clock)
        await ask(pace, 300, lambda out: out <= bears)
        refused = await ask(pace, 2000, lambda out: out <= bears)
        return refused, pace.limit(HOST)

    refused, limit = simulate(main)
    assert refused <= 40
    assert bears / 2 <= limit <= bears + 1


def test_an_outage_is_overcome() -> None:
    """A host that refused everything for a while, however few the requests, gets its slots back when it recovers."""

    async def main(clock: Callable[[], float]) -> tuple[int, int]:
        pace = HostLimiter(10, clock=clock)
        await ask(pace, 40, lambda _out: False, workers=20)
        low = pace.limit(HOST)
        await ask(pace, 200, lambda _out: True, workers=20)
        return low, pace.limit(HOST)

    low, high = simulate(main)
    assert low == 1
    assert high >= 9


def test_a_host_that_comes_to_bear_more_gets_more() -> None:
    """After long runs of responses, the limit passes the remembered ceiling, ever faster, up to the concurrency."""

    async def main(clock: Callable[[], float]) -> tuple[int, int]:
        pace = HostLimiter(20, clock=clock)
        await ask(pace, 100, lambda out: out <= 4)
        before = pace.limit(HOST)
        await ask(pace, 1500, lambda _out: True)
        return before, pace.limit(HOST)

    before, after = simulate(main)
    assert before <= 4
    assert after == 20


def test_a_fault_now_and_then_does_not_end_at_one_request_at_a_time() -> None:
    """If one response in fifty fails whatever the load, the limiter keeps a sixth of the speed, not a twentieth."""
    chance = random.Random(7)

    async def main(clock: Callable[[], float]) -> float:
        pace = HostLimiter(20, clock=clock)
        began = clock()
        await ask(pace, 5000, lambda _out: chance.random() >= 0.02, workers=40)
        return clock() - began

    at_full_speed = 5000 * 0.1 / 20
    assert simulate(main) < 6 * at_full_speed


def test_a_host_that_comes_to_bear_less_gets_less() -> None:
    """A limit that was proven once is lowered when it is refused repeatedly: not every window has a refusal."""

    async def main(clock: Callable[[], float]) -> tuple[int, int]:
        pace = HostLimiter(12, clock=clock)
        await ask(pace, 1000, lambda out: out <= 10)
        await ask(pace, 100, lambda out: out <= 3)
        refused = await ask(pace, 2000, lambda out: out <= 3)
        return refused, pace.limit(HOST)

    refused, limit = simulate(main)
    assert refused <= 60
    assert limit <= 4


def test_what_is_not_used_does_not_grow() -> None:
    """Responses to one request at a time say nothing about higher limits."""

    async def main(clock: Callable[[], float]) -> int:
        pace = HostLimiter(16, clock=clock)
        turns = [pace.turn(HOST) for _ in range(10)]
        for turn in turns:
            await turn.__aenter__()
        turns[0].end(Outcome.OVERLOADED)
        for turn in turns:
            await turn.__aexit__(None, None, None)
        await ask(pace, 300, lambda _out: True, workers=1)
        return pace.limit(HOST)

    assert simulate(main) == 5


def test_one_refusal_of_ten_at_once_halves_the_limit() -> None:
    """The change is reported with host, limit and reason, and the rest of its burst does not lower it again."""
    changes: list[tuple[str, int, str]] = []

    async def main(clock: Callable[[], float]) -> None:
        pace = HostLimiter(16, clock=clock, on_change=lambda *change: changes.append(change))
        turns = [pace.turn(HOST) for _ in range(10)]
        for turn in turns:
            await turn.__aenter__()
        for turn in turns[:3]:
            turn.end(Outcome.OVERLOADED)
            turn.end(Outcome.OVERLOADED)  # said once is enough
        for turn in turns[3:]:
            turn.end(Outcome.SERVED)  # sent before the cut: it tells nothing of the new limit
        for turn in turns:
            await turn.__aexit__(None, None, None)

    simulate(main)
    assert changes == [(HOST, 5, "1 of 10 simultaneous requests were refused")]


def test_when_most_of_a_burst_is_refused_the_limit_is_what_was_not() -> None:
    """If sixty of sixty-four are refused, the limit drops to four at once."""

    async def main(clock: Callable[[], float]) -> int:
        pace = HostLimiter(64, clock=clock)
        turns = [pace.turn(HOST) for _ in range(64)]
        for turn in turns:
            await turn.__aenter__()
        for turn in turns[:60]:
            turn.end(Outcome.OVERLOADED)
            await turn.__aexit__(None, None, None)
        return pace.limit(HOST)

    assert simulate(main) == 4


def test_what_says_nothing_changes_nothing() -> None:
    """Requests that were cancelled, failed or were not judged leave the limit unchanged and free their slots."""

    async def main(clock: Callable[[], float]) -> tuple[int, float]:
        pace = HostLimiter(2, clock=clock)
        async with pace.turn(HOST):
            pass
        async with pace.turn(HOST) as turn:
            turn.end(Outcome.NEITHER)
        with pytest.raises(ZeroDivisionError):
            async with pace.turn(HOST):
                raise ZeroDivisionError
        async with pace.turn(HOST), pace.turn(HOST) as turn:
            return pace.limit(HOST), turn.waited

    assert simulate(main) == (2, 0.0)


@settings(deadline=None)
@given(st.integers(1, 12), st.lists(st.sampled_from(Outcome), max_size=300))
def test_the_limit_stays_between_one_and_the_concurrency(concurrency: int, outcomes: list[Outcome]) -> None:
    """No sequence of outcomes moves it out of its bounds."""

    async def main(clock: Callable[[], float]) -> None:
        pace = HostLimiter(concurrency, clock=clock)

        async def one(outcome: Outcome) -> None:
            async with pace.turn(HOST) as turn:
                await asyncio.sleep(0.1)
                turn.end(outcome)
                assert 1 <= pace.limit(HOST) <= concurrency

        await asyncio.gather(*(one(outcome) for outcome in outcomes))

    simulate(main)
