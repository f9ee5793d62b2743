"""The host limiter: with real servers that count and refuse, and in simulated time for long periods."""

from __future__ import annotations

import asyncio
import itertools
import random
import selectors
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.download.limiter import HostLimiter, Outcome

T = TypeVar("T")

HOST = "shop.example"


class SimulatedLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer as soon as it is idle."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("every task waits for something that never comes")
        if not ready and timeout is not None and timeout > 0:
            self.loop.now += timeout
        return ready


def simulate(main: Callable[[Callable[[], float]], Coroutine[None, None, T]]) -> T:
    """Run `main(clock)` to its end in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main(runner.get_loop().time))


class BusyServer:
    """A real server that refuses requests with 429 while it answers `bears` others."""

    def __init__(self, bears: int = 10**9) -> None:
        self.bears = bears
        self.at_once = self.most_at_once = self.refused = 0
        self.arrivals: list[float] = []
        self.url = ""
        self.host = ""

    async def answer(self, _request: web.Request) -> web.Response:
        self.arrivals.append(time.monotonic())
        if self.at_once >= self.bears:
            self.refused += 1
            return web.Response(status=429)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        return web.Response(text="whole")


@asynccontextmanager
async def serving(bears: int = 10**9) -> AsyncIterator[tuple[BusyServer, aiohttp.ClientSession]]:
    server = BusyServer(bears)
    app = web.Application()
    app.router.add_get("/", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.host = "{}:{}".format(*runner.addresses[0])
        server.url = f"http://{server.host}/"
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield server, session
    finally:
        await runner.cleanup()


async def get(pace: HostLimiter, server: BusyServer, session: aiohttp.ClientSession) -> bool:
    """Make one request in its turn; return True if it was served."""
    async with pace.turn(server.host) as turn, session.get(server.url) as response:
        await response.read()
        served = response.status == 200
        turn.end(Outcome.SERVED if served else Outcome.OVERLOADED)
        return served


async def in_workers(count: int, jobs: list[Callable[[], Awaitable[T]]]) -> list[T]:
    """Do the jobs, `count` of them at a time, as a crawl's workers do."""
    rest = iter(jobs)
    results: list[T] = []

    async def worker() -> None:
        results.extend([await job() for job in rest])

    await asyncio.gather(*(worker() for _ in range(count)))
    return results


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
