"""The host limiter: the order of its slots, cancelled waiters, and the hosts that it forgets."""

from __future__ import annotations

import asyncio
import math
import random
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.download.limiter import HostLimiter, Outcome
from tests.download.simulated_time import HOST, SimulatedLoop, simulate

if TYPE_CHECKING:
    from collections.abc import Callable


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    """Neither a freed slot nor the end of a pause changes the order."""

    async def main(clock: Callable[[], float]) -> list[int]:
        pace = HostLimiter(3, clock=clock)
        pace.pause(HOST, 1.0)
        came: list[int] = []

        async def one(number: int) -> None:
            async with pace.turn(HOST):
                came.append(number)
                await asyncio.sleep(random.random())

        early = [asyncio.create_task(one(number)) for number in range(20)]
        await asyncio.sleep(2.5)
        await asyncio.gather(*early, *(one(number) for number in range(20, 30)))
        return came

    assert simulate(main) == list(range(30))


def test_nobody_overtakes_when_the_loop_was_busy() -> None:
    """A newcomer queues behind those whose time has come, even if their timer could not fire yet."""

    async def main(clock: Callable[[], float]) -> list[str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        pace = HostLimiter(1, clock=clock)
        pace.pause(HOST, 1.0)
        came: list[str] = []

        async def one(name: str) -> None:
            async with pace.turn(HOST):
                came.append(name)

        waiter = asyncio.create_task(one("waiter"))
        await asyncio.sleep(0)
        loop.now += 2.0
        await one("newcomer")
        await waiter
        return came

    assert simulate(main) == ["waiter", "newcomer"]


def test_a_turn_passes_by_those_who_were_cancelled_in_the_same_moment() -> None:
    """A slot freed just after the first waiter was cancelled goes to the second."""

    async def main(clock: Callable[[], float]) -> bool:
        pace = HostLimiter(1, clock=clock)

        async def one() -> bool:
            async with pace.turn(HOST):
                return True

        async with pace.turn(HOST):
            first, second = asyncio.create_task(one()), asyncio.create_task(one())
            await asyncio.sleep(1)
            first.cancel()
        return await second

    assert simulate(main)


Ask = tuple[float, float, float | None, Outcome | None]
asks = st.tuples(
    st.floats(0, 5),  # when it asks
    st.floats(0, 2),  # how long it holds the turn
    st.none() | st.floats(0, 6),  # when it is cancelled
    st.none() | st.sampled_from(Outcome),
)


@settings(deadline=None)
@given(
    st.lists(asks, max_size=40),
    st.integers(1, 6),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([0.0, 0.4]),
)
def test_no_storm_of_cancellations_loses_a_slot(
    plan: list[Ask], concurrency: int, delay: float, crawl_delay: float
) -> None:
    """However requests are made, cancelled and refused: never too many in flight, no gap too short, no slot lost."""

    async def main(clock: Callable[[], float]) -> None:
        pace = HostLimiter(concurrency, delay=delay, clock=clock)
        pace.set_crawl_delay(HOST, crawl_delay)
        most = 1 if crawl_delay else concurrency
        out = 0
        last_end = -100.0

        async def one(seconds: float, outcome: Outcome | None) -> None:
            nonlocal out, last_end
            async with pace.turn(HOST) as turn:
                out += 1
                assert out <= most
                assert clock() >= last_end + crawl_delay or not crawl_delay
                try:
                    await asyncio.sleep(seconds)
                finally:
                    out -= 1
                    last_end = clock()
                if outcome is not None:
                    turn.end(outcome, retry_after=0.1 if outcome is Outcome.OVERLOADED else None)

        async def asker(ask: Ask) -> None:
            at, seconds, cancelled_at, outcome = ask
            await asyncio.sleep(at)
            task = asyncio.create_task(one(seconds, outcome))
            if cancelled_at is not None:
                asyncio.get_running_loop().call_later(cancelled_at - at, task.cancel)
            await asyncio.wait([task])
            assert task.cancelled() or task.exception() is None

        await asyncio.gather(*(asker(ask) for ask in plan))
        slots = min(pace.limit(HOST), most)
        held = [pace.turn(HOST) for _ in range(slots)]
        for turn in held:
            await turn.__aenter__()  # had a slot been lost, the loop would find that nothing can ever happen
        for turn in held:
            await turn.__aexit__(None, None, None)

    simulate(main)


def test_hosts_that_were_quiet_for_long_are_forgotten() -> None:
    """Many hosts do not fill the memory, and a host in use keeps its data."""

    async def main(clock: Callable[[], float]) -> tuple[int, int]:
        pace = HostLimiter(10, clock=clock)
        pace.pause(HOST, 100_000.0)
        for number in range(10_000):
            pace.set_crawl_delay(f"{number}.example", 1.0)
            await asyncio.sleep(1.0)
        async with pace.turn(HOST) as turn:
            return len(pace._hosts), round(turn.waited)

    hosts, waited = simulate(main)
    assert hosts <= 2000
    assert waited == 90_000


def test_it_says_how_long_one_more_request_would_wait() -> None:
    """It counts those that hold a slot or will ask for one, and knows pauses, Crawl-delay, delay and the number."""

    async def main(clock: Callable[[], float]) -> list[float]:
        pace = HostLimiter(2, clock=clock)
        answers = [pace.ready_in(HOST, 0), pace.ready_in(HOST, 1), pace.ready_in(HOST, 2)]
        pace.pause(HOST, 5.0)
        answers += [pace.ready_in(HOST, 0), pace.ready_in(HOST, 2)]
        await asyncio.sleep(4.0)
        answers.append(pace.ready_in(HOST, 1))
        pace.set_crawl_delay("slow", 3.0)
        answers += [pace.ready_in("slow", 0), pace.ready_in("slow", 1)]
        async with pace.turn("slow"):
            pass
        answers.append(pace.ready_in("slow", 0))
        spaced = HostLimiter(4, delay=2.0, clock=clock, uniform=lambda _low, _high: 1.0)
        answers += [spaced.ready_in(HOST, 0), spaced.ready_in(HOST, 3)]
        async with spaced.turn(HOST):
            answers += [spaced.ready_in(HOST, 1), spaced.ready_in(HOST, 2)]
        return answers

    assert simulate(main) == [
        0.0, 0.0, math.inf, 5.0, math.inf, 1.0, 0.0, math.inf, 3.0, 0.0, 6.0, 2.0, 4.0,
    ]  # fmt: skip
