"""Shops that limit requests per second, or seem to: in simulated time, with the real client and its default settings.

Only two things are simulated: the clock, and the transport, which applies a shop's rule.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import random
import types
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from benchmarks.rates import Shop, fetch_all, serving
from crawler.download import client
from crawler.download.client import Downloader
from crawler.download.exchange import Exchange, FetchPolicy, Request
from crawler.download.limiter import HostLimiter, Outcome
from tests.download.busy_server import in_workers
from tests.download.simulated_time import simulate

HOST = "shop.example"
CONCURRENCY, WORKERS = 10, 20
SETTLED = 10.0

Rule = Callable[[float], float | None]
"""Gets the time of a request; returns how many seconds its answer is held back, None to refuse it."""


def bucket(rate: float, burst: int) -> Rule:
    """Refuse as nginx does with `nodelay`."""
    tokens, at = 1.0 + burst, 0.0

    def rule(now: float) -> float | None:
        nonlocal tokens, at
        tokens, at = min(1.0 + burst, tokens + (now - at) * rate), now
        if tokens < 1 - 1e-9:
            return None
        tokens -= 1
        return 0.0

    return rule


def queue(rate: float, burst: int) -> Rule:
    """Refuse as nginx does without `nodelay`: requests of a burst are served at the rate."""
    excess, at = 0.0, -1e9

    def rule(now: float) -> float | None:
        nonlocal excess, at
        more = max(0.0, excess - (now - at) * rate) + (at > 0)
        if more > burst + 1e-9:
            return None
        excess, at = more, now
        return excess / rate

    return rule


def sliding_window(rate: float) -> Rule:
    """Serve `rate` requests in any second."""
    served: deque[float] = deque()

    def rule(now: float) -> float | None:
        while served and served[0] <= now - 1:
            served.popleft()
        if len(served) >= rate:
            return None
        served.append(now)
        return 0.0

    return rule


def fixed_window(rate: float) -> Rule:
    """Serve `rate` requests in each second of the clock."""
    second, served = 0, 0

    def rule(now: float) -> float | None:
        nonlocal second, served
        if int(now) != second:
            second, served = int(now), 0
        served += 1
        return 0.0 if served <= rate else None

    return rule


@dataclass
class SimulatedShop:
    """A transport whose requests all reach one shop."""

    rule: Rule
    status: int = 429
    retry_after: int | None = None
    latency: float = 0.02
    at_once: int = 1000
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    out: int = 0
    starts: list[float] = field(default_factory=list)
    ends: list[tuple[float, bool]] = field(default_factory=list)
    """When a request was served or refused, in seconds since the simulation began."""

    async def request(
        self,
        source: str,
        request: Request,
        policy: FetchPolicy,
        seconds: float,
        on_hop: object,
        *,
        attempt: int,
    ) -> Exchange:
        now = asyncio.get_running_loop().time
        self.starts.append(now() - 1000)
        await asyncio.sleep(self.chance.uniform(0.001, 0.005))
        held_back = self.rule(now()) if self.out < self.at_once else None
        if held_back is None:
            self.ends.append((now() - 1000, False))
            return Exchange(
                source, request.url, status=self.status, retry_after=self.retry_after, attempts=attempt
            )
        self.out += 1
        await asyncio.sleep(self.latency + held_back)
        self.out -= 1
        self.ends.append((now() - 1000, True))
        return Exchange(source, request.url, status=200, body=b"whole", attempts=attempt)

    @property
    def refused(self) -> int:
        return sum(not served for _, served in self.ends)


@dataclass
class Result:
    exchanges: list[Exchange]
    seconds: float
    gaps: list[tuple[float, str]]

    @property
    def lost(self) -> list[int | None]:
        return [exchange.status for exchange in self.exchanges if exchange.status != 200]


@pytest.fixture(autouse=True)
def fixed_back_offs() -> None:
    """Give every run of a test the same random back-offs."""
    random.seed(20_251_128)


@pytest.fixture
def crawl(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that fetches pages from simulated shops, one after the other, with one client."""

    def crawl(pages: int, *shops: SimulatedShop) -> Result:
        async def main(clock: Callable[[], float]) -> Result:
            monkeypatch.setattr(client, "time", types.SimpleNamespace(monotonic=clock))
            downloader = Downloader()
            result = Result([], 0.0, [])
            downloader.pace = HostLimiter(
                CONCURRENCY, clock=clock, on_gap=lambda _host, gap, why: result.gaps.append((gap, why))
            )
            for shop in shops:
                began = clock()
                monkeypatch.setattr(downloader, "_wire", shop)
                # The pace alone: the breaker would end what these tests go on with.
                policy = FetchPolicy(obey_robots=False, is_block=lambda _exchange: None)
                fetch = functools.partial(downloader.fetch, f"http://{HOST}/", policy)
                result.exchanges += await in_workers(WORKERS, [fetch] * pages)
                result.seconds = clock() - began
            return result

        return simulate(main)

    return crawl


