"""The host limiter's delays: Crawl-delay, the delay of the settings, Retry-After."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest

from crawler.download.limiter import HostLimiter, Outcome
from tests.download.busy_server import get, serving
from tests.download.simulated_time import HOST, simulate

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(("delay", "requests"), [(0.2, 6), (1.0, 3)])
async def test_crawl_delay_holds_by_the_servers_own_clock(delay: float, requests: int) -> None:
    """No two requests arrive closer than Crawl-delay, even the first one after it became known."""
    async with serving() as (server, session):
        pace = HostLimiter(10)
        assert await get(pace, server, session)  # robots.txt, that is
        pace.set_crawl_delay(server.host, delay)
        await asyncio.gather(*(get(pace, server, session) for _ in range(requests)))
    assert len(server.arrivals) == requests + 1
    assert min(gaps(server.arrivals)) >= delay


def test_crawl_delay_counts_from_the_end_of_a_request_that_was_over_before() -> None:
    """A delay that is known long after robots.txt ended costs nothing; one that is known at once does."""

    async def main(clock: Callable[[], float], known_after: float) -> float:
        pace = HostLimiter(10, clock=clock)
        async with pace.turn(HOST):
            await asyncio.sleep(3)
        await asyncio.sleep(known_after)
        pace.set_crawl_delay(HOST, 5)
        async with pace.turn(HOST) as turn:
            return turn.waited

    assert simulate(lambda clock: main(clock, 0.0)) == 5.0
    assert simulate(lambda clock: main(clock, 4.0)) == pytest.approx(1.0)
    assert simulate(lambda clock: main(clock, 60.0)) == 0.0


def test_crawl_delay_of_nothing_lifts_it() -> None:
    """After 0, or a negative value, the host has its slots again."""

    async def main(clock: Callable[[], float]) -> float:
        pace = HostLimiter(2, clock=clock)
        pace.set_crawl_delay(HOST, 5)
        pace.set_crawl_delay(HOST, -1)
        async with pace.turn(HOST), pace.turn(HOST) as turn:
            return turn.waited

    assert simulate(main) == 0.0


async def starts(
    pace: HostLimiter, clock: Callable[[], float], count: int, seconds: float = 0.0
) -> list[float]:
    """Request `count` turns at once, hold each for `seconds`, and return their times."""
    times: list[float] = []

    async def one() -> None:
        async with pace.turn(HOST):
            times.append(clock())
            await asyncio.sleep(seconds)

    await asyncio.gather(*(one() for _ in range(count)))
    return times


def gaps(times: list[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(times)]


def test_the_delay_jitters_between_half_and_half_more() -> None:
    """Each gap is the delay times a random factor from 0.5 to 1.5."""
    draws = iter([0.5, 1.5, 1.0, 0.7, 1.2])

    def uniform(low: float, high: float) -> float:
        assert (low, high) == (0.5, 1.5)
        return next(draws)

    times = simulate(lambda clock: starts(HostLimiter(9, delay=2.0, clock=clock, uniform=uniform), clock, 5))
    assert gaps(times) == pytest.approx([1.0, 3.0, 2.0, 1.4])


def test_the_delay_of_chance_stays_in_its_bounds() -> None:
    """With real random numbers, no gap is below half the delay or above one and a half, and they differ."""
    between = gaps(simulate(lambda clock: starts(HostLimiter(9, delay=2.0, clock=clock), clock, 300)))
    assert 1.0 <= min(between) < 1.2
    assert 2.8 < max(between) <= 3.0 + 1e-9


def test_of_delay_and_crawl_delay_the_longer_holds() -> None:
    """With both, a request waits for the later time."""

    async def main(clock: Callable[[], float], crawl_delay: float) -> list[float]:
        pace = HostLimiter(9, delay=2.0, clock=clock, uniform=lambda _low, _high: 1.0)
        pace.set_crawl_delay(HOST, crawl_delay)
        return gaps(await starts(pace, clock, 3, seconds=0.5))

    assert simulate(lambda clock: main(clock, 1.0)) == pytest.approx([2.0, 2.0])
    assert simulate(lambda clock: main(clock, 4.0)) == pytest.approx([4.5, 4.5])


def test_a_gap_never_ends_early_though_its_timer_does() -> None:
    """A timer that fires before the clock agrees is set again."""

    async def main(loop_time: Callable[[], float]) -> list[float]:
        def slow() -> float:
            return loop_time() * 0.9

        pace = HostLimiter(9, clock=slow)
        pace.set_crawl_delay(HOST, 1.0)
        return await starts(pace, slow, 5)

    assert min(gaps(simulate(main))) >= 1.0 - 1e-9


def test_retry_after_rests_the_whole_host_and_no_other() -> None:
    """For as long as one response requested, no request to that host starts; its turns report how long they waited."""

    async def main(clock: Callable[[], float]) -> tuple[float, float]:
        pace = HostLimiter(10, clock=clock)
        async with pace.turn(HOST) as turn:
            turn.end(Outcome.OVERLOADED, retry_after=7.0)
        pace.pause(HOST, 2.0)  # shorter than what is on
        async with pace.turn("other.example") as other:
            pass
        async with pace.turn(HOST) as turn:
            return turn.waited, other.waited

    assert simulate(main) == (7.0, 0.0)


def test_a_turn_that_came_too_late_costs_no_gap() -> None:
    """A waiter that is cancelled just when its turn comes passes it on at once, not after another delay."""

    async def main(clock: Callable[[], float]) -> float:
        pace = HostLimiter(5, delay=10.0, clock=clock, uniform=lambda _low, _high: 1.0)

        async def one() -> float:
            async with pace.turn(HOST):
                return clock()

        began = await one()
        first, second = asyncio.create_task(one()), asyncio.create_task(one())
        await asyncio.sleep(0)
        # This timer stands behind the one that grants the turn, for the same moment: granted, then cancelled.
        asyncio.get_running_loop().call_later(10.0, first.cancel)
        came = await second
        assert first.cancelled()
        return came - began

    assert simulate(main) == pytest.approx(10.0)