def late(shop: SimulatedShop, rate: float) -> tuple[float, float]:
    """Return the used share of the shop's rate, and the share of refusals, after the first ten seconds."""
    served = [served for at, served in shop.ends if at >= SETTLED]
    return sum(served) / (shop.ends[-1][0] - SETTLED) / rate, served.count(False) / len(served)


limits = pytest.mark.parametrize(
    "limit",
    [
        functools.partial(bucket, burst=0),
        functools.partial(bucket, burst=5),
        functools.partial(queue, burst=5),
    ],
    ids=["no burst", "burst", "queue"],
)
every_refusal = pytest.mark.parametrize(
    "refusal", [(429, None), (429, 1), (503, None), (503, 1)], ids=["429", "429, 1 s", "503", "503, 1 s"]
)


@limits
@every_refusal
@pytest.mark.parametrize("rate", [1.0, 2.0, 3.0, 5.0, 20.0])
def test_a_rate_is_found_within_ten_seconds(
    crawl: Callable[..., Result],
    rate: float,
    limit: Callable[[float], Rule],
    refusal: tuple[int, int | None],
) -> None:
    """No page is lost; after ten seconds, 80 % of the rate is used, and fewer than one request in ten is refused."""
    shop = SimulatedShop(limit(rate), *refusal)
    result = crawl(int(30 + 40 * rate), shop)
    share, refused = late(shop, rate)
    assert result.lost == []
    assert share >= 0.8
    assert refused < 0.1


@limits
@every_refusal
@pytest.mark.parametrize("pages", [2, 3, 5, 20])
@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0, 5.0, 20.0])
def test_a_short_search_is_whole(
    crawl: Callable[..., Result],
    rate: float,
    pages: int,
    limit: Callable[[float], Rule],
    refusal: tuple[int, int | None],
) -> None:
    """Even with few pages to find the rate with, three attempts suffice for each."""
    result = crawl(pages, SimulatedShop(limit(rate), *refusal))
    assert result.lost == []
    assert result.seconds < 15 + 2 * pages / rate


@pytest.mark.parametrize("make", [sliding_window, fixed_window])
@pytest.mark.parametrize("rate", [1.0, 2.0, 5.0])
def test_windows_are_rates_too(
    crawl: Callable[..., Result], make: Callable[[float], Rule], rate: float
) -> None:
    """If a shop counts requests in windows of a second, no page is lost, and few requests are refused."""
    shop = SimulatedShop(make(rate))
    result = crawl(int(30 + 20 * rate), shop)
    share, refused = late(shop, rate)
    assert result.lost == []
    assert share >= 0.7
    assert refused < 0.15


def test_the_rate_is_kept_for_the_run(crawl: Callable[..., Result]) -> None:
    """A second search of the same engine starts at the rate that the first one found."""
    rule = bucket(2, 0)
    first, second = SimulatedShop(rule), SimulatedShop(rule)
    result = crawl(60, first, second)
    assert result.lost == []
    assert first.refused >= 9
    assert second.refused <= 2


def test_retries_keep_the_gap(crawl: Callable[..., Result]) -> None:
    """Once the rate is known, no two requests start closer than half its interval, including retries."""
    shop = SimulatedShop(bucket(2, 0))
    crawl(60, shop)
    starts = [at for at in shop.starts if at > SETTLED]
    assert len(starts) > 20
    assert min(after - before for before, after in itertools.pairwise(starts)) > 0.25


def test_a_host_that_allows_more_gets_more(crawl: Callable[..., Result]) -> None:
    """When the limit is lifted, the gap goes."""
    result = crawl(400, SimulatedShop(bucket(5, 0)), SimulatedShop(lambda _now: 0.0))
    assert result.lost == []
    assert result.seconds < 0.65 * 400 / 5


def test_a_host_that_allows_less_gets_less(crawl: Callable[..., Result]) -> None:
    """When the limit falls to a fifth, no page is lost, and the refusals end."""
    slow = SimulatedShop(bucket(2, 0))
    result = crawl(100, SimulatedShop(bucket(10, 0)), slow)
    assert result.lost == []
    assert slow.refused < 15


@pytest.mark.parametrize("status", [429, 503])
def test_a_shop_that_refuses_for_good_is_given_up_in_time(crawl: Callable[..., Result], status: int) -> None:
    """A block or an outage costs each page its three attempts, and the run a few seconds."""
    shop = SimulatedShop(lambda _now: None, status)
    result = crawl(100, shop)
    assert result.lost == [status] * 100
    assert {exchange.attempts for exchange in result.exchanges} == {3}
    assert result.seconds < 30


def test_an_outage_leaves_no_gap(crawl: Callable[..., Result]) -> None:
    """A shop that recovers after refusing everything gets requests as fast as before."""
    result = crawl(60, SimulatedShop(lambda _now: None, 503), SimulatedShop(lambda _now: 0.0))
    assert result.seconds < 5


@pytest.mark.parametrize(("at_once", "latency"), [(4, 0.2), (2, 0.2), (1, 0.2), (8, 1.0)])
def test_a_limit_of_requests_at_once_is_none_of_requests_a_second(
    crawl: Callable[..., Result], at_once: int, latency: float
) -> None:
    """A shop that accepts four requests at a time and responds in 0.2 s still serves some twenty a second."""
    shop = SimulatedShop(lambda _now: 0.0, latency=latency, at_once=at_once)
    result = crawl(200, shop)
    assert result.lost == []
    assert result.seconds < 1.25 * 200 * latency / at_once


def test_a_fault_now_and_then_is_no_rate(crawl: Callable[..., Result]) -> None:
    """If one request in fifty is refused whatever the gap, a fifth of the full speed is kept."""
    chance = random.Random(7)
    shop = SimulatedShop(lambda _now: 0.0 if chance.random() >= 0.02 else None, latency=0.1)
    result = crawl(2000, shop)
    assert result.lost == []
    assert result.seconds < 5 * 2000 * 0.1 / CONCURRENCY


def test_refusals_that_come_whatever_the_gap_end_the_search_for_one(crawl: Callable[..., Result]) -> None:
    """If one request in ten is refused, wider gaps do not help, and the host keeps a reasonable speed."""
    chance = random.Random(7)
    shop = SimulatedShop(lambda _now: 0.0 if chance.random() >= 0.1 else None, latency=0.1)
    result = crawl(1000, shop)
    assert (0.0, "refusals do not depend on the gap") in result.gaps
    assert result.seconds < 20 * 1000 * 0.1 / CONCURRENCY


def test_other_trouble_widens_no_gap() -> None:
    """Timeouts and resets concern only the number of parallel requests."""

    async def main(clock: Callable[[], float]) -> tuple[int, float]:
        pace = HostLimiter(CONCURRENCY, clock=clock)
        for _ in range(10):
            async with pace.turn(HOST) as turn:
                turn.end(Outcome.OVERLOADED)
        return pace.limit(HOST), pace.gap(HOST)

    assert simulate(main) == (1, 0.0)


def test_a_turn_that_was_not_used_counts_as_no_start() -> None:
    """A request that is cancelled when its turn comes does not make the next one wait for the gap."""

    async def main(clock: Callable[[], float]) -> float:
        pace = HostLimiter(CONCURRENCY, clock=clock)
        async with pace.turn(HOST) as turn:
            turn.end(Outcome.REFUSED)
        gap, began = pace.gap(HOST), clock()
        assert gap > 0

        async def one() -> float:
            async with pace.turn(HOST):
                return clock() - began

        first, second = asyncio.create_task(one()), asyncio.create_task(one())
        await asyncio.sleep(0)
        # This timer stands behind the one that grants the turn, for the same moment: granted, then cancelled.
        asyncio.get_running_loop().call_later(gap, first.cancel)
        came = await second
        assert first.cancelled()
        return came / gap

    assert simulate(main) == pytest.approx(1.0)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_real_server_at_twenty_requests_a_second(status: int) -> None:
    """Over real sockets every page of a shop without burst arrives within its attempts."""
    async with serving([Shop(20, 0, None, status)], 0.01) as [port]:
        run = await fetch_all(port, 60)
    assert run.whole == 60
    assert run.refused < 40
